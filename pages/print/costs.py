"""Figures of cost scenarios for print: who pays, and which input matters most."""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.ticker import FuncFormatter, MaxNLocator

from metrics.costs import Payer, Scenario, Spread
from metrics.wording import costs as words
from pages.parts.lines import broken
from pages.parts.palette import CIT, NEUTRAL, OTHER
from pages.print import frames
from pages.print.canvas import INK, Drawing, Sheet, Stamp, grid, legend, rule

AXIS = "US dollars per contact with CIT, if the difference is real: less ← 0 → more"
TOTAL = "All together"
MOST_SWINGS = 10
"""Inputs drawn, the widest: the table has them all."""
_ROW = 0.42


def bars(found: Scenario) -> list[tuple[str, Spread]]:
    """Return the payers in words and all together, in the order they are drawn."""
    rows = [(words.payer(p.id), p.per_contact) for p in found.payers]
    return [*rows, *([(TOTAL, found.total)] if isinstance(found.total, Spread) else [])]


def payers(found: Scenario, stamp: Stamp | None = None) -> Drawing:
    """The middle of the draws of each payer and of all together, with nine draws in ten."""
    rows = bars(found)
    sheet = Sheet(_ROW * len(rows) + 0.1, stamp, left=1.5)
    axes = sheet.axes
    for place, (label, value) in enumerate(rows):
        whole = label == TOTAL
        axes.barh(
            place,
            value.median,
            height=0.55,
            facecolor=NEUTRAL.color if whole else CIT.color,
            edgecolor="white",
            hatch="////" if whole else "",
            linewidth=0.4,
        )
        (line,) = axes.plot(
            [value.low, value.high],
            [place, place],
            color=INK,
            linewidth=1.6,
            marker="|",
            markersize=7,
            markeredgewidth=1.6,
        )
        line.set_gid(f"interval-{place}")
    _finish(sheet, ["\n".join(broken(label, 22)) for label, _ in rows])
    return sheet.done(words.payers_alt(found))


def swings(found: Scenario, stamp: Stamp | None = None) -> Drawing:
    """How far the total moves with each input, the widest first."""
    drawn = found.swings[:MOST_SWINGS]
    names = [broken(words.input_name(s), 34) for s in drawn]
    lines = sum(map(len, names))
    sheet = Sheet(0.26 * len(drawn) + 0.13 * (lines - len(drawn)) + 0.2, stamp, left=2.5, above=0.3)
    axes = sheet.axes
    middle = found.middle if isinstance(found.middle, float) else 0.0
    ends = (
        ("input at its 5th percentile", OTHER, "////", [s.at_low for s in drawn]),
        ("at its 95th", CIT, "", [s.at_high for s in drawn]),
    )
    for label, mark, hatch, values in ends:
        axes.barh(
            range(len(drawn)),
            [v - middle for v in values],
            left=middle,
            height=0.55,
            label=label,
            facecolor=mark.color,
            edgecolor="white",
            hatch=hatch,
            linewidth=0.4,
        )
    _finish(sheet, ["\n".join(name) for name in names])
    legend(axes)
    return sheet.done(words.swings_alt(found))


def _finish(sheet: Sheet, labels: list[str]) -> None:
    axes = sheet.axes
    rule(axes, 0)
    axes.set_yticks(range(len(labels)), labels)
    axes.set_ylim(len(labels) - 0.45, -0.55)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.xaxis.set_major_locator(MaxNLocator(6))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:,.6g}"))
    axes.set_xlabel(AXIS)
    grid(axes)


def payer_rows(found: Scenario) -> pd.DataFrame:
    """Return the payers, typed: what a file holds."""
    rows = [(p.id, p) for p in found.payers]
    table: list[dict[str, Any]] = [
        {"payer": id_, **_spread(p.per_contact, found), "share_of_draws_saving": p.chance}
        for id_, p in rows
    ]
    if isinstance(found.total, Spread) and isinstance(found.chance, float):
        whole = Payer("all_together", found.total, found.chance)
        table.append(
            {
                "payer": whole.id,
                **_spread(found.total, found),
                "share_of_draws_saving": whole.chance,
            }
        )
    return frames.frame(row | _traced(found) for row in table)


def part_rows(found: Scenario) -> pd.DataFrame:
    """Return the parts, typed, those that are not counted with the reason."""
    return frames.frame(
        {
            "part": p.id,
            "payer": p.payer,
            "kind": p.kind,
            "rests_on": p.driver,
            "effect": p.effect.estimate if p.effect else None,
            "effect_low": p.effect.low if p.effect else None,
            "effect_high": p.effect.high if p.effect else None,
            "state": p.state,
            **_spread(p.per_contact, found),
            "reason": p.reason or None,
            **_traced(found),
        }
        for p in found.parts
    )


def swing_rows(found: Scenario) -> pd.DataFrame:
    """Return every input that moves the total, typed, the widest first."""
    return frames.frame(
        {
            "input": s.input,
            "total_at_5th": s.at_low,
            "total_at_95th": s.at_high,
            "total_at_middle": found.middle,
            **_traced(found),
        }
        for s in found.swings
    )


def _spread(value: Spread | None, found: Scenario) -> dict[str, float | None]:
    names = ("median", "p5", "p95", "mean")
    one = value or (None,) * 4
    per_contact = {f"usd_per_contact_{n}": v for n, v in zip(names, one, strict=True)}
    return per_contact | {
        f"usd_per_year_{n}": None if v is None else v * found.contacts_a_year
        for n, v in zip(names, one, strict=True)
    }


def _traced(found: Scenario) -> dict[str, object]:
    return {
        "contacts_a_year": found.contacts_a_year,
        "draws": found.options.draws,
        "seed": found.options.seed,
        "costs_sha256": found.costs,
        "scenario_sha256": found.digest,
    }
