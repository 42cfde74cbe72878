"""Rejoinder: what users say back to a model's answer, read from chat logs and made into data.

    import rejoinder

    result = rejoinder.run("logs/*.jsonl", output="my-run")
    print(result.report)

Nothing heavy is imported before it is used: `import rejoinder` stays below 150 ms (benchmarks/import_time.py).
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rejoinder.models import Asking
    from rejoinder.pipeline import run
    from rejoinder.results import Result
    from rejoinder.settings import ModelSettings, Settings

__version__ = "0.3.0"
__all__ = ["Asking", "ModelSettings", "Result", "Settings", "__version__", "run"]

_HOMES = {
    "run": "rejoinder.pipeline",
    "Result": "rejoinder.results",
    "Asking": "rejoinder.models",
    "ModelSettings": "rejoinder.settings",
    "Settings": "rejoinder.settings",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module 'rejoinder' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
