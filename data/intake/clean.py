"""Rewrite an uploaded file without the columns that identify; no value of those is written anywhere.

What comes out is always CSV in UTF-8, with every row of the file in its place: a line that cannot be read
becomes one without values that cannot be read either, so that rejected rows keep their numbers.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from operator import itemgetter
from pathlib import Path
from typing import Any, BinaryIO, TextIO

import duckdb

from data.errors import UserError
from data.identifying import identifies
from data.mapping_model import FileFormat
from data.readers import (
    CHUNK,
    EXCEL,
    checked_header,
    examine_csv,
    kinds,
    path_literal,
    read_excel,
)
from data.sql import quote
from data.staging import as_text

CLEANED = FileFormat("csv", ",", "utf-8")
"""How a rewritten file is written, whatever the one it came from."""

KINDS = ("csv", "csv.gz", "gz", "xlsx", "parquet")
"""Endings of the files that can be uploaded."""

_EVERY = 50_000
Rows = Callable[[int], None]


@dataclass(frozen=True)
class Cleaned:
    """One file as it was rewritten: its name, the headers kept and dropped, its rows, its hash before."""

    name: str
    header: tuple[str, ...]
    dropped: tuple[str, ...]
    rows: int
    sha256: str
    bytes: int


def clean(stream: BinaryIO, name: str, out: Path, progress: Rows = lambda rows: None) -> Cleaned:
    """Write the file in ``stream`` to ``out`` without the columns that identify.

    Raises ``UserError``, one line, for a file that cannot be read so; ``out`` may then be half there.
    """
    endings = {s.lower() for s in Path(name).suffixes}
    if endings & EXCEL:
        return _clean_excel(stream, name, out)
    if ".parquet" in endings:
        return _clean_parquet(stream, name, out)
    return _clean_csv(stream, name, out, progress)


def split_header(header: Sequence[str], name: str) -> tuple[list[int], tuple[str, ...]]:
    """Return the places of the columns to keep, and the headers of those dropped.

    A column without a header says nothing about what it holds: dropped like one that identifies.
    """
    dropped = [i for i, h in enumerate(header) if identifies(h) or h == f"(column {i + 1})"]
    kept = [i for i in range(len(header)) if i not in set(dropped)]
    if not kept:
        raise UserError(
            f"{name}: every column may identify a person, so nothing of it can be kept;"
            " check which file it is"
        )
    return kept, tuple(header[i] for i in dropped)


@contextmanager
def _private(out: Path) -> Iterator[TextIO]:
    handle = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
        yield file


def _clean_csv(stream: BinaryIO, name: str, out: Path, progress: Rows) -> Cleaned:
    stream.seek(0)
    found = examine_csv(stream, Path(name), FileFormat())
    kept, dropped = split_header(found.header, name)
    stream.seek(0)
    raw = gzip.GzipFile(fileobj=stream) if found.compression == "gzip" else stream
    encoding = "utf-8-sig" if found.encoding == "utf-8" else found.encoding
    text = io.TextIOWrapper(raw, encoding=encoding, newline="")
    try:
        with _private(out) as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow([found.header[i] for i in kept])
            lines = _rows(text, name, found.delimiter, len(found.header), kept)
            rows = _write(writer, lines, progress)
    finally:
        text.detach()  # the stream is whoever's opened it
    return Cleaned(
        name, tuple(found.header[i] for i in kept), dropped, rows, found.sha256, _size(stream)
    )


def _write(writer: Any, lines: Iterator[Sequence[str]], progress: Rows) -> int:
    rows = 0
    while some := list(islice(lines, _EVERY)):
        writer.writerows(some)
        rows += len(some)
        progress(rows)
    return rows


def _rows(
    text: Iterable[str], name: str, delimiter: str, width: int, kept: list[int]
) -> Iterator[Sequence[str]]:
    """Yield the kept cells of every row after the header; of an unreadable one, only that it is there."""
    reader = csv.reader(text, delimiter=delimiter, strict=True)
    # itemgetter of one place gives no sequence.
    cells: Callable[[list[str]], Sequence[str]] = (
        itemgetter(*kept) if len(kept) > 1 else lambda row: [row[kept[0]]]
    )
    too_many = [""] * (len(kept) + 1)
    number = 0
    read_header = False
    while True:
        before = reader.line_num
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            if "end of data" in str(error) or "field larger" in str(error):
                raise UserError(
                    f"{name} row {number + 1}: a quote is not closed, so the rows after it cannot be"
                    " told apart; mend that line or export the file again"
                ) from None
            # A quote that closed late took the lines between with it: rows that cannot be read.
            for _ in range(reader.line_num - before):
                number += 1
                yield too_many
            continue
        if not row:  # a blank line is no row
            continue
        if not read_header:
            read_header = True
            continue
        number += 1
        if len(row) == width:
            yield cells(row)
        elif len(row) > width or len(kept) == 1:
            yield too_many
        else:
            yield [""] * min(len(row), len(kept) - 1)


def _clean_excel(stream: BinaryIO, name: str, out: Path) -> Cleaned:
    named = _Named(stream, name)
    frame = read_excel(named, FileFormat("excel"))
    header = checked_header([str(c) for c in frame.columns], name)
    kept, dropped = split_header(header, name)
    with _private(out) as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([header[i] for i in kept])
        writer.writerows(frame.iloc[:, kept].itertuples(index=False, name=None))
    return Cleaned(name, tuple(header[i] for i in kept), dropped, len(frame), *_sha256(stream))


class _Named(io.BytesIO):
    """Bytes with the name that errors give."""

    def __init__(self, stream: BinaryIO, name: str) -> None:
        stream.seek(0)
        super().__init__(stream.read())
        self.name = name


def _clean_parquet(stream: BinaryIO, name: str, out: Path) -> Cleaned:
    import pyarrow as pa  # slow to import, and only these files need it
    import pyarrow.parquet as pq

    stream.seek(0)
    try:
        found = pq.ParquetFile(stream)
        header = checked_header(found.schema_arrow.names, name)
        kept, dropped = split_header(header, name)
        named = [found.schema_arrow.names[i] for i in kept]
        shape = pa.schema([found.schema_arrow.field(i) for i in kept])
        with _private(out):
            pass
        with duckdb.connect() as con:
            con.execute("SET temp_directory = ''")
            con.register("uploaded", shape.empty_table())
            texts = as_text("uploaded", kinds(con, "uploaded"))
            con.unregister("uploaded")
            con.register(
                "uploaded",
                pa.RecordBatchReader.from_batches(shape, found.iter_batches(columns=named)),
            )
            listed = ", ".join(
                f"{quote(n)} AS {quote(header[i])}" for n, i in zip(named, kept, strict=True)
            )
            ((rows,),) = con.execute(
                f"COPY (SELECT {listed} FROM ({texts})) TO {path_literal(out)}"
                " (FORMAT csv, HEADER true, NULL '')"
            ).fetchall()
    except (pa.ArrowException, duckdb.Error):
        raise UserError(f"{name}: is not a whole Parquet file; export it again") from None
    return Cleaned(name, tuple(header[i] for i in kept), dropped, int(rows), *_sha256(stream))


def _size(stream: BinaryIO) -> int:
    return stream.seek(0, os.SEEK_END)


def _sha256(stream: BinaryIO) -> tuple[str, int]:
    """Return the hash and the length of what was uploaded."""
    stream.seek(0)
    digest = hashlib.sha256()
    while chunk := stream.read(CHUNK):
        digest.update(chunk)
    return digest.hexdigest(), _size(stream)
