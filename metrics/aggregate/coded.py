"""Fine groups, nearly a row a contact: levels of covariates travel as one number, not as text."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from data.registry import NOT_RECORDED
from data.store import Snapshot
from metrics.aggregate.coverage import levels
from metrics.aggregate.trace import kept
from metrics.keys import OFFICER

if TYPE_CHECKING:
    import pandas as pd

Expression = Callable[[Any], Any]
"""From a table expression to a column of it."""

TEXT = {OFFICER: "officer_key"}
"""Keys of text, by the column they come from."""
LARGEST_CODE = 2**53
"""Levels of several covariates travel as one number up to this."""


def coded(
    snapshot: Snapshot,
    table: Any,
    by: tuple[str, ...],
    keys: dict[str, Expression],
    measures: dict[str, Any],
) -> pd.DataFrame:
    """Group a table by keys, covariates and officer; covariates and officers come back as categories.

    ``measures`` are counts over ``table``. The rows are in the order of the keys as the engine has them.
    """
    import pandas as pd
    import pyarrow as pa

    known = {id_: _sorted_levels(snapshot, id_) for id_ in by}
    codes = dict(_codes(known))
    keys = keys | {name: key for name, (_, key) in codes.items()}
    keys |= {name: itemgetter(column) for name, column in TEXT.items()}
    grouped = table.group_by(**{name: key(table) for name, key in keys.items()})
    # In one order: sums of fractions then come out the same to their last digit, however often asked.
    ordered = grouped.aggregate(**measures).order_by(list(keys))
    found = ordered.to_pyarrow().combine_chunks()
    columns: dict[str, Any] = {}
    for name in keys:
        if name in TEXT:
            columns[name] = _categories(found[name])
        elif name in codes:
            code = found[name].to_numpy()
            for id_ in codes[name][0]:
                size = len(known[id_])
                columns[id_] = pd.Categorical.from_codes(code % size, known[id_])
                code = code // size
        elif pa.types.is_boolean(found[name].type):
            columns[name] = pd.array(found[name].to_pandas(), dtype="boolean")
        else:
            columns[name] = found[name].to_pandas()
    columns |= {name: found[name].to_numpy() for name in measures}
    return pd.DataFrame(columns)


def _categories(column: Any) -> pd.Categorical:
    """Return a column of text as categories, missing where it is null."""
    import pandas as pd

    found = column.combine_chunks().dictionary_encode()
    place = found.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    return pd.Categorical.from_codes(place, found.dictionary.to_pylist())


@kept(256)
def _sorted_levels(snapshot: Snapshot, covariate: str) -> list[str]:
    return sorted(levels(snapshot, covariate)) or [NOT_RECORDED]


def _codes(levels: dict[str, list[str]]) -> Iterable[tuple[str, tuple[tuple[str, ...], Any]]]:
    """Yield grouping numbers: name, the covariates it holds (first varies fastest), expression."""
    held: list[str] = []
    size = 1
    for id_ in levels:
        if held and size * len(levels[id_]) > LARGEST_CODE:
            yield f"code:{held[0]}", (tuple(held), _code(held, levels))
            held, size = [], 1
        held.append(id_)
        size *= len(levels[id_])
    if held:
        yield f"code:{held[0]}", (tuple(held), _code(held, levels))


def _code(held: list[str], levels: dict[str, list[str]]) -> Any:
    held = list(held)

    def expression(table: Any) -> Any:
        import ibis

        total, radix = ibis.literal(0, "int64"), 1
        for id_ in held:
            column = table[id_].fill_null(NOT_RECORDED)
            pairs = [(v, ibis.literal(i * radix, "int64")) for i, v in enumerate(levels[id_])]
            total = total + column.cases(*pairs, else_=ibis.literal(0, "int64"))
            radix *= len(levels[id_])
        return total

    return expression
