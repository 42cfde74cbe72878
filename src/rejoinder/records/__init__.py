"""The nouns: frozen values that every room speaks in; they stand on the ground and import only msgspec.

A record holds what was said and by whom it was judged. It opens no file and asks no model.
"""

from rejoinder.records.asking import Answer, Question, Usage
from rejoinder.records.checklists import Checklist, ChecklistItem, DroppedItem, ItemMark, Verdict
from rejoinder.records.conversations import UNSEEN_PARTS, Alternative, Conversation, Message, Origin, Signal, Turn
from rejoinder.records.failures import Failure
from rejoinder.records.feedback import (
    AnnotatedConversation,
    Feedback,
    LabellingNote,
    PromptQuality,
    RubricScore,
    SatisfactionEstimate,
)
from rejoinder.records.preference import Building, PreferenceExample, Provenance
from rejoinder.records.record import ExampleKind, Method, Polarity, Record, Role, Split, Subset
from rejoinder.records.samples import Comparison, Drawn, Graded, Response, Sample

__all__ = [
    "UNSEEN_PARTS",
    "Alternative",
    "AnnotatedConversation",
    "Answer",
    "Building",
    "Checklist",
    "ChecklistItem",
    "Comparison",
    "Conversation",
    "Drawn",
    "DroppedItem",
    "ExampleKind",
    "Failure",
    "Feedback",
    "Graded",
    "ItemMark",
    "LabellingNote",
    "Message",
    "Method",
    "Origin",
    "Polarity",
    "PreferenceExample",
    "PromptQuality",
    "Provenance",
    "Question",
    "Record",
    "Response",
    "Role",
    "RubricScore",
    "Sample",
    "SatisfactionEstimate",
    "Signal",
    "Split",
    "Subset",
    "Turn",
    "Usage",
    "Verdict",
]
