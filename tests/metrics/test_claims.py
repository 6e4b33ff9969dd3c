"""Claims: who may see which, the page's figures against sums made by hand, and the words."""

from __future__ import annotations

from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from data.roles import Role
from data.simulate import simulate
from data.store import Snapshot, Store
from metrics.aggregate import claims as counted
from metrics.claims import LIABILITY, Claims, claims
from metrics.estimate import NotEstimable
from metrics.question import ask
from metrics.triangle import MEASURES, Triangle, triangle
from metrics.wording import claims as words
from tests.data.test_outcome_tables import load, numbered
from tests.metrics.test_words_random import CAUSAL, NO_NUMBER
from tests.stores import simulated_store
from tests.studies import claims_development as study

HEAD = (
    "claim_id,contact_id,incident_id,occurrence_id,line,cause,occurred_on,reported_on,retention,"
    "resolution,privileged;"
)
VALUED = "claim_id,valued_on,paid_loss,paid_expense,reserve_loss,reserve_expense,recoveries,status;"
BOOK = HEAD + ";".join(
    [
        f"L1,C-1,,O1,{LIABILITY},excessive_force,2022-03-01,2022-04-01,1000,settled,no",
        f"L2,C-2,,O1,{LIABILITY},excessive_force,2022-03-02,2022-06-01,,open,no",
        f"L3,,,O3,{LIABILITY},negligence,2023-05-01,2023-06-01,1000,open,no",
        f"L4,C-4,,O4,{LIABILITY},wrongful_death,2022-03-04,2022-04-01,1000,open,yes",
        f"L5,C-5,,O5,{LIABILITY},wrongful_death,2022-03-05,2022-04-01,1000,open,",
        f"L6,C-6,,O6,{LIABILITY},wrongful_death,2022-03-06,2022-04-01,1000,open,unknown",
        "L7,C-7,,O7,workers_compensation,injury_to_officer,2022-03-07,2022-03-08,500,open,no",
        f"L8,C-99,,O8,{LIABILITY},property,2023-07-01,2023-09-01,,,no",
    ]
)
FIRST = VALUED + ";".join(
    [
        "L1,2022-12-31,100,10,700,90,,open",
        "L2,2022-12-31,0,0,500,100,,open",
        "L4,2022-12-31,90000,0,900000,0,,open",
        "L5,2022-12-31,80000,0,800000,0,,open",
        "L7,2022-12-31,60,0,40,0,,open",
    ]
)
SECOND = VALUED + ";".join(
    [
        "L1,2023-12-31,1500,300,0,0,400,closed",
        "L2,2023-12-31,50,20,300,30,,open",
        "L3,2023-12-31,0,5,200,45,,open",
        "L4,2023-12-31,90000,0,900000,0,,open",
        "L6,2023-12-31,70000,0,700000,0,,open",
        "L7,2023-12-31,100,0,0,0,,closed",
    ]
)


def book(folder: Path, **more: str) -> Store:
    """Load nine contacts, eight claims and two loss runs."""
    contacts = numbered(9).replace("2024-03", "2022-03")
    _, store = load(folder, contacts=contacts, claims=BOOK, claim_valuations=FIRST, **more)
    (folder / "second").mkdir()
    load(folder, claim_valuations=SECOND)
    return store


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    return book(tmp_path_factory.mktemp("claims")).current()


@pytest.fixture(scope="module")
def found(snapshot: Snapshot) -> Claims:
    return claims(snapshot, ask())


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    return Store(simulated_store(tmp_path_factory.mktemp("many_claims"), 12_000)).current()


# What is privileged


@pytest.mark.parametrize("role", Role)
def test_privileged_is_refused_but_to_those_it_extends_to(snapshot: Snapshot, role: Role) -> None:
    frame, valued = counted.claims(snapshot, role), counted.valuations(snapshot, role)
    assert (len(frame), len(valued)) == ((8, 11) if role.sees_privileged else (5, 7))
    assert (valued["paid_loss"].max() > 50_000) == role.sees_privileged
    whole = claims(snapshot, ask(), role=role)
    assert whole.privileged == role.sees_privileged
    assert whole.whole.reported == (7 if role.sees_privileged else 4)
    assert (whole.whole.incurred > 1e6) == role.sees_privileged


def test_without_a_role_nothing_privileged_is_in_any_number(snapshot: Snapshot) -> None:
    assert len(counted.claims(snapshot)) == 5
    assert len(counted.valuations(snapshot)) == 7
    _, linked = counted.by_arm(snapshot, ask(), date(2030, 1, 1))
    frame = counted.claims(snapshot)
    assert set(linked["claim"]) == set(frame.loc[frame["link"] == "linked", "claim"])
    assert len(linked) == 3
    shown = claims(snapshot, ask())
    numbers = repr(shown)
    assert "wrongful_death" not in numbers
    assert not any(str(n) in numbers for n in (90000, 80000, 70000, 990000))
    assert shown.lines == ((LIABILITY, 4), ("workers_compensation", 1))


def test_what_is_returned_is_numbered_without_gaps_and_without_keys(snapshot: Snapshot) -> None:
    frame = counted.claims(snapshot)
    assert list(frame["claim"]) == [1, 2, 3, 4, 5]
    assert not {"claim_id", "contact_id", "incident_id", "occurrence_id"} & set(frame.columns)


def test_where_privileged_was_never_filled_everything_is_withheld(tmp_path: Path) -> None:
    unmarked = BOOK.replace(",no;", ",;").removesuffix("no").replace(",yes;", ",;")
    unmarked = unmarked.replace(",unknown;", ",;")
    _, store = load(tmp_path, contacts=numbered(9), claims=unmarked, claim_valuations=FIRST)
    shown = claims(store.current(), ask())
    assert (shown.loaded, shown.marked) == (True, False)
    assert shown.lines == () and shown.whole.reported == 0 and shown.last is None
    assert isinstance(shown.triangle, NotEstimable)
    assert "`privileged`" in words.NOT_MARKED
    assert claims(store.current(), ask(), role=Role.ATTORNEY).whole.reported == 7


# By hand


def test_the_position_by_hand(found: Claims) -> None:
    assert found.last == date(2023, 12, 31)
    assert found.runs == (date(2022, 12, 31), date(2023, 12, 31))
    # L1 1,500 + 300 - 400; L2 50 + 20 + 300 + 30; L3 5 + 200 + 45; L8 never valued.
    assert found.whole[1:] == (4, 2, 1, 1_875.0, 1_400.0 + 400.0 + 250.0)
    assert [(g.label, g.reported) for g in found.causes] == [
        ("excessive_force", 2),
        ("negligence", 1),
        ("property", 1),
    ]
    assert {g.label: (g.reported, g.incurred) for g in found.links} == {
        "linked": (2, 1_800.0),
        "several": (0, 0.0),
        "missing": (1, 0.0),
        "unnamed": (1, 250.0),
    }


def test_the_triangle_by_hand(found: Claims) -> None:
    grown = found.triangle
    assert isinstance(grown, Triangle)
    assert grown.rows("incurred") == ((1_500.0, 1_800.0), (250.0, None))
    assert grown.rows("paid") == ((110.0, 1_870.0), (5.0, None))
    assert grown.rows("reported") == ((2, 2), (2, None))
    (factor,) = found.factors
    assert factor.value == 1.2 and factor.claims == 2
    assert isinstance(factor.error, NotEstimable)
    assert factor.credibility == pytest.approx((2 / 1082) ** 0.5)


def test_since_the_loss_run_before(found: Claims) -> None:
    since = found.since
    assert since is not None
    assert (since.reported, since.closed, since.paid) == (2, 1, 1_875.0 - 110.0)
    assert (since.rises, since.risen, since.falls, since.fallen) == (2, 750.0, 1, 200.0)
    assert since.risen - since.fallen == found.whole.incurred - 1_500.0


def test_the_retention_applies_once_to_an_event(found: Claims) -> None:
    kept = found.retention
    assert not isinstance(kept, NotEstimable)
    # L1 and L2 are one event: 1,800 + 400 before recoveries, of which 1,000 is the agency's.
    assert kept == (2, 1, 1_250.0, 1_200.0, 1, 400.0)


def test_another_line_of_cover_stands_apart(snapshot: Snapshot) -> None:
    other = claims(snapshot, ask(), "workers_compensation")
    assert other.whole[1:] == (1, 0, 1, 100.0, 100.0)
    # Nothing is loaded under a line of that name: the default stands in.
    assert claims(snapshot, ask(), "auto").line == LIABILITY


@pytest.mark.slow
def test_a_newer_loss_run_leaves_the_older_cells(tmp_path: Path) -> None:
    contacts = numbered(9).replace("2024-03", "2022-03")
    _, store = load(tmp_path, contacts=contacts, claims=BOOK, claim_valuations=FIRST)
    before = claims(store.current(), ask())
    load(tmp_path, claim_valuations=SECOND)
    after = claims(store.current(), ask())
    third = VALUED + "L2,2024-12-31,9,9,9,9,9,closed;L3,2024-12-31,8,8,8,8,8,open"
    load(tmp_path, claim_valuations=third)
    last = claims(store.current(), ask())
    grown = [x.triangle.cells for x in (before, after, last) if isinstance(x.triangle, Triangle)]
    assert [len(cells) for cells in grown] == [1, 3, 6]
    for older, newer in pairwise(grown):
        assert {key: newer[key] for key in older} == older


def test_amounts_not_recorded_are_told_and_are_no_zero(tmp_path: Path) -> None:
    valued = (
        "claim_id,valued_on,paid_loss,reserve_loss,status;L1,2022-12-31,100,50,open;"
        "L2,2022-12-31,7,9,open;L1,2023-12-31,,,open;L2,2023-12-31,7,,closed"
    )
    contacts = numbered(9).replace("2024-03", "2022-03")
    _, store = load(tmp_path, contacts=contacts, claims=BOOK, claim_valuations=valued)
    shown = claims(store.current(), ask())
    assert shown.whole.incurred == 157.0
    assert shown.lacking.without_amount == 1 and not shown.lacking.expense
    told = " ".join(words.lacking(shown))
    assert "loss alone" in told and "1 valuation without a paid or a reserved loss" in told


def test_claims_without_a_loss_run_are_counted_and_cost_nothing_known(tmp_path: Path) -> None:
    contacts = numbered(9).replace("2024-03", "2022-03")
    _, store = load(tmp_path, contacts=contacts, claims=BOOK)
    shown = claims(store.current(), ask())
    assert shown.last is None and shown.arms == () and shown.since is None
    assert shown.whole[1:4] == (4, 2, 1)
    assert "$" not in words.headline(shown)


def test_an_incident_links_where_it_has_one_contact(tmp_path: Path) -> None:
    contacts = "contact_id,incident_id,contact_at;" + ";".join(
        f"C-{i},{incident},2022-03-0{i} 10:00" for i, incident in enumerate(("I1", "I2", "I2"), 1)
    )
    rows = HEAD + ";".join(
        f"L{i},,{incident},,{LIABILITY},property,,2022-04-01,,open,no"
        for i, incident in enumerate(("I1", "I2", "I9", ""), 1)
    )
    _, store = load(tmp_path, contacts=contacts, claims=rows, claim_valuations=FIRST)
    frame = counted.claims(store.current())
    # Without a date of loss the day of its contact stands in, where that is known.
    assert dict(zip(frame["link"], frame["occurred_on"].notna(), strict=True)) == {
        "linked": True,
        "several": False,
        "missing": False,
        "unnamed": False,
    }
    assert claims(store.current(), ask()).lacking.undated == 3


# Against a simulated agency whose future is known


def _plain(
    tables: dict[str, pd.DataFrame], year: int, end: pd.Timestamp, line: str, all_rows: bool
) -> tuple[int, int, float, float]:
    """Add up one cell row by row: reported, closed, paid, incurred."""
    own, values = tables["claims"], tables["claim_valuations"]
    total: list[Any] = [0, 0, 0.0, 0.0]
    for c in own.itertuples():
        wanted = str(c.line) == line and (all_rows or str(c.privileged) == "no")
        if not wanted or c.occurred_on.year != year or c.reported_on > end:
            continue
        total[0] += 1
        best = None
        for v in values[values["claim_id"].astype(str) == str(c.claim_id)].itertuples():
            if v.valued_on <= end and (best is None or v.valued_on > best.valued_on):
                best = v
        if best is not None:
            total[1] += str(best.status) == "closed"
            total[2] += best.paid_loss + best.paid_expense
            total[3] += (
                best.paid_loss
                + best.paid_expense
                + best.reserve_loss
                + best.reserve_expense
                - best.recoveries
            )
    return tuple(total)


@pytest.mark.parametrize("role", [Role.VIEWER, Role.ATTORNEY])
@pytest.mark.parametrize("line", [LIABILITY, "workers_compensation"])
def test_every_cell_of_a_loaded_agency(simulated: Snapshot, line: str, role: Role) -> None:
    tables = simulate(12_000, seed=3).tables
    grown = claims(simulated, ask(), line, role).triangle
    assert isinstance(grown, Triangle)
    for (year, age), cell in grown.cells.items():
        end = pd.Timestamp(year + age // 12 - 1, 12, 31)
        plain = _plain(tables, year, end, line, role.sees_privileged)
        assert (cell.reported, cell.closed) == plain[:2]
        assert (cell.paid, cell.incurred) == pytest.approx(plain[2:])


@pytest.mark.parametrize("later", [1, 3, 5, 7])
def test_cuts_of_a_known_future(later: int) -> None:
    """Cut the valuations of one agency at several dates: each sees the same past, none the future."""
    tables = simulate(20_000, 7, start=date(2014, 1, 1), years=11).tables
    whole = study.liability(tables["claims"], tables["claim_valuations"])
    last = date(2014 + later, 12, 31)
    grown = triangle(study.cut(whole, last), {1: study.runs(last)}, last)
    assert isinstance(grown, Triangle)
    assert grown.ages == tuple(12 * (i + 1) for i in range(last.year - grown.years[0] + 1))
    for (year, age), cell in grown.cells.items():
        end = pd.Timestamp(year + age // 12 - 1, 12, 31)
        plain = _plain(tables, year, end, LIABILITY, all_rows=True)
        assert (cell.reported, cell.closed) == plain[:2]
        assert (cell.paid, cell.incurred) == pytest.approx(plain[2:])


def test_the_study_measures_against_what_claims_cost_in_the_end() -> None:
    tables = simulate(20_000, 7, start=date(2014, 1, 1), years=11).tables
    rows = study.book(0, study.liability(tables["claims"], tables["claim_valuations"]))
    end = pd.Timestamp(study.END)
    for row in rows:
        year = study.CUT.year - row.age // 12 + 1
        plain = _plain(tables, year, end, LIABILITY, all_rows=True)
        assert (row.claims, row.ultimate) == (plain[0], pytest.approx(plain[3]))
    assert study.table({1: rows}).count("\n") == 1 + len({r.age for r in rows if r.ultimate > 0})


def test_linked_claims_by_group_are_those_of_the_contacts(simulated: Snapshot) -> None:
    shown = claims(simulated, ask())
    assert sum(a.contacts for a in shown.arms) == 12_000
    linked = next(g for g in shown.links if g.label == "linked")
    assert sum(a.claims for a in shown.arms) == linked.reported
    assert sum(a.incurred for a in shown.arms) == pytest.approx(linked.incurred)
    early = claims(simulated, ask(end=date(2021, 12, 31)))
    assert sum(a.contacts for a in early.arms) < 12_000
    assert early.triangle == shown.triangle


def test_groups_add_up(simulated: Snapshot) -> None:
    shown = claims(simulated, ask())
    for rows in (shown.causes, shown.links):
        assert sum(g.reported for g in rows) == shown.whole.reported
        assert sum(g.incurred for g in rows) == pytest.approx(shown.whole.incurred)
    kept = shown.retention
    assert not isinstance(kept, NotEstimable)
    assert kept.within + kept.above - kept.recovered == pytest.approx(shown.whole.incurred)


def test_a_store_of_an_earlier_edition_has_no_claims(seattle: Snapshot) -> None:
    assert not counted.held(seattle).loaded
    assert claims(seattle, ask()).lines == ()


# Words


def test_whole_dollars() -> None:
    assert words.dollars(41_500.4) == "$41,500"
    assert words.dollars(-1_200) == "-$1,200"
    assert words.dollars(-0.3) == "$0"


def test_the_words_by_hand(found: Claims) -> None:
    assert words.headline(found) == (
        "By the loss run of 31 Dec 2023: 4 claims under law enforcement liability, 2 open, 1 closed and"
        " 1 without a status; $2,050 incurred ($1,875 paid)."
    )
    assert words.runs(found) == (
        "2 loss runs; the newest is of 31 Dec 2023, the one before of 31 Dec 2022. Between them 2 more were"
        " reported and 1 closed; $1,765 was paid; incurred rose by $750 in all, over 2 claims and fell by"
        " $200, over 1 claim."
    )
    assert "not credible for projection" in words.caution(found.factors)
    assert "rest on 2 claims each" in words.caution(found.factors)
    assert words.early(found)[0].startswith("No year with claims is old enough")
    assert words.links(found) == (
        "2 of 4 claims can be linked to a contact ($1,800 of $2,050 incurred)."
    )
    assert "IBNR (incurred but not reported)" in words.IBNR


def test_enough_claims_are_not_called_too_few(found: Claims) -> None:
    many = found.factors[0]._replace(claims=1_082)
    assert "not credible" not in words.caution((many,))
    assert "no factors" in words.caution(())


@pytest.mark.parametrize("role", [Role.VIEWER, Role.ATTORNEY])
def test_no_word_says_cause_or_shows_a_broken_number(simulated: Snapshot, role: Role) -> None:
    for line in (LIABILITY, "workers_compensation"):
        shown = claims(simulated, ask(), line, role)
        said = [words.headline(shown), words.runs(shown), words.caution(shown.factors)]
        said += [*words.lacking(shown), *words.early(shown), words.links(shown)]
        said += [words.retention(shown), words.INTRO, words.IBNR, words.PRIVILEGED, words.ARM_NOTE]
        said += [words.FACTOR_NOTE, words.EARLY_NOTE, words.RETENTION_NOTE, words.GROWTH_NOTE]
        assert isinstance(shown.triangle, Triangle)
        said += [words.growth_alt(shown.triangle, m) for m in MEASURES]
        text = "\n".join(said)
        assert not CAUSAL.search(text), CAUSAL.search(text)
        assert not NO_NUMBER.search(text), NO_NUMBER.search(text)
