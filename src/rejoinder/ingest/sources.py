"""From what the user names (files, folders, globs, archives, `-`) to single streams of bytes, in a stable order.

Unpacks gzip, Zstandard and zip by their first bytes, not by their names. Knows no format.
"""

from __future__ import annotations

import glob
import os
import sys
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import zstandard

from rejoinder.errors import InputError
from rejoinder.identity import digest
from rejoinder.ingest.cut import TornError
from rejoinder.store import replaced

Packing = Literal["plain", "gzip", "zstd", "zip"]

EXTENSIONS = (".jsonl", ".ndjson", ".json", ".parquet", ".csv", ".tsv")
"""Files that a folder or an archive is searched for, also with `.gz` or `.zst` behind."""
_PACKED = (".gz", ".zst")
_MAGIC: tuple[tuple[bytes, Packing], ...] = (
    (b"\x1f\x8b", "gzip"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
)
_CHUNK = 1 << 20
_PACKED_CHUNK = 1 << 16  # small, because what is packed well grows a thousandfold


@dataclass(frozen=True, slots=True)
class Source:
    """One stream of rows: a file, or a member of an archive."""

    path: Path
    file: str
    """As the user named it."""
    packing: Packing
    member: str | None = None
    named: bool = True
    """Named by the user, not found in a folder or archive: then it must be a log."""
    trouble: InputError | None = None
    """Why a file that was only found cannot be opened at all; None where it can."""

    @property
    def shown(self) -> str:
        """File and member, to print."""
        return f"{self.file}:{self.member}" if self.member else self.file

    @property
    def name(self) -> str:
        """The last part of the name, without the extension of a packing."""
        name = self.member or Path(self.file).name
        for packed in _PACKED:
            name = name.removesuffix(packed)
        return name

    @property
    def parquet(self) -> bool:
        """Whether the bytes are a Parquet file."""
        return self.packing == "plain" and head_of(self.path)[:4] == b"PAR1"


def find_sources(inputs: Sequence[str | Path], spool: Path) -> list[Source]:
    """All streams that the inputs name, each once, inputs in the given order and files within one sorted.

    Args:
        inputs: paths, folders, globs, archives; `-` is standard input, which is copied into `spool` first.
        spool: a folder of the run.

    Raises:
        InputError: an input names nothing, or a named file cannot be opened.
    """
    sources: dict[tuple[Path, str | None], Source] = {}
    for given in inputs:
        for source in _sources(str(given), spool):
            sources.setdefault((source.path.resolve(), source.member), source)
    if not sources:
        raise InputError("No input was given", remedy="Name a file, a folder or - for standard input.")
    return list(sources.values())


def read_chunks(source: Source) -> Iterator[bytes]:
    """The unpacked bytes, in chunks.

    Raises:
        TornError: the packed stream ends early or is damaged.
        InputError: the file cannot be opened.
    """
    if source.packing == "zip":
        return _zip_chunks(source)
    if source.packing == "plain":
        return _plain_chunks(source.path)
    make = _gzip if source.packing == "gzip" else _zstd
    return _unpacked(_plain_chunks(source.path, _PACKED_CHUNK), make)


def head_of(path: Path, size: int = 8) -> bytes:
    """The first bytes of a file, as they lie on disk.

    Raises:
        InputError: the file cannot be opened.
    """
    try:
        with path.open("rb") as file:
            return file.read(size)
    except OSError as error:
        raise _unreadable(str(path), error) from error


def file_digest(path: Path) -> str:
    """Hash of the bytes of a file."""
    return digest(*(digest(chunk).encode() for chunk in _plain_chunks(path)))


def beside(source: Source) -> dict[str, Source]:
    """The other files of the same folder or archive, by their last name."""
    if source.packing == "zip":
        with zipfile.ZipFile(source.path) as archive:
            folder = os.path.dirname(source.member or "")
            members = [name for name in archive.namelist() if os.path.dirname(name) == folder and name != source.member]
        members = [name for name in members if not name.endswith("/")]
        return {os.path.basename(name): Source(source.path, source.file, "zip", name, False) for name in members}
    others = sorted(path for path in source.path.parent.iterdir() if path.is_file() and path.name != source.path.name)
    return {path.name: Source(path, str(path), "plain", None, False) for path in others[:1_000]}


def _sources(given: str, spool: Path) -> Iterator[Source]:
    if given == "-":
        yield _file(_stdin_copy(spool), "-", named=True)
        return
    path = Path(given)
    if path.is_dir():
        files = sorted(file for file in path.rglob("*") if _wanted(file.relative_to(path)) and file.is_file())
        named = False
    elif path.exists():
        files, named = [path], True
    else:
        files = sorted(Path(match) for match in glob.glob(given, recursive=True) if Path(match).is_file())
        named = True
    if not files:
        remedy = f"Check the path; folders are searched for {', '.join(EXTENSIONS)} and .zip."
        raise InputError("nothing to read here", file=given, remedy=remedy)
    for file in files:
        try:
            source = _file(file, str(file), named=named)
            streams = _members(source) if source.packing == "zip" else [source]
        except InputError as error:
            if named:
                raise
            streams = [Source(file, str(file), "plain", named=False, trouble=error)]
        yield from streams


def _wanted(path: Path) -> bool:
    if any(part.startswith((".", "__MACOSX")) for part in path.parts):
        return False
    name = path.name.lower()
    for packed in _PACKED:
        name = name.removesuffix(packed)
    return name.endswith((*EXTENSIONS, ".zip"))


def _file(path: Path, file: str, *, named: bool) -> Source:
    head = head_of(path)
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise InputError("the file is UTF-16", file=file, remedy="Convert it: iconv -f UTF-16 -t UTF-8 FILE > NEW.")
    packing: Packing = next((packing for magic, packing in _MAGIC if head.startswith(magic)), "plain")
    return Source(path, file, packing, named=named)


def _members(source: Source) -> list[Source]:
    try:
        with zipfile.ZipFile(source.path) as archive:
            infos = [info for info in archive.infolist() if not info.is_dir() and _wanted(Path(info.filename))]
    except (zipfile.BadZipFile, NotImplementedError, OSError) as error:
        raise InputError(f"not a readable zip archive ({error})", file=source.file, remedy="Fetch it again.") from error
    if any(info.flag_bits & 1 for info in infos):
        raise InputError("the archive is encrypted", file=source.file, remedy="Unpack it first and name the folder.")
    names = sorted(info.filename for info in infos if not info.filename.endswith((".parquet", ".zip", *_PACKED)))
    if not names:
        raise InputError("no log inside the archive", file=source.file, remedy="Unpack it first and name the file.")
    return [Source(source.path, source.file, "zip", name, False) for name in names]


def _stdin_copy(spool: Path) -> Path:
    """Standard input as a file named by its content, so that a run can be resumed."""
    target = spool / "stdin"
    names: list[bytes] = []
    with replaced(target) as temporary, temporary.open("wb") as file:
        while chunk := sys.stdin.buffer.read(_CHUNK):
            names.append(digest(chunk).encode())
            file.write(chunk)
    named = spool / f"stdin-{digest(*names)}"
    target.replace(named)
    return named


def _plain_chunks(path: Path, size: int = _CHUNK) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            while chunk := file.read(size):
                yield chunk
    except OSError as error:
        raise _unreadable(str(path), error) from error


def _zip_chunks(source: Source) -> Iterator[bytes]:
    try:
        with zipfile.ZipFile(source.path) as archive, archive.open(source.member or "") as file:
            while chunk := file.read(_CHUNK):
                yield chunk
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise TornError(str(error)) from error
    except OSError as error:
        raise _unreadable(source.shown, error) from error


def _gzip() -> Any:
    return zlib.decompressobj(wbits=31)


def _zstd() -> Any:
    return zstandard.ZstdDecompressor(max_window_size=1 << 31).decompressobj()


def _unpacked(chunks: Iterator[bytes], make: Callable[[], Any]) -> Iterator[bytes]:
    """Frame after frame; zero bytes behind the last frame are padding."""
    stream = make()
    begun = False
    for chunk in chunks:
        data = chunk
        while data:
            if stream.eof:
                data = data.lstrip(b"\0")
                stream, begun = make(), False
                continue
            try:
                plain = stream.decompress(data)
            except (zlib.error, zstandard.ZstdError) as error:
                raise TornError(str(error)) from error
            begun = True
            data = stream.unused_data if stream.eof else b""
            if plain:
                yield plain
    if begun and not stream.eof:
        raise TornError("the compressed stream has no end")


def _unreadable(file: str, error: OSError) -> InputError:
    return InputError(f"cannot be read ({error.strerror or error})", file=file, remedy="Check the path and its permissions.")
