"""The forest of pooled agencies for print: by name, the pooled difference as a diamond."""

from __future__ import annotations

from metrics.estimate import Estimate, Interval
from metrics.pooling import Pooled
from metrics.pooling_agencies import Pool, PooledOutcome
from metrics.wording import pooling as words
from pages.parts.lines import AXIS, broken, reach
from pages.parts.palette import CIT, NEUTRAL, Mark
from pages.print.canvas import Drawing, Sheet, point, rule
from pages.print.forests import LABEL, per_1000

_ROW = 0.34
_TALL = 0.3


def forest(found: PooledOutcome, pool: Pool) -> Drawing:
    """Each agency's difference per 1,000 with its interval, then all together, then another agency.

    It carries no stamp: its numbers come from several agencies' files, which the report names.
    """
    measure = found.difference
    pooled = measure.pooled
    rows: list[tuple[str, object, Mark]] = [(x.label, x.value, NEUTRAL) for x in measure.lines]
    if isinstance(pooled, Pooled):
        rows.append(("All together", pooled.estimate, CIT))
        if isinstance(pooled.prediction, Interval):
            other = Estimate(pooled.estimate.estimate, *pooled.prediction)
            rows.append(("Another agency like these", other, CIT))
    sheet = Sheet(_ROW * len(rows) + 0.2, None, left=2.3, right=1.9)
    axes = sheet.axes
    left, right = reach([v for _, v, _ in rows if isinstance(v, Estimate)])
    rule(axes, 0)
    if isinstance(pooled, Pooled):
        rule(axes, pooled.estimate.estimate * 1000, dash="dot", color=CIT.color)
    for place, (label, value, mark) in enumerate(rows):
        if isinstance(value, Estimate):
            low, high = max(value.low, left) * 1000, min(value.high, right) * 1000
            middle = value.estimate * 1000
            if label == "All together" and mark is CIT:
                axes.fill(
                    [low, middle, high, middle],
                    [place, place - _TALL, place, place + _TALL],
                    color=mark.color,
                )
            else:
                point(axes, middle, place, mark, name=f"{place}", low=low, high=high)
            sheet.aside(place, per_1000(value), weight="bold" if mark is CIT else "normal")
        else:
            sheet.aside(place, "not estimated")
    axes.set_xlim(left * 1000, right * 1000)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_yticks(range(len(rows)), ["\n".join(broken(label, LABEL - 8)) for label, _, _ in rows])
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.set_xlabel(AXIS)
    return sheet.done(words.forest_alt(found, pool))
