"""How long the plan of a large agency takes: ``python -m tests.bench.bench_planner``.

600 officers, 12 districts, 3 shifts and 365 days (13,140 cells), three squads that rest in turn, one duty
in six missed, and one in fifty worked in another district or shift. Prints seconds and proven gaps.
"""

from __future__ import annotations

import argparse
from datetime import date, timedelta

import numpy as np
import pandas as pd

from metrics.aggregate.duty import People
from metrics.duty_grid import Grid, Post
from metrics.planner import PATTERN, Options, solved
from metrics.planner.problem import Problem, problem

FIRST = date(2025, 1, 1)
DAYS = 365


def agency(certified: float, seed: int, officers: int = 600, districts: int = 12) -> Problem:
    """Return the problem of an invented agency with this share of officers certified."""
    rng = np.random.default_rng(seed)
    posts = tuple(
        Post(f"D{d + 1}", s) for d in range(districts) for s in ("day", "evening", "night")
    )
    home = np.arange(officers) % len(posts)
    squad = rng.integers(0, 3, officers)
    resting = (np.arange(DAYS) // 3) % 3
    on = (squad[:, None] != resting) & (rng.random((officers, DAYS)) < 5 / 6)
    away = rng.random((officers, DAYS)) < 0.02
    where = np.where(away, rng.integers(0, len(posts), (officers, DAYS)), home[:, None])
    who, when = np.nonzero(on)
    duties = pd.DataFrame(
        {
            "number": who,
            "day": pd.to_datetime([FIRST + timedelta(days=int(d)) for d in when]),
            "district": [posts[p].district for p in where[who, when]],
            "shift": [posts[p].shift for p in where[who, when]],
        }
    )
    held = np.flatnonzero(rng.random(officers) < certified)
    certificates = pd.DataFrame(
        {
            "number": held,
            "certified_on": pd.to_datetime(["2023-01-01"] * len(held)),
            "expires_on": pd.to_datetime([None] * len(held)),
        }
    )
    staff = pd.DataFrame(
        {
            "number": range(officers),
            "patrol": True,
            "district": [posts[p].district for p in home],
            "shift": [posts[p].shift for p in home],
            "squad": [("A", "B", "C")[s] for s in squad],
            "years": np.where(rng.random(officers) < 0.15, 1.0, 6.0),
            "volunteer": True,
            "leaves": pd.to_datetime([None] * officers),
        }
    )
    shape = (DAYS, len(posts))
    grid = Grid(
        tuple(FIRST + timedelta(days=i) for i in range(DAYS)),
        posts,
        np.ones(shape, dtype=bool),
        np.ones(DAYS, dtype=bool),
        np.zeros(shape, dtype=int),
        np.zeros(shape, dtype=int),
        None,
    )
    today = FIRST + timedelta(days=DAYS)
    return problem(grid, People(staff, certificates, duties), today, Options(), 365)


def main() -> None:
    """Print one line per agency and target."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    seed = parser.parse_args().seed
    print("certified target  cells  open  officers at-least   gap  curve-gap  seconds")
    for certified in (0.1, 0.2, 0.3):
        about = agency(certified, seed)
        for target in (1.0, 0.99):
            options = Options(target=target, class_size=600)
            found = solved(about, options, "A", PATTERN, FIRST + timedelta(days=DAYS - 1))
            widest = max((p.bound - p.covered) / max(p.bound, 1) for p in found.curve)
            print(
                f"{certified:9.0%} {target:6.0%} {found.due:6,} {found.due - found.covered:5,}"
                f" {found.officers:9,} {found.least:8,} {found.gap:5.1%} {widest:10.2%}"
                f" {found.seconds:8.1f}"
            )


if __name__ == "__main__":
    main()
