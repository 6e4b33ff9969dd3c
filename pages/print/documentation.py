"""*Documentation* and *Compliance* for print, and typed: what PNG, SVG, CSV and Excel files hold."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pandas as pd

from data import registry
from data.events import Event
from metrics import wording
from metrics.compliance import Compliance, manifest_entries
from metrics.documentation import ARMS as GROUPS
from metrics.documentation import STEPS, Conclusion, Documentation, Kind
from metrics.estimate import Interval, NotEstimable
from metrics.result import Comparison
from metrics.shares import Share
from metrics.trend import Trend, signals
from metrics.trends import PChart
from metrics.wording import compliance as law
from metrics.wording import documentation as words
from metrics.wording.handoffs import name
from pages.parts.documentation_figures import ARMS, SHARE_AXIS, bounded, steps
from pages.parts.lines import AXIS, broken
from pages.parts.palette import CIT, NEUTRAL
from pages.print import times
from pages.print.canvas import Drawing, Sheet, Stamp, grid, legend, look, point, rule
from pages.print.frames import difference, frame, reason


def shares(found: Documentation, code: str, stamp: Stamp | None = None) -> Drawing:
    """Each step of one kind of document, by group, with its interval."""
    sheet = Sheet(1.7, stamp, left=1.1, above=0.32)
    axes = sheet.axes
    names = wording.arms(found.exposure)
    for (_, mark, _), label, rows in zip(ARMS, names, steps(found, code), strict=True):
        axes.plot([], [], linestyle="none", label=label, **look(mark.symbol, mark.color, 6))
        for y, step, rate in rows:
            point(
                axes,
                100 * rate.estimate,
                y,
                mark,
                name=f"{mark.symbol}-{step.replace(' ', '-')}",
                low=100 * rate.low,
                high=100 * rate.high,
                size=6,
            )
    axes.set_ylim(len(STEPS) - 0.5, -0.5)
    axes.set_yticks(range(len(STEPS)), [words.STEP_LABELS[step] for step in STEPS])
    axes.tick_params(axis="y", length=0)
    axes.set_xlim(0, 102)
    axes.set_xlabel(SHARE_AXIS)
    grid(axes)
    legend(axes)
    return sheet.done(words.steps_alt(found, code))


def months(
    found: Trend, code: str, step: str, events: tuple[Event, ...] = (), stamp: Stamp | None = None
) -> Drawing:
    """A step of one kind of document by month of the contact, with its limits of chance."""
    return times.trend(found, words.months_label(code, step), events, stamp)


def bounds(found: tuple[Conclusion, ...], stamp: Stamp | None = None) -> Drawing:
    """What each difference could be whatever was not recorded, beside the crude and the adjusted one."""
    rows = bounded(found)
    sheet = Sheet(0.5 * max(len(rows), 1), stamp, left=1.9, above=0.32)
    axes = sheet.axes
    rule(axes, 0)
    axes.plot(
        [], [], linestyle="none", label="crude, as recorded", **look("square", NEUTRAL.color, 6)
    )
    axes.plot([], [], linestyle="none", label="adjusted", **look("circle", CIT.color, 6))
    axes.plot([], [], color="#D5D5D5", linewidth=8, label="whatever was not recorded")
    for place, (_, span, crude, adjusted) in enumerate(rows):
        (bar,) = axes.plot(
            [span.low * 1000, span.high * 1000],
            [place, place],
            color="#D5D5D5",
            linewidth=14,
            solid_capstyle="butt",
            zorder=0.5,
        )
        bar.set_gid(f"bounds-{place}")
        for value, mark, off in ((crude, NEUTRAL, -0.15), (adjusted, CIT, 0.15)):
            if value is not None:
                point(
                    axes,
                    value.estimate * 1000,
                    place + off,
                    mark,
                    name=f"{mark.symbol}-{place}",
                    low=value.low * 1000,
                    high=value.high * 1000,
                    size=5.5,
                )
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_yticks(range(len(rows)), ["\n".join(broken(label, 26)) for label, *_ in rows])
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel(AXIS)
    grid(axes)
    legend(axes, 3)
    return sheet.done(words.bounds_alt(found))


def _share(found: Share, prefix: str) -> dict[str, Any]:
    rate = found.rate
    return {
        f"{prefix}_documents": found.events,
        f"{prefix}_judged": found.n,
        f"{prefix}_share": rate.estimate,
        f"{prefix}_low": rate.low,
        f"{prefix}_high": rate.high,
        f"{prefix}_not_recorded": found.unknown,
    }


def _kind(kind: Kind) -> dict[str, Any]:
    return {
        "document": words.document(kind.document),
        "owed": kind.owed,
        "not_yet_due": kind.not_due,
        "not_asked_for": kind.not_owed,
        "not_said_whether_asked_for": kind.unsaid,
        **{k: v for step in STEPS for k, v in _share(kind.share(step), step).items()},
    }


def kinds(found: Documentation) -> pd.DataFrame:
    """Return one row per kind of document."""
    return frame(_kind(k) for k in found.kinds)


def by_arm(found: Documentation) -> pd.DataFrame:
    """Return one row per group and kind of document."""
    names = dict(zip(GROUPS, (*wording.arms(found.exposure), "Group not recorded"), strict=True))
    return frame({"group": names[arm], **_kind(kind)} for arm in GROUPS for kind in found.arms[arm])


def by_district(found: Documentation) -> pd.DataFrame:
    """Return one row per district and kind of document."""
    return frame(
        {"district": words.district(district), **_kind(kind)}
        for district, kinds_ in found.districts
        for kind in kinds_
    )


def month_rows(found: Trend, code: str, step: str) -> pd.DataFrame:
    """Return one row per month of the contact, with its limits of chance where it has them."""
    chart = found.chart
    points = (
        dict(zip((m.first_day for m in found.covered), chart.points, strict=True))
        if isinstance(chart, PChart)
        else {}
    )
    marked = set(signals(found))
    return frame(
        {
            "document": words.document(code),
            "step": words.STEP_LABELS[step],
            "month": m.first_day,
            "owed": m.contacts,
            "judged": m.n,
            "documents": m.events,
            "share": m.rate,
            "limit_low_share": points[m.first_day].low if m.first_day in points else None,
            "limit_high_share": points[m.first_day].high if m.first_day in points else None,
            "signal": m.first_day in marked,
            "covered": m.covered,
        }
        for m in found.months
    )


def blanks(found: Documentation, code: str) -> pd.DataFrame:
    """Return one row per field left blank on one kind of document, and group."""
    names = wording.arms(found.exposure)
    return frame(
        {
            "document": words.document(code),
            "field": b.field,
            "group": label,
            "left_blank": share.events,
            "documents_that_say": share.n,
            "share": share.value,
        }
        for b in found.blanks.get(code, ())
        for label, share in zip(names, (b.cit, b.other), strict=True)
    )


def reports(found: Documentation) -> pd.DataFrame:
    """Return one row per group of reports on force."""
    names: dict[bool | str | None, str] = {"all": "All"}
    names |= dict(zip(GROUPS, (*wording.arms(found.exposure), "Group not recorded"), strict=True))
    codes = [code for code, _ in found.reports["all"].findings]
    return frame(
        {
            "group": label,
            "reports": r.n,
            "not_yet_due": r.not_due,
            **_share(r.in_time, "in_time"),
            **_share(r.reviewed, "reviewed"),
            "median_days_to_review": None if isinstance(r.days, NotEstimable) else r.days,
            "reviews_timed": r.timed,
            "reviewed_before_filed": r.bad,
            **{f"finding_{code}": dict(r.findings).get(code, 0) for code in codes},
            "reason": reason(r.days),
        }
        for key, label in names.items()
        if (r := found.reports[key]).n or key == "all"
    )


def elements(found: Documentation) -> pd.DataFrame:
    """Return one row per group and element of the hold form."""
    names = dict(zip(GROUPS, (*wording.arms(found.exposure), "Group not recorded"), strict=True))
    return frame(
        {
            "group": names[arm],
            "element": name(e.column),
            "yes": e.yes,
            "no": e.no,
            "unknown_or_blank": e.unknown,
        }
        for arm in GROUPS
        for e in found.elements[arm]
    )


def outcomes(comparisons: Iterable[Comparison]) -> pd.DataFrame:
    """Return one row per outcome about documents: both groups, crude and adjusted."""
    return frame(
        {
            "outcome": registry.outcome(c.outcome).label,
            "cit": c.cit.n,
            "cit_events": c.cit.events,
            "other": c.other.n,
            "other_events": c.other.events,
            "crude_difference_per_1000": _thousand(c.unadjusted.risk_difference.estimate),
            **difference(c.adjusted.risk_difference),
            "verdict": wording.VERDICT_WORDS[c.verdict],
            "reason": reason(c.adjusted.risk_difference),
        }
        for c in comparisons
    )


def conclusions(found: Iterable[Conclusion]) -> pd.DataFrame:
    """Return one row per primary outcome: what was not recorded, the bounds, whether the verdict stands."""
    rows = []
    for c in found:
        span = c.doubt.bounds.difference
        known = isinstance(span, Interval) and not c.comparison.lacks
        rows.append(
            {
                "outcome": registry.outcome(c.comparison.outcome).label,
                "cit": c.comparison.cit.n,
                "cit_not_recorded": c.comparison.not_recorded.cit,
                "other": c.comparison.other.n,
                "other_not_recorded": c.comparison.not_recorded.other,
                "crude_difference_per_1000": _thousand(
                    c.comparison.unadjusted.risk_difference.estimate
                ),
                "bounds_low_per_1000": _thousand(span.low) if known else None,
                "bounds_high_per_1000": _thousand(span.high) if known else None,
                **difference(c.comparison.adjusted.risk_difference),
                "adjusted_all_with_cit_none_without": _thousand(c.highest.estimate),
                "adjusted_none_with_cit_all_without": _thousand(c.lowest.estimate),
                "verdict": wording.VERDICT_WORDS[c.comparison.verdict],
                "stands_at_both": words.holds_cell(c),
                "reason": reason(c.comparison.adjusted.risk_difference),
            }
        )
    return frame(rows)


def _thousand(value: float | None) -> float | None:
    return None if value is None else value * 1000


def tables_held(found: Compliance) -> pd.DataFrame:
    """Return one row per table of the store and what its columns are."""
    return frame(
        {
            "table": t.table,
            "a_row_is": t.meaning,
            "rows": t.rows,
            "columns": t.columns,
            "hashed": "; ".join(t.hashed),
            "labels": "; ".join(t.labels),
            "dates_or_times": t.when,
            "listed_answers": t.coded,
            "numbers": t.numbers,
            "would_identify": "; ".join(t.identifying),
        }
        for t in found.tables
    )


def refused(found: Compliance) -> pd.DataFrame:
    """Return one row per rule of what is never accepted."""
    return frame({"refused": r.rule, "looked_for": "; ".join(r.words)} for r in found.refused)


def dropped(found: Compliance) -> pd.DataFrame:
    """Return one row per load and dropped header."""
    return frame(
        {"load": d.load, "loaded": d.day, "export": d.source, "mapping": d.mapping, "header": h}
        for d in found.dropped
        for h in d.headers
    )


def rules(found: Compliance) -> pd.DataFrame:
    """Return one row per body of rules."""
    return frame(r._asdict() for r in law.rules(found))


def kept(found: Compliance) -> pd.DataFrame:
    """Return one row per kept snapshot."""
    return frame(
        {
            "kept_snapshot": k.id,
            "made_utc": k.made.replace(tzinfo=None),
            "in_use": k.in_use,
            "bytes": k.size,
        }
        for k in found.kept
    )


def legal_holds(found: Compliance) -> pd.DataFrame:
    """Return one row per reason of legal hold."""
    by_reason = {} if isinstance(found.held, str) else found.held
    return frame({"legal_hold": reason, "contacts": n} for reason, n in by_reason.items())


def purges(found: Compliance) -> pd.DataFrame:
    """Return one row per purge of the log."""
    entries = () if isinstance(found.purged, str) else found.purged
    return frame(
        {
            "purged": e.at.replace(tzinfo=None),
            "contacts_removed": e.removed,
            "left_under_hold": e.kept_under_hold,
            "snapshots_written_anew": e.snapshots,
        }
        for e in entries
    )


def manifest() -> pd.DataFrame:
    """Return one row per entry of the manifest."""
    return frame(
        {"entry": e, "answers": law.ENTRIES[e][0], "holds": law.ENTRIES[e][1]}
        for e in manifest_entries()
    )
