"""Are two answers the same: counts to the last one, estimates to 1e-9, in whatever order they came."""

from __future__ import annotations

from datetime import date
from typing import Any

import pandas as pd
import pytest

from metrics.aggregate import Counts


def rows(counts: Counts) -> pd.DataFrame:
    """Return counts as plain values in one order."""
    columns = {}
    for name in counts.frame.columns:
        values = counts.frame[name].tolist()
        if ":" in name or name in ("contacts", "came", "timed", "minutes"):
            columns[name] = [int(v) for v in values]
        else:
            columns[name] = [None if pd.isna(v) else _plain(v) for v in values]
    found = pd.DataFrame(columns, dtype=object)
    keys = [n for n in columns if ":" not in n]
    order = sorted(range(len(found)), key=lambda i: [str(columns[k][i]) for k in keys])
    return found.iloc[order].reset_index(drop=True)


def _plain(value: Any) -> Any:
    return pd.Timestamp(value).date() if isinstance(value, date) else value


def same(left: Counts, right: Counts) -> None:
    """Assert that two counts are the same to the last one."""
    assert left.by == right.by
    assert int(left.frame["contacts"].sum()) > 0
    pd.testing.assert_frame_equal(rows(left), rows(right), check_exact=True)


def close(left: Any, right: Any) -> None:
    """Assert that two answers as plain values are the same, fractions to 1e-9."""
    if isinstance(left, dict):
        assert left.keys() == right.keys()
        for key in left:
            close(left[key], right[key])
    elif isinstance(left, list | tuple):
        assert len(left) == len(right)
        for one, other in zip(left, right, strict=True):
            close(one, other)
    elif isinstance(left, float):
        assert right == pytest.approx(left, rel=1e-9, abs=1e-9)
    else:
        assert left == right
