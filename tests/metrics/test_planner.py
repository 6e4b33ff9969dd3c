"""Whom to train next: against every set of officers, on small rosters; and never a person in the answer."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from data.store import Store
from metrics import planner
from metrics.aggregate.duty import People
from metrics.duty import Lacking
from metrics.duty_grid import Grid, Post
from metrics.planner import Options, blocks, solve, solved
from metrics.planner.problem import problem
from metrics.wording import planner as words
from tests.stores import simulated_store

KEY = re.compile(r"[0-9a-f]{32}")
FIRST = date(2026, 1, 1)


@st.composite
def covers(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Cells x candidates, every cell reached by someone, and the block of each cell."""
    rows, columns = draw(st.integers(1, 10)), draw(st.integers(1, 7))
    cell = st.lists(st.booleans(), min_size=columns, max_size=columns).filter(any)
    reach = np.array(draw(st.lists(cell, min_size=rows, max_size=rows)), dtype=int)
    block = np.array(draw(st.lists(st.integers(0, 2), min_size=rows, max_size=rows)))
    return reach, block


def best_by_looking(reach: np.ndarray) -> list[int]:
    """The most cells that 0, 1, 2 ... columns cover."""
    n = reach.shape[1]
    return [
        max(int((reach[:, list(s)].sum(axis=1) > 0).sum()) for s in combinations(range(n), k))
        for k in range(n + 1)
    ]


@settings(max_examples=60, deadline=None)
@given(covers(), st.booleans())
def test_the_solver_finds_what_looking_at_every_set_finds(
    case: tuple[np.ndarray, np.ndarray], merge: bool
) -> None:
    reach, block = case
    best = best_by_looking(reach)
    small = solve.cover(sparse.csr_matrix(reach), block, merge=merge)
    assert small.total == len(reach)
    for hint in (solve.Hint(), blocks.hint(small, 5)):
        for need in {1, len(reach) // 2 + 1, len(reach)}:
            found = solve.fewest(small, need, 5, hint)
            assert len(found.chosen) == next(k for k, n in enumerate(best) if n >= need)
            assert found.proven and found.covered >= need
            # The columns kept are those of the problem as it came.
            original = reach[:, small.kept[found.chosen]]
            assert int((original.sum(axis=1) > 0).sum()) == found.covered
        for k in range(1, reach.shape[1] + 1):
            found = solve.most(small, k, 5, hint)
            assert (found.covered, found.bound, found.proven) == (best[k], best[k], True)
            assert len(found.chosen) <= k


@settings(max_examples=60, deadline=None)
@given(covers(), st.sampled_from([18, 0]))
def test_what_the_blocks_tell_holds_for_every_set(
    case: tuple[np.ndarray, np.ndarray], enumerated: int
) -> None:
    reach, block = case
    small = solve.cover(sparse.csr_matrix(reach), block, merge=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "ENUMERATED", enumerated)
        hint = blocks.hint(small, 5)
    best = best_by_looking(reach)
    for k in range(reach.shape[1] + 1):
        assert hint.upper[min(k, len(hint.upper) - 1)] >= best[k]
    for k in range(reach.shape[1] + 1):
        for chosen in combinations(range(reach.shape[1]), k):
            x = np.zeros(reach.shape[1])
            x[list(chosen)] = 1
            y = (reach @ x > 0) * small.weight
            for cut in hint.cuts:
                assert y[cut.rows].sum() <= cut.base + cut.slope * x[cut.columns].sum() + 1e-9


def test_where_nobody_reaches_two_blocks_the_blocks_prove_the_answer() -> None:
    rng = np.random.default_rng(4)
    parts = [(rng.random((14, 5)) < 0.5).astype(int) for _ in range(3)]
    reach = np.zeros((42, 15), dtype=int)
    for i, part in enumerate(parts):
        part[:, 0] |= part.sum(axis=1) == 0
        reach[14 * i : 14 * i + 14, 5 * i : 5 * i + 5] = part
    small = solve.cover(sparse.csr_matrix(reach), np.repeat([0, 1, 2], 14))
    hint = blocks.hint(small, 5)
    best = best_by_looking(reach)
    assert list(hint.upper) == best[: len(hint.upper)]
    assert [small.covered(s) for s in hint.sets] == list(hint.upper)


def people(
    n: int, duties: list[tuple[int, int, str, str]], certificates: list[tuple], **columns: Any
) -> People:
    base: dict[str, Any] = {
        "number": range(n),
        "patrol": [True] * n,
        "district": ["N"] * n,
        "shift": ["day"] * n,
        "squad": ["A"] * n,
        "years": [5.0] * n,
        "volunteer": [True] * n,
        "leaves": pd.to_datetime([None] * n),
    }
    officers = pd.DataFrame(base | columns)
    held = pd.DataFrame(certificates, columns=["number", "certified_on", "expires_on"])
    for column in ("certified_on", "expires_on"):
        held[column] = pd.to_datetime(held[column])
    rows = pd.DataFrame(duties, columns=["number", "day", "district", "shift"])
    rows["day"] = pd.to_datetime([FIRST + timedelta(days=d) for d in rows["day"]])
    return People(officers, held.astype({"number": int}), rows.astype({"number": int}))


def empty_grid(days: int, posts: tuple[Post, ...] = (Post("N", "day"),)) -> Grid:
    shape = (days, len(posts))
    return Grid(
        tuple(FIRST + timedelta(days=i) for i in range(days)),
        posts,
        np.ones(shape, dtype=bool),
        np.ones(days, dtype=bool),
        np.zeros(shape, dtype=int),
        np.zeros(shape, dtype=int),
        None,
    )


def plan_of(about: People, grid: Grid, options: Options = Options(), **more: Any) -> planner.Plan:  # noqa: B008
    found = problem(grid, about, FIRST, options, more.pop("ahead", 0))
    return solved(found, options, "A", planner.PUBLISHED, FIRST - timedelta(days=1), **more)


def test_who_is_in_date_covers_until_the_certificate_ends() -> None:
    about = people(
        3,
        [(0, d, "N", "day") for d in range(6)] + [(1, d, "N", "day") for d in range(5)],
        [(0, date(2024, 1, 1), FIRST + timedelta(days=3))],
    )
    found = plan_of(about, empty_grid(6))
    assert (found.covered, found.coverable, found.hopeless) == (3, 2, 1)
    assert (found.officers, found.closed, found.gaps, found.gaps_closed) == (1, 2, 1, 0)
    assert found.lapsing == 1
    renewed = plan_of(about, empty_grid(6), Options(renew=True))
    assert (renewed.covered, renewed.officers, renewed.gaps) == (6, 0, 0)
    # Over the year after, a certificate that lapses in it covers nothing.
    pattern = plan_of(about, empty_grid(6), ahead=365)
    assert pattern.covered == 0
    gone = people(
        1,
        [(0, d, "N", "day") for d in range(6)],
        [],
        leaves=pd.to_datetime([FIRST + timedelta(days=2)]),
    )
    assert (plan_of(gone, empty_grid(6)).coverable, plan_of(gone, empty_grid(6)).hopeless) == (2, 4)


def test_each_reason_keeps_someone_out() -> None:
    about = people(
        8,
        [(i, 0, "N", "day") for i in range(1, 8)],
        [(1, date(2024, 1, 1), None), (2, date(2020, 1, 1), date(2023, 1, 1))],
        patrol=pd.array([False, True, True, True, True, True, True, None], dtype="boolean"),
        years=[9, 9, 9, np.nan, 1.0, 9, 9, 9],
        volunteer=pd.array([True, True, True, True, True, None, False, True], dtype="boolean"),
    )
    found = plan_of(about, empty_grid(1), Options(volunteers=True)).eligible
    assert found == planner.Eligible(6, 1, 1, 1, 1, 1, 1)
    anyone = plan_of(about, empty_grid(1), Options(min_years=0)).eligible
    assert anyone.eligible == 5 and anyone.years_unknown == 0


@st.composite
def rosters(draw: st.DrawFn) -> tuple[People, Grid]:
    posts = (Post("N", "day"), Post("N", "night"), Post("S", "day"))
    n = draw(st.integers(2, 7))
    cells = st.tuples(st.integers(0, n - 1), st.integers(0, 4), st.sampled_from(posts))
    duties = draw(st.lists(cells, min_size=3, max_size=30, unique_by=lambda c: c[:2]))
    held = draw(st.lists(st.integers(0, n - 1), max_size=2, unique=True))
    squads = draw(st.lists(st.sampled_from("AB"), min_size=n, max_size=n))
    about = people(
        n,
        [(o, d, *p) for o, d, p in duties],
        [(o, date(2024, 1, 1), None) for o in held],
        squad=squads,
    )
    return about, empty_grid(5, posts)


@settings(max_examples=40, deadline=None)
@given(rosters())
def test_a_plan_is_the_fewest_of_all_sets_and_merging_changes_nothing(
    case: tuple[People, Grid],
) -> None:
    about, grid = case
    found = plan_of(about, grid)
    made = problem(grid, about, FIRST, Options(), 0)
    reach = made.reach.toarray()
    reach = reach[reach.any(axis=1)]
    assert found.due == 15 and found.covered + found.coverable + found.hopeless == 15
    if len(reach):
        best = best_by_looking(reach)
        assert found.officers == best.index(len(reach))
        assert [p.covered for p in found.curve] == best[: found.officers + 1]
    else:
        assert found.officers == 0
    assert found.reached and found.proven
    assert sum(g.officers for g in found.groups) == found.officers
    plain = plan_of(about, grid, merge=False)
    same = ("officers", "closed", "fewest", "least", "target", "gaps", "curve")
    assert [getattr(plain, f) for f in same] == [getattr(found, f) for f in same]
    # More asked for never takes fewer, and more officers never cover less.
    targets = [plan_of(about, grid, Options(target=t)) for t in (0.3, 0.6, 0.9, 1.0)]
    assert sorted(p.officers for p in targets) == [p.officers for p in targets]
    assert all(p.closed + p.covered >= p.target for p in targets)
    covered = [p.covered for p in found.curve]
    assert covered == sorted(covered)
    assert all(p.bound >= p.covered for p in found.curve)


def test_a_small_class_takes_the_best_and_says_how_many_it_would_take() -> None:
    duties = [(o, 2 * o + d, "N", "day") for o in range(4) for d in range(2)]
    found = plan_of(people(4, duties, []), empty_grid(8), Options(class_size=3))
    assert (found.officers, found.closed, found.fewest, found.least) == (3, 6, None, 4)
    assert not found.reached
    assert "the target takes at least 4 officers" in words.answer(found)


def test_the_decision_is_a_sentence() -> None:
    duties = [(o, o, "West", "night") for o in range(3)]
    about = people(3, duties, [], district=["West"] * 3, shift=["night"] * 3, squad=["C"] * 3)
    found = plan_of(about, empty_grid(3, (Post("West", "night"),)))
    assert words.decision(found) == "certify 3 more on West nights (closes 1 of 1 gap)"
    assert found.groups == (planner.Group("West", "night", "C", 3, 3, 3),)
    assert "3 on West nights, squad C" in words.groups_alt(found)
    nobody = plan_of(people(1, [], []), empty_grid(2))
    assert "nobody eligible is rostered there" in words.decision(nobody)
    assert nobody.hopeless == 2 and "counted apart" in words.hopeless(nobody)
    none = plan_of(people(1, [(0, 0, "N", "day")], [(0, date(2024, 1, 1), None)]), empty_grid(1))
    assert words.decision(none) == "certify nobody for coverage: no gap in the roster"


def test_a_squad_of_few_is_not_named() -> None:
    about = people(5, [(o, o, "N", "day") for o in range(5)], [], squad=["A", "A", "A", "B", None])
    found = plan_of(about, empty_grid(5))
    assert {(g.squad, g.officers, g.eligible) for g in found.groups} == {("A", 3, 3), (None, 2, 2)}
    assert words.few(2) == "under 3" and words.squad(found.groups[-1]) == "not named"


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return Store(simulated_store(tmp_path_factory.mktemp("plan"), 3_000)).current()


def test_a_simulated_agency_has_a_proven_plan_without_anyone_in_it(small: Any) -> None:
    found = planner.plan(small)
    assert isinstance(found, planner.Plan)
    assert found.basis == planner.PUBLISHED and found.first == date(2026, 1, 1)
    assert planner.bases(small) == planner.BASES
    year = planner.plan(small, Options(basis=planner.PATTERN))
    assert isinstance(year, planner.Plan)
    assert year.days == 365 and year.proven and year.gap == 0
    for plan in (found, year):
        said = [words.headline(plan), words.answer(plan), words.basis(plan), words.hopeless(plan)]
        said += [words.drawn(plan), words.eligible(plan), words.curve_alt(plan)]
        said += [words.groups_alt(plan), words.solving(plan), repr(plan)]
        assert not KEY.search(" ".join(said))
    assert planner.decision(small) == words.decision(found)
    again = replace(planner.plan(small), seconds=0.0)  # type: ignore[type-var]
    assert again == replace(found, seconds=0.0)


def test_a_source_without_personnel_says_which_files(seattle: Any) -> None:
    found = planner.plan(seattle)
    assert found == Lacking(("rosters", "officers", "assignments", "certifications"))
    assert "not computed, needs `rosters.csv`" in planner.decision(seattle)
