"""Claims for print, and their numbers typed: what PNG, SVG, CSV and Excel files hold."""

from __future__ import annotations

import pandas as pd
from matplotlib.ticker import FuncFormatter

from metrics.claims import Claims, Group
from metrics.estimate import NotEstimable
from metrics.triangle import Measure, Triangle
from metrics.wording import claims as words
from pages.parts.claims_figures import MARKS, highest, lowest
from pages.print.canvas import DASHES, Drawing, Sheet, Stamp, grid, look
from pages.print.frames import frame, reason


def growth(found: Triangle, measure: Measure, stamp: Stamp | None = None) -> Drawing:
    """Paid or incurred by age, one line per year with its year at the last point."""
    sheet = Sheet(3.0, stamp, left=1.0, right=0.4)
    axes = sheet.axes
    for place, year in enumerate(found.years):
        mark = MARKS[place % len(MARKS)]
        known = [a for a in found.ages if (year, a) in found.cells]
        values = [getattr(found.cells[year, a], measure) for a in known]
        (line,) = axes.plot(
            known,
            values,
            color=mark.color,
            linewidth=1.4,
            linestyle=DASHES[mark.dash],
            **look(mark.symbol, mark.color, 5),
        )
        line.set_gid(f"line-{year}")
        axes.annotate(
            str(year),
            xy=(known[-1], values[-1]),
            xytext=(6 if len(known) > 1 else -6, 0),
            textcoords="offset points",
            ha="left" if len(known) > 1 else "right",
            va="center",
        )
    axes.set_xticks(list(found.ages))
    axes.set_xlim(found.ages[0] - 10, found.ages[-1] + 10)
    axes.set_ylim(lowest(found), highest(found))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda v, _: words.dollars(v)))
    axes.set_xlabel("age in months")
    grid(axes, "y")
    return sheet.done(words.growth_alt(found, measure))


def triangle(found: Triangle) -> pd.DataFrame:
    """Return one row per year of contact and age: counts and whole dollars."""
    return frame(
        {
            "year": year,
            "age_months": age,
            "reported": c.reported,
            "open": c.open,
            "closed": c.closed,
            "paid": round(c.paid),
            "incurred": round(c.incurred),
        }
        for (year, age), c in sorted(found.cells.items())
    )


def factors(found: Claims) -> pd.DataFrame:
    """Return one row per step of age and amount."""
    return frame(
        {
            "amount": amount,
            "from_months": one.start,
            "to_months": one.end,
            "years": one.years,
            "claims": one.claims,
            "factor": _known(one.value),
            "standard_error": _known(one.error),
            "credibility_at_most": one.credibility,
            "reason": reason(one.value) or reason(one.error),
        }
        for amount, rows in (("incurred", found.factors), ("paid", found.paid_factors))
        for one in rows
    )


def looked_back(found: Claims) -> pd.DataFrame:
    """Return one row per year old enough and early age."""
    return frame(
        {
            "year": row.year,
            "claims": row.claims,
            "all_closed": row.closed,
            "age_months": age,
            "incurred_then": round(value),
            "incurred_now": round(row.latest),
            "share_of_now": _known(row.share(age)),
            "reason": reason(row.share(age)),
        }
        for row in found.early
        for age, value in row.ages
    )


def groups(rows: tuple[Group, ...], first: str, valued: bool = True) -> pd.DataFrame:
    """Return one row per kind of claim: counts, and whole dollars where a loss run is loaded."""
    return frame(
        {
            first: g.label,
            "claims": g.reported,
            "open": g.open,
            "closed": g.closed,
            "paid": round(g.paid) if valued else None,
            "incurred": round(g.incurred) if valued else None,
        }
        for g in rows
    )


def arms(found: Claims) -> pd.DataFrame:
    """Return one row per group of contacts: linked claims and whole dollars."""
    return frame(
        {
            "group": words.arm(a, found.exposure),
            "contacts": a.contacts,
            "claims": a.claims,
            "claims_per_1000_contacts": a.per_1000(a.claims),
            "incurred": round(a.incurred),
            "incurred_per_1000_contacts": None
            if (per := a.per_1000(a.incurred)) is None
            else round(per),
        }
        for a in found.arms
    )


def _known(value: float | NotEstimable) -> float | None:
    return None if isinstance(value, NotEstimable) else value
