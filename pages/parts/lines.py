"""What screen and print share of a figure: the words of its axes, how far they reach, broken labels."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date
from statistics import median
from typing import NamedTuple

from data.events import Event
from metrics import wording
from metrics.estimate import Estimate
from metrics.trend import Trend

RATE_AXIS = "of 1,000 contacts (95% CI)"
DIFFERENCE_AXIS = "difference per 1,000 (0 = no difference)"
AXIS = "per 1,000: fewer with CIT ← 0 → more with CIT"
ODDS_AXIS = "odds ratio of a graver level (1 = alike)"
ODDS_TICKS = (0.1, 0.2, 0.3, 0.5, 0.7, 1, 1.5, 2, 3, 5, 10)

WIDE = 3.0
"""How many times the median interval one may be wide before the axis cuts it and an arrow says so."""
SHORTEST_NAMED_GAP = 120
"""Days a gap needs on the trend before there is room to name it."""
MOST_EVENTS = 12
"""Marked events drawn on a trend, the latest: more would cover the data."""
FEWEST_DRAWN = 20
"""Contacts a month needs in a group before its share of missing values is drawn."""


class Scale(NamedTuple):
    """How a rate by month is told: of ``per`` contacts or calls, and the words around it.

    ``top`` is where its axis ends, None where the data say.
    """

    per: int
    title: str
    told: str
    gap: str
    top: float | None = None


PER_1000 = Scale(
    per=1000,
    title="of 1,000 contacts",
    told="%{y:.1f} per 1,000<br>%{customdata[0]} of %{customdata[1]}",
    gap="not recorded",
)
OF_CALLS = Scale(
    per=100,
    title="% of calls",
    told="%{y:.0f}%<br>%{customdata[0]} of %{customdata[1]} calls",
    gap="hardly any calls",
    top=101,
)


def broken(label: str, width: int) -> list[str]:
    """Break a label into lines of fewer than ``width`` letters, unless a word is longer."""
    lines: list[str] = [""]
    for word in label.split():
        if lines[-1] and len(lines[-1]) + len(word) >= width:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines


def reach(values: Sequence[Estimate], wide: float = WIDE) -> tuple[float, float]:
    """Return the ends of the axis: every estimate, and every interval but those far wider than most.

    ``wide`` is how many times the median interval is far wider; ``inf`` takes every interval in.
    """
    usual = median(v.high - v.low for v in values) if values else 0.0
    narrow = [v for v in values if v.high - v.low <= wide * usual or wide == math.inf]
    low = min([0.0, *(v.low for v in narrow), *(v.estimate for v in values)])
    high = max([0.0, *(v.high for v in narrow), *(v.estimate for v in values)])
    room = 0.06 * (high - low) or 0.001
    return low - room, high + room


def span(found: Trend) -> tuple[date, date]:
    """Return the days a trend runs from and up to."""
    return found.months[0].first_day, wording.month_after(found.months[-1].first_day)


def shown(found: Trend, events: tuple[Event, ...]) -> list[Event]:
    """Return the marked events that are drawn on a trend, in the order of their numbers."""
    first, last = span(found)
    return [e for e in events if first <= e.date < last][-MOST_EVENTS:]


def stretches(found: Trend) -> list[tuple[int, int]]:
    """Return (start, end) of runs of months that follow each other, as positions in ``covered``."""
    spans: list[tuple[int, int]] = []
    covered = found.covered
    for i, month in enumerate(covered):
        if spans and wording.month_after(covered[i - 1].first_day) == month.first_day:
            spans[-1] = (spans[-1][0], i + 1)
        else:
            spans.append((i, i + 1))
    return spans
