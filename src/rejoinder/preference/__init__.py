"""Feedback becomes preference data: rules that admit pairs and examples, gates that judge them, splits, trainer files.

Reads records only; asks no model and trains nothing. docs/preference-data.md describes rules, gates and files.
"""

from rejoinder.preference.gates import GATES
from rejoinder.preference.mine import MinePreferences
from rejoinder.preference.split import split_of

__all__ = ["GATES", "MinePreferences", "split_of"]
