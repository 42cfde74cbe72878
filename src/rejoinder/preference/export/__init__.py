"""Preference examples become files that trainers read: one small file per target, and one pass over the data for all of them.

Writes folders; trains nothing and uploads nothing. docs/preference-data.md describes every file.
"""

from rejoinder.preference.export.arms import ArmRow, export_arms
from rejoinder.preference.export.folder import TARGETS, ExportSummary, FileCount, export_examples
from rejoinder.preference.export.graded import GradedSummary, export_graded
from rejoinder.preference.export.lengths import TRAINER_MAX_LENGTH
from rejoinder.preference.export.tally import CardFacts
from rejoinder.preference.export.weights import KtoWeights, kto_weights
from rejoinder.preference.export.whole_set import Fall, MarkRows, RowMark, falls

__all__ = [
    "TARGETS",
    "TRAINER_MAX_LENGTH",
    "ArmRow",
    "CardFacts",
    "ExportSummary",
    "Fall",
    "FileCount",
    "GradedSummary",
    "KtoWeights",
    "MarkRows",
    "RowMark",
    "export_arms",
    "export_examples",
    "export_graded",
    "falls",
    "kto_weights",
]
