"""Coverage: against loops over every day, district and shift, and honest where nothing is recorded."""

from __future__ import annotations

import re
from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.store import Store
from metrics import duty
from metrics.aggregate import duty as counted
from metrics.aggregate.duty import ROSTER, TABLE, UNMARKED, Rule, Shift
from metrics.duty_grid import (
    Gap,
    Grid,
    Post,
    Share,
    covered,
    full_days,
    gaps_of,
    grid_of,
    months_of,
)
from metrics.question import ask
from metrics.wording import duty as words
from tests.stores import simulated_store

FIRST = date(2025, 3, 3)  # a Monday
DAYS = 9
WEEK = (True,) * 7
KEY = re.compile(r"[0-9a-f]{32}")

_TABLES = """
CREATE TYPE tri AS ENUM ('yes', 'no', 'unknown');
CREATE TABLE rosters (agency_id VARCHAR, officer_key VARCHAR, duty_date DATE, shift_id VARCHAR,
    district_id VARCHAR, duty_status VARCHAR, dispatchable tri);
CREATE TABLE certifications (agency_id VARCHAR, officer_key VARCHAR, credential VARCHAR,
    certified_on DATE, expires_on DATE);
CREATE TABLE assignments (agency_id VARCHAR, officer_key VARCHAR, from_date DATE, to_date DATE,
    on_patrol tri, district_id VARCHAR, shift_id VARCHAR, squad VARCHAR, cit_designated tri);
CREATE TABLE districts (agency_id VARCHAR, district_id VARCHAR, patrolled tri);
CREATE TABLE shifts (agency_id VARCHAR, shift_id VARCHAR, starts_at VARCHAR, ends_at VARCHAR,
    weekdays VARCHAR, counts_for_coverage tri);
CREATE TABLE calls (agency_id VARCHAR, call_id VARCHAR, received_at TIMESTAMP, district_id VARCHAR,
    crisis_flag_at_dispatch tri);
CREATE TABLE officers (agency_id VARCHAR, officer_key VARCHAR, left_month DATE);
"""
_CONNECTION = duckdb.connect()
_CONNECTION.execute(_TABLES)
SNAPSHOT: Any = SimpleNamespace(cursor=_CONNECTION.cursor)


def fill(**tables: list[tuple[Any, ...]]) -> None:
    for (name,) in _CONNECTION.execute("SELECT table_name FROM duckdb_tables()").fetchall():
        _CONNECTION.execute(f"DELETE FROM {name}")
    for name, rows in tables.items():
        for row in rows:
            _CONNECTION.execute(f"INSERT INTO {name} VALUES ({', '.join('?' * len(row))})", row)


day = st.integers(-3, DAYS + 2).map(lambda n: FIRST + timedelta(days=n))
row = st.tuples(
    st.sampled_from("opq"),
    st.integers(0, DAYS - 1),
    st.sampled_from(["day", "night", "odd"]),
    st.sampled_from(["N", "S", "X", None]),
    st.sampled_from(["worked", "overtime", "held_over", "leave", None]),
    st.sampled_from(["yes", "no", "unknown", None]),
)
certificate = st.tuples(
    st.sampled_from("opq"),
    st.sampled_from(["cit_40h", "cit_enhanced", "mh_awareness"]),
    day,
    st.none() | day,
)
stint = st.tuples(
    st.sampled_from("opq"), day, st.none() | day, st.sampled_from(["yes", "no", None])
)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(row, max_size=25, unique_by=lambda r: r[:3]),
    st.lists(certificate, max_size=6),
    st.lists(stint, max_size=5, unique_by=lambda r: r[:2]),
    st.sampled_from(["MTWTFSS", "MTWTF--", "-------", None]),
)
def test_coverage_is_what_loops_count(
    rows: list, certificates: list, stints: list, week: str | None
) -> None:
    fill(
        rosters=[("A", o, FIRST + timedelta(days=n), s, d, u, c) for o, n, s, d, u, c in rows]
        + [("B", "o", FIRST, "day", "N", "worked", "yes")],
        certifications=[("A", *c) for c in certificates],
        assignments=[("A", o, a, b, "yes", "N", "day", "A", c) for o, a, b, c in stints],
        districts=[("A", "N", "yes"), ("A", "S", "yes"), ("A", "X", "no")],
        shifts=[
            ("A", "day", "06:00", "18:00", week, "yes"),
            ("A", "night", "18:00", "06:00", "MTWTFSS", "yes"),
            ("A", "odd", "09:00", "11:00", "MTWTFSS", "no"),
        ],
    )
    about = counted.rule(SNAPSHOT, "A")
    assert about.districts == ("N", "S") and [s.id for s in about.shifts] == ["day", "night"]
    last = FIRST + timedelta(days=DAYS - 1)
    grid = grid_of(
        counted.duty_counts(SNAPSHOT, "A", FIRST, last), about, FIRST, last, designated=True
    )
    assert grid.designated is not None

    cells = open_ = full = full_days_of = recorded = 0
    for n in range(DAYS):
        today = FIRST + timedelta(days=n)
        known = any(r[1] == n for r in rows)
        recorded += known
        states = []
        for i, post in enumerate(grid.posts):
            on = week is None or post.shift == "night" or week[today.weekday()] != "-"
            there = {
                o
                for o, m, s, d, status, answers in rows
                if (m, s, d) == (n, post.shift, post.district)
                and status in ("worked", "overtime", "held_over")
                and answers != "no"
            }
            cit = {
                o
                for o, kind, start, end in certificates
                if o in there and kind.startswith("cit_") and start <= today
                if end is None or today < end
            }
            named = {
                o
                for o, start, end, serves in stints
                if o in there and serves == "yes" and start <= today
                if end is None or today < end
            }
            assert grid.able[n, i] == len(there)
            assert grid.certified[n, i] == len(cit)
            assert grid.designated[n, i] == len(named)
            assert grid.due[n, i] == on
            if on and known:
                states.append(bool(cit))
        cells += len(states)
        open_ += states.count(False)
        full += bool(states) and all(states)
        full_days_of += bool(states)
    assert covered(grid, grid.certified) == Share(cells - open_, cells)
    assert full_days(grid, grid.certified) == Share(full, full_days_of)
    assert int(grid.recorded.sum()) == recorded
    gaps = gaps_of(grid)
    assert sum(g.days for g in gaps) == open_
    months = months_of(grid)
    assert (months.open.sum(), months.counted.sum()) == (open_, cells)


def grid_from(lines: list[str], recorded: str = "") -> Grid:
    """One line per post: '#' covered, '.' open, '-' not asked for; recorded: 'x' or '-'."""
    state = np.array([list(line) for line in lines]).T
    known = np.array([c != "-" for c in recorded.ljust(len(lines[0]), "x")])
    certified = (state == "#").astype(int)
    return Grid(
        tuple(FIRST + timedelta(days=i) for i in range(len(lines[0]))),
        tuple(Post("N", f"s{i}") for i in range(len(lines))),
        state != "-",
        known,
        certified,
        certified,
        None,
    )


def test_a_day_off_does_not_end_a_gap_and_an_unrecorded_day_does() -> None:
    runs = [(g.first.day - 3, g.last.day - 3, g.days) for g in gaps_of(grid_from(["..--.#."]))]
    assert runs == [(0, 4, 3), (6, 6, 1)]
    runs = [(g.first.day - 3, g.days) for g in gaps_of(grid_from(["....."], "xx-xx"))]
    assert runs == [(0, 2), (3, 2)]


def test_a_day_without_any_row_is_not_recorded() -> None:
    grid = grid_from(["#.#", "###"], "x-x")
    assert full_days(grid, grid.certified) == Share(2, 2)
    assert covered(grid, grid.certified) == Share(4, 4)
    assert gaps_of(grid) == ()


def test_a_rule_without_marks_or_tables_says_so() -> None:
    rows = [("A", "o", FIRST, "day", "N", "worked", "yes")]
    fill(rosters=rows, districts=[("A", "N", None), ("A", "S", "no")])
    found = counted.rule(SNAPSHOT, "A")
    assert (found.districts, found.districts_from) == (("N",), UNMARKED)
    assert ([s.id for s in found.shifts], found.shifts_from) == (["day"], ROSTER)
    assert found.shifts[0].weekdays == WEEK and found.shifts[0].starts is None
    text = words.basis(found)
    assert "those that occur in the roster, as `shifts.csv` is not loaded" in text
    assert "`districts.csv`, which does not say which count" in text
    fill(rosters=rows, districts=[("A", "N", "yes"), ("A", "S", "unknown")])
    found = counted.rule(SNAPSHOT, "A")
    assert (found.districts_from, found.districts_unknown) == (TABLE, 1)
    assert "1 districts left out" in words.basis(found)


def test_a_call_belongs_to_the_day_its_shift_starts() -> None:
    about = Rule(
        "A",
        ("N",),
        (
            Shift("day", 360, 1080, WEEK),
            Shift("night", 1080, 360, WEEK),
            Shift("late", 1320, 120, (True,) * 4 + (False,) * 3),
        ),
        TABLE,
        TABLE,
    )
    at = [
        ("1", "2025-03-04 05:59", "N"),  # Monday's night
        ("2", "2025-03-04 06:00", "N"),
        ("3", "2025-03-05 01:00", "N"),  # Tuesday's night, and late
        ("4", "2025-03-08 01:00", None),  # Friday's night; no late on a Friday
    ]
    calls = [("A", n, when, where, "yes") for n, when, where in at]
    fill(calls=[*calls, ("A", "9", "2025-03-04 07:00", "N", "no")])
    found = counted.crisis_calls(SNAPSHOT, about, FIRST, FIRST + timedelta(days=6))
    assert sorted(found, key=str) == sorted(
        [
            ("N", ((date(2025, 3, 3), "night"),), 1),
            ("N", ((date(2025, 3, 4), "day"),), 1),
            ("N", ((date(2025, 3, 4), "late"), (date(2025, 3, 4), "night")), 1),
            (None, ((date(2025, 3, 7), "night"),), 1),
        ],
        key=str,
    )
    untimed = Rule("A", ("N",), (Shift("day", None, None, WEEK),), TABLE, ROSTER)
    found = counted.crisis_calls(SNAPSHOT, untimed, FIRST, FIRST + timedelta(days=6))
    assert sum(n for _, _, n in found) == 4 and all(slots == () for _, slots, _ in found)


def test_a_call_is_missed_where_none_of_its_shifts_had_anyone() -> None:
    grid = grid_from([".#.", "#.."], "xx-")
    first, second, third = grid.days
    calls = [
        ("N", ((first, "s0"),), 3),
        ("N", ((first, "s0"), (first, "s1")), 1),
        ("N", ((second, "s1"),), 2),
        ("N", ((third, "s0"),), 5),  # not recorded
        ("Z", ((first, "s0"),), 1),
        (None, ((first, "s0"),), 1),
        ("N", (), 1),
    ]
    assert duty.calls_of(grid, calls) == duty.Calls(5, 6, 8)


def test_patrol_counts_who_is_there_on_the_day() -> None:
    fill(
        rosters=[("A", "o", FIRST, "day", "N", "worked", "yes")],
        assignments=[
            ("A", "o", date(2024, 1, 1), None, "yes", "N", "day", "A", "yes"),
            ("A", "p", date(2024, 1, 1), FIRST, "yes", "N", "day", "A", "yes"),
            ("A", "q", date(2024, 1, 1), None, "yes", "N", "day", "A", None),
            ("A", "r", date(2024, 1, 1), None, "yes", "N", "day", "A", "no"),
        ],
        certifications=[("A", "q", "cit_40h", date(2024, 1, 1), FIRST + timedelta(days=1))],
        officers=[("A", "r", FIRST)],
    )
    assert counted.patrol(SNAPSHOT, "A", FIRST) == counted.Patrol(2, 1, 1)
    assert counted.patrol(SNAPSHOT, "A", date(2020, 1, 1)) is None


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return Store(simulated_store(tmp_path_factory.mktemp("duty"), 3_000)).current()


def test_a_simulated_agency_looks_back_a_year_and_ahead_six_weeks(small: Any) -> None:
    found = duty.duty(small, ask())
    assert isinstance(found, duty.Duty)
    assert (found.last - found.first).days == 364 and found.as_of == date(2025, 12, 31)
    assert found.days.n == 365 and found.days_not_recorded == 0
    assert found.ahead is not None and found.ahead.last == date(2026, 2, 11)
    assert found.calls is not None and 0 < found.calls.missed < found.calls.of
    summary = duty.summary(small, ask())
    assert isinstance(summary, duty.Summary)
    assert (summary.days, summary.month) == (found.days, date(2026, 1, 1))
    assert all(g.first < date(2026, 2, 1) for g in summary.ahead or ())
    lines = words.overview_lines(summary)
    assert lines[0].endswith("of 365 days every district and shift had a CIT officer on patrol.")
    assert lines[1].startswith("Open in January 2026: ")
    said = [words.headline(found), words.counted(found), words.longest(found), words.ahead(found)]
    said += [words.designation(found), words.calls(found), words.patrol(found), *words.notes(found)]
    assert not KEY.search(" ".join([*said, *lines, words.lines_alt(found)]))


def test_dates_of_the_question_are_those_looked_back_on(small: Any) -> None:
    found = duty.duty(small, ask(start=date(2024, 11, 1), end=date(2024, 12, 31)))
    assert isinstance(found, duty.Duty)
    # The simulated roster begins 395 days before the last day.
    assert found.days.n == 31 and found.days_not_recorded == 30
    assert "30 days without any roster row: not recorded" in words.counted(found)


def test_a_source_without_a_roster_says_which_files(seattle: Any) -> None:
    found = duty.duty(seattle, ask())
    assert found == duty.Lacking(("rosters", "certifications"))
    assert "load `rosters.csv` and `certifications.csv`" in words.lacking(found)
    assert duty.summary(seattle, ask()) == found
    (line,) = words.overview_lines(found)
    assert "not recorded" in line and "0 of" not in line


def test_gaps_are_named_as_a_person_would() -> None:
    def said(first: date, last: date) -> str:
        return words.gap(Gap(Post("West", "night"), first, last, 4))

    assert said(date(2026, 1, 14), date(2026, 1, 17)) == "West, nights, 14-17 Jan"
    assert said(date(2026, 1, 14), date(2026, 1, 14)) == "West, nights, 14 Jan"
    assert said(date(2026, 1, 30), date(2026, 2, 2)) == "West, nights, 30 Jan - 2 Feb"


def test_words_say_no_cause() -> None:
    causal = re.compile(
        r"\b(reduc|prevent|because of|leads? to|effective|lower\b(?!\())", re.IGNORECASE
    )
    for name in ("duty", "planner"):
        path = Path(words.__file__).with_name(f"{name}.py")
        assert not causal.search(path.read_text(encoding="utf-8"))
