"""Read an export's files: look each one over, then stage the columns a mapping needs in DuckDB.

A file is read twice: once as bytes (its hash, whether the archive is whole, its encoding), once by
DuckDB. Only columns a mapping names are staged; of every other column only a hash of the whole row
is kept, to recognise duplicates.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import hashlib
import io
import re
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

import duckdb

from data.errors import UserError
from data.mapping import FileFormat

CHUNK = 1 << 20
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

    @property
    def name(self) -> str:
        """File name without its folders, as reports and rejects show it."""
        return self.path.name

    @property
    def table(self) -> str:
        """The file's name without any ending: contacts.csv.gz is "contacts"."""
        return self.path.name.split(".")[0]


@dataclass(frozen=True)
class StagedFile:
    """Where one file's rows lie in the staging table, and the lines DuckDB could not read."""

    file: ExportFile
    first_rowid: int
    rows: int
    bad_lines: tuple[tuple[int, str], ...]

    def row_number(self, rowid: int) -> int:
        """Return the data row in the file (1 follows the header) of a staged row."""
        row = rowid - self.first_rowid + 1
        for line, _ in self.bad_lines:
            # A line that could not be read still counts as a row of the file.
            if line - 1 <= row:
                row += 1
        return row


def quote(name: str) -> str:
    """Return a column name as a SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(value: str | None) -> str:
    """Return a string as a SQL literal, or NULL."""
    return "NULL" if value is None else "'" + value.replace("'", "''") + "'"


def examine(path: Path, wanted: FileFormat) -> ExportFile:
    """Look a file over; raise ``UserError`` if it is missing, empty, cut short or unreadable."""
    name = path.name
    if not path.exists():
        raise UserError(f"{path}: no such file; check the path")
    if path.is_dir():
        raise UserError(f"{path}: is a folder; name the files in it, such as {path}/*.csv")
    if path.stat().st_size == 0:
        raise UserError(f"{name}: the file is empty; export it again")
    format_ = wanted.format if wanted.format != "auto" else _format_of(path)
    if format_ in ("excel", "parquet"):
        digest = _sha256(path)
        found = ExportFile(path, digest, format_, "none", "utf-8", ",", ())
        header = _excel_header(path, wanted) if format_ == "excel" else _parquet_header(path)
        return replace(found, header=_checked_header(header, name))
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
    name = path.name
    with path.open("rb") as raw:
        zipped = raw.read(2) == _GZIP_MAGIC
        raw.seek(0)
        tee = _Tee(raw)
        buffered = io.BufferedReader(tee, CHUNK)
        stream = gzip.GzipFile(fileobj=buffered) if zipped else buffered
        encoding, first = _check_encoding(_chunks(stream, name), wanted.encoding, name)
        while buffered.read(CHUNK):  # whatever follows the archive is part of the hash
            pass
    text = first.decode(encoding, errors="replace").removeprefix("\ufeff")
    if not text.strip():
        raise UserError(f"{name}: the file is empty; export it again")
    delimiter = wanted.delimiter
    line = text.splitlines()[0]
    if delimiter == "auto":
        delimiter = max(DELIMITERS, key=line.count)
    header = next(csv.reader(io.StringIO(text), delimiter=delimiter))
    return ExportFile(
        path,
        tee.digest.hexdigest(),
        "csv",
        "gzip" if zipped else "none",
        "latin-1" if encoding == "latin-1" else "utf-8",
        delimiter,
        _checked_header(header, name),
    )


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
        if b"\x00" in chunk:
            raise UserError(
                f"{name}: is not a CSV file (it holds binary data); check which file it is"
            )
        if bad_row is None and wanted != "latin-1":
            try:
                decoder.decode(chunk)
                utf8_seen = utf8_seen or not chunk.removeprefix(codecs.BOM_UTF8).isascii()
            except UnicodeDecodeError as error:
                bad_row = newlines + chunk[: error.end].count(b"\n")
                utf8_seen = utf8_seen or _holds_utf8(chunk)
        elif bad_row is not None:
            utf8_seen = utf8_seen or _holds_utf8(chunk)
        newlines += chunk.count(b"\n")
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
    return _UTF8_CHARACTER.search(chunk.removeprefix(codecs.BOM_UTF8)) is not None


def _excel_header(path: Path, wanted: FileFormat) -> list[str]:
    return [str(c) for c in _read_excel(path, wanted, rows=0).columns]


def _read_excel(path: Path, wanted: FileFormat, rows: int | None = None):  # type: ignore[no-untyped-def]  # noqa: ANN202
    import pandas as pd

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
    except Exception as error:
        what = (
            "has no sheet of that name"
            if wanted.sheet and "heet" in str(error)
            else "cannot be read"
        )
        raise UserError(f"{path.name}: the Excel file {what}; open and save it again") from None
    if frame.empty:
        raise UserError(f"{path.name}: the file is empty; export it again")
    frame.columns = [str(v).strip() for v in frame.iloc[0]]
    return frame.iloc[1:]


def _parquet_header(path: Path) -> list[str]:
    try:
        with duckdb.connect() as con:
            rows = con.execute("DESCRIBE SELECT * FROM read_parquet(?)", [str(path)]).fetchall()
    except duckdb.Error:
        raise UserError(f"{path.name}: is not a whole Parquet file; export it again") from None
    return [row[0] for row in rows]


def _checked_header(header: list[str], name: str) -> tuple[str, ...]:
    seen: set[str] = set()
    found = []
    for position, cell in enumerate(header, 1):
        # A trailing delimiter leaves a nameless last column; give it a name of its own.
        column = cell.strip() or f"(column {position})"
        if column in seen:
            raise UserError(
                f"{name}: the header names {column!r} twice; rename one of them in the export"
            )
        seen.add(column)
        found.append(column)
    return tuple(found)


def stage(
    con: duckdb.DuckDBPyConnection,
    table: str,
    files: list[ExportFile],
    needed: list[str],
    duplicates: tuple[str, ...] | None,
    wanted: FileFormat,
) -> list[StagedFile]:
    """Create the temporary table ``table`` with the needed columns of all files, trimmed.

    Columns: ``file_no``, ``row_hash`` (of the columns that make rows duplicates) and one VARCHAR per
    needed column, NULL where blank or where the file lacks it. ``rowid`` follows the order of rows.
    """
    columns = ", ".join(f"{quote(c)} VARCHAR" for c in needed)
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE {table}"
        f" (file_no INTEGER, row_hash UBIGINT{', ' + columns if columns else ''})"
    )
    staged = []
    for number, file in enumerate(files):
        first = _count(con, table)
        here = [c for c in needed if c in file.header]
        hashed = list(duplicates or file.header)
        missing = [c for c in hashed if c not in file.header]
        if missing:
            raise UserError(
                f"{file.name}: no column {missing[0]!r}, which [mapping] duplicates names"
            )
        source, bad = _relation(con, file, wanted)
        trimmed = "".join(f", nullif(trim({quote(c)}), '') AS {quote(c)}" for c in here)
        try:
            con.execute(
                f"INSERT INTO {table} BY NAME SELECT {number} AS file_no,"
                f" hash({', '.join(quote(c) for c in hashed)}) AS row_hash{trimmed} FROM {source}"
            )
        except duckdb.InvalidInputException:
            raise UserError(
                f"{file.name}: is not a readable {file.format} file; export it again"
            ) from None
        lines = _bad_lines(con, bad) if bad else ()
        staged.append(StagedFile(file, first, _count(con, table) - first, lines))
    return staged


def _count(con: duckdb.DuckDBPyConnection, table: str) -> int:
    row = con.execute(f"SELECT count(*) FROM {table}").fetchone()
    return int(row[0]) if row else 0


def _relation(
    con: duckdb.DuckDBPyConnection, file: ExportFile, wanted: FileFormat
) -> tuple[str, str | None]:
    """Return the SQL to read a file, and the name of its table of unreadable lines."""
    if file.format == "parquet":
        casts = ", ".join(f"CAST({quote(c)} AS VARCHAR) AS {quote(c)}" for c in file.header)
        return f"(SELECT {casts} FROM read_parquet({literal(str(file.path))}))", None
    if file.format == "excel":
        con.register("excel_rows", _read_excel(file.path, wanted).fillna(""))
        return "excel_rows", None
    columns = ", ".join(f"{literal(c)}: 'VARCHAR'" for c in file.header)
    bad = "unreadable_lines"
    return (
        f"read_csv({literal(str(file.path))}, auto_detect=false, header=true,"
        f" delim={literal(file.delimiter)}, quote='\"', escape='\"', columns={{{columns}}},"
        f" encoding={literal(file.encoding)}, compression={literal(file.compression)},"
        f" null_padding=false, store_rejects=true, rejects_table={literal(bad)},"
        f" rejects_scan='unreadable_scans', rejects_limit=0)"
    ), bad


_LINE_REASONS = {
    "MISSING COLUMNS": "too few columns",
    "TOO MANY COLUMNS": "too many columns",
    "UNQUOTED VALUE": "a quote is not closed",
    "LINE SIZE OVER MAXIMUM": "the line is too long",
    "INVALID ENCODING": "not in the file's encoding",
    "INVALID STATE": "badly quoted",
}


def _bad_lines(con: duckdb.DuckDBPyConnection, table: str) -> tuple[tuple[int, str], ...]:
    rows = con.execute(
        f"SELECT line, min(CAST(error_type AS VARCHAR)) FROM {table} GROUP BY line ORDER BY line"
    ).fetchall()
    # These tables hold the lines themselves: gone as soon as they are counted.
    con.execute(f"DROP TABLE IF EXISTS {table}")
    con.execute("DROP TABLE IF EXISTS unreadable_scans")
    return tuple((int(line), _LINE_REASONS.get(kind, "not readable")) for line, kind in rows)
