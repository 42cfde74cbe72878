"""Feedback becomes preference data: mined from the log, or built with answers that models write; gates, splits, trainer files.

Trains nothing. docs/preference-data.md describes rules, gates and files, docs/building.md samples, arms and checklists.
"""

from rejoinder.preference.arms import ARMS, subsets_of
from rejoinder.preference.assemble import AssembleExamples
from rejoinder.preference.audit import MOST, write_audit
from rejoinder.preference.audit_benchmarks import benchmark_files
from rejoinder.preference.audit_counts import Audit
from rejoinder.preference.audit_prompts import RatePrompts, prompt_limits
from rejoinder.preference.audit_tables import audit_tables
from rejoinder.preference.building import built_counts, write_building
from rejoinder.preference.checklists import ChecklistsFromEvidence, SummarisePreferences
from rejoinder.preference.export import (
    TARGETS,
    ArmRow,
    CardFacts,
    ExportSummary,
    Fall,
    MarkRows,
    export_examples,
    export_graded,
    falls,
)
from rejoinder.preference.gates import GATES, SOFT, gates_with
from rejoinder.preference.graded import GradeResponses, grading_gates
from rejoinder.preference.judging import JudgeCandidates, ScoreResponses
from rejoinder.preference.mine import MinePreferences
from rejoinder.preference.regenerate import RegenerateResponses
from rejoinder.preference.split import split_of
from rejoinder.preference.stages import BuildPlan, asking_stages, first_stage
from rejoinder.preference.subsets import DrawSamples, TakeSamples, subset_sizes
from rejoinder.preference.unsafe_signs import chosen_threshold

__all__ = [
    "ARMS",
    "GATES",
    "MOST",
    "SOFT",
    "TARGETS",
    "ArmRow",
    "AssembleExamples",
    "Audit",
    "BuildPlan",
    "CardFacts",
    "ChecklistsFromEvidence",
    "DrawSamples",
    "ExportSummary",
    "Fall",
    "GradeResponses",
    "JudgeCandidates",
    "MarkRows",
    "MinePreferences",
    "RatePrompts",
    "RegenerateResponses",
    "ScoreResponses",
    "SummarisePreferences",
    "TakeSamples",
    "asking_stages",
    "audit_tables",
    "benchmark_files",
    "built_counts",
    "chosen_threshold",
    "export_examples",
    "export_graded",
    "falls",
    "first_stage",
    "gates_with",
    "grading_gates",
    "prompt_limits",
    "split_of",
    "subset_sizes",
    "subsets_of",
    "write_audit",
    "write_building",
]
