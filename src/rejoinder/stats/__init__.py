"""Pure functions on arrays: agreement, calibration, intervals, prevalence; every random draw takes an explicit generator.

Knows no record, no file and no label name; an undefined value is `nan` in an array and says so in the docstring.
"""
