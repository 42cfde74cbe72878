"""Conversations become feedback: the embedded classifier, its step, and its card.

It reads no logs, builds no reports and asks no model server.
"""

from __future__ import annotations

from rejoinder.feedback.classifier import Verdict, classify, load_card
from rejoinder.feedback.detect import DetectFeedback
from rejoinder.feedback.gold import LABELS, LabelledConversation, read_gold
from rejoinder.feedback.situation import Situation, situations

__all__ = [
    "LABELS",
    "DetectFeedback",
    "LabelledConversation",
    "Situation",
    "Verdict",
    "classify",
    "load_card",
    "read_gold",
    "situations",
]
