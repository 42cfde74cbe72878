"""Logs of any shape become conversations: sources, detection, units, reading, normalising, duplicates.

What a row cannot give becomes a counted `Failure`; nothing here labels, judges or asks a model.
"""
