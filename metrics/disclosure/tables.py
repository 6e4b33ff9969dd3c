"""Suppress tables of counts with their totals, and several tables of the same contacts together."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from metrics.disclosure.protect import HIDDEN, KNOWN, Builder, withhold
from metrics.result import WITHHELD

if TYPE_CHECKING:
    import pandas as pd

THRESHOLD = 11
TOTAL = "All"

LARGEST_PRODUCT = 5_000
"""Up to this many combinations of levels an attacker is taken to think any of them possible."""

Cell = tuple[str, ...]


@dataclass(frozen=True)
class Suppressed:
    """A table, or several of the same contacts, safe to publish.

    ``cells`` maps the levels in the order of ``dims`` (``"All"`` where summed over) to a count, or
    None where it is withheld. It does not say which cells were small and which cover for them.
    ``lost`` is the number of contacts in withheld cells, summed over cells: for internal use.
    """

    dims: tuple[str, ...]
    cells: dict[Cell, int | None]
    threshold: int
    lost: int

    def shown(self, *cell: str) -> str:
        """Return a cell as text; raises ``KeyError`` if it is not part of the publication."""
        count = self.cells[cell]
        return WITHHELD if count is None else f"{count:,}"

    def frame(self) -> pd.DataFrame:
        """Return one row per cell: a column per dim and ``contacts``, missing where withheld."""
        import pandas as pd

        found = pd.DataFrame(list(self.cells), columns=list(self.dims))
        return found.assign(contacts=pd.array(list(self.cells.values()), dtype="Int64"))


def is_small(count: int | np.ndarray, threshold: int = THRESHOLD) -> Any:
    """Say whether a count is 1 to threshold - 1: it may not be published. None is no small count."""
    return (count > 0) & (count < threshold)


def whole_percent(events: int | None, n: int | None, threshold: int = THRESHOLD) -> int | None:
    """Return a rate as whole percent, or None where its parts may not be published.

    A rate vanishes with its counts: beside a known denominator even a whole percent narrows a small
    count to a few values. Half rounds up. Raises ``ValueError`` for more events than contacts.
    """
    if events is None or n is None or not n:
        return None
    if not 0 <= events <= n:
        raise ValueError("events must lie between 0 and n")
    if is_small(events, threshold) or is_small(n - events, threshold):
        return None
    return (200 * events + n) // (2 * n)


def suppress(
    table: pd.Series | pd.DataFrame,
    threshold: int = THRESHOLD,
    *,
    tables: Iterable[Iterable[str]] | None = None,
) -> Suppressed:
    """Withhold every count of 1 to threshold - 1, and the least others that make it underivable.

    ``table`` holds counts of contacts without totals: a Series indexed by one or more named levels, or
    a two-way frame with named rows and columns; combinations that are absent count 0. All totals are
    published with it. ``tables`` names sibling tables instead: each a set of dims, published with its
    totals, all protected together; the full cross of the dims then is not published.

    Zeros are shown, and cover for nothing: some are known to be impossible. Every withheld cell's
    interval, by linear programming over all that is shown, is at least ``threshold`` wide. Least is by
    contacts in withheld cells. Write an outcome as a dim (event, no event), so that rates are ratios
    of cells. Raises ``ValueError`` for counts that are negative or broken, for levels called "All",
    for unnamed dims or a threshold under 2, ``KeyError`` for an unknown dim.

    Sources: Hundepool et al. 2012, Statistical Disclosure Control, ch. 4; Fischetti and
    Salazar-Gonzalez 2001, Management Science 47, 1008-1027.
    """
    dims, atoms = _atoms(table)
    if threshold < 2:
        raise ValueError("a threshold under 2 hides nothing")
    published = [dims] if tables is None else [tuple(t) for t in tables]
    for name in itertools.chain.from_iterable(published):
        if name not in dims:
            raise KeyError(name)
    builder, cells = _lattice(dims, atoms, published)
    small = [i for i in cells.values() if is_small(builder.values[i], threshold)]
    if not small:
        return Suppressed(dims, {k: builder.values[i] for k, i in cells.items()}, threshold, 0)
    units = [i for i, unit in enumerate(builder.unit) if unit >= 0]
    cost = np.array([builder.values[i] for i in units])
    forced = is_small(cost, threshold)
    gone, _ = withhold(builder.system(cost), forced, np.array(small), threshold)
    withheld = {i for i, u in zip(units, gone, strict=True) if u}
    return Suppressed(
        dims,
        {k: None if i in withheld else builder.values[i] for k, i in cells.items()},
        threshold,
        int(cost[gone].sum()),
    )


def _atoms(table: pd.Series | pd.DataFrame) -> tuple[tuple[str, ...], dict[Cell, int]]:
    import pandas as pd

    series = table.stack() if isinstance(table, pd.DataFrame) else table
    if any(name is None for name in series.index.names):
        raise ValueError("name every dim of the table: they say what is summed")
    dims = tuple(str(name) for name in series.index.names)
    counts = series.to_numpy(dtype=float)
    if len(counts) == 0:
        raise ValueError("the table holds no counts")
    if not np.isfinite(counts).all() or (counts < 0).any() or (counts != np.rint(counts)).any():
        raise ValueError("counts must be whole numbers, and none negative")
    found: dict[Cell, int] = {}
    for key, count in zip(series.index, counts, strict=True):
        cell = tuple(str(k) for k in (key if isinstance(key, tuple) else (key,)))
        if TOTAL in cell:
            raise ValueError(
                f"a level is called {TOTAL!r}: leave the totals out, they are computed"
            )
        found[cell] = found.get(cell, 0) + int(count)
    levels = [list(dict.fromkeys(cell[i] for cell in found)) for i in range(len(dims))]
    if np.prod([len(x) for x in levels]) <= LARGEST_PRODUCT:
        return dims, {cell: found.get(cell, 0) for cell in itertools.product(*levels)}
    # Fewer possibilities: the attacker is taken to know which combinations occur at all.
    return dims, {cell: n for cell, n in found.items() if n}


def _lattice(
    dims: tuple[str, ...], atoms: dict[Cell, int], published: list[tuple[str, ...]]
) -> tuple[Builder, dict[Cell, int]]:
    """Return the counts with what ties them, and the published cells' numbers; each is its own unit."""
    builder = Builder()
    units = itertools.count()
    whole = any(set(t) == set(dims) for t in published)
    number: dict[Cell, int] = {}
    for cell, n in atoms.items():
        number[cell] = builder.add(n, _unit(n, units) if whole else HIDDEN)
    cells = dict(number) if whole else {}
    for kept in _margins(dims, published):
        groups: dict[Cell, list[int]] = {}
        for cell, i in number.items():
            margin = tuple(v if d in kept else TOTAL for d, v in zip(dims, cell, strict=True))
            groups.setdefault(margin, []).append(i)
        for margin, parts in groups.items():
            n = sum(builder.values[i] for i in parts)
            cells[margin] = builder.sum_of(parts, _unit(n, units))
    return builder, cells


def _unit(count: int, units: Iterator[int]) -> int:
    return next(units) if count else KNOWN


def _margins(dims: tuple[str, ...], published: list[tuple[str, ...]]) -> list[frozenset[str]]:
    """Return every set of dims that is kept in some total, the full cross apart; largest first."""
    found = {
        frozenset(kept)
        for table in published
        for size in range(len(table) + 1)
        for kept in itertools.combinations(table, size)
    }
    found.discard(frozenset(dims))
    return sorted(found, key=lambda kept: (-len(kept), sorted(kept)))
