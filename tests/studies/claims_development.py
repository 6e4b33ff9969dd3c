"""How far early valuations of claims, and projections from them, are from what the claims cost in the end.

    python -m tests.studies.claims_development [--agencies 60] [--contacts 40000] [--processes 2]

Each seed simulates an agency over eleven years. Its law enforcement liability claims are cut at the end of
the sixth year, when the years of contact are 12, 24, 36 ... months old; what they cost in the end is read
from the eleventh. Pooled books put the claims of several agencies together, as a risk pool would.
*Incurred to date* is what the loss run of the cut says; *projected* multiplies it by the volume-weighted
age-to-age factors of the same triangle (chain ladder, no tail beyond the oldest age).
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from datetime import date
from functools import partial
from multiprocessing import get_context
from typing import NamedTuple

import numpy as np
import pandas as pd

from data.simulate import simulate
from metrics.claims import LIABILITY
from metrics.estimate import NotEstimable
from metrics.triangle import Claim, age_to_age, build, cumulative, triangle

START, YEARS, CUT_AFTER = 2014, 11, 6
AGES = (12, 24, 36)
CUT = date(START + CUT_AFTER - 1, 12, 31)
END = date(START + YEARS - 1, 12, 31)


class Row(NamedTuple):
    """One year of contact of one book at one age: dollars now, projected and in the end."""

    book: int
    age: int
    claims: int
    to_date: float
    projected: float | None
    ultimate: float


def agency(seed: int, contacts: int) -> list[Claim]:
    """Simulate an agency and return its liability claims with all their valuations."""
    tables = simulate(contacts, seed, start=date(START, 1, 1), years=YEARS).tables
    return liability(tables["claims"], tables["claim_valuations"])


def liability(claims: pd.DataFrame, valuations: pd.DataFrame) -> list[Claim]:
    """Return the liability claims of simulated tables, privileged or not."""
    own = claims[claims["line"].astype(str) == LIABILITY].reset_index(drop=True)
    number = {key: i for i, key in enumerate(own["claim_id"].astype(str))}
    frame = own.assign(claim=range(len(own)), agency=1)
    valued = valuations.assign(
        claim=valuations["claim_id"].astype(str).map(number),
        status=valuations["status"].astype(str),
    )
    return build(frame, valued.dropna(subset="claim"))


def cut(claims: Iterable[Claim], last: date) -> list[Claim]:
    """Return what was known of claims on a day."""
    return [
        c._replace(valuations=tuple(v for v in c.valuations if v.day <= last))
        for c in claims
        if c.reported is not None and c.reported <= last
    ]


def runs(last: date) -> list[date]:
    """Return the days of the simulated loss runs: every half-year, with or without a claim on them."""
    ends = ((year, *end) for year in range(START, last.year + 1) for end in ((6, 30), (12, 31)))
    return [day for end in ends if (day := date(*end)) <= last]


def book(number: int, claims: list[Claim]) -> list[Row]:
    """Return how the young years of one book stood at the cut, and how they ended."""
    found = triangle(cut(claims, CUT), {1: runs(CUT)}, CUT)
    if isinstance(found, NotEstimable):
        return []
    factors = age_to_age(found.rows("incurred"), found.ages, found.rows("reported"))
    growth = dict(zip(found.ages, (*cumulative(factors), 1.0), strict=True))
    rows = []
    for age in AGES:
        year = CUT.year - age // 12 + 1
        cell = found.cells.get((year, age))
        final = [s for c in claims if c.year == year and (s := c.on(END)) is not None]
        if cell is None or age not in growth:
            continue
        by = growth[age]
        rows.append(
            Row(
                number,
                age,
                len(final),
                cell.incurred,
                None if isinstance(by, NotEstimable) else cell.incurred * by,
                sum(s.incurred for s in final),
            )
        )
    return rows


def study(
    agencies: int, contacts: int, processes: int, sizes: Iterable[int]
) -> dict[int, list[Row]]:
    """Return rows of books of one, ten ... agencies, made of seeds 1 to ``agencies``."""
    work = partial(agency, contacts=contacts)
    seeds = range(1, agencies + 1)
    if processes < 2:
        made = [work(seed) for seed in seeds]
    else:
        # A fork would copy the locks of threads that are not there any more.
        with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
            made = list(pool.map(work, seeds))
    return {
        size: [
            row
            for start in range(0, agencies - size + 1, size)
            for row in book(start, [c for one in made[start : start + size] for c in one])
        ]
        for size in sizes
    }


def table(found: dict[int, list[Row]]) -> str:
    """Return the Markdown table: percentages of the final cost, the median and 10th to 90th percentile."""
    lines = [
        "| agencies in a book | age | books | claims a year | cost nothing in the end | nothing incurred yet |"
        " incurred to date, % | projected, % | not projected |",
        "| ---: | ---: | ---: | ---: | ---: | ---: | --- | --- | ---: |",
    ]
    for size, rows in found.items():
        for age in AGES:
            every = [r for r in rows if r.age == age]
            own = [r for r in every if r.ultimate > 0]
            if not own:
                continue
            kept = [r for r in own if r.projected is not None]
            lines.append(
                f"| {size} | {age} | {len(every)} | {np.mean([r.claims for r in every]):.1f} |"
                f" {len(every) - len(own)} | {sum(r.to_date <= 0 for r in own)} |"
                f" {_spread([r.to_date / r.ultimate for r in own])} |"
                f" {_spread([float(r.projected or 0) / r.ultimate for r in kept])} |"
                f" {len(own) - len(kept)} |"
            )
    return "\n".join(lines)


def _spread(values: list[float]) -> str:
    if not values:
        return "none"
    low, middle, high = 100 * np.quantile(values, (0.1, 0.5, 0.9))
    return f"{middle:,.0f} ({low:,.0f} to {high:,.0f})"


def main() -> None:
    """Run the study and print its table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--agencies", type=int, default=60)
    parser.add_argument("--contacts", type=int, default=40_000)
    parser.add_argument("--processes", type=int, default=2)
    asked = parser.parse_args()
    start = time.perf_counter()
    sizes = [s for s in (1, 10, 30) if s <= asked.agencies]
    print(table(study(asked.agencies, asked.contacts, asked.processes, sizes)))
    print(
        f"\n{asked.agencies} agencies of {asked.contacts:,} contacts;"
        f" {time.perf_counter() - start:.0f} s"
    )


if __name__ == "__main__":
    main()
