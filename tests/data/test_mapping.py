"""A mapping is checked in full before a row is read, and its documentation names every setting."""

from __future__ import annotations

import datetime
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from data import mapping, mapping_tables
from data.errors import UserError
from tests.data.exports import MAPPING, changed

DOCS = Path(__file__).parents[2] / "docs" / "mappings.md"
C = "contacts__columns__"
CAD = {"file": "cad", "columns": {"call_id": "Event", "incident_id": "Incident"}}


def _box(columns: dict[str, Any]) -> dict[str, Any]:
    return {"map": {"X": "yes"}, "columns": columns}


BOX = _box({"A": {"disposition": "other"}})


@pytest.mark.parametrize("name", mapping.names())
def test_shipped_mappings_are_valid(name: str) -> None:
    assert f"| `{name}` |" in DOCS.read_text(encoding="utf-8")
    assert mapping.read(name).name == name


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"mapping__key": None}, "must name the key"),
        ({"mapping__kee": "x"}, r"\[mapping\]: unknown setting 'kee'; see docs/mappings.md"),
        ({"mapping__clock": "swatch"}, "clock must be 'local' or 'utc'"),
        ({"mapping__clock": "utc", "agency__time_zone": None}, "needs time_zone"),
        ({"mapping__datetime_formats": ["%Q"]}, "is not a format"),
        ({"mapping__datetime_formats": ["%Y %z"]}, "cannot hold a zone"),
        ({"mapping__title": 5}, "title must be str"),
        ({"file__format": "pdf"}, "format must be one of"),
        ({"file__encoding": "cp1252"}, "encoding must be one of: auto, utf-8, latin-1"),
        ({"file__delimiter": "::"}, "one character"),
        ({"agency__time_zone": "Mars/Olympus"}, "is not an IANA zone"),
        ({"agency__motto": "x"}, "unknown column 'motto'"),
        ({"agency__cit_model": "some"}, "cit_model must be one of"),
        ({"agency__agency_name": 5}, "agency_name must be a text"),
        ({"weather": {}}, r"unknown table \[weather\]"),
        ({"loads": {"columns": {}}}, r"unknown table \[loads\]"),
        ({"contacts": None}, r"a \[contacts\] table is needed"),
        ({C + "contact_at": None}, "contact_at is needed"),
        ({C + "contact_id": "Form"}, "set by .mapping."),
        ({C + "load_id": "Form"}, "no canonical column 'load_id'"),
        ({C + "district_id": {"combine": "first"}}, "say where it comes from"),
        ({C + "district_id": {"from": "Area", "constant": "x"}}, "not both"),
        ({C + "district_id": {"from": "Area", "time": "When"}}, "time is for dates"),
        ({C + "district_id": 5}, "expected a table of settings"),
        ({C + "contact_at__basis": "guessed"}, "basis must be one of: occurred"),
        ({C + "priority": {"from": "Area", "map": {"a": "1"}}}, "a int column takes no value map"),
        ({C + "force_used__map": {"X": "si"}}, "'si' is not a value of force_used"),
        ({C + "force_used__form_filled": None}, "blank_means needs form_filled"),
        ({C + "force_used__combine": "max"}, "combine must be one of"),
        ({C + "force_used__combine": "set"}, "one value of it per row"),
        ({C + "district_id__combine": "any"}, "for yes/no columns"),
        ({"dispositions__columns__disposition__combine": "latest"}, "makes a row"),
        ({"contact_officers__columns__officer_key": None}, "officer_key is needed"),
        (
            {C + "district_id": {"from": "Area", "blank_means": "x", "form_filled": "Signed"}},
            "blank_means is for yes/no",
        ),
        (
            {C + "contact_at__recorded_from": datetime.date(2024, 1, 1)},
            "are for facts of a contact",
        ),
        (
            {C + "force_used__recorded_from": datetime.datetime(2024, 1, 1)},
            "recorded_from is a day",
        ),
        ({C + "shift_id": {"from": "When", "hours": {"Day": "6"}}}, "hours read '03-11'"),
        ({C + "shift_id": {"from": "When", "hours": {"Day": "6-25"}}}, "hours read '03-11'"),
        ({C + "priority": {"from": "When", "hours": {"1": "6-7"}}}, "hours is for a text column"),
        ({"mapping__never_stored": ["Area"]}, "take it out of one of the two"),
        ({C + "district_id": "Home Address"}, "may identify a person"),
        ({C + "district_id": {"from": "Area", "unpad": True}}, "unpad is for the agency's own"),
        (
            {C + "priority": {"from": "Area", "bands": {"1": "0-9"}}},
            "bands is for a column of names",
        ),
        (
            {C + "age_band": {"from": "Area", "bands": {"old": "9-99"}}},
            "'old' is not a value of age",
        ),
        ({C + "age_band": {"from": "Area", "bands": {"12_17": "17-12"}}}, "bands read '18-24'"),
        ({C + "contact_at__time_as": "hour"}, "time_as is 'hour', for a time column"),
        ({C + "district_id": {"from": "Area", "means": "D1"}}, "means is for lists of values"),
        (
            {C + "custody": {"from": "Area", "means": "jailed"}},
            "'jailed' is not a value of custody",
        ),
        (
            {C + "district_id": {"from": "Area", "lookup": "calls"}},
            "must name a table of the mapping",
        ),
        ({C + "incident_id": {"from": "Area", "lookup": "calls"}}, "not for numbers"),
        (
            {C + "district_id": {"from": "Area", "lookup": "calls"}, "calls": CAD},
            r"found by incident_id; map it in \[contacts",
        ),
        ({"contacts__leave_out": [{"from": "Area"}]}, "leave_out 1: say which rows"),
        ({"contacts__leave_out": [{"from": "SSN", "values": [""]}]}, "may identify a person"),
        ({"dispositions__boxes": BOX}, "disposition is filled by the boxes; take it out"),
        ({"contact_codes__boxes": BOX}, "a tick makes a row of contact_codes, which 'disposition'"),
        ({"contact_codes__boxes": {"map": {"X": "yes"}}}, "columns must name the boxes"),
        ({"contact_codes__boxes": BOX | {"map": {"X": "no"}}}, "what a ticked box holds: yes"),
        ({"contact_codes__boxes": _box({"DOB": {"kind": "need"}})}, "may identify a person"),
        (
            {"contact_codes__boxes": _box({"A": {"kind": "needs"}})},
            "'needs' is not a value of kind",
        ),
        ({"contact_codes__boxes": _box({"A": {"kind": "need"}})}, "code is needed"),
        (
            {"contact_codes__boxes": _box({"A": {"kind": "need"}, "B": {"code": "x"}})},
            "must fill the same columns",
        ),
        ({"contact_codes__boxes": _box({"A": "yes"})}, "must say what a tick means"),
        ({"contacts__boxes": _box({"A": {"origin": "911"}})}, "a tick makes a row of contacts"),
    ],
)
def test_a_bad_mapping_names_the_place_and_the_mending(
    changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(UserError, match=message) as caught:
        mapping.parse(changed(**changes), "test.toml")
    assert str(caught.value).startswith("test.toml")
    assert "\n" not in str(caught.value)


def test_what_a_mapping_can_say() -> None:
    parsed = mapping.parse(MAPPING, "forms.toml")
    assert (parsed.name, parsed.source, parsed.duplicates) == ("forms", "forms", None)
    columns = parsed.tables["contacts"].columns
    assert columns["force_used"].codes == ["no", "yes"]
    assert columns["district_id"].codes is None
    assert columns["district_id"].combine == "first"
    assert parsed.tables["dispositions"].columns["raw_disposition"].combine == "set"


def _settings_read() -> set[str]:
    """Every key that the parser of mappings takes from a TOML table."""
    source = "".join(Path(m.__file__).read_text() for m in (mapping, mapping_tables))
    return set(re.findall(r'\.(?:take|strings|day)\(\s*"(\w+)"', source))


def test_the_documentation_names_every_setting() -> None:
    settings = _settings_read()
    assert {"key", "blank_means", "recorded_until", "delimiter", "first_of"} <= settings
    text = DOCS.read_text(encoding="utf-8")
    assert [s for s in sorted(settings) if f"`{s}`" not in text] == []
    for how in mapping.COMBINE:
        assert f'`"{how}"`' in text


def test_the_documentation_names_no_setting_that_is_not_there() -> None:
    named = set(re.findall(r"^\| (`\w+`(?:, `\w+`)*) \|", DOCS.read_text(), re.MULTILINE))
    listed = {n for cell in named for n in re.findall(r"`(\w+)`", cell)}
    assert listed <= _settings_read() | set(mapping.names())


def test_the_worked_example_loads(tmp_path: Path) -> None:
    from data import ingest
    from data.store import Store
    from tests.data.exports import rows_of

    text = DOCS.read_text(encoding="utf-8")
    toml = re.search(r"```toml\n(.*?)```", text, re.DOTALL)
    header = re.search(r"```\n(Form No.*?)\n```", text, re.DOTALL)
    assert toml and header
    export = tmp_path / "export.csv"
    export.write_text(
        header[1].replace(", ", ",")
        + "\nF-1,C-1,03/05/2024,14:30,D1,SUICIDAL PERSON,Y,X,1,Emergency hold,77,Jane Doe\n"
        + "F-2,C-2,03/05/2024,230,D2,NOISE,U,,1,Settled there,78,John Doe\n"
    )
    parsed = mapping.parse(tomllib.loads(toml[1]), "mine.toml")
    store = Store(tmp_path / "store")
    report = ingest.load(store, [export], parsed)
    assert report.dropped_columns == ["Subject Name"]
    assert (report.unknown_values, report.unused_columns, report.rejected) == ({}, [], {})
    assert rows_of(
        store,
        "SELECT initial_call_group, cit_arrived, force_used FROM contacts ORDER BY contact_at",
    ) == [("other", "unknown", "no"), ("suicide", "yes", "yes")]
