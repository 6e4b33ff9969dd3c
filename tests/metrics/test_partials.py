"""What an agency shares: nothing of a person or officer, no small count, and a change shows."""

from __future__ import annotations

import itertools
import json
import random
from pathlib import Path
from typing import Any

import pytest

from data import ingest, mapping, signing
from data.errors import UserError
from data.store import Snapshot, Store
from metrics import partials
from metrics.disclosure import release
from metrics.partials import COARSE, EXACT, ROUNDED, partial
from metrics.pooling_files import parse
from metrics.question import ask
from metrics.standardisation import Contrast
from tests.stores import make_snapshot, simulated_store


def staffed(folder: Path, contacts: int = 900, officers: int = 40) -> Snapshot:
    """Load an agency with officers of either kind, each with contacts of every pattern."""
    folder.mkdir(exist_ok=True)
    rng = random.Random(contacts)
    lines = [
        "agency_id,contact_id,contact_at,district_id,initial_call_group,primary_officer_cit,force_used"
    ]
    came = ["agency_id,contact_id,officer_key,scene_role"]
    for i in range(contacts):
        officer = rng.randrange(officers)
        cit, force = ("yes", "no")[officer % 2], ("yes", "no")[rng.random() > 0.3]
        day = f"2025-{i % 12 + 1:02d}-{rng.randint(1, 28):02d} {rng.choice(['03', '11', '20'])}:00"
        group = rng.choice(["suicide", "disturbance", "welfare_check"])
        lines.append(f"T{contacts},K{i:05d},{day},{rng.choice('ABC')},{group},{cit},{force}")
        came.append(f"T{contacts},K{i:05d},BADGE{officer:03d},reporting")
    (folder / "contacts.csv").write_text("\n".join(lines) + "\n")
    (folder / "contact_officers.csv").write_text("\n".join(came) + "\n")
    (folder / "agencies.csv").write_text(
        "agency_id,agency_name,force_reporting_threshold\n"
        f"T{contacts},Town of {contacts} Police,control_hold_or_above\n"
    )
    files = [folder / f"{name}.csv" for name in ("agencies", "contacts", "contact_officers")]
    ingest.load(Store(folder / "store"), files, mapping.read("canonical"))
    return Store(folder / "store").current()


@pytest.fixture(scope="module")
def agency(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    return staffed(tmp_path_factory.mktemp("agency"))


@pytest.fixture(scope="module")
def found(agency: Snapshot) -> dict[str, Any]:
    return partial(ask(), agency, "rural")


def write_random(path: Path, seed: int) -> None:
    """Write contacts of an agency of any size, with officers, people, gaps and unlike groups."""
    rng = random.Random(seed)
    n = rng.choice([1, 8, 30, 120, 400])
    yes = {c: rng.choice([0.02, 0.1, 0.5]) for c in ("cit", "force", "injured", "came")}
    blank = {c: rng.choice([0.0, 0.01, 0.2]) for c in yes}
    lines = [
        "agency_id,contact_id,person_key,contact_at,district_id,initial_call_group,"
        "primary_officer_cit,cit_arrived,force_used,subject_injured"
    ]

    def said(column: str) -> str:
        if rng.random() < blank[column]:
            return ""
        return "yes" if rng.random() < yes[column] else "no"

    for i in range(n):
        day = f"{rng.choice([2023, 2024, 2025])}-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}"
        lines.append(
            f"T,KONTAKT{i:05d},PERSON{rng.randrange(n):05d},{day} 10:00,{rng.choice('AB')},"
            f"{rng.choice(['suicide', 'disturbance'])},{said('cit')},{said('came')},"
            f"{said('force')},{said('injured')}"
        )
    path.write_text("\n".join(lines) + "\n")


def random_agency(folder: Path, seed: int) -> Snapshot:
    file = folder / "contacts.csv"
    write_random(file, seed)
    ingest.load(Store(folder / "store"), [file], mapping.read("canonical"))
    return Store(folder / "store").current()


OUTCOMES = ("force", "injury", "subject_injury")


def published_sets(found: dict[str, Any], snapshot: Snapshot) -> list[frozenset[str]]:
    """Return the set of contacts behind every count that a partial shows, from rows, and check its size.

    Read from the table itself, apart from the product's own counting.
    """
    first, last = found["period"]["from"], found["period"]["to"]
    inside = f"strftime(contact_date, '%Y-%m') BETWEEN '{first}' AND '{last}'"

    def members(where: str) -> frozenset[str]:
        rows = snapshot.cursor().execute(
            f"SELECT contact_id FROM encounters WHERE {inside} AND ({where})"
        )
        return frozenset(r[0] for r in rows.fetchall())

    arms = {"cit": "exposure_primary", "other": "NOT exposure_primary"}
    sets: list[frozenset[str]] = []

    def shown(count: int, where: str) -> None:
        own = members(where)
        assert len(own) == count, where
        sets.append(own)

    if found["contacts"]:
        for arm, where in [*arms.items(), ("neither", "exposure_primary IS NULL")]:
            shown(found["contacts"][arm], where)
    for entry in found["outcomes"]:
        if entry["counts"] is None:
            continue
        event, able = f"outcome_{entry['outcome']}", f"eligible_{entry['outcome']}"
        standing = {
            "events": f"{able} AND {event}",
            "without": f"{able} AND NOT {event}",
            "not_recorded": f"{able} IS NULL OR ({able} AND {event} IS NULL)",
            "not_eligible": f"NOT {able}",
        }
        for arm, where in arms.items():
            own = entry["counts"][arm]
            for name, condition in standing.items():
                shown(own[name], f"{where} AND ({condition})")
            # What two of them make together is known as well.
            recorded = f"{where} AND {able} AND {event} IS NOT NULL"
            sets.append(members(recorded))
            if "came" in own:
                shown(own["came"], f"{recorded} AND cit_came")
    return sets


def nothing_small(sets: list[frozenset[str]]) -> None:
    """No set is small, and none lies in another but for a few: the difference would be one."""
    for own in set(sets):
        assert not 0 < len(own) < 11
    for a, b in itertools.combinations(set(sets), 2):
        if a < b or b < a:
            assert not 0 < len(a ^ b) < 11


def check_store(snapshot: Snapshot) -> int:
    """Check every partial that a store gives, alone and beside the others; return how many counts."""
    sets: list[frozenset[str]] = []
    for period in release.public_periods(snapshot):
        dates = {} if period.id == "all" else {"start": period.start, "end": period.end}
        made = partial(ask(list(OUTCOMES), **dates), snapshot)
        content = partials.text(made)
        for (key,) in (
            snapshot.cursor()
            .execute(
                "SELECT DISTINCT unnest([contact_id, person_key, officer_key]) FROM encounters"
            )
            .fetchall()
        ):
            assert key is None or key not in content
        for word in ("KONTAKT", "PERSON", "officer_key", "person_key"):
            assert word not in content
        sets += published_sets(made, snapshot)
        parse(content.encode(), "file")
    nothing_small(sets)
    return len(sets)


@pytest.mark.parametrize("seed", range(3))
def test_no_person_and_no_small_count_can_be_read_from_a_partial(seed: int, tmp_path: Path) -> None:
    check_store(random_agency(tmp_path, seed))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 120))
def test_nor_from_any_of_many_agencies(seed: int, tmp_path: Path) -> None:
    check_store(random_agency(tmp_path, seed))


def test_the_check_can_fail() -> None:
    few, most, all_ = (
        frozenset("abc"),
        frozenset(map(str, range(20))),
        frozenset(map(str, range(25))),
    )
    for bad in ([few], [most, all_]):
        with pytest.raises(AssertionError):
            nothing_small(bad)


def test_an_agency_with_officers_shows_none_of_them(
    found: dict[str, Any], agency: Snapshot
) -> None:
    nothing_small(published_sets(found, agency))
    force = next(o for o in found["outcomes"] if o["outcome"] == "force")
    assert force["standing"] == "counts" and force["estimate"]["precision"] == "rounded"
    officers = (
        agency.cursor().execute("SELECT DISTINCT officer_key FROM contact_officers").fetchall()
    )
    content = partials.text(found)
    assert len(officers) == 40 and not any(key in content for (key,) in officers)
    assert "BADGE" not in content


@pytest.mark.slow
def test_a_simulated_agency_shows_counts_that_hold_up(tmp_path: Path) -> None:
    snapshot = Store(simulated_store(tmp_path, 4_000)).current()
    made = partial(ask(), snapshot)
    sets = published_sets(made, snapshot)
    assert len(sets) > 10
    nothing_small(sets)
    assert made["response"]["percent"] is not None and made["coverage"]["days_percent"] is not None


def test_the_same_store_and_question_give_the_same_bytes(
    found: dict[str, Any], agency: Snapshot
) -> None:
    assert partials.text(partial(ask(), agency, "rural")) == partials.text(found)


def test_a_partial_says_what_a_pool_needs(found: dict[str, Any], agency: Snapshot) -> None:
    read = parse(partials.text(found).encode(), "file")
    assert read.setting == "rural" and not read.simulated
    assert read.force_threshold == "control_hold_or_above"
    assert read.question == ask()
    assert read.data == found["data_sha256"]
    assert read.response is None and read.days is None and read.contacts is not None
    assert found["definitions"]["outcomes"]["force"]["definition"]
    assert read.fingerprint == signing.fingerprint(found["signature"]["public_key"])
    assert json.loads(partials.text(found)) == found


def changes() -> list[tuple[tuple[Any, ...], Any]]:
    return [
        (("agency", "name"), "Another"),
        (("agency", "force_reporting_threshold"), "display_or_above"),
        (("outcomes", 0, "estimate", "risk_difference", "estimate"), 0.5),
        (("contacts", "cit"), 5),
        (("registry_sha256",), "0" * 64),
        (("signature", "value"), "00" * 64),
        (("signature", "public_key"), "11" * 32),
        (("signature", "public_key"), "not hexadecimal"),
    ]


@pytest.mark.parametrize(("place", "value"), changes(), ids=lambda p: str(p)[:40])
def test_a_change_shows(place: tuple[Any, ...], value: Any, found: dict[str, Any]) -> None:
    changed = json.loads(json.dumps(found))
    inner = changed
    for step in place[:-1]:
        inner = inner[step]
    inner[place[-1]] = value
    with pytest.raises(UserError, match=r"file\.json: the signature does not hold"):
        parse(json.dumps(changed).encode(), "file.json")


@pytest.mark.parametrize(
    "content",
    [b"", b"{}", b"[]", b"null", b"\xff\xfe", b'{"kind": "cit-outcomes partial"}', b"[" * 20_000],
)
def test_what_is_no_partial_is_refused_in_one_line(content: bytes) -> None:
    with pytest.raises(UserError, match="not a partial") as caught:
        parse(content, "x.json")
    assert "\n" not in str(caught.value)


def test_only_the_fixed_questions_are_answered(agency: Snapshot) -> None:
    for question in (
        ask(where={"district": ["North"]}),
        ask(exposure="arrived"),
        ask(adjust=["district"]),
    ):
        with pytest.raises(UserError, match="public access takes"):
            partial(question, agency)
    with pytest.raises(UserError, match="--setting"):
        partial(ask(), agency, "lunar")


def test_a_lower_threshold_gives_no_partial(tmp_path: Path) -> None:
    snapshot = make_snapshot(tmp_path, (60, 60), (20, 20))
    (tmp_path / "store" / "settings.toml").write_text("public_threshold = 5\n")
    with pytest.raises(UserError, match="public_threshold is 5"):
        partial(ask(), snapshot)


def test_few_events_are_withheld_and_say_only_that(tmp_path: Path) -> None:
    snapshot = make_snapshot(tmp_path, (60, 60), (4, 30), unassigned=20)
    entry = partial(ask(["force"]), snapshot)["outcomes"][0]
    assert entry["standing"] == "withheld"
    assert entry["counts"] is None and entry["estimate"] is None
    assert entry["reason"] == "too few to publish without identifying someone"


@pytest.mark.parametrize("precision", [EXACT, ROUNDED, COARSE])
def test_rounding_stays_within_what_it_says(precision: str) -> None:
    rng = random.Random(5)
    for _ in range(300):
        se = 10 ** rng.uniform(-5, 1)
        own = Contrast(rng.gauss(0, 3 * se), se, 10 ** rng.uniform(0.7, 3))
        given = partials._given(own, precision)
        assert abs(given["estimate"] - own.estimate) <= given["estimate_within"] * (1 + 1e-6)
        assert abs(given["se"] - own.se) <= given["se_within"] * (1 + 1e-6)
        if precision == COARSE:
            assert 0.0004 * se < given["estimate_within"] <= 0.006 * se
