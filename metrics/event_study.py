"""Officers (or districts, agencies) before and after training that began at different times.

Group-time average effects of Callaway & Sant'Anna 2021, J Econometrics 225:200, without
covariates: each group of units first trained in one period is compared with units not yet trained,
from its last period before training. Two-way fixed effects compare the newly trained with those
long trained, and are not used (Goodman-Bacon 2021, same issue, 254). It rests on parallel trends,
which the estimates before training probe and cannot prove.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd
from scipy.special import fdtrc, ndtr

from metrics._counts import check_level
from metrics._student import quantile, t_quantile, tail
from metrics.cells import NO_CONTACTS
from metrics.estimate import Interval, NotEstimable, Test, Tested
from metrics.group_time import Effect, Found, Study, Weights, read_panel

Controls = Literal["not_yet", "never"]
Base = Literal["varying", "universal"]


class GroupTime(NamedTuple):
    """The effect in one period on the units first trained in period ``group``.

    Before training (``period < group``) it is a check. ``units`` and ``controls`` count units.
    """

    group: int
    period: int
    base: int
    effect: Effect
    units: int
    controls: int


class EventTime(NamedTuple):
    """The effect ``time`` periods after the first trained one, over the ``groups`` seen there.

    ``band`` holds all event times at once with the confidence level; ``effect.interval`` one.
    """

    time: int
    effect: Effect
    band: Interval | NotEstimable
    groups: tuple[int, ...]


@dataclass(frozen=True)
class EventStudy:
    """Effects by group and period, and summed up.

    ``by_group`` averages a group's periods since training; ``overall`` averages those over groups
    (the paper's equation 3.7, the headline) and ``simple`` over all group-periods alike.
    ``pre_trend`` tests jointly that every event time before training is 0: its silence is no proof
    of parallel trends. ``critical`` is the band's critical value. ``always`` counts the units
    trained in or before the first period, which leave; ``skipped`` lists group-periods that could
    not be compared.
    """

    group_time: tuple[GroupTime, ...]
    event_time: tuple[EventTime, ...]
    by_group: dict[int, Effect]
    overall: Effect
    simple: Effect
    pre_trend: Tested
    critical: float | None
    controls: Controls
    weights: Weights
    base: Base
    treated: int
    never: int
    always: int
    skipped: tuple[tuple[int, int], ...]


def event_study(
    frame: pd.DataFrame,
    *,
    unit: str,
    period: str,
    first: str,
    events: str,
    trials: str,
    controls: Controls = "not_yet",
    weights: Weights = "contacts",
    base: Base = "varying",
    smallest: int = 2,
    repetitions: int = 1999,
    seed: int = 20210101,
    level: float = 0.95,
) -> EventStudy | NotEstimable:
    """Estimate group-time effects from counts by unit and period.

    Officers by half-years are unbalanced: many have no contact in some period. Two ways of being
    honest about it:

    * ``weights="contacts"``: repeated cross-sections. Every contact counts alike, and the rate of
      a group in a period is that of whoever had contacts. Who works when can shift it.
    * ``weights="units"``: a panel. Every unit counts alike by its change between the two periods,
      and only units with contacts in both take part.

    Groups are weighted by their contacts, or by their units. Errors are by influence functions
    clustered by unit, each mean's with the CR2 correction of Bell & McCaffrey 2002 for its units'
    shares; t intervals with Welch's df over the groups, each with Satterthwaite's. The band is by
    the multiplier bootstrap over units (the paper's algorithm 1) with normal multipliers, its tail
    probability then taken from t.

    Args:
        frame: grouped counts; rows of one unit and period are added up.
        unit: column with the unit, the cluster.
        period: column with whole numbers one apart for neighbouring periods.
        first: column with the first trained period of the unit, missing for never (units whose
            training is unknown do not belong in the frame).
        events: column with the number of events, or the sum of any outcome.
        trials: column with the number of contacts; periods without are not seen.
        controls: ``"not_yet"`` trained by the later of the two periods, or ``"never"``.
        weights: see above.
        base: the period compared with: the last before training, and for periods before it the
            one before each (``"varying"``) or always the last before training (``"universal"``).
        smallest: units with contacts that either side of a comparison must have; group-periods
            with fewer leave and are listed. With 1, their effects have no error, nor have sums.
        repetitions: bootstrap draws.
        seed: of the bootstrap.
        level: confidence level.

    Not estimable when no group has a period before and one after its first training together with
    controls.

    Raises:
        KeyError: a column is not in the frame.
        ValueError: an unknown option, missing units or periods, a unit with two first periods,
            periods that are not whole, a negative count, a sum without contacts, or a level
            outside (0, 1).
    """
    check_level(level)
    if controls not in ("not_yet", "never") or weights not in ("contacts", "units"):
        raise ValueError(f"unknown controls {controls!r} or weights {weights!r}")
    if base not in ("varying", "universal") or min(repetitions, smallest) < 1:
        raise ValueError(f"unknown base {base!r}, or no repetitions or units")
    panel = read_panel(frame, unit, period, first, events, trials)
    if not len(panel.periods):
        return NO_CONTACTS
    study = Study(panel, weights, smallest, level)
    always = panel.first <= panel.periods[0]
    cells: list[GroupTime] = []
    found: list[Found] = []
    skipped: list[tuple[int, int]] = []
    groups = np.unique(panel.first[np.isfinite(panel.first) & ~always])
    for group in groups[groups <= panel.periods[-1]].astype(int).tolist():
        for now, reference in _pairs(panel.periods, group, base):
            others = np.isinf(panel.first)
            if controls == "not_yet":
                last = max(panel.periods[now], panel.periods[reference])
                others = (panel.first > last) & (panel.first != group)
            one = study.compare(panel.first == group, others, now, reference)
            at = int(panel.periods[now])
            if one is None:
                skipped.append((group, at))
                continue
            effect = study.effect(one.value, one.influence, one.seen)
            before = int(panel.periods[reference])
            cells.append(GroupTime(group, at, before, effect, one.units, one.controls))
            found.append(one)
    if not any(cell.period >= cell.group for cell in cells):
        return NotEstimable(
            "No group has contacts before and after its first training together with units "
            "not trained by then, so there is nothing to compare."
        )
    return _summed(
        study,
        cells,
        found,
        seed=seed,
        repetitions=repetitions,
        controls=controls,
        base=base,
        always=int(always.sum()),
        skipped=tuple(skipped),
    )


def _pairs(periods: np.ndarray, group: int, base: Base) -> Iterable[tuple[int, int]]:
    """Yield positions of the period estimated and of the one it is compared with."""
    last = int(np.searchsorted(periods, group)) - 1
    for now in range(len(periods)):
        if now > last or base == "universal":
            if now != last:
                yield now, last
        elif now > 0:
            yield now, now - 1


def _summed(
    study: Study,
    cells: list[GroupTime],
    found: list[Found],
    *,
    seed: int,
    repetitions: int,
    controls: Controls,
    base: Base,
    always: int,
    skipped: tuple[tuple[int, int], ...],
) -> EventStudy:
    mass, first = study.mass, study.panel.first
    influence = np.array([one.influence for one in found])
    seen = np.array([one.seen for one in found])

    def average(chosen: list[int], shares: np.ndarray | None = None) -> tuple[Effect, np.ndarray]:
        """Average cells by the weight of their groups, which is itself an estimate."""
        own = [cells[i].group for i in chosen]
        weight = np.array([float(mass[first == g].sum()) for g in own])
        if shares is not None:
            weight = weight * shares
        values = np.array([cells[i].effect.estimate for i in chosen])
        mean = float(weight @ values / weight.sum())
        psi = weight @ influence[chosen] / weight.sum()
        for place, g in enumerate(own):
            part = np.where(first == g, mass, 0.0)
            if shares is not None:
                part = part * shares[place]
            psi = psi + part * (values[place] - mean) / weight.sum()
        # A unit not seen in these periods still has its say in the weight of its group.
        there = seen[chosen].any(axis=0) | np.isin(first, own)
        return study.effect(mean, psi, there), psi

    after = [i for i, cell in enumerate(cells) if cell.period >= cell.group]
    length = {g: sum(cells[i].group == g for i in after) for g in {cells[i].group for i in after}}
    times = sorted({cell.period - cell.group for cell in cells})
    dynamic = [
        average([i for i, cell in enumerate(cells) if cell.period - cell.group == time])
        for time in times
    ]
    critical = _critical([psi for _, psi in dynamic], study.level, repetitions, seed)
    event_time = []
    for time, (effect, _) in zip(times, dynamic, strict=True):
        band = effect.interval
        if isinstance(band, Interval) and effect.se and effect.df and critical:
            # The chance that the normal leaves beyond the critical value, left by t instead.
            reach = -t_quantile(effect.df, float(ndtr(-critical))) * effect.se
            band = Interval(effect.estimate - reach, effect.estimate + reach)
        groups = tuple(cell.group for cell in cells if cell.period - cell.group == time)
        event_time.append(EventTime(time, effect, band, groups))
    before = [place for place, time in enumerate(times) if time < 0]
    return EventStudy(
        group_time=tuple(cells),
        event_time=tuple(event_time),
        by_group={g: average([i for i in after if cells[i].group == g])[0] for g in sorted(length)},
        overall=average(after, np.array([1 / length[cells[i].group] for i in after]))[0],
        simple=average(after)[0],
        pre_trend=_pre_trend([dynamic[place] for place in before]),
        critical=critical,
        controls=controls,
        weights=study.weights,
        base=base,
        treated=int(np.isin(first, list(length)).sum()),
        never=int(np.isinf(first).sum()),
        always=always,
        skipped=skipped,
    )


def _critical(
    influence: list[np.ndarray], level: float, repetitions: int, seed: int
) -> float | None:
    """Return the quantile of the largest |z| over the event times that have an error.

    Normal multipliers of the units' influences make normal draws with their correlations, so
    those are drawn.
    """
    psi = np.array(influence)
    size = np.sqrt(np.sum(psi**2, axis=1))
    psi = psi[np.isfinite(size) & (size > 0)]
    if not len(psi):
        return None
    psi = psi / np.linalg.norm(psi, axis=1, keepdims=True)
    values, vectors = np.linalg.eigh(psi @ psi.T)
    root = vectors * np.sqrt(np.clip(values, 0.0, None))
    draws = np.random.default_rng(seed).standard_normal((repetitions, len(psi))) @ root.T
    found = float(np.quantile(np.abs(draws).max(axis=1), level))
    return max(found, quantile(math.inf, level))


def _pre_trend(before: list[tuple[Effect, np.ndarray]]) -> Tested:
    """Test that all estimates before training are 0.

    Hotelling's T2 with the smallest df of the estimates; where these are too few for that, the
    smallest p of their t tests times their number (Bonferroni).
    """
    if not before:
        return NotEstimable("No group has two periods before its first training.")
    known = [(e.estimate / e.se, e.se, e.df, psi) for e, psi in before if e.se and e.df]
    if len(known) < len(before):
        return NotEstimable("Too few units before training to test the trends there.")
    value = np.array([t for t, _, _, _ in known])
    psi = np.array([psi / se for _, se, _, psi in known])
    df, q = min(df for _, _, df, _ in known), len(known)
    spread = psi @ psi.T
    if q > 1 and (df < q + 1 or np.linalg.cond(spread) > 1e10):
        least = min(tail(t, df) for t, _, df, _ in known)
        largest = float(np.abs(value).max())
        return Test(largest, min(1.0, q * least), f"largest t of {q} event times, Bonferroni")
    statistic = float(value @ np.linalg.solve(spread, value))
    scaled = statistic * (df - q + 1) / (q * df)
    p = float(fdtrc(q, df - q + 1, scaled))
    return Test(statistic, p, f"joint Wald test of {q} event times")
