"""Logs of any shape become conversations: sources, detection, units, reading, normalising, redaction, duplicates.

What a row cannot give becomes a counted `Failure`; nothing here labels, judges or asks a model.
"""

from rejoinder.ingest.duplicates import Duplicate, find_duplicates, left_out
from rejoinder.ingest.formats import known_formats
from rejoinder.ingest.plan import Detected, Plan, plan
from rejoinder.ingest.read_logs import ReadLogs
from rejoinder.ingest.redact import check_kinds
from rejoinder.ingest.sketch import ConversationSketch, Sketch
from rejoinder.ingest.units import SourceUnit
from rejoinder.personal_data import KINDS

__all__ = [
    "KINDS",
    "ConversationSketch",
    "Detected",
    "Duplicate",
    "Plan",
    "ReadLogs",
    "Sketch",
    "SourceUnit",
    "check_kinds",
    "find_duplicates",
    "known_formats",
    "left_out",
    "plan",
]
