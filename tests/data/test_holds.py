"""The agency's own list of legal holds, and what the records themselves hold."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from data import holds, keys
from data.__main__ import parser
from data.cli import run
from data.errors import UserError
from data.roles import Role
from data.store import Store
from tests.data.test_outcome_tables import load

CONTACTS = (
    "contact_id,incident_id,person_key,contact_at;"
    + ";".join(f"C-{i},I-{i},P-{i % 3},2024-03-{i:02d} 10:00" for i in range(1, 10))
    + ";C-10,I-9,P-7,2024-03-10 10:00"
)
CLAIMS = "claim_id,contact_id,incident_id,resolution,privileged;"


def numbers(folder: Path, *lines: str) -> Path:
    path = folder / "numbers.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A store of ten contacts without anything that holds one of them."""
    return load(tmp_path_factory.mktemp("plain"), contacts=CONTACTS)[1]


def test_the_records_hold_what_only_a_no_lets_go(tmp_path: Path) -> None:
    critical = (
        "critical_id,contact_id,kind,legal_hold;E1,C-1,officer_death,yes;E2,C-2,officer_death,unknown;"
        "E3,C-3,officer_death,;E4,C-4,officer_death,no;E5,,officer_death,yes"
    )
    claims = CLAIMS + ";".join(
        [
            "L1,C-1,,open,no",  # held already for another reason: counted there
            "L2,C-5,,,no",
            "L3,,I-9,open,no",  # both contacts of the incident
            "L4,C-6,,settled,no",
            "L5,C-7,,settled,no",  # reopened by its last valuation
            "L6,C-8,,open,yes",
            "L7,,,open,no",
        ]
    )
    valuations = (
        "claim_id,valued_on,paid_loss,status;L4,2024-06-30,1,reopened;L4,2024-12-31,1,closed;"
        "L5,2024-06-30,1,closed;L5,2024-12-31,1,reopened"
    )
    _, store = load(
        tmp_path,
        contacts=CONTACTS,
        critical_events=critical,
        claims=claims,
        claim_valuations=valuations,
    )
    public = {holds.CRITICAL: 1, holds.CRITICAL_UNKNOWN: 2, holds.CLAIM: 4}
    assert holds.counts(store.current()) == public
    assert holds.counts(store.current(), role=Role.ANALYST) == public
    told = holds.counts(store.current(), role=Role.ATTORNEY)
    assert told == {**public, holds.PRIVILEGED: 1}


def test_a_claim_that_may_be_privileged_is_not_told(tmp_path: Path) -> None:
    claims = CLAIMS + "L1,C-1,,open,;L2,C-2,,open,unknown"
    _, store = load(tmp_path, contacts=CONTACTS, claims=claims)
    assert holds.counts(store.current()) == {}
    assert holds.counts(store.current(), role=Role.ADMINISTRATOR) == {holds.PRIVILEGED: 2}


def test_the_list_holds_contacts_incidents_and_people(plain: Store, tmp_path: Path) -> None:
    path = plain.root / holds.LIST
    try:
        change = holds.add(
            plain,
            numbers(
                tmp_path,
                "contact_id,incident_id,person_key,reason",
                "C-1,,,lawsuit",
                ",I-9,,",
                ",,P-2,ia_inquiry",
                "C-99,,,",
            ),
        )
        assert (change.changed, change.without_effect, change.not_in_use) == (4, 0, 1)
        assert holds.summary(plain) == {
            holds.LISTED: 2,
            f"{holds.LISTED}: ia_inquiry": 1,
            f"{holds.LISTED}: lawsuit": 1,
        }
        # P-2 has C-2, C-5, C-8; I-9 has C-9 and C-10.
        assert holds.counts(plain.current()) == {
            holds.LISTED: 2,
            f"{holds.LISTED}: ia_inquiry": 3,
            f"{holds.LISTED}: lawsuit": 1,
        }
        text = path.read_text()
        assert path.stat().st_mode & 0o777 == 0o600
        assert "C-1" not in text and "I-9" not in text and "P-2" not in text
        key = keys.hashed(plain.current(), "contact", "TEST", ["C-1"])["C-1"]
        assert key in text and f"{datetime.now(UTC):%Y-%m-%d}" in text

        again = holds.add(plain, numbers(tmp_path, "contact_id,reason", "C-1,appeal"))
        assert (again.changed, again.without_effect) == (0, 1)
        assert f"{holds.LISTED}: appeal" in holds.summary(plain)
        off = holds.release(plain, numbers(tmp_path, "contact_id", "C-1", "C-2"))
        assert (off.changed, off.without_effect) == (1, 1)
        assert key not in path.read_text()
    finally:
        path.unlink(missing_ok=True)


def test_the_first_day_of_a_hold_stays(plain: Store, tmp_path: Path) -> None:
    path = plain.root / holds.LIST
    try:
        holds.add(plain, numbers(tmp_path, "contact_id", "C-1"))
        raw = json.loads(path.read_text())
        raw["held"][0]["since"] = "2020-01-02"
        path.write_text(json.dumps(raw))
        holds.add(plain, numbers(tmp_path, "contact_id", "C-1"))
        assert holds.listed(plain)[0].since.isoformat() == "2020-01-02"
    finally:
        path.unlink(missing_ok=True)


def test_a_reason_is_a_code_and_never_repeated_in_an_error(plain: Store, tmp_path: Path) -> None:
    for reason in ("Mr Smith sues", "case 17", "x" * 21, "2024-1"):
        with pytest.raises(UserError, match="row 2: reason must be a short code") as error:
            holds.add(plain, numbers(tmp_path, "contact_id,reason", "C-1,", f"C-2,{reason}"))
        assert reason not in str(error.value)
    assert not (plain.root / holds.LIST).exists()


def test_a_damaged_list_is_never_taken_for_an_empty_one(plain: Store, tmp_path: Path) -> None:
    path = plain.root / holds.LIST
    try:
        for text in ("", "{}", '{"held": [{"keys": 3}]}', "[1]"):
            path.write_text(text)
            with pytest.raises(UserError, match="restore it from a backup"):
                holds.counts(plain.current())
            with pytest.raises(UserError, match="restore it from a backup"):
                holds.add(plain, numbers(tmp_path, "contact_id", "C-1"))
    finally:
        path.unlink(missing_ok=True)


def test_a_disk_that_fails_changes_nothing(
    plain: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: object, target: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(UserError, match="No space left"):
        holds.add(plain, numbers(tmp_path, "contact_id", "C-1"))
    assert not (plain.root / holds.LIST).exists()
    assert not list(plain.root.glob(".private-*"))


def test_a_snapshot_of_an_earlier_edition_holds_what_its_list_says(
    plain: Store, tmp_path: Path
) -> None:
    old = Store(tmp_path / "store")
    old.prepare()
    id_ = plain.current().id
    path = old.path_of(id_)
    path.write_bytes(plain.current().path.read_bytes())
    (old.root / "secret").write_text(plain.secret())
    with duckdb.connect(str(path)) as con:
        for table in ("claims", "claim_valuations", "critical_events"):
            con.execute(f"DROP TABLE {table}")
    old.point_to(id_)
    assert holds.counts(old.current()) == {}
    holds.add(old, numbers(tmp_path, "incident_id", "I-1"))
    assert holds.counts(old.current()) == {holds.LISTED: 1}


def test_the_command_counts_and_never_shows_a_number(
    plain: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    named = str(numbers(tmp_path, "contact_id,reason", "C-1,lawsuit", "C-99,"))
    store = ["--store", str(plain.root)]
    run(parser(), ["hold", "--list", *store])
    assert capsys.readouterr().out == "none\n"
    run(parser(), ["hold", "--add", named, *store])
    assert capsys.readouterr().out == (
        "2 numbers added, 0 were on the list; 1 name no contact of the snapshot in use\n"
    )
    run(parser(), ["hold", "--list", *store])
    assert capsys.readouterr().out == (
        f"1 number: {holds.LISTED}\n1 number: {holds.LISTED}: lawsuit\n"
    )
    run(parser(), ["hold", "--release", named, *store])
    assert capsys.readouterr().out.startswith("2 numbers released, 0 were not on the list;")
    for arguments in ([], ["--list", "--add", named], ["--add"]):
        with pytest.raises(SystemExit) as left:
            run(parser(), ["hold", *arguments, *store])
        assert left.value.code == 2 and len(capsys.readouterr().err.splitlines()) == 1
