"""Partners and care for print, and its numbers typed: what PNG, SVG, CSV and Excel files hold."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pandas as pd
from matplotlib.ticker import FuncFormatter

from metrics.estimate import Estimate, Estimated, NotEstimable
from metrics.handoffs import Handoffs, Wait
from metrics.partners import RETURN_DAYS, Chain, Holds, Partners, Referrals
from metrics.wording import handoffs as waiting
from metrics.wording import partners as words
from pages.parts.lines import broken
from pages.parts.palette import CIT, NEUTRAL, OTHER
from pages.parts.partners_figures import KIND_MARKS, SERIES, TICKS, timed
from pages.print.canvas import DASHES, Drawing, Sheet, Stamp, grid, legend, look
from pages.print.frames import frame, reason

_HATCHES = {"": "", "/": "////", "x": "xxxx"}
_DASHES = DASHES | {"dashdot": (0, (6, 2, 1.2, 2))}


def _thousands(value: float, _: int) -> str:
    return f"{value:,.0f}"


def waits(found: Handoffs, stamp: Stamp | None = None) -> Drawing:
    """Median and 90th percentile of each facility, beside what it promised."""
    rows = timed(found)
    labels = [broken(f"{waiting.facility(f)} (n={f.free.n:,})", 34) for f in rows]
    sheet = Sheet(0.34 * len(rows) + 0.2, stamp, left=2.5, above=0.32)
    axes = sheet.axes
    for place, row in enumerate(rows):
        axes.plot(
            [row.free.median, row.free.p90],
            [place, place],
            color=NEUTRAL.color,
            linewidth=0.9,
            zorder=1,
        )
    for label, symbol, color, values in (
        ("median", "circle", CIT.color, [r.free.median for r in rows]),
        ("nine in ten", "diamond-open", OTHER.color, [r.free.p90 for r in rows]),
    ):
        (dots,) = axes.plot(
            values, range(len(rows)), linestyle="none", label=label, **look(symbol, color, 6)
        )
        dots.set_gid(f"line-{label.replace(' ', '-')}")
    promised = [(r.target, i) for i, r in enumerate(rows) if r.target is not None]
    if promised:
        axes.plot(
            [t for t, _ in promised],
            [i for _, i in promised],
            linestyle="none",
            marker="|",
            markersize=12,
            markeredgewidth=2,
            color="#444444",
            label="promised",
        )
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_yticks(range(len(rows)), ["\n".join(label) for label in labels])
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.set_xlim(left=0)
    axes.set_xlabel("minutes until the officer was free")
    grid(axes)
    legend(axes, 3)
    return sheet.done(waiting.waits_alt(rows))


def months(found: Handoffs, stamp: Stamp | None = None) -> Drawing:
    """The median of each month at hospitals; months without enough are gaps."""
    sheet = Sheet(2.2, stamp)
    axes = sheet.axes
    (line,) = axes.plot(
        [m.first_day for m in found.months],  # type: ignore[arg-type]
        [float("nan") if m.median is None else m.median for m in found.months],
        color=CIT.color,
        linewidth=1.3,
        **look(CIT.symbol, CIT.color, 3.5),
    )
    line.set_gid("line-months")
    axes.set_ylim(bottom=0)
    axes.set_ylabel("median minutes")
    grid(axes, "y")
    return sheet.done(waiting.months_alt(found))


def chain(found: Referrals, stamp: Stamp | None = None) -> Drawing:
    """Referrals from made to a first service, step by step, by the person's answer."""
    sheet = Sheet(2.6, stamp, left=1.6, right=0.6, above=0.32)
    axes = sheet.axes
    parts = [found.parts(step) for step in words.STEPS]
    reached = [0] * len(parts)
    for answer, label, color, pattern in SERIES:
        values = [p[answer] for p in parts]
        if not any(values):
            continue
        axes.barh(
            range(len(parts)),
            values,
            left=reached,
            height=0.62,
            label=label,
            facecolor=color,
            edgecolor="white",
            hatch=_HATCHES[pattern],
            linewidth=0.4,
        )
        reached = [a + b for a, b in zip(reached, values, strict=True)]
    for place, total in enumerate(reached):
        axes.annotate(
            f"{total:,}",
            xy=(total, place),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
        )
    axes.set_ylim(len(parts) - 0.4, -0.6)
    axes.set_yticks(range(len(parts)), list(words.STEPS.values()))
    axes.tick_params(axis="y", length=0)
    axes.xaxis.set_major_formatter(FuncFormatter(_thousands))
    axes.set_xlabel("referrals")
    legend(axes, 3)
    return sheet.done(words.chain_alt(found))


def came_back(found: Partners, stamp: Stamp | None = None) -> Drawing:
    """The share of people met again by days since their first contact, with how it ended."""
    sheet = Sheet(2.8, stamp, above=0.5)
    axes = sheet.axes
    last = found.returns.horizon
    steps = [s for s in found.returns.curve.steps if s.day <= last]
    known = [(s.day, s.interval) for s in steps if isinstance(s.interval, Estimate)]
    axes.fill_between(
        [d for d, _ in known],
        [(1 - v.high) * 100 for _, v in known],
        [(1 - v.low) * 100 for _, v in known],
        step="post",
        color="#DDDDDD",
        linewidth=0,
    )
    lines = [("met again", CIT, [(s.day, 1 - s.value) for s in steps])]
    for kind, mark in KIND_MARKS.items():
        own = [(s.day, s.value) for s in found.returns.kinds[kind].steps if s.day <= last]
        lines.append((words.RETURN_KINDS[kind].removeprefix("ended in "), mark, own))
    for label, mark, values in lines:
        (line,) = axes.step(
            [0, *(d for d, _ in values)],
            [0, *(v * 100 for _, v in values)],
            where="post",
            color=mark.color,
            linestyle=_DASHES[mark.dash],
            linewidth=1.5,
            label=label,
        )
        line.set_gid(f"line-{label.replace(' ', '-')}")
    axes.set_xlim(0, max(last, 1))
    axes.set_xticks([t for t in TICKS if t <= last])
    axes.set_ylim(bottom=0)
    axes.set_ylabel("of people, %")
    axes.set_xlabel("days since the first contact")
    legend(axes, 2)
    return sheet.done(words.returns_alt(found))


def _minutes(wait: Wait, prefix: str) -> dict[str, Any]:
    return {
        f"{prefix}_timed": wait.n,
        f"{prefix}_median_minutes": _number(wait.median),
        f"{prefix}_p90_minutes": _number(wait.p90),
        f"{prefix}_within_target": wait.within.events if wait.within.n else None,
        f"{prefix}_without_a_time": wait.missing,
        f"{prefix}_impossible": wait.bad,
        "reason": reason(wait.median),
    }


def _number(value: float | NotEstimable) -> float | None:
    return None if isinstance(value, NotEstimable) else value


def facilities(found: Handoffs) -> pd.DataFrame:
    """Return one row per facility: waits until the officer was free and until it took over, refusals."""
    return frame(
        {
            "facility": waiting.facility(f),
            "kind": waiting.name(f.place),
            "open": waiting.name(f.hours),
            "drop_off_by_police": waiting.name(f.dropoff),
            "written_agreement": waiting.agreement(f),
            "target_minutes": f.target,
            "trips": f.trips,
            **_minutes(f.accepted, "taken_over"),
            **_minutes(f.free, "officer_free"),
            "answered": f.answered,
            **dict(f.away),
        }
        for f in found.facilities
    )


def month_waits(found: Handoffs) -> pd.DataFrame:
    """Return one row per month: hand-offs at hospitals and their median minutes."""
    return frame(
        {"month": m.first_day, "hand_offs": m.n, "median_minutes": m.median} for m in found.months
    )


def chains(rows: Iterable[Chain]) -> pd.DataFrame:
    """Return one row per chain of referrals."""
    return frame(
        {
            "referrals_of": c.label,
            "kind": c.kind,
            "made": c.made,
            "without_a_date": c.undated,
            "too_recent": c.recent,
            "without_a_report": c.unheard,
            "followed": c.followed,
            "taken_on": c.taken,
            "served_in_30_days": c.served_30,
            "served_in_7_days": c.served_7,
            **_share(c.share("served_30").rate, "share_in_30_days"),
        }
        for c in rows
    )


def _share(value: Estimated, name: str) -> dict[str, float | None]:
    return {name: value.estimate, f"{name}_low": value.low, f"{name}_high": value.high}


def holds(found: Holds) -> pd.DataFrame:
    """Return one row per element of the form and per outcome, with their counts."""
    forms = [
        {
            "what": waiting.name(e.column),
            "yes": e.yes,
            "no": e.no,
            "unknown_or_blank": e.unknown,
        }
        for e in found.elements
    ]
    whole = (("Form complete", found.complete), ("Upheld", found.upheld))
    forms += [
        {"what": label, "yes": s.events, "no": s.n - s.events, "unknown_or_blank": s.unknown}
        for label, s in whole
    ]
    return frame(forms)


def hold_outcomes(found: Holds) -> pd.DataFrame:
    """Return one row per way in which holds ended."""
    return frame({"decision": waiting.name(k), "holds": n} for k, n in found.outcomes)


def restraint(found: Holds) -> pd.DataFrame:
    """Return one row per kind of destination: involuntary trips by restraint."""
    return frame(
        {
            "destination": waiting.name(r.place),
            "none": r.none,
            "handcuffs": r.handcuffs,
            "soft_restraint": r.soft,
            "other_restraint": r.other,
            "unknown_or_blank": r.unknown,
        }
        for r in found.restraint
    )


def returned(found: Partners) -> pd.DataFrame:
    """Return one row per day on which someone came back or was no longer followed."""
    kinds = {kind: own.steps for kind, own in found.returns.kinds.items()}
    return frame(
        {
            "days": s.day,
            "followed": s.at_risk,
            "met_again": s.events,
            "censored": s.censored,
            **_share(words.returned(s.interval), "share_met_again"),
            **{f"share_{kind}": own[i].value for kind, own in kinds.items()},
            "reason": reason(s.interval),
        }
        for i, s in enumerate(found.returns.curve.steps)
    )


def groups(found: Partners) -> pd.DataFrame:
    """Return one row per group of first contacts and number of days."""
    return frame(
        {
            "first_contact": words.group(found.exposure, exposed),
            "people": curve.n,
            "days": days,
            "still_followed": curve.at_risk(days),
            **_share(words.returned(curve.at(days)), "share_met_again"),
            "reason": reason(curve.at(days)),
        }
        for exposed, curve in found.returns.groups
        for days in RETURN_DAYS
    )


def techniques(found: Partners) -> pd.DataFrame:
    """Return one row per technique: forms on which it is ticked, of forms with any."""
    return frame(
        {"technique": waiting.name(code), "forms": n, "forms_with_any": found.forms_ticked}
        for code, n in found.techniques
    )
