"""Files that are either whole or absent: write beside, flush to disk, rename; and one lock per folder.

Knows no records; the rest of the store builds on these few functions.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any

import msgspec

from rejoinder.errors import RunLockedError, StoreError

TEMPORARY = ".tmp-"
"""Marks names that a killed process may have left behind; swept when a folder is locked."""


@contextmanager
def replaced(path: Path) -> Iterator[Path]:
    """Give a temporary path to write to; on success it becomes `path`, on any error nothing does.

    Raises:
        StoreError: the disk is full or the folder is not writable.
    """
    temporary = path.with_name(f"{path.name}{TEMPORARY}{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        _flush(temporary)
        os.replace(temporary, path)
        _flush(path.parent)
    except OSError as error:
        raise _unwritable(path, error) from error
    finally:
        with suppress(OSError):  # what kept it from being written may keep it from being looked for
            temporary.unlink()


@contextmanager
def replaced_folder(path: Path) -> Iterator[Path]:
    """Give an empty temporary folder; on success it takes the place of the folder `path`."""
    temporary = path.with_name(f"{path.name}{TEMPORARY}{os.getpid()}")
    shutil.rmtree(temporary, ignore_errors=True)
    try:
        temporary.mkdir(parents=True)
        yield temporary
        for file in temporary.rglob("*"):
            _flush(file)
        shutil.rmtree(path, ignore_errors=True)
        os.replace(temporary, path)
        _flush(path.parent)
    except OSError as error:
        raise _unwritable(path, error) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def write_json(path: Path, value: Any) -> None:
    """Write `value` as indented JSON with sorted keys, atomically."""
    text = msgspec.json.format(msgspec.json.encode(value, order="deterministic"), indent=2)
    with replaced(path) as temporary:
        temporary.write_bytes(text + b"\n")


MARK = ".rejoinder"
"""The lock's file: a folder that has it is ours to write to, and one that has other files but not it is not."""


class FolderLock:
    """Exclusive use of a folder by one process, released by the system even after `kill -9`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._descriptor: int | None = None

    def __enter__(self) -> FolderLock:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            if not (self.folder / MARK).exists() and any(self.folder.iterdir()):
                raise StoreError(f"{self.folder}: holds other files and is no run folder. Choose a new or empty one with -o.")
            self._descriptor = os.open(self.folder / MARK, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise _unwritable(self.folder, error) from error
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._descriptor)
            raise RunLockedError(
                f"{self.folder}: another rejoinder works here. Wait for it, or choose another with -o."
            ) from error
        self._sweep()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _sweep(self) -> None:
        for leftover in self.folder.rglob(f"*{TEMPORARY}*"):
            if leftover.is_dir():
                shutil.rmtree(leftover, ignore_errors=True)
            else:
                leftover.unlink(missing_ok=True)


def _unwritable(path: Path, error: OSError) -> StoreError:
    return StoreError(f"{path}: cannot be written ({error.strerror or error}). Free space or choose another folder with -o.")


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
