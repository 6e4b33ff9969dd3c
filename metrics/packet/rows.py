"""The packet's rows: which columns a question needs, written and read as Parquet."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from data.errors import UserError
from data.store import Snapshot
from metrics import aggregate
from metrics.evaluate import STRATIFY_BY
from metrics.question import Question, primary_outcomes

if TYPE_CHECKING:
    import pyarrow as pa

ROWS = "analysis.parquet"
MOST_ROWS = 20_000_000
EXHIBIT_COVARIATES = ("officers_sent", "tenure", "mandatory_arrest")
"""What the sensitivity exhibit reads besides the adjusters."""


def outcomes(question: Question) -> tuple[str, ...]:
    """Return the outcomes that an answer reads: Holm's adjustment needs every primary one."""
    family = () if question.filtered else primary_outcomes()
    return tuple(dict.fromkeys((*question.outcomes, *family)))


def covariates(question: Question) -> tuple[str, ...]:
    """Return the covariates that an answer and its exhibits read."""
    filters = (dim for dim, _ in question.where)
    return tuple(dict.fromkeys((*question.adjust, *filters, *STRATIFY_BY, *EXHIBIT_COVARIATES)))


def columns(question: Question) -> dict[str, str]:
    """Return the columns of the rows with their SQL types."""
    return aggregate.copied_columns(question, outcomes(question), covariates(question))


def write(question: Question, snapshot: Snapshot) -> bytes:
    """Return the rows of a question as Parquet: the same bytes each time."""
    import pyarrow.parquet as pq

    table = aggregate.analysis_copy(
        snapshot, question, outcomes(question), covariates(question)
    ).combine_chunks()
    buffer = io.BytesIO()
    pq.write_table(table, buffer, compression="zstd")
    return buffer.getvalue()


def read(data: bytes, question: Question, where: str) -> pa.Table:
    """Return the rows of a packet; raise ``UserError`` for a file that is not what :func:`write` made."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(io.BytesIO(data))
        schema = aggregate.arrow_schema(columns(question))
        if file.metadata.num_rows > MOST_ROWS or not file.schema_arrow.equals(schema):
            raise UserError(f"{where}: {ROWS} does not hold the columns of its question")
        return file.read()
    except (pa.ArrowException, OSError, ValueError, MemoryError):
        raise UserError(f"{where}: {ROWS} cannot be read as Parquet") from None
