"""Disclosure control: nothing small is shown, nothing small can be worked out, and little is lost."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data import ingest, mapping
from data.errors import UserError
from data.settings import read
from data.store import Snapshot, Store
from metrics.aggregate.standings import Standings, every_outcome, standings
from metrics.disclosure import TOTAL, WITHHELD, release, suppress, whole_percent
from metrics.disclosure.grid import cells, decide, periods
from metrics.evaluate import evaluate
from metrics.question import ask
from tests.stores import make_snapshot, write_contacts
from tests.studies import attack


def two_way(counts: list[list[int]]) -> pd.DataFrame:
    rows, columns = len(counts), len(counts[0])
    return pd.DataFrame(
        counts,
        index=pd.Index([f"r{i}" for i in range(rows)], name="row"),
        columns=pd.Index([f"c{i}" for i in range(columns)], name="column"),
    )


# The textbook case: two small cells in a 3 x 3 table cover for each other with two large ones.
def test_a_small_cell_takes_the_cheapest_rectangle_with_it() -> None:
    found = suppress(two_way([[20, 50, 10], [8, 19, 22], [17, 32, 12]]))
    gone = {cell for cell, n in found.cells.items() if n is None}
    assert gone == {("r0", "c0"), ("r0", "c2"), ("r1", "c0"), ("r1", "c2")}
    assert found.lost == 20 + 10 + 8 + 22
    assert found.cells[TOTAL, TOTAL] == 190


def test_nothing_small_nothing_withheld() -> None:
    found = suppress(two_way([[20, 0], [11, 300]]))
    assert found.lost == 0
    assert found.cells["r0", "c1"] == 0
    assert found.shown("r0", "c1") == "0"


def test_a_lone_small_part_takes_its_total_or_a_sibling() -> None:
    one = pd.Series([4, 30, 500], pd.Index(["a", "b", "c"], name="call"))
    found = suppress(one)
    assert found.cells == {("a",): None, ("b",): None, ("c",): 500, (TOTAL,): 534}


def test_two_small_parts_are_not_enough_where_their_sum_is_small() -> None:
    """3 + 4 = 7 is itself a small count, derivable from the total: a third part must go."""
    one = pd.Series([3, 4, 30, 500], pd.Index(list("abcd"), name="call"))
    assert {k for k, n in suppress(one).cells.items() if n is None} == {("a",), ("b",), ("c",)}


def test_a_suppressed_total_is_no_way_round() -> None:
    found = suppress(two_way([[5, 0], [0, 500]]))
    assert found.cells["r0", "c0"] is None
    assert min(attack.table_widths(found)) >= 11


def test_suppressed_cells_look_the_same() -> None:
    found = suppress(two_way([[20, 50, 10], [8, 19, 22], [17, 32, 12]]))
    gone = [cell for cell, n in found.cells.items() if n is None]
    assert {found.shown(*cell) for cell in gone} == {WITHHELD}
    assert found.frame()["contacts"].isna().sum() == len(gone)
    assert WITHHELD == "too few to publish without identifying someone"


@pytest.mark.parametrize("seed", range(12))
def test_no_choice_that_loses_less_is_safe(seed: int) -> None:
    """Against choices of up to two more cells of a small table, by the attacker of the studies."""
    table = attack.random_table(np.random.default_rng(seed), (3, 2))
    best = suppress(table)
    counts = {
        (a, b): int(
            table.loc[slice(None) if a == TOTAL else [a], slice(None) if b == TOTAL else [b]].sum()
        )
        for a, b in best.cells
    }
    if best.lost == 0:
        pytest.skip("no small cell")
    small = {k for k, n in counts.items() if 0 < n < 11}
    others = [k for k, n in counts.items() if n >= 11]
    for size in range(3):
        for extra in itertools.combinations(others, size):
            if sum(counts[k] for k in {*small, *extra}) < best.lost:
                gone = {*small, *extra}
                shown = {k: None if k in gone else n for k, n in counts.items()}
                assert min(attack.table_widths(replace(best, cells=shown))) < 11


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.lists(st.integers(0, 40), min_size=3, max_size=3), min_size=2, max_size=4),
    st.integers(5, 15),
)
def test_any_table_withholds_what_is_small_and_hides_it(
    counts: list[list[int]], threshold: int
) -> None:
    table = two_way(counts)
    found = suppress(table, threshold)
    for cell, n in found.cells.items():
        rows = slice(None) if cell[0] == TOTAL else int(cell[0][1:])
        columns = slice(None) if cell[1] == TOTAL else int(cell[1][1:])
        true = int(np.sum(table.to_numpy()[rows, columns]))
        assert n in (None, true)
        if 0 < true < threshold:
            assert n is None
        if true == 0:
            assert n == 0
    assert min(attack.table_widths(found), default=threshold) >= threshold
    assert suppress(table, threshold) == found


def test_a_huge_table_of_large_counts_is_shown_whole() -> None:
    assert suppress(two_way([[10_000_000, 20_000_000], [30_000_000, 4]])).lost > 0
    assert suppress(two_way([[10_000_000, 20_000_000], [30_000_000, 40]])).lost == 0


def test_siblings_share_their_totals() -> None:
    """Calls by district x group and by group x shift: one decision for the totals by group."""
    index = pd.MultiIndex.from_product([["N", "S"], ["cit", "other"], ["day", "night"]])
    index.names = ["district", "group", "shift"]
    counts = pd.Series([30, 4, 40, 50, 60, 3, 45, 20], index)
    found = suppress(counts, tables=[("district", "group"), ("group", "shift")])
    assert (TOTAL, "cit", "night") in found.cells
    assert ("N", "cit", "night") not in found.cells
    assert found.cells[TOTAL, "cit", "night"] is None
    assert min(attack.table_widths(found)) >= 11


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        (two_way([[1, -2], [3, 4]]), "negative"),
        (two_way([[1, 2], [3, 4]]) / 2, "whole"),
        (pd.DataFrame([[1, 2], [3, 4]]), "name every dim"),
        (pd.Series([3, 4], pd.Index(["a", "All"], name="x")), "All"),
        (pd.Series([], pd.Index([], name="x"), dtype=int), "no counts"),
    ],
)
def test_broken_tables_are_refused(broken: pd.DataFrame, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        suppress(broken)
    with pytest.raises(KeyError):
        suppress(two_way([[1, 2], [3, 4]]), tables=[("nonsense",)])


@pytest.mark.parametrize(
    ("events", "n", "percent"),
    [(30, 60, 50), (11, 800, 1), (12, 24, 50), (4, 800, None), (790, 800, None), (0, 40, 0),
     (40, 40, 100), (None, 40, None), (30, None, None), (0, 0, None), (25, 200, 13)],
)  # fmt: skip
def test_whole_percents(events: int | None, n: int | None, percent: int | None) -> None:
    assert whole_percent(events, n) == percent


# The fixed grid.
def test_the_grid_has_whole_periods_only() -> None:
    found = {p.id: (p.start, p.end) for p in periods(date(2022, 5, 3), date(2025, 8, 20))}
    assert found == {
        "all": (date(2022, 5, 1), date(2025, 8, 31)),
        "2023": (date(2023, 1, 1), date(2023, 12, 31)),
        "2024": (date(2024, 1, 1), date(2024, 12, 31)),
        "rolling": (date(2023, 8, 1), date(2025, 7, 31)),
    }
    assert [p.id for p in periods(date(2025, 1, 9), date(2025, 12, 31))] == ["all", "2025"]
    assert [p.id for p in periods(date(2025, 1, 9), date(2025, 12, 30))] == ["all"]
    assert [p.id for p in periods(None, None)] == ["all"]


def rows(*found: tuple[int, int, int, int]) -> Standings:
    """Contacts of one outcome: (year, arm, standing, how many), all in that year's March."""
    table = np.array(found)
    return Standings(
        ("one",), 12 * table[:, 0] + 2, table[:, 1], np.zeros(len(table), bool), table[:, 2:3],
        table[:, 3],
    )  # fmt: skip


YEARS = periods(date(2022, 1, 1), date(2024, 12, 31))
LARGE = [(y, a, s, 40 * (y - 2000)) for y in (2022, 2023, 2024) for a in (0, 1) for s in (0, 1)]


def test_a_small_year_takes_another_with_it() -> None:
    """2022 has 6 events; all years less the other two would give them: the least other year goes."""
    small = [(2022, 0, 0, 6) if (y, a, s) == (2022, 0, 0) else (y, a, s, n) for y, a, s, n in LARGE]
    grid = tuple(p for p in YEARS if p.id != "rolling")
    found = decide(rows(*small), grid)
    assert {p for _, p in found.shown} == {"all", "2024"}
    assert {p for _, p in decide(rows(*LARGE), YEARS).shown} == {p.id for p in YEARS}


def test_of_two_outcomes_that_nearly_coincide_the_first_is_shown() -> None:
    """Injury to anyone and to the person differ by 4 contacts: those where only an officer was hurt."""
    s = Standings(
        ("injury", "subject_injury"),
        np.full(6, 12 * 2023),
        np.array([0, 0, 0, 1, 1, 1]),
        np.zeros(6, bool),
        np.array([[0, 0], [0, 1], [1, 1], [0, 0], [0, 1], [1, 1]]),
        np.array([40, 4, 900, 50, 30, 900]),
    )
    found = decide(s, periods(date(2023, 1, 1), date(2023, 12, 31)))
    assert {o for o, _ in found.shown} == {"injury"}
    far = replace(s, weight=np.array([40, 14, 900, 50, 30, 900]))
    assert len({o for o, _ in decide(far, found.grid).shown}) == 2


def test_a_second_export_cannot_be_subtracted_from_the_first() -> None:
    first = decide(rows(*LARGE), YEARS)
    new = rows(*LARGE, (2024, 0, 0, 3))
    assert ("one", "all") not in decide(new, YEARS, earlier=(first,)).shown
    assert ("one", "2023") in decide(new, YEARS, earlier=(first,)).shown
    enough = rows(*LARGE, *((2024, a, s, 15) for a in (0, 1) for s in (0, 1)))
    assert ("one", "all") in decide(enough, YEARS, earlier=(first,)).shown


def test_what_was_withheld_before_is_not_compared_with() -> None:
    """Three more, then twelve more: the second is far enough from what was shown."""
    exports = (decide(rows(*LARGE), YEARS),)
    for n in (3, 15):
        more = rows(*LARGE, *((2024, a, s, n) for a in (0, 1) for s in (0, 1)))
        exports += (decide(more, YEARS, earlier=exports),)
    assert [("one", "all") in e.shown for e in exports] == [True, False, True]


# Real questions.
def test_public_takes_the_questions_of_the_grid_only(tmp_path: Path) -> None:
    snapshot = make_snapshot(tmp_path, (400, 400), (20, 30), unassigned=0)
    for asked, words in [
        ({"where": {"district": ["A"]}}, "--where"),
        ({"start": date(2025, 1, 1)}, "period"),
        ({"start": date(2025, 1, 1), "end": date(2025, 12, 30)}, "period"),
        ({"exposure": "arrived"}, "exposure 'primary' only"),
        ({"adjust": ["shift"]}, "--adjust"),
    ]:
        with pytest.raises(UserError, match=words) as refused:
            evaluate(ask(["force"], **asked), "public", snapshot=snapshot)  # type: ignore[arg-type]
        assert "\n" not in str(refused.value)


@pytest.mark.slow
def test_public_numbers_are_those_within_rounded(loaded_simulation: Snapshot) -> None:
    question = ask(["force", "arrest", "voluntary_care"])
    inside = evaluate(question, snapshot=loaded_simulation)
    for mine, theirs in zip(
        inside, evaluate(question, "public", snapshot=loaded_simulation), strict=True
    ):
        if theirs.withheld:
            continue
        assert (theirs.cit, theirs.other) == (mine.cit, mine.other)
        found = theirs.to_dict()
        adjusted = found["adjusted"]
        assert adjusted["influential"] is None
        assert adjusted["pooled"] == {}
        value = mine.adjusted.risk_difference.estimate
        if adjusted["risk_difference"]["estimate"] is not None and value is not None:
            assert adjusted["risk_difference"]["estimate"] == round(value, 4)
        assert not any(0 < v < 11 for v in _counts(found))


def _counts(found: dict) -> list[int]:  # type: ignore[type-arg]
    return [
        v
        for part in ("cit", "other", "not_recorded", "contamination", "stratified", "adjusted")
        for key, v in found[part].items()
        if isinstance(v, int) and key != "strata_used"
    ]


def test_standings_are_the_counts_of_the_comparison(loaded_simulation: Snapshot) -> None:
    s = standings(loaded_simulation, "primary", every_outcome())
    whole = release.public_periods(loaded_simulation)[0]
    for c in evaluate(ask(["force", "jail_diversion", "repeat_90"]), snapshot=loaded_simulation):
        found = cells(s, c.outcome, whole)
        assert found[:3] == (c.cit.events, c.cit.n - c.cit.events, c.not_recorded.cit)
        assert found[4:7] == (c.other.events, c.other.n - c.other.events, c.not_recorded.other)
        assert found[8:] == (
            c.contamination.n,
            c.contamination.of - c.contamination.n,
            c.not_recorded.exposure,
        )


def test_no_public_grid_of_the_simulation_gives_a_small_count(loaded_simulation: Snapshot) -> None:
    found = release.export(loaded_simulation)
    assert found.shown
    for outcome, period in found.shown:
        (p,) = (p for p in found.grid if p.id == period)
        assert not any(0 < n < 11 for n in cells(found.standings, outcome, p))


@pytest.mark.slow
def test_a_second_load_of_a_few_contacts_is_not_public_yet(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    for n, shown in ((20, True), (23, False), (40, True)):
        file = write_contacts(tmp_path / "contacts.csv", (400, 400), (n, 30), 0)
        ingest.load(store, [file], mapping.read("canonical"))
        (found,) = evaluate(ask(["force"]), "public", snapshot=store.current())
        assert (found.withheld is None) is shown, n


def test_few_patterns_give_no_adjusted_estimate(tmp_path: Path) -> None:
    """With four patterns of calls a handful of numbers could be solved for their counts."""
    snapshot = make_snapshot(tmp_path, (400, 400), (20, 30), unassigned=0)
    (found,) = evaluate(ask(["force"]), "public", snapshot=snapshot)
    assert found.withheld is None
    assert found.to_dict()["adjusted"]["risk_difference"]["reason"] == WITHHELD
    assert found.to_dict()["stratified"]["strata_used"] is None
    assert found.verdict == "not_estimable"


@pytest.mark.parametrize("threshold", [20, 25])
def test_the_threshold_is_the_agencys(tmp_path: Path, threshold: int) -> None:
    snapshot = make_snapshot(tmp_path, (400, 400), (20, 30), unassigned=0)
    (tmp_path / "store" / "settings.toml").write_text(f"public_threshold = {threshold}\n")
    (found,) = evaluate(ask(["force"]), "public", snapshot=snapshot)
    assert (found.withheld is None) is (threshold <= 20)


def test_a_threshold_under_five_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text("public_threshold = 4\n")
    with pytest.raises(UserError, match="public_threshold must be at least 5"):
        read(path)
    path.write_text("public_threshold = 5.5\n")
    with pytest.raises(UserError, match="public_threshold must be a number"):
        read(path)
    path.write_text("public_threshold = 5\n")
    assert read(path).public_threshold == 5


# The attacker: linear programming over all published cells, totals, rates and siblings.
KINDS = ("two-way", "three-way", "siblings", "grid")


def widths(seed: int) -> list[float]:
    rng = np.random.default_rng([2026, seed])
    kind = KINDS[seed % 4]
    if kind == "grid":
        return attack.export_widths(attack.random_export(rng))
    if kind == "siblings":
        table = attack.random_table(rng, (3, 2, 2)) // 4
        return attack.table_widths(suppress(table, tables=[("a", "b"), ("b", "c")]))
    shape = tuple(rng.integers(3, 6, size=2)) if kind == "two-way" else (3, 2, 2)
    return attack.table_widths(suppress(attack.random_table(rng, shape)))


@pytest.mark.parametrize("seed", range(20))
def test_the_attacker_pins_nothing(seed: int) -> None:
    assert min(widths(seed), default=11) >= 11


@pytest.mark.parametrize("seed", range(4))
def test_nor_with_the_report_of_the_month_before(seed: int) -> None:
    """Two windows of 24 months, one month apart, and the months between them."""
    earlier, report = attack.random_exports(np.random.default_rng(seed))
    assert min(attack.export_widths(report, (earlier,)), default=11) >= 11
    for outcome, period in report.shown & earlier.shown:
        if period == "all":
            pairs = zip(
                cells(report.standings, outcome, report.grid[0]),
                cells(earlier.standings, outcome, earlier.grid[0]),
                strict=True,
            )
            assert not any(0 < abs(a - b) < 11 for a, b in pairs)


@pytest.mark.slow
def test_the_attacker_pins_nothing_in_200_reports() -> None:
    found = [widths(seed) for seed in range(200)]
    assert min(w for report in found for w in report) >= 11
    # Reports without anything withheld would prove nothing.
    assert sum(bool(report) for report in found) > 150


def test_the_attacker_finds_what_only_primary_suppression_leaves() -> None:
    """The attack itself works: with only the small cells withheld, most of them are pinned."""
    table = two_way([[20, 50, 10], [8, 19, 22], [17, 32, 12]])
    found = suppress(table)
    naive = {
        cell: None
        if cell in {("r0", "c2"), ("r1", "c0")}
        else int(
            table.loc[
                slice(None) if cell[0] == TOTAL else [cell[0]],
                slice(None) if cell[1] == TOTAL else [cell[1]],
            ]
            .to_numpy()
            .sum()
        )
        for cell in found.cells
    }
    assert attack.table_widths(replace(found, cells=naive)) == [0, 0]
