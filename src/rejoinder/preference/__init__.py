"""Feedback becomes preference data: rules that admit pairs and examples, gates that judge them, splits, trainer files.

Reads records only; asks no model and trains nothing. docs/preference-data.md describes rules, gates and files.
"""

from rejoinder.preference.export import TARGETS, ExportSummary, export_examples
from rejoinder.preference.gates import GATES
from rejoinder.preference.mine import MinePreferences
from rejoinder.preference.split import split_of

__all__ = ["GATES", "TARGETS", "ExportSummary", "MinePreferences", "export_examples", "split_of"]
