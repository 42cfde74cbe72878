"""Feedback becomes one page to read: tables, figures, themes and what to do next, as HTML, Markdown and JSON.

Reads finished datasets and plain values; it detects no feedback and mines no example.
"""

from rejoinder.report.numbers import Numbers
from rejoinder.report.sources import AskedOf, BuiltSets, LogFile, ReportSources
from rejoinder.report.write import write_report

__all__ = ["AskedOf", "BuiltSets", "LogFile", "Numbers", "ReportSources", "write_report"]
