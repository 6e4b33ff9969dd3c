"""Look an export's files over: is each one there, whole and readable, and what is its header?"""

from __future__ import annotations

import codecs
import csv
import gzip
import hashlib
import io
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import duckdb

from data.errors import UserError
from data.identifying import HIDDEN_LETTERS
from data.mapping_model import FileFormat
from data.sql import literal

if TYPE_CHECKING:
    import pandas as pd

CHUNK = 1 << 20
MOST_COLUMNS = 5_000
MOST_CELLS = 40_000_000
MOST_UNPACKED = 1 << 30
"""Bytes an Excel file may unpack to: it is read into memory whole, and a small one can hold any amount."""
EXCEL = {".xlsx", ".xls", ".xlsm", ".xlsb", ".ods"}
DELIMITERS = ",;\t|"
_GZIP_MAGIC = b"\x1f\x8b"


@dataclass(frozen=True)
class ExportFile:
    """One file of an export, looked over and found readable."""

    path: Path
    sha256: str
    format: str
    compression: str
    encoding: str
    delimiter: str
    header: tuple[str, ...]
    odd_padding: bool = True
    """Values may be padded with more than spaces (tabs, no-break spaces)."""
    types: tuple[tuple[str, str], ...] = ()
    """Name and type of every column, where the file itself says so: of Parquet."""
    stamp: tuple[int, ...] = ()
    """Its device, number, size and time of change; empty for one that nobody else can write to."""

    @property
    def name(self) -> str:
        """File name without its folders, as reports and rejects show it."""
        return self.path.name

    @property
    def table(self) -> str:
        """The file's name without any ending: contacts.csv.gz is "contacts"."""
        return self.path.name.split(".")[0]


def examine(path: Path, wanted: FileFormat) -> ExportFile:
    """Look a file over; raise ``UserError`` if it is missing, empty, cut short or unreadable."""
    try:
        if not path.exists():
            raise UserError(f"{path}: no such file; check the path")
        if path.is_dir():
            raise UserError(f"{path}: is a folder; name the files in it, such as {path}/*.csv")
        if not path.is_file():  # a device or a pipe may never end, and cannot be read twice
            raise UserError(f"{path}: is no ordinary file; save the export as a file")
        before = stamp(path)
        return replace(_examine(path, wanted), stamp=before)
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror or error})") from None
    except ValueError:  # what no file can be called
        raise UserError(f"{str(path)!r}: is not the name of a file; check the path") from None


def stamp(path: Path) -> tuple[int, ...]:
    """Return what tells whether a file is still the one that was looked over."""
    found = path.stat()
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def refuse_changed(file: ExportFile) -> None:
    """Raise ``UserError`` if a file is no longer the one that was looked over."""
    try:
        if not file.stamp or stamp(file.path) == file.stamp:
            return
    except OSError:
        pass
    raise UserError(
        f"{file.name}: changed while it was read; load it when it is written to the end"
    )


def _examine(path: Path, wanted: FileFormat) -> ExportFile:
    name = path.name
    if path.stat().st_size == 0:
        raise UserError(f"{name}: the file is empty; export it again")
    format_ = wanted.format if wanted.format != "auto" else _format_of(path)
    if format_ in ("excel", "parquet"):
        digest = _sha256(path)
        types = _parquet_types(path) if format_ == "parquet" else {}
        header = list(types) if format_ == "parquet" else _excel_header(path, wanted)
        return ExportFile(
            path,
            digest,
            format_,
            "none",
            "utf-8",
            ",",
            checked_header(header, name),
            types=tuple(types.items()),
        )
    return _examine_csv(path, wanted)


def _format_of(path: Path) -> str:
    suffixes = [s.lower() for s in path.suffixes]
    if set(suffixes) & EXCEL:
        return "excel"
    return "parquet" if ".parquet" in suffixes else "csv"


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class _Tee(io.RawIOBase):
    """Hash the bytes of a file while they are read."""

    def __init__(self, file: BinaryIO) -> None:
        self.file, self.digest = file, hashlib.sha256()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        data = self.file.read(len(buffer))
        self.digest.update(data)
        buffer[: len(data)] = data
        return len(data)


def _chunks(stream: BinaryIO | gzip.GzipFile, name: str) -> Iterator[bytes]:
    try:
        while chunk := stream.read(CHUNK):
            yield chunk
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        cut = "is cut short" if isinstance(error, EOFError) else "is damaged"
        raise UserError(f"{name}: the gzip file {cut}; copy or export it again") from None


def _examine_csv(path: Path, wanted: FileFormat) -> ExportFile:
    with path.open("rb") as raw:
        return examine_csv(raw, path, wanted)


def examine_csv(raw: BinaryIO, path: Path, wanted: FileFormat) -> ExportFile:
    """Look over a CSV file that is open; raise ``UserError`` as :func:`examine` does."""
    name = path.name
    zipped = raw.read(2) == _GZIP_MAGIC
    raw.seek(0)
    tee = _Tee(raw)
    buffered = io.BufferedReader(tee, CHUNK)
    stream = gzip.GzipFile(fileobj=buffered) if zipped else buffered
    odd = _OddPadding(_chunks(stream, name))
    encoding, first = _check_encoding(odd, wanted.encoding, name)
    while buffered.read(CHUNK):  # whatever follows the archive is part of the hash
        pass
    text = first.decode(encoding, errors="replace").removeprefix("\ufeff")
    if not text.strip():
        raise UserError(f"{name}: the file is empty; export it again")
    delimiter = wanted.delimiter
    line = text.splitlines()[0]
    if delimiter == "auto":
        delimiter = max(DELIMITERS, key=line.count)
    try:
        header = next(csv.reader(io.StringIO(text, newline=None), delimiter=delimiter))
    except csv.Error:
        raise UserError(
            f"{name}: is not a CSV file (its first line is no header); check which file it is"
        ) from None
    return ExportFile(
        path,
        tee.digest.hexdigest(),
        "csv",
        "gzip" if zipped else "none",
        "latin-1" if encoding == "latin-1" else "utf-8",
        delimiter,
        checked_header(header, name),
        odd.found,
    )


class _OddPadding:
    """Pass chunks on and note whether any holds a tab or a no-break space."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self.chunks, self.found = chunks, False

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self.chunks:
            self.found = self.found or b"\t" in chunk or b"\xa0" in chunk
            yield chunk


def _check_encoding(chunks: Iterable[bytes], wanted: str, name: str) -> tuple[str, bytes]:
    """Return the encoding that fits every byte, and the first chunk.

    Raises ``UserError`` for binary data, and for a file that mixes UTF-8 and Latin-1 (no single
    reading of it is right).
    """
    first = b""
    utf8_seen = False
    bad_row: int | None = None
    newlines = 0
    decoder = codecs.getincrementaldecoder("utf-8")()
    for chunk in chunks:
        first = first or chunk
        if first is chunk and chunk.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            raise UserError(f"{name}: is in UTF-16; save it as CSV UTF-8")
        if b"\x00" in chunk:
            raise UserError(
                f"{name}: is not a CSV file (it holds binary data); check which file it is"
            )
        if chunk.isascii() and not decoder.getstate()[0]:
            pass  # fits either
        elif bad_row is None and wanted != "latin-1":
            try:
                decoder.decode(chunk)
                utf8_seen = utf8_seen or _holds_utf8(chunk)
            except UnicodeDecodeError as error:
                bad_row = newlines + chunk[: error.end].count(b"\n")
                utf8_seen = utf8_seen or _holds_utf8(chunk)
        elif bad_row is not None:
            utf8_seen = utf8_seen or _holds_utf8(chunk)
        newlines += chunk.count(b"\n")
    if bad_row is None and wanted != "latin-1":
        try:
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:  # the last character is cut off, or the file is Latin-1
            bad_row = newlines
    if wanted == "latin-1":
        return "latin-1", first
    if bad_row is None:
        return "utf-8", first
    if utf8_seen:
        raise UserError(
            f"{name} row {bad_row}: mixes UTF-8 and Latin-1; save the whole export in one encoding"
        )
    if wanted == "utf-8":
        raise UserError(
            f"{name} row {bad_row}: is not UTF-8; set encoding = 'latin-1' in the mapping's [file]"
        )
    return "latin-1", first


# A character of two or more bytes in UTF-8; in Latin-1 such a run is all but never written.
_UTF8_CHARACTER = re.compile(
    rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}"
)


def _holds_utf8(chunk: bytes) -> bool:
    """Say whether these bytes hold a character that only UTF-8 explains."""
    if chunk.isascii():
        return False
    return _UTF8_CHARACTER.search(chunk.removeprefix(codecs.BOM_UTF8)) is not None


def _excel_header(path: Path, wanted: FileFormat) -> list[str]:
    return [str(c) for c in read_excel(path, wanted, rows=0).columns]


def read_excel(path: Path | BinaryIO, wanted: FileFormat, rows: int | None = None) -> pd.DataFrame:
    """Return a sheet as text, its first row as the header; raise ``UserError`` if it cannot be."""
    import pandas as pd  # slow to import, and only Excel files need it

    name = Path(str(getattr(path, "name", ""))).name
    _refuse_bomb(path, name)
    try:
        frame = pd.read_excel(
            path,
            sheet_name=wanted.sheet or 0,
            engine="calamine",
            dtype=str,
            header=None,
            nrows=None if rows is None else rows + 1,
            keep_default_na=False,
        )
    except (KeyboardInterrupt, SystemExit, MemoryError):
        raise
    except BaseException as error:  # the reader's own panics are no ordinary exceptions
        what = (
            "has no sheet of that name"
            if wanted.sheet and "heet" in str(error)
            else "cannot be read"
        )
        raise UserError(f"{name}: the Excel file {what}; open and save it again") from None
    if frame.empty:
        raise UserError(f"{name}: the file is empty; export it again")
    frame.columns = [str(v).strip() for v in frame.iloc[0]]
    return frame.iloc[1:].fillna("")


def _refuse_bomb(file: Path | BinaryIO, name: str) -> None:
    """Raise ``UserError`` for an Excel file that would fill the memory."""
    try:
        with zipfile.ZipFile(file) as packed:
            unpacked = sum(member.file_size for member in packed.infolist())
            if unpacked <= MOST_UNPACKED:
                _refuse_far_cells(packed, name)
    except (zipfile.BadZipFile, ValueError, NotImplementedError, EOFError, zlib.error):
        return  # no archive, or a broken one: the reader says so
    finally:
        if not isinstance(file, Path):
            file.seek(0)
    if unpacked > MOST_UNPACKED:
        raise UserError(
            f"{name}: the Excel file unpacks to {unpacked / (1 << 30):.1f} GB, more than"
            f" {MOST_UNPACKED >> 30} GB; save its sheet as CSV UTF-8"
        )


# Where a cell or a row stands, however its tag is called.
_PLACE = re.compile(rb'\br="([A-Z]{0,3})([0-9]{1,10})"')


def _refuse_far_cells(packed: zipfile.ZipFile, name: str) -> None:
    """Raise ``UserError`` for a sheet so wide or long that its cells, filled or not, fill the memory."""
    for member in packed.namelist():
        if not (member.startswith("xl/worksheets/") and member.endswith(".xml")):
            continue
        wide = long = 0
        with packed.open(member) as sheet:
            tail = b""
            while chunk := sheet.read(CHUNK):
                for letters, row in _PLACE.findall(tail + chunk):
                    column = 0
                    for letter in letters:
                        column = column * 26 + letter - 64
                    wide, long = max(wide, column), max(long, int(row))
                tail = chunk[-32:]
        if wide * long > MOST_CELLS:
            raise UserError(
                f"{name}: a sheet of the Excel file reaches to row {long:,} and column {wide:,};"
                " delete the stray cells or save it as CSV UTF-8"
            )


@cache
def _engine() -> duckdb.DuckDBPyConnection:
    """One for all files: to start another for each takes longer than to read its header."""
    return duckdb.connect()


def kinds(con: duckdb.DuckDBPyConnection, relation: str) -> dict[str, str]:
    """Return the type of every column of a relation."""
    return {row[0]: row[1] for row in con.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()}


def _parquet_types(path: Path) -> dict[str, str]:
    try:
        with _engine().cursor() as con:
            return kinds(con, parquet(path))
    except duckdb.Error:
        raise UserError(f"{path.name}: is not a whole Parquet file; export it again") from None


def path_literal(path: Path) -> str:
    """SQL for a path that stands for itself: export[1].csv is one file, not a pattern."""
    return literal(re.sub(r"([*?\[])", r"[\1]", str(path)))


def parquet(path: Path) -> str:
    """SQL that reads one Parquet file and nothing from the names of its folders."""
    return f"read_parquet({path_literal(path)}, hive_partitioning=false)"


def checked_header(header: list[str], name: str) -> tuple[str, ...]:
    """Return a header without padding, nameless columns named; raise ``UserError`` for one name twice."""
    if len(header) > MOST_COLUMNS:
        raise UserError(
            f"{name}: the header has {len(header):,} columns, more than {MOST_COLUMNS:,};"
            " check which file it is"
        )
    seen: set[str] = set()
    found = []
    for position, cell in enumerate(header, 1):
        if HIDDEN_LETTERS.search(cell):
            raise UserError(
                f"{name}: the name of column {position} holds letters that cannot be seen;"
                " type it anew in the export"
            )
        # A trailing delimiter leaves a nameless last column; give it a name of its own.
        column = cell.strip() or f"(column {position})"
        if column.lower() in seen:  # DuckDB tells no names apart by their case
            raise UserError(
                f"{name}: the header names {column!r} twice; rename one of them in the export"
            )
        seen.add(column.lower())
        found.append(column)
    return tuple(found)
