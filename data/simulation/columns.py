"""Build canonical columns from arrays: labels, yes/no answers, keys, clocks. Nothing here draws."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

Array = npt.NDArray[Any]
Rng = np.random.Generator

DAY = 86_400
TRI = ("yes", "no", "unknown")

# Columns that hold a day and no time, in every table that has one of this name.
DATES = frozenset(
    {
        *("cit_started_on", "crisis_form_required_since", "valid_from", "valid_to"),
        *("agreement_from", "agreement_to", "event_date", "as_of", "hired_month", "left_month"),
        *("from_date", "to_date", "certified_on", "expires_on", "completed_on", "duty_date"),
        *("provider_accepted_at", "first_service_on", "occurred_on", "received_on", "closed_on"),
        *("reported_on", "notice_of_claim_on", "suit_filed_on", "valued_on"),
    }
)

_TEXT = pd.StringDtype("pyarrow", na_value=np.nan)


def pick(rng: Rng, shares: Sequence[float] | Array, n: int) -> Array:
    """Draw ``n`` codes 0, 1, ... with these shares (they need not add up to one)."""
    return pick_at(rng.random(n), np.asarray(shares, dtype=float))


def pick_at(u: Array, shares: Array) -> Array:
    """Return the code each uniform number falls on."""
    edges = np.cumsum(shares)
    return np.searchsorted(edges[:-1] / edges[-1], u, side="right").astype(np.int8)


def pick_by(rng: Rng, shares: Array, group: Array) -> Array:
    """Draw one code per row; row ``i`` uses the shares in ``shares[group[i]]``."""
    edges = np.cumsum(np.asarray(shares, dtype=float), axis=1)
    edges /= edges[:, -1:]
    u = rng.random(len(group))
    found = np.zeros(len(group), dtype=np.int8)
    for column in range(edges.shape[1] - 1):
        found += u >= edges[group, column]
    return found


def labels(codes: Array, levels: Sequence[str], blank: Array | None = None) -> pd.Categorical:
    """Return codes as labels; -1, and rows where ``blank``, are not recorded."""
    if blank is not None:
        codes = np.where(blank, -1, codes)
    return pd.Categorical.from_codes(codes.astype(np.int16), list(levels))


def constant(label: str, n: int) -> pd.Categorical:
    """Return the same label ``n`` times."""
    return labels(np.zeros(n, dtype=np.int8), [label])


def yes_no(yes: Array, unknown: Array | None = None, blank: Array | None = None) -> pd.Categorical:
    """Return a yes/no column, with rows answered "don't know" and rows left blank."""
    codes = np.where(yes, 0, 1)
    if unknown is not None:
        codes = np.where(unknown, 2, codes)
    return labels(codes, TRI, blank)


def answered(rng: Rng, yes: Array, unknown: float = 0.0, blank: float = 0.0) -> pd.Categorical:
    """Return a yes/no column of which a share is answered "don't know" and a share left blank."""
    u = rng.random(len(yes))
    return yes_no(yes, u < unknown, u >= 1 - blank)


def keys(prefix: str, numbers: Array, width: int) -> pa.Array:
    """Return an agency's own numbers: prefix and zero-padded number."""
    digits = pc.utf8_lpad(pa.array(numbers).cast(pa.string()), width, "0")
    return pc.binary_join_element_wise(pa.scalar(prefix), digits, "")


def text(values: pa.Array, rows: Array | None = None, blank: Array | None = None) -> Any:
    """Return a text column: the values at these rows, blank where asked."""
    if rows is not None:
        values = values.take(pa.array(np.where(blank, 0, rows) if blank is not None else rows))
    if blank is not None:
        values = pc.if_else(pa.array(blank), pa.scalar(None, pa.string()), values)
    return pd.array(values, dtype=_TEXT)


def clock(seconds: Array, blank: Array | None = None) -> Any:
    """Return seconds since 1970 on the local wall clock as a column, cut to whole minutes."""
    whole = np.asarray(seconds).astype(np.int64) // 60 * 60
    found = whole.astype("datetime64[s]")
    return found if blank is None else np.where(blank, np.datetime64("NaT", "s"), found)


def days(numbers: Array, blank: Array | None = None) -> Any:
    """Return days since 1970 as a column of dates."""
    return clock(np.asarray(numbers).astype(np.int64) * DAY, blank)


def counts(values: Array, blank: Array | None = None) -> Any:
    """Return whole numbers, blank where asked."""
    mask = np.zeros(len(values), dtype=bool) if blank is None else blank
    return pd.arrays.IntegerArray(np.asarray(values).astype(np.int32), mask.copy())


def money(values: Array) -> Array:
    """Return amounts with two decimals."""
    return np.round(np.asarray(values, dtype=float), 2)


def numbered(group: Array) -> Array:
    """Return 1, 2, ... within each run of equal values; equal values must stand together."""
    if len(group) == 0:
        return np.zeros(0, dtype=np.int32)
    first = np.concatenate(([True], group[1:] != group[:-1]))
    starts = np.flatnonzero(first)
    return (np.arange(len(group)) - starts[np.cumsum(first) - 1] + 1).astype(np.int32)
