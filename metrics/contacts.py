"""Contacts as small numbers, and their counts by exposure, covariate pattern and officer.

The prepared form (:mod:`data.prepared.coded`) lies in the order of officer and pattern, so contacts alike
lie side by side: what an engine's hash table of groups takes seconds for, a look at where one run ends and
the next begins tells at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from data.prepared.coded import EVENT, NO_EVENT, UNKNOWN
from metrics.cells import Cells, Patterns, alike, rank, renumber
from metrics.keys import EXPOSURE, MONTH, OFFICER


@dataclass(frozen=True, eq=False)
class Contacts:
    """N contacts of T possible patterns.

    ``exposure`` (N) is 1, 0, or -1 where not recorded; ``pattern`` (N) and ``officer`` (N, -1 where there is
    none) number what ``codes`` and ``officers`` list; ``answers`` holds a digit an outcome (N,
    :mod:`data.prepared.coded`), ``came`` (N) whether a field says that a CIT officer came. ``codes[name]``
    (T) is the place of each pattern's level in ``levels[name]``, which is sorted. Where they are asked for,
    ``month`` (N) counts months from January 1970 and ``minutes`` (N) is officer time, -1 where not recorded.
    """

    exposure: np.ndarray
    pattern: np.ndarray
    officer: np.ndarray
    answers: dict[str, np.ndarray]
    came: np.ndarray
    codes: dict[str, np.ndarray]
    levels: dict[str, np.ndarray]
    officers: np.ndarray
    month: np.ndarray | None = None
    minutes: np.ndarray | None = None

    def by(self, names: Sequence[str]) -> Contacts:
        """Return the same contacts with patterns of some covariates only, in that order."""
        if tuple(names) == tuple(self.codes):
            return self
        number, first = alike(self.codes, self.levels, names)
        return replace(
            self,
            pattern=number.astype(np.int32)[self.pattern],
            codes={name: self.codes[name][first] for name in names},
            levels={name: self.levels[name] for name in names},
        )

    def counts(self, outcomes: Iterable[str], names: Sequence[str] = ()) -> pd.DataFrame:
        """Return the columns of :class:`metrics.aggregate.Counts` that stand beside no officer.

        Rows are by exposure (False, True, missing), the levels of some covariates and the month, in order.
        """
        groups = self._groups(names, officers=False)
        columns = groups.keys()
        columns[EXPOSURE] = pd.Series(
            [(False, True, None)[i] for i in groups.place(EXPOSURE)], dtype=object
        )
        for name in names:
            columns[name] = columns[name].astype(str)
        by_came = groups.cell.table(self.came.view(np.uint8), 2)
        columns |= {"contacts": by_came.sum(axis=1), "came": by_came[:, 1]}
        if self.minutes is not None:
            columns["timed"] = groups.cell.table((self.minutes >= 0).view(np.uint8), 2)[:, 1]
            columns["minutes"] = groups.cell.sum(np.maximum(self.minutes, 0))
        for outcome in outcomes:
            found = groups.cell.table(self.answers[outcome] * 2 + self.came, 8).reshape(-1, 4, 2)
            columns |= _answered(outcome, found.sum(axis=2))
            columns[f"came:{outcome}"] = found[:, EVENT, 1] + found[:, NO_EVENT, 1]
        return pd.DataFrame(columns)

    def counts_by_officer(self, outcomes: Iterable[str], names: Sequence[str] = ()) -> pd.DataFrame:
        """Return the same beside each officer, but for what no fit reads.

        Covariates and officers are categories; rows are by officer, the levels, exposure and month.
        """
        groups = self._groups(names, officers=True)
        keys, arm = groups.keys(), groups.place(EXPOSURE)
        columns: dict[str, Any] = {EXPOSURE: pd.arrays.BooleanArray(arm == 1, arm == 2)}
        columns |= {key: keys[key] for key in (MONTH, *names, OFFICER) if key in keys}
        columns["contacts"] = groups.cell.sizes()
        for outcome in outcomes:
            columns |= _answered(outcome, groups.cell.table(self.answers[outcome], 4))
        return pd.DataFrame(columns)

    def _groups(self, names: Sequence[str], *, officers: bool) -> _Groups:
        own = self.by(names)
        # Not recorded comes last, as the engine sorts it.
        arm: Key = (np.where(own.exposure < 0, 2, own.exposure), 3, lambda i: i)
        pattern: Key = (own.pattern, len(own.codes[names[0]]) if names else 1, lambda i: i)
        months = {MONTH: _by_month(own.month)} if own.month is not None else {}
        if not officers:
            return _Groups(own, tuple(names), {EXPOSURE: arm, "": pattern, **months})
        # As contacts lie: then those of a group lie side by side.
        officer = _by_officer(own.officer, own.officers)
        keys = {OFFICER: officer, "": pattern, EXPOSURE: arm, **months}
        return _Groups(own, tuple(names), keys)

    def runs(self, names: Sequence[str]) -> Runs:
        """Return the contacts whose exposure is recorded, in runs of one officer, pattern and exposure."""
        own = self.by(names)
        known = np.flatnonzero(own.exposure >= 0) if (own.exposure < 0).any() else None

        def some(values: np.ndarray) -> np.ndarray:
            return values if known is None else values[known]

        used, pattern = renumber(some(own.pattern).astype(np.int64) * 2 + some(own.exposure))
        officer = some(own.officer)
        nameless = officer < 0
        if nameless.any():
            # A contact without an officer is a cluster of its own group of counts: the finest unit there is.
            apart, which = np.unique(pattern[nameless], return_inverse=True)
            officer = officer.astype(np.int64)
            officer[nameless] = len(own.officers) + which
            labels = np.concatenate(
                [own.officers, np.array([f"none {i}" for i in range(len(apart))], dtype=object)]
            )
        else:
            labels = own.officers
        present, cluster = renumber(officer)
        size = max(len(used), 1)
        cell, key = _numbered(cluster * size + pattern, size * max(len(present), 1))
        return Runs(
            terms=((EXPOSURE,), *((name,) for name in names)),
            references={},
            categorical=frozenset(names),
            levels={EXPOSURE: np.array([0, 1]), **{n: own.levels[n] for n in names}},
            codes={EXPOSURE: used % 2, **{n: own.codes[n][used // 2] for n in names}},
            pattern=key % size,
            cluster=key // size,
            labels=labels[present],
            cell=cell,
            answers={outcome: some(values) for outcome, values in own.answers.items()},
            named=not nameless.all(),
        )


@dataclass(frozen=True, eq=False)
class Sorted:
    """Which group each of N contacts is in, where those of a group lie side by side."""

    start: np.ndarray
    rows: int

    def sizes(self) -> np.ndarray:
        """Return how many contacts each group has."""
        return np.diff(np.append(self.start, self.rows))

    def count(self, which: np.ndarray) -> np.ndarray:
        """Count the marked contacts of each group."""
        if not self.rows:
            return np.zeros(0, dtype=np.int64)
        return np.add.reduceat(which, self.start, dtype=np.int32)

    def table(self, digit: np.ndarray, digits: int) -> np.ndarray:
        """Count the contacts of each group by a digit below ``digits`` (G x digits)."""
        found = [self.count(digit == i) for i in range(digits)]
        return np.stack(found, axis=1).astype(np.int64)

    def sum(self, values: np.ndarray) -> np.ndarray:
        """Add whole numbers up by group."""
        if not self.rows:
            return np.zeros(0, dtype=np.int64)
        return np.add.reduceat(values, self.start, dtype=np.int64)


@dataclass(frozen=True, eq=False)
class Scattered:
    """Which group each of N contacts is in, wherever it lies."""

    group: np.ndarray
    groups: int

    @property
    def rows(self) -> int:
        """How many contacts there are."""
        return len(self.group)

    def sizes(self) -> np.ndarray:
        """Return how many contacts each group has."""
        return np.bincount(self.group, minlength=self.groups)

    def count(self, which: np.ndarray) -> np.ndarray:
        """Count the marked contacts of each group."""
        return np.bincount(self.group[which], minlength=self.groups)

    def table(self, digit: np.ndarray, digits: int) -> np.ndarray:
        """Count the contacts of each group by a digit below ``digits`` (G x digits), in one pass."""
        size = self.groups * digits
        return np.bincount(self.group * digits + digit, minlength=size).reshape(-1, digits)

    def sum(self, values: np.ndarray) -> np.ndarray:
        """Add whole numbers up by group."""
        return np.bincount(self.group, values, minlength=self.groups).astype(np.int64)


def _numbered(key: np.ndarray, bound: int) -> tuple[Sorted | Scattered, np.ndarray]:
    """Return where contacts of the same key are, and the keys, sorted; ``bound`` is above every key."""
    if not np.any(key[1:] < key[:-1]):
        start = np.flatnonzero(np.append(len(key) > 0, key[1:] != key[:-1]))
        return Sorted(start, len(key)), key[start]
    group, first = rank(key, bound)
    return Scattered(group, len(first)), key[first]


Key = tuple[np.ndarray, int, Callable[[np.ndarray], Any]]
"""A place for every contact, how many places there are, and from places to what they stand for."""


def _by_month(month: np.ndarray) -> Key:
    first, last = (int(month.min()), int(month.max())) if len(month) else (0, 0)
    start = np.datetime64("1970-01") + first
    return month - first, last - first + 1, lambda i: (start + i).astype("datetime64[s]")


def _by_officer(officer: np.ndarray, officers: np.ndarray) -> Key:
    none = len(officers)  # last, as they lie

    def named(i: np.ndarray) -> pd.Categorical:
        present, place = np.unique(i, return_inverse=True)
        return pd.Categorical.from_codes(
            np.where(i == none, -1, place), officers[present[present < none]]
        )

    return np.where(officer < 0, none, officer), none + 1, named


def _answered(outcome: str, digits: np.ndarray) -> dict[str, np.ndarray]:
    """Return an outcome's columns from its digits by group (G x 4)."""
    return {
        f"n:{outcome}": digits[:, EVENT] + digits[:, NO_EVENT],
        f"events:{outcome}": digits[:, EVENT],
        f"missing:{outcome}": digits[:, UNKNOWN],
    }


class _Groups:
    """Contacts numbered by a combination of keys; ``cell`` says which are together."""

    def __init__(
        self,
        contacts: Contacts,
        names: tuple[str, ...],
        keys: dict[str, Key],
    ) -> None:
        self._contacts, self._names, self._keys = contacts, names, keys
        number, size = np.zeros(len(contacts.pattern), dtype=np.int64), 1
        for place, many, _ in keys.values():
            number = number * many + place
            size *= many
        self.cell, self._there = _numbered(number, size)

    def place(self, key: str) -> np.ndarray:
        """Return the place of a key in each group."""
        left = self._there
        for name in reversed(self._keys):
            many = self._keys[name][1]
            if name == key:
                return left % many
            left = left // many
        raise KeyError(key)

    def keys(self) -> dict[str, Any]:
        """Return a column for each key and covariate."""
        own, found = self._contacts, {}
        for key, (_, _, named) in self._keys.items():
            place = self.place(key)
            if key:
                found[key] = named(place)
                continue
            for name in self._names:
                found[name] = pd.Categorical.from_codes(own.codes[name][place], own.levels[name])
        return found


@dataclass(frozen=True, eq=False)
class Runs(Patterns):
    """Contacts assigned to cells (``cell``); ``named`` says whether any contact has an officer."""

    cell: Sorted | Scattered
    answers: dict[str, np.ndarray]
    named: bool

    def count(self, events: str, trials: str) -> Cells:
        """Sum an outcome's ``events:`` and ``n:`` into cells; cells without a contact leave.

        Raises:
            KeyError: not an outcome of these contacts.
        """
        return self.tally(events, trials).filled()

    def tally(self, events: str, trials: str) -> Cells:
        """Sum an outcome's ``events:`` and ``n:`` into every cell; ``KeyError`` as :meth:`count`."""
        return self.of(self._sum(events), self._sum(trials))

    def _sum(self, name: str) -> np.ndarray:
        kind, _, outcome = name.partition(":")
        answer = self.answers[outcome]
        hit = answer == EVENT
        if kind == "n":
            hit |= answer == NO_EVENT
        return self.cell.count(hit).astype(float)

    def frame(self) -> pd.DataFrame:
        """Return the cells as rows: exposure, levels, officer, and the counts of every outcome."""
        assert self.cluster is not None
        columns: dict[str, object] = {
            name: self.levels[name][code[self.pattern]] for name, code in self.codes.items()
        }
        columns[OFFICER] = pd.Categorical.from_codes(self.cluster, self.labels)
        columns["contacts"] = self.cell.sizes()
        for outcome, answer in self.answers.items():
            columns |= _answered(outcome, self.cell.table(answer, 4))
        return pd.DataFrame(columns)
