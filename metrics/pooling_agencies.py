"""Partials of several agencies -> pooled differences and ratios, with how far agencies differ.

Each agency's estimate is taken as it was adjusted at home; between agencies the model is random effects
(``pooling.random_effects``). Agencies stand in the order of their names: nothing here ranks them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from scipy.special import fdtrc

from metrics.estimate import Estimate, Estimated, Interval, NotEstimable, Test, Tested
from metrics.partials import SETTINGS
from metrics.pooling import Pooled, random_effects
from metrics.pooling_files import DIFFERENCE, MEASURES, Given, Partial, Shared, rests_on_force
from metrics.question import Question
from metrics.standardisation import Contrast

NO_THRESHOLD = "the agency's threshold of reportable force is not stated"
FEWEST_OF_A_SETTING = 2
"""Agencies a setting needs to be pooled by itself: one alone would stand for its whole kind."""


class Line(NamedTuple):
    """One agency's estimate in one measure, with its own t interval (95%), or the reason it has none."""

    label: str
    setting: str | None
    value: Estimated
    se: float | None
    weight: float | None


class Off(NamedTuple):
    """How far a pooled estimate and its limits may lie from those of the agencies' exact numbers."""

    estimate: float
    low: float
    high: float


@dataclass(frozen=True)
class Setting:
    """The agencies of one kind of place, pooled by themselves."""

    setting: str
    k: int
    pooled: Pooled | NotEstimable


@dataclass(frozen=True)
class Measure:
    """One outcome in one measure (:data:`MEASURES`; ratios as logarithms).

    ``off`` bounds what rounding in the partials does. ``reach`` is where the pooled estimate would lie if
    the agencies without an estimate were all at one end of the prediction interval, each as precise as
    the most precise one that gave an estimate; None where every agency gave one.
    """

    name: str
    lines: tuple[Line, ...]
    pooled: Pooled | NotEstimable
    off: Off | None
    reach: Interval | NotEstimable | None
    settings: tuple[Setting, ...]
    settings_differ: Tested


@dataclass(frozen=True)
class PooledOutcome:
    """One outcome pooled. ``left_out`` holds (agency, why) of those that give no estimate of it."""

    outcome: str
    measures: dict[str, Measure]
    left_out: tuple[tuple[str, str], ...]
    k: int

    @property
    def difference(self) -> Measure:
        """The risk difference."""
        return self.measures[DIFFERENCE]


@dataclass(frozen=True)
class Pool:
    """Several agencies' partials and what they come to together."""

    partials: tuple[Partial, ...]
    labels: tuple[str, ...]
    question: Question
    outcomes: tuple[PooledOutcome, ...]

    @property
    def simulated(self) -> bool:
        """True if the agencies are invented."""
        return any(p.simulated for p in self.partials)


def pool(partials: Sequence[Partial]) -> Pool:
    """Pool partials that may be pooled (``pooling_files.together``), in their order."""
    labels = _labels(partials)
    question = partials[0].question
    found = tuple(_outcome(o, partials, labels) for o in question.outcomes)
    return Pool(tuple(partials), labels, question, found)


def _labels(partials: Sequence[Partial]) -> tuple[str, ...]:
    """Return a name for each; those of one name are told apart by the letters of their keys."""
    names = [p.label for p in partials]
    return tuple(
        f"{p.label} ({p.fingerprint[:6]})" if names.count(p.label) > 1 else p.label
        for p in partials
    )


def _outcome(outcome: str, partials: Sequence[Partial], labels: Sequence[str]) -> PooledOutcome:
    given: list[tuple[str, Partial, Shared]] = []
    left = []
    for label, one in zip(labels, partials, strict=True):
        shared = one.outcomes.get(outcome)
        why = _why_not(outcome, one, shared)
        if why is None and shared is not None:
            given.append((label, one, shared))
        else:
            left.append((label, str(why)))
    measures = {m: _measure(m, given, left) for m in MEASURES}
    return PooledOutcome(outcome, measures, tuple(left), len(given))


def _why_not(outcome: str, one: Partial, shared: Shared | None) -> str | None:
    if shared is None:
        return "not in the agency's file"
    if not shared.given:
        return shared.reason or "not given"
    if rests_on_force(outcome) and one.force_threshold is None:
        return NO_THRESHOLD
    return None


def _measure(
    name: str, given: list[tuple[str, Partial, Shared]], left: list[tuple[str, str]]
) -> Measure:
    inputs = [shared.given[name] for _, _, shared in given]
    pooled = together([g.contrast for g in inputs])
    weights = pooled.weights if isinstance(pooled, Pooled) else (None,) * len(inputs)
    lines = [
        Line(label, one.setting, g.contrast.interval(), g.contrast.se, weight)
        for (label, one, _), g, weight in zip(given, inputs, weights, strict=True)
    ]
    lines += [Line(label, None, NotEstimable(why), None, None) for label, why in left]
    order = {label: i for i, label in enumerate(sorted((x.label for x in lines), key=str.casefold))}
    settings = _settings(name, given)
    return Measure(
        name,
        tuple(sorted(lines, key=lambda x: order[x.label])),
        pooled,
        _off(inputs) if isinstance(pooled, Pooled) else None,
        _reach(inputs, pooled, len(left)) if left else None,
        settings,
        differ(settings),
    )


def together(contrasts: Sequence[Contrast]) -> Pooled | NotEstimable:
    """Pool contrasts by random effects; one alone keeps the t interval of its own errors."""
    found = random_effects([c.estimate for c in contrasts], [c.se**2 for c in contrasts])
    if isinstance(found, Pooled) and len(contrasts) == 1:
        return replace(found, estimate=contrasts[0].interval(), df=contrasts[0].df)
    return found


def _settings(name: str, given: list[tuple[str, Partial, Shared]]) -> tuple[Setting, ...]:
    found = []
    for setting in SETTINGS:
        own = [s.given[name].contrast for _, one, s in given if one.setting == setting]
        if not own:
            continue
        if len(own) < FEWEST_OF_A_SETTING:
            few = NotEstimable("one agency alone does not stand for all of its kind")
            found.append(Setting(setting, len(own), few))
        else:
            found.append(Setting(setting, len(own), together(own)))
    return tuple(found)


def differ(settings: Sequence[Setting]) -> Tested:
    """Test whether settings differ: Welch's F of their pooled estimates, each with its own error.

    Welch 1951, Biometrika 38:330: the errors come from few agencies each, and a chi-square would take
    them for known.
    """
    found = [s.pooled for s in settings if isinstance(s.pooled, Pooled)]
    if len(found) < 2:
        return NotEstimable("fewer than two kinds of place with two agencies or more")
    weight = np.array([1 / p.se**2 for p in found])
    value = np.array([p.estimate.estimate for p in found])
    share = weight / weight.sum()
    spread = float(weight @ (value - share @ value) ** 2)
    groups = len(found)
    unsure = float(((1 - share) ** 2 / np.array([p.df for p in found])).sum())
    scale = 1 + 2 * (groups - 2) / (groups**2 - 1) * unsure
    f, df = spread / (groups - 1) / scale, (groups**2 - 1) / (3 * unsure)
    return Test(f, float(fdtrc(groups - 1, df, f)), "Welch's F between settings")


def _off(inputs: Sequence[Given]) -> Off:
    """Bound the effect of rounding: each number moved to either end of its range, effects added.

    Doubled, as effects that do not show one at a time can show together where the spread between
    agencies is near nothing.
    """
    contrasts = [g.contrast for g in inputs]
    middle = _three(contrasts)
    total = [0.0, 0.0, 0.0]
    for place, g in enumerate(inputs):
        c = g.contrast
        for moved in (
            [c._replace(estimate=c.estimate + sign * g.within) for sign in (-1, 1)],
            [c._replace(se=max(c.se + sign * g.se_within, c.se / 2)) for sign in (-1, 1)],
        ):
            ends = [_three([*contrasts[:place], m, *contrasts[place + 1 :]]) for m in moved]
            for i in range(3):
                total[i] += max(abs(end[i] - middle[i]) for end in ends)
    return Off(*(2 * t for t in total))


def _three(contrasts: Sequence[Contrast]) -> Estimate:
    found = together(contrasts)
    assert isinstance(found, Pooled)
    return found.estimate


def _reach(
    inputs: Sequence[Given], pooled: Pooled | NotEstimable, left: int
) -> Interval | NotEstimable:
    if not isinstance(pooled, Pooled) or isinstance(pooled.prediction, NotEstimable):
        return NotEstimable("too few agencies gave an estimate to say where others would lie")
    contrasts = [g.contrast for g in inputs]
    best = min(contrasts, key=lambda c: c.se)
    ends = [
        _three([*contrasts, *[best._replace(estimate=end)] * left]).estimate
        for end in pooled.prediction
    ]
    return Interval(min(ends), max(ends))
