"""Runs any step over a dataset, here or in worker processes, so that a killed run goes on where it was.

It knows no stage by name; steps and engine meet only in `pipeline.py`.
"""

from rejoinder.engine.local import Engine, InProcess, ProcessPool
from rejoinder.engine.run import Progress, Run
from rejoinder.engine.unit import Step, Unit, run_unit

__all__ = ["Engine", "InProcess", "ProcessPool", "Progress", "Run", "Step", "Unit", "run_unit"]
