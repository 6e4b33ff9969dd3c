"""Coverage and the plan for print, and their typed tables."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.colors import to_rgba
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter, date2num
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from metrics.duty import Duty
from metrics.duty_grid import Gap, months_of
from metrics.planner import Plan
from metrics.wording import duty as words
from metrics.wording import planner as told
from pages.parts.palette import CIT, NEUTRAL, OTHER
from pages.print.canvas import DASHES, INK, QUIET, Drawing, Sheet, Stamp, grid, legend, look, rule
from pages.print.frames import frame

_ROW = 0.2
_NOT_RECORDED = "#D9D9D9"
_COVERED = "#CFE3EF"
_MOST_COLUMNS = 24


def months(found: Duty, stamp: Stamp | None = None) -> Drawing:
    """Days without a CIT officer by district, shift and month: the latest two years of months."""
    by = months_of(found.grid)
    names = [words.post(p) for p in found.grid.posts]
    columns = by.months[-_MOST_COLUMNS:]
    open_, all_ = by.open[:, -_MOST_COLUMNS:], by.counted[:, -_MOST_COLUMNS:]
    sheet = Sheet(_ROW * max(len(names), 1), stamp, left=1.8, above=0.42, below=0.1)
    axes = sheet.axes
    for row in range(len(names)):
        for column in range(len(columns)):
            known = all_[row, column] > 0
            share = open_[row, column] / all_[row, column] if known else 0.0
            axes.add_patch(_box(column, row, to_rgba(OTHER.color, 0.04 + 0.5 * share)))
            axes.annotate(
                f"{open_[row, column]}" if known else "–",
                xy=(column, row),
                ha="center",
                va="center",
                size=7,
                color=INK,
            )
    axes.set_xlim(-0.5, max(len(columns), 1) - 0.5)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_xticks(range(len(columns)), [f"{m:%b}\n{m:%y}" for m in columns])
    axes.xaxis.tick_top()
    axes.set_yticks(range(len(names)), names)
    axes.tick_params(length=0)
    axes.spines[["left", "bottom"]].set_visible(False)
    return sheet.done(words.lines_alt(found))


def _box(column: int, row: int, color: tuple[float, float, float, float]) -> Rectangle:
    return Rectangle((column - 0.47, row - 0.45), 0.94, 0.9, facecolor=color, edgecolor="none")


def days(found: Duty, stamp: Stamp | None = None) -> Drawing:
    """Every day of the period by district and shift: covered, open (crossed) or not recorded."""
    about = found.grid
    names = [words.post(p) for p in about.posts]
    sheet = Sheet(_ROW * max(len(names), 1) + 0.1, stamp, left=1.8, below=0.4, above=0.3)
    axes = sheet.axes
    first = float(date2num(about.days[0]))
    for row in range(len(names)):
        for state, color in (
            (about.counted[:, row], _COVERED),
            (~about.recorded, _NOT_RECORDED),
        ):
            spans = [(first + a - 0.5, b - a) for a, b in _runs(state)]
            axes.broken_barh(spans, (row - 0.4, 0.8), facecolors=color, linewidth=0)
    when, where = np.nonzero(about.open)
    (dots,) = axes.plot(
        first + when,
        where,
        linestyle="none",
        marker="x",
        markersize=3.2,
        markeredgewidth=0.9,
        color=OTHER.color,
        label="no CIT officer on duty",
    )
    dots.set_gid("points-open")
    axes.set_xlim(first - 1, first + len(about.days))
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_yticks(range(len(names)), names)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    locator = AutoDateLocator()
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))
    legend(axes)
    return sheet.done(words.lines_alt(found))


def _runs(state: np.ndarray) -> list[tuple[int, int]]:
    """Return the first, and the one after the last, of each run of true values."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], state.astype(int), [0]])))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def curve(found: Plan, stamp: Stamp | None = None) -> Drawing:
    """Open district-shifts covered by 1, 2, 3 ... more officers: the best found, and the most possible."""
    sheet = Sheet(2.6, stamp, above=0.35)
    axes = sheet.axes
    x = [p.officers for p in found.curve]
    for name, y, mark in (
        ("most possible", [p.bound for p in found.curve], NEUTRAL),
        ("best found", [p.covered for p in found.curve], CIT),
    ):
        (line,) = axes.plot(
            x,
            y,
            color=mark.color,
            linestyle=DASHES[mark.dash],
            linewidth=1.5,
            label=name,
            **look(mark.symbol, mark.color, 4.5),
        )
        line.set_gid(f"line-{name.split()[0]}")
    rule(axes, found.coverable, dash="dash", lying=True)
    axes.annotate(
        "all that could be covered",
        xy=(0, found.coverable),
        xycoords=("axes fraction", "data"),
        xytext=(3, 3),
        textcoords="offset points",
        ha="left",
        va="bottom",
        size=7.5,
        color=QUIET,
    )
    axes.set_ylim(0, max(found.coverable, 1) * 1.15)
    axes.set_xlim(left=0)
    axes.xaxis.set_major_locator(MaxNLocator(12, integer=True))
    axes.yaxis.set_major_locator(MaxNLocator(6, integer=True))
    axes.set_xlabel("officers certified")
    axes.set_ylabel("open district-shifts covered")
    grid(axes, "y")
    legend(axes)
    return sheet.done(told.curve_alt(found))


def post_rows(found: Duty) -> pd.DataFrame:
    """Return one row per district and shift."""
    return frame(
        {
            "district": line.post.district,
            "shift": line.post.shift,
            "days_counted": line.covered.n,
            "days_with_cit": line.covered.events,
            "days_with_designated": None if line.designated is None else line.designated.events,
            "days_with_nobody": line.nobody,
            "longest_gap_days": line.longest.days if line.longest else 0,
            "longest_gap_first": line.longest.first if line.longest else None,
            "longest_gap_last": line.longest.last if line.longest else None,
        }
        for line in found.posts
    )


def month_rows(found: Duty) -> pd.DataFrame:
    """Return one row per district, shift and month."""
    by = months_of(found.grid)
    return frame(
        {
            "month": month,
            "district": post.district,
            "shift": post.shift,
            "days_counted": int(by.counted[row, column]),
            "days_without_cit": int(by.open[row, column]) if by.counted[row, column] else None,
        }
        for column, month in enumerate(by.months)
        for row, post in enumerate(found.grid.posts)
    )


def day_rows(found: Duty) -> pd.DataFrame:
    """Return one row per day, district and shift that counts: how many CIT officers were on duty."""
    about = found.grid
    return frame(
        {
            "day": day,
            "district": post.district,
            "shift": post.shift,
            "recorded": bool(about.recorded[i]),
            "officers_on_duty": int(about.able[i, j]) if about.recorded[i] else None,
            "cit_officers_on_duty": int(about.certified[i, j]) if about.recorded[i] else None,
        }
        for i, day in enumerate(about.days)
        for j, post in enumerate(about.posts)
        if about.due[i, j]
    )


def gap_rows(found: tuple[Gap, ...]) -> pd.DataFrame:
    """Return one row per gap."""
    return frame(
        {
            "district": g.post.district,
            "shift": g.post.shift,
            "first_day": g.first,
            "last_day": g.last,
            "days": g.days,
        }
        for g in found
    )


def group_rows(found: Plan) -> pd.DataFrame:
    """Return one row per district, shift and squad of a plan."""
    return frame(
        {
            "district": g.district,
            "shift": g.shift,
            "squad": told.squad(g),
            "certify": g.officers,
            "eligible": told.few(g.eligible),
            "open_district_shifts_covered": g.cells,
        }
        for g in found.groups
    )


def curve_rows(found: Plan) -> pd.DataFrame:
    """Return one row per point of the curve."""
    return frame(
        {
            "officers_certified": p.officers,
            "open_district_shifts_covered": p.covered,
            "most_possible": p.bound,
            "open_district_shifts": found.coverable,
        }
        for p in found.curve
    )
