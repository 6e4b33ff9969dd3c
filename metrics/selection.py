"""Who gets CIT: how unlike the calls of the two arms are, as far as dispatch knew.

It describes the contacts compared, before any outcome is looked at: what each arm's calls were
like, how far overlap weights make them alike, and which calls only one arm gets.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from data import registry
from data.store import Snapshot
from metrics import aggregate
from metrics.aggregate import EXPOSURE, Counts
from metrics.balance import EXTREME, Balance, LevelBalance, balance
from metrics.design import POOLED
from metrics.estimate import NotEstimable
from metrics.headline import LEAST_OVERLAP
from metrics.question import Question
from metrics.scores import Propensity, propensity
from metrics.wording.numbers import percent

CUSTOMARY = 0.1
"""A standardised difference that is customarily called small (Austin 2011, Multivariate Behav
Res 46:399). A custom, not a test."""
FEWEST_CONTACTS = 10
"""Contacts a level needs, over both arms, before a ratio of its shares is put in a sentence."""
FEWEST_DESCRIBED = 50
"""Contacts outside the overlap before it is said what they are like."""
MOST_NAMED = 5


class Level(NamedTuple):
    """One level of a covariate in the two arms: contacts, shares (0 to 1) and differences.

    ``ratio`` is the prevalence ratio before weighting; ``smd_before`` and ``smd_after`` are
    standardised differences, positive where the level is more frequent with the exposure.
    ``pooled`` marks a level that only one arm holds: the score cannot tell it from others such.
    """

    covariate: str
    level: str
    label: str
    cit: int
    other: int
    share_cit: float
    share_other: float
    ratio: float | NotEstimable
    smd_before: float | NotEstimable
    smd_after: float | NotEstimable
    pooled: bool

    @property
    def apart(self) -> float:
        """Absolute standardised difference before weighting; ``inf`` where all of one arm and
        none of the other are at this level, and 0 where the arms are alike or one is empty."""
        if not isinstance(self.smd_before, NotEstimable):
            return abs(self.smd_before)
        return float("inf") if {self.share_cit, self.share_other} == {0.0, 1.0} else 0.0


class Outside(NamedTuple):
    """Contacts outside the overlap, and the levels most over-represented among them.

    ``share`` is their share of all contacts, ``contacts1`` and ``contacts0`` their number in each
    arm; ``typical`` holds (covariate, label, share among them, share among all).
    """

    share: float
    contacts1: int
    contacts0: int
    typical: tuple[tuple[str, str, float, float], ...]


@dataclass(frozen=True, eq=False)
class Selection:
    """What the calls of two arms had in common.

    ``levels`` are all levels in use, in the order of the covariates and then of their number of
    contacts; they are counts, and stand where ``balance`` is refused: without two arms or
    covariates, or where over 20% of contacts are in levels that one arm alone holds (the headline
    refuses there too). ``outside`` are contacts
    whose score no contact of the other arm comes near (outside its range, under .05 or over .95).
    ``came`` are contacts of the second arm where another field says that a CIT officer came.
    ``constant`` are covariates that are the same for all these contacts.
    """

    exposure: str
    filtered: bool
    covariates: tuple[str, ...]
    unavailable: tuple[str, ...]
    constant: tuple[str, ...]
    contacts1: int
    contacts0: int
    unknown: int
    came: int
    levels: tuple[Level, ...]
    balance: Balance | NotEstimable
    outside: Outside | None

    @property
    def chance(self) -> float | None:
        """Standardised difference that one level in 20 would pass by chance alone.

        From the null variance 1/n1 + 1/n0, contacts taken as independent; officers who each get
        their own kind of call widen it. ``None`` without two arms.
        """
        if not self.contacts1 or not self.contacts0:
            return None
        return float(1.96 * (1 / self.contacts1 + 1 / self.contacts0) ** 0.5)

    def largest(self, count: int = MOST_NAMED) -> tuple[Level, ...]:
        """Return the level that differs most, before weighting, of each covariate; largest first.

        A *no* stands for nothing that its *yes* does not say; of two that mirror each other it is
        the one more frequent with the exposure.
        """
        if not self.contacts1 or not self.contacts0:
            return ()
        told = {row.covariate for row in self.levels if row.level == "yes"}
        best: dict[str, tuple[tuple[float, ...], Level]] = {}
        for row in self.levels:
            if not row.apart or row.cit + row.other < FEWEST_CONTACTS:
                continue
            if row.level == "no" and row.covariate in told:
                continue
            # Rounded: the two of a pair are equal but for the last digits.
            rank = (round(row.apart, 9), float(row.cit))
            if row.covariate not in best or rank > best[row.covariate][0]:
                best[row.covariate] = rank, row
        found = sorted(best.values(), key=lambda pair: -pair[0][0])
        return tuple(row for _, row in found[:count])


def selection(question: Question, snapshot: Snapshot) -> Selection:
    """Describe the contacts of a question's two arms by the question's adjusters.

    The outcomes of the question are ignored.
    """
    coverage = aggregate.coverage(snapshot)
    present = tuple(c for c in question.adjust if coverage.records(c))
    return from_counts(aggregate.counts(snapshot, question.only(), present), question)


def from_counts(counts: Counts, question: Question) -> Selection:
    """Do the same from counts by exposure and covariates.

    Raises:
        KeyError: a column of counts is not in the frame.
    """
    frame = counts.frame
    known = frame[frame[EXPOSURE].notna().to_numpy(bool) & (frame["contacts"] > 0).to_numpy(bool)]
    known = known.assign(**{EXPOSURE: known[EXPOSURE].astype(int)}).reset_index(drop=True)
    used = [c for c in counts.by if known[c].nunique() > 1]
    scores = _scores(known, counts.by, used)
    found = scores if isinstance(scores, NotEstimable) else balance(scores)
    arms = {arm: int(known.loc[known[EXPOSURE] == arm, "contacts"].sum()) for arm in (1, 0)}
    return Selection(
        exposure=question.exposure,
        filtered=question.filtered,
        covariates=tuple(used),
        unavailable=tuple(c for c in question.adjust if c not in counts.by),
        constant=tuple(c for c in counts.by if c not in used) if len(known) else (),
        contacts1=arms[1],
        contacts0=arms[0],
        unknown=counts.total("contacts", None),
        came=counts.total("came", False),
        levels=_levels(known, used, found),
        balance=found,
        outside=None if isinstance(scores, NotEstimable) else _outside(scores, used),
    )


def _scores(
    known: pd.DataFrame, by: Sequence[str], used: Sequence[str]
) -> Propensity | NotEstimable:
    if known.empty:
        return NotEstimable("No contact fits these filters with both groups told apart.")
    if known[EXPOSURE].nunique() < 2:
        return NotEstimable("All contacts are in one group, so there is nothing to compare.")
    if not by:
        return NotEstimable(
            "This source records nothing that dispatch knew, so the calls of the two groups cannot"
            " be compared."
        )
    if not used:
        return NotEstimable("These contacts are alike in all that dispatch recorded.")
    scores = propensity(known, exposure=EXPOSURE, terms=list(used), trials="contacts")
    if not isinstance(scores, NotEstimable) and scores.one_armed > 1 - LEAST_OVERLAP:
        # Levels of one arm alone are pooled in the score, which then calls unlike contacts alike.
        return NotEstimable(
            f"{percent(scores.one_armed)} of contacts are of a kind that only one group got, and"
            " weighting would set them beside calls that the other never gets."
        )
    return scores


def _levels(
    known: pd.DataFrame, used: Sequence[str], found: Balance | NotEstimable
) -> tuple[Level, ...]:
    after: dict[tuple[str, str], LevelBalance] = {}
    if isinstance(found, Balance):
        after = {(row.covariate, row.level): row for row in found.levels if row.level != POOLED}
    rows: list[Level] = []
    for covariate in used:
        table = known.groupby([covariate, EXPOSURE], observed=True)["contacts"].sum().unstack()
        table = table.reindex(columns=[1, 0]).fillna(0).astype(int)
        cit, other = (table[arm].to_numpy() for arm in (1, 0))
        # Most frequent first, *not recorded* last however frequent.
        names = [str(level) for level in table.index]
        order = sorted(
            range(len(names)),
            key=lambda i: (names[i] == registry.NOT_RECORDED, -(cit[i] + other[i]), names[i]),
        )
        for place in order:
            level = names[place]
            counted = (int(cit[place]), int(other[place]), int(cit.sum()), int(other.sum()))
            rows.append(_level(covariate, level, counted, after.get((covariate, level))))
    return tuple(rows)


def _level(
    covariate: str, level: str, counted: tuple[int, int, int, int], after: LevelBalance | None
) -> Level:
    cit, other, all_cit, all_other = counted
    share1, share0 = (cit / all_cit if all_cit else 0.0), (other / all_other if all_other else 0.0)
    spread = ((share1 * (1 - share1) + share0 * (1 - share0)) / 2) ** 0.5
    one_arm = NotEstimable("All contacts are in one group, so there is nothing to compare.")
    both = bool(all_cit and all_other)
    smd: float | NotEstimable = one_arm
    ratio: float | NotEstimable = one_arm
    if both:
        smd = NotEstimable("Contacts within a group do not differ in this, so it has no spread.")
        smd = (share1 - share0) / spread if spread > 0 else smd
        ratio = NotEstimable("No contact of the second group has this level.")
        ratio = share1 / share0 if other else ratio
    return Level(
        covariate,
        level,
        registry.level_label(covariate, level),
        cit,
        other,
        share1,
        share0,
        ratio,
        smd,
        NotEstimable("The two groups were not weighted.") if after is None else after.smd_after,
        both and not (cit and other),
    )


def _outside(scores: Propensity, used: Sequence[str]) -> Outside:
    """Find the contacts that hardly any contact of the other arm is like, and what they are."""
    arm, n, score = scores.arm, scores.trials, scores.score
    low = np.where(arm, score[~arm].min(), score[arm].min())
    high = np.where(arm, score[~arm].max(), score[arm].max())
    beyond = (score < low) | (score > high) | (score < EXTREME) | (score > 1 - EXTREME)
    gone, total = float(n[beyond].sum()), float(n.sum())
    typical: list[tuple[str, str, float, float]] = []
    if gone >= FEWEST_DESCRIBED:
        for covariate in used:
            code, levels = pd.factorize(scores.frame[covariate])
            among = np.bincount(code[beyond], n[beyond], minlength=len(levels)) / gone
            everywhere = np.bincount(code, n, minlength=len(levels)) / total
            top = int(np.argmax(among - everywhere))
            label = registry.level_label(covariate, str(levels[top]))
            typical.append((covariate, label, float(among[top]), float(everywhere[top])))
        typical.sort(key=lambda row: row[3] - row[2])
    return Outside(
        gone / total,
        int(n[beyond & arm].sum()),
        int(n[beyond & ~arm].sum()),
        tuple(row for row in typical[:3] if row[2] - row[3] > CUSTOMARY),
    )
