"""What may identify a person is nowhere: not in the store, not in a report, not in an error."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from data import building
from data.errors import UserError
from data.identifying import identifies
from tests.data.exports import HEADER, changed, load, row, rows_of, write

SECRETS = ["Zyxwvut Qponmlk", "1931-07-23", "987-65-4320", "77 Quokka Lane", "narrative of woe"]
IDENTIFYING = ["Subject Name", "DOB", "SSN", "Home_Address", "CRISIS_NARRATIVE"]


def _with_people(rows: list[list[str]]) -> tuple[list[list[str]], list[str]]:
    return [r + SECRETS for r in rows], HEADER + IDENTIFYING


def _everything(folder: Path) -> bytes:
    return b"".join(
        str(p.relative_to(folder)).encode() + (p.read_bytes() if p.is_file() else b"")
        for p in folder.rglob("*")
    )


def test_identifying_columns_are_dropped_with_notice_and_stored_nowhere(tmp_path: Path) -> None:
    rows = [row(f"FORM-{i:05}", Badge=f"BADGE-{i % 50}") for i in range(400)]
    rows += [row("FORM-99999", "2024-02-31", Badge="BADGE-1")]
    people, header = _with_people(rows)
    raw = changed(mapping__never_stored=["Eye colour"])
    people = [[*r, "heliotrope"] for r in people]
    path = write(tmp_path / "export.csv", people, [*header, "Eye colour"])
    report, store = load(tmp_path, path, raw)
    assert report.dropped_columns == [*IDENTIFYING, "Eye colour"]
    assert report.unused_columns == []
    assert rows_of(store, "SELECT dropped_columns FROM loads") == [(report.dropped_columns,)]
    held = _everything(tmp_path / "store")
    assert b"Testville" in held  # the search can find what is there
    for value in [*SECRETS, "heliotrope", "FORM-00017", "FORM-99999", "BADGE-17"]:
        assert value.encode() not in held, value


def test_a_load_short_of_memory_spills_nothing_to_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect = building.connect

    def short_of_memory(*arguments: Any) -> Any:
        con = connect(*arguments)
        con.execute("SET memory_limit = '60MB'")
        con.execute("SET threads = 1")
        return con

    monkeypatch.setattr(building, "connect", short_of_memory)
    people = [[*row(f"FORM-{i:06}"), SECRETS[0] * 8] for i in range(40_000)]
    path = write(tmp_path / "export.csv", people, [*HEADER, IDENTIFYING[0]])
    written = []

    def look(stage: str) -> None:
        if (tmp_path / "store").exists():
            held = _everything(tmp_path / "store")
            written.append(SECRETS[0].encode() in held or b".tmp" in held)

    with pytest.raises(UserError, match=r"not enough memory .* nothing was published"):
        load(tmp_path, path, progress=look)
    assert written and not any(written)
    assert not list((tmp_path / "store" / "snapshots").iterdir())


def test_keys_are_hashes_that_differ_between_stores_and_kinds(tmp_path: Path) -> None:
    raw = changed(contacts__columns__incident_id="Form", contacts__columns__person_key="Form")
    stores = []
    for name in "ab":
        (tmp_path / name).mkdir()
        stores.append(load(tmp_path / name, [row(1, Badge="1")], raw)[1])
    sql = (
        "SELECT contact_id, incident_id, person_key, o.officer_key FROM contacts"
        " JOIN contact_officers o USING (agency_id, source, contact_id)"
    )
    keys = [k for s in stores for k in rows_of(s, sql)[0]]
    assert len(set(keys)) == 8 and all(len(k) == 32 for k in keys)


@pytest.mark.parametrize(
    ("looks", "values"),
    [
        ("a social security number", ["X1", "123-45-6789"]),
        ("a social security number", ["X1", "123 45 6789"]),
        ("an e-mail address", ["X1", "jd@example.org"]),
        ("a date", ["1980-02-14", "2/14/1980"]),
        ("a date", ["14.02.1980", "Feb 14, 1980"]),
        ("a date", ["19800214", "02141980"]),
        ("a name", ["Doe, Jane", "SMITH,JOHN"]),
        ("a name", ["Jane Doe", "O'Brien"]),
    ],
)
@pytest.mark.parametrize("place", ["Form", "Badge"])
def test_a_key_that_looks_like_a_person_is_refused_by_row_alone(
    tmp_path: Path, looks: str, values: list[str], place: str
) -> None:
    rows = [row("F1")] + [row(v) if place == "Form" else row("F2", Badge=v) for v in values]
    with pytest.raises(UserError) as caught:
        load(tmp_path, rows)
    message = str(caught.value)
    assert f"{place!r} is mapped as a key but looks like {looks}" in message
    assert "export.csv row " in message
    assert not any(v in message for v in values)
    assert not list((tmp_path / "store" / "snapshots").iterdir())


@pytest.mark.parametrize(
    "keys", [["20190001", "20190099", "20190230"], ["2018-417", "19-12345"], ["A", "B"], ["7497"]]
)
def test_ordinary_numbers_are_keys(tmp_path: Path, keys: list[str]) -> None:
    report, _ = load(tmp_path, [row(k) for k in keys])
    assert report.contacts == len(keys)


def test_a_few_odd_keys_are_no_reason_to_refuse_a_file(tmp_path: Path) -> None:
    rows = [row(i) for i in range(99)] + [row("Test Form")]
    report, _ = load(tmp_path, rows)
    assert report.contacts == 100


@pytest.mark.parametrize(
    "header",
    [
        "Name",
        "SUBJECT_NAME",
        "LastName",
        "First Name",
        "officer name",
        "DOB",
        "Date of Birth",
        "BirthDate",
        "SSN",
        "Home Address",
        "street",
        "Zip+4",
        "Latitude",
        "X",
        "Phone",
        "Cell Phone",
        "E-mail Email",
        "Drivers License",
        "licence no",
        "Plate",
        "VIN",
        "FBI Number",
        "MRN",
        "Medications",
        "NARRATIVE",
        "crisisNarrative",
        "Remarks",
        "Comments",
        "Notes",
        "Injury Desc",
        "CAUTION",
        "Photo",
        "signature",
        "G1",
        "REPORTED_BY_TRANS",
        "Alias",
        "Officer Year of Birth",
    ],
)
def test_headers_that_identify(header: str) -> None:
    assert identifies(header)


@pytest.mark.parametrize(
    "header",
    [
        "Template ID",
        "Officer Squad Desc",
        "Facility Name",
        "Call Type Description",
        "District Name",
        "Initial Call Type",
        "Disposition",
        "Sector",
        "Handcuffs",
        "Group Name",
        "Reported Date",
    ],
)
def test_headers_of_things_do_not(header: str) -> None:
    assert not identifies(header)


@pytest.mark.parametrize(
    "raw",
    [
        changed(mapping__key="SSN"),
        changed(contacts__columns__district_id="Home_Address"),
        changed(contacts__columns__force_used__form_filled="CRISIS_NARRATIVE"),
        changed(contacts__columns__contact_at__time="DOB"),
    ],
)
def test_a_mapping_that_names_an_identifying_column_is_refused(tmp_path: Path, raw: dict) -> None:
    people, header = _with_people([row(1)])
    path = write(tmp_path / "export.csv", people, header)
    with pytest.raises(UserError, match="may identify a person"):
        load(tmp_path, path, raw)


def test_errors_never_echo_values(tmp_path: Path) -> None:
    people, header = _with_people([row(i, "2024-02-31") for i in range(3)])
    cases = {
        "rejected": (people, header, None),
        "covers none": ([[*r[:3], *SECRETS] for r in people], [*HEADER[:3], *IDENTIFYING], None),
        "twice": (people, [*header[:-1], "DOB"], None),
    }
    for rows, names, raw in cases.values():
        path = write(tmp_path / "export.csv", rows, names)
        with pytest.raises(UserError) as caught:
            load(tmp_path, path, raw)
        assert not any(s in str(caught.value) for s in SECRETS)


def test_the_secret_is_the_owners_alone_and_outside_the_snapshots(tmp_path: Path) -> None:
    _, store = load(tmp_path, [row(1)])
    assert (store.root / "secret").stat().st_mode & 0o777 == 0o600
    assert len(store.secret()) == 64
    assert store.secret().encode() not in store.current().path.read_bytes()


def test_a_lost_secret_is_not_replaced_by_another(tmp_path: Path) -> None:
    _, store = load(tmp_path, [row(1)])
    (store.root / "secret").unlink()
    with pytest.raises(UserError, match="the store's secret is missing"):
        load(tmp_path, [row(1)])
    assert not (store.root / "secret").exists()
    (store.root / "secret").write_text("")
    with pytest.raises(UserError, match="the store's secret cannot be read"):
        load(tmp_path, [row(1)])
