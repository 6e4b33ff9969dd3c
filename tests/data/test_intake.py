"""Uploads, guesses and mappings of the Load page's intake layer."""

from __future__ import annotations

import csv
import gzip
import io
import os
import stat
import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from data import ingest, mapping
from data.errors import UserError
from data.identifying import identifies
from data.intake import draft, profile, recognise, suggest, uploads
from data.intake.clean import clean
from data.store import Store
from tests.data import exports

SECRET = "Wrzesniewski"
HEADER = ["Form", "Subject Name", "When", "CIT", "DOB", "Force", "Call", "Badge", "Remarks"]


def rows(n: int = 60) -> list[list[str]]:
    return [
        [
            f"F{i:04d}",
            f"{SECRET}, Ann {i}",
            f"2024-{i % 12 + 1:02d}-{i % 28 + 1:02d} {i % 24:02d}:15",
            "YN"[i % 2],
            "01/02/1970",
            "Y" if i % 10 == 0 else "N",
            ("SUICIDAL PERSON", "WELFARE CHECK", "FIGHT (NO WEAPONS)")[i % 3],
            str(100 + i % 40),
            f"said that {SECRET} was there",
        ]
        for i in range(n)
    ]


def as_csv(data: list[list[str]], header: list[str] | None = None) -> bytes:
    return exports.text(data, header or HEADER).encode()


def take(store: Store, content: bytes, name: str = "export.csv") -> uploads.Upload:
    return uploads.receive(store, [(name, io.BytesIO(content))], "tester")


def every_byte(root: Path) -> bytes:
    return b"".join(p.read_bytes() for p in root.rglob("*") if p.is_file())


def cleaned(tmp_path: Path, content: bytes, name: str = "export.csv") -> list[list[str]]:
    out = tmp_path / "out.csv"
    clean(io.BytesIO(content), name, out)
    with out.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def test_no_identifying_value_is_written(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    upload = take(store, as_csv(rows()))
    assert upload.dropped == ("Subject Name", "DOB", "Remarks")
    assert upload.header == ("Form", "When", "CIT", "Force", "Call", "Badge")
    assert upload.rows == 60
    profile.profiles(upload)
    written = every_byte(store.root)
    assert b"F0007" in written
    assert SECRET.encode() not in written
    assert b"1970" not in written


@pytest.mark.skipif(os.name == "nt", reason="modes of files")
def test_only_the_owner_reads_an_upload(tmp_path: Path) -> None:
    upload = take(Store(tmp_path / "store"), as_csv(rows()))
    profile.profiles(upload)
    assert stat.S_IMODE(upload.folder.parent.stat().st_mode) == 0o700
    for path in [upload.folder, *upload.folder.rglob("*")]:
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


def test_every_kind_of_file_gives_the_same_rows(tmp_path: Path) -> None:
    data = rows(30)
    frame = pd.DataFrame(data, columns=HEADER)
    excel, parquet = io.BytesIO(), io.BytesIO()
    frame.to_excel(excel, index=False)
    frame.to_parquet(parquet)
    text = as_csv(data)
    found = [
        cleaned(tmp_path / f"{n}", content, name)
        for n, (name, content) in enumerate(
            {
                "a.csv": text,
                "a.csv.gz": gzip.compress(text),
                "bom.csv": b"\xef\xbb\xbf" + text,
                "semicolon.csv": exports.text(data, HEADER, delimiter=";").encode(),
                "a.xlsx": excel.getvalue(),
                "a.parquet": parquet.getvalue(),
            }.items()
        )
        if (tmp_path / f"{n}").mkdir() is None
    ]
    assert found[0][0] == ["Form", "When", "CIT", "Force", "Call", "Badge"]
    assert found[0][1][0] == "F0000"
    assert all(f == found[0] for f in found)


def test_numbers_with_gaps_in_parquet_stay_numbers(tmp_path: Path) -> None:
    out = io.BytesIO()
    pd.DataFrame({"Form": [7497.0, None], "When": ["2024-01-01", "2024-01-02"]}).to_parquet(out)
    assert cleaned(tmp_path, out.getvalue(), "a.parquet")[1:] == [
        ["7497", "2024-01-01"],
        ["", "2024-01-02"],
    ]


def test_unreadable_lines_keep_their_place_and_lose_their_values(tmp_path: Path) -> None:
    good = rows(4)
    lines = exports.text(good, HEADER).splitlines()
    lines[2] = f"F0001,{SECRET},2024-01-01"  # too few
    lines[3] += f",{SECRET}"  # too many
    lines.insert(2, "")  # blank: no row
    content = "\n".join([*lines, f'F9,"{SECRET}"x,2024-01-01,Y,,,,,', "F10" + "," * 8]).encode()
    found = cleaned(tmp_path, content)
    assert SECRET not in str(found)
    assert [len(r) == 6 for r in found] == [True, True, False, False, True, False, True]
    assert found[-1][0] == "F10"


def test_rejected_rows_are_those_of_the_users_file(tmp_path: Path) -> None:
    data = [exports.row(i) for i in range(40)]
    data[7][1] = "no date"
    data[11] = data[11][:4]
    header = ["Subject Name", *exports.HEADER]
    path = exports.write(tmp_path / "export.csv", [[SECRET, *r] for r in data], header)
    raw = exports.changed()
    told, direct = {}, Store(tmp_path / "direct")
    settings = "rejected_limit = 0.5\n"
    for store in (direct, Store(tmp_path / "store")):
        store.prepare()
        (store.root / "settings.toml").write_text(settings)
    ingest.load(direct, [path], mapping.parse(raw, "test.toml"))
    upload = take(store, path.read_bytes())
    read = mapping.parse(raw | {"file": {"format": "csv"}}, "test.toml")
    ingest.load(store, upload.paths, read)
    for s in (direct, store):
        told[s.root.name] = exports.rows_of(
            s, "SELECT file, row_number, reason, column_name FROM rejected ORDER BY ALL"
        )
    assert told["store"] == told["direct"]
    assert [r[1] for r in told["store"]] == [8, 12]


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.csv", b"", "the file is empty"),
        ("a.csv", b"Name,DOB,Remarks\nx,y,z\n", "every column may identify"),
        ("a.csv", b'Form,When\n1,2024-01-01\n2,"2024\n3,4\n', "row 2: a quote is not closed"),
        ("a.csv", b"\x00\x01\x02", "binary data"),
        ("a.csv", b"A,A\n1,2\n", "names 'A' twice"),
        ("a.xlsx", b"PK not really", "Excel file cannot be read"),
        ("a.parquet", b"PAR1 no", "is not a whole Parquet file"),
        ("a.csv.gz", gzip.compress(b"A,B\n" * 500, mtime=0)[:-12], "gzip file is"),
    ],
)
def test_what_cannot_be_read_is_refused_in_a_line(
    tmp_path: Path, name: str, content: bytes, says: str
) -> None:
    store = Store(tmp_path / "store")
    with pytest.raises(UserError) as error:
        take(store, content, name)
    assert says in str(error.value)
    assert "\n" not in str(error.value)
    assert uploads.listed(store) == []
    assert not list((store.root / "uploads").iterdir())


def test_names_are_only_names(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    upload = take(store, as_csv(rows(3)), "../../etc/pass\x00wd.csv")
    assert upload.paths[0].parent == upload.folder / "files"
    assert upload.files[0].name == "pass_wd.csv"
    with pytest.raises(UserError, match="two files have this name"):
        uploads.receive(store, [("a.csv", io.BytesIO(b"x")), ("b/a.csv", io.BytesIO(b"x"))], "t")
    with pytest.raises(UserError, match="this upload is gone"):
        uploads.get(store, "../../secret")


def test_uploads_go_after_a_day_and_stay_until_then(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    upload = take(store, as_csv(rows(3)))
    with store.lock():
        store.sweep()
    assert [u.id for u in uploads.listed(store)] == [upload.id]
    uploads.expire(store, datetime.now(UTC) + timedelta(hours=uploads.KEPT_HOURS - 1))
    assert upload.folder.exists()
    uploads.expire(store, datetime.now(UTC) + timedelta(hours=uploads.KEPT_HOURS + 1))
    assert not upload.folder.exists()


def test_guesses_come_from_names_and_values(tmp_path: Path) -> None:
    found = profile.profiles(take(Store(tmp_path / "store"), as_csv(rows(400))))
    guessed = {t: g.column for t, g in suggest.guesses(found).items()}
    assert guessed["contacts.contact_id"] == "Form"
    assert guessed["contacts.contact_at"] == "When"
    assert guessed["contacts.primary_officer_cit"] == "CIT"
    assert guessed["contacts.force_used"] == "Force"
    assert guessed["contacts.initial_call_group"] == "Call"
    assert guessed["contact_officers.officer_key"] == "Badge"
    # A known name whose values are no answers is no guess.
    worse = dict(found) | {"Force": profile.Profile("Force", 400, 390, 60)}
    assert "contacts.force_used" not in suggest.guesses(worse)


def test_values_are_shown_only_of_short_lists_of_codes(tmp_path: Path) -> None:
    header = ["Form", "Call", "Story", "Witness", "Officer", "Rare"]
    data = [
        [
            f"F{i}",
            ("WELFARE", "SUICIDAL")[i % 2],
            f"a long tale number {i} of what went on there",
            f"{SECRET}, Ann" if i % 2 else f"{SECRET}, Bob",
            f"Ann {SECRET}{chr(97 + i % 12)}",
            SECRET if i == 7 else "usual",
        ]
        for i in range(300)
    ]
    found = profile.profiles(take(Store(tmp_path / "store"), as_csv(data, header)))
    assert found["Call"].codes == (("SUICIDAL", 150), ("WELFARE", 150))
    assert found["Form"].codes is None
    assert found["Story"].codes is None
    assert found["Rare"].codes == (("usual", 299),)
    assert SECRET not in str(found)


@pytest.mark.parametrize(
    ("written", "formats", "clock"),
    [
        (["2024-03-05", "2024-11-30"], (), False),
        (["2024-03-05T14:30", "2024-11-30 00:00"], (), True),
        (["03/05/2024 2:30 PM", "11/30/2024 9:05 AM"], ("%m/%d/%Y %I:%M %p",), True),
        (["25.03.2024", "30.11.2024"], ("%d.%m.%Y",), False),
        (["WELFARE", "SUICIDAL"], None, False),
    ],
)
def test_dates_are_told_by_how_they_are_written(
    tmp_path: Path, written: list[str], formats: tuple[str, ...] | None, clock: bool
) -> None:
    data = [[str(i), written[i % 2]] for i in range(20)]
    found = profile.profiles(take(Store(tmp_path / "store"), as_csv(data, ["Form", "When"])))
    assert (found["When"].dates, found["When"].clock) == (formats, clock)


@pytest.mark.parametrize(
    ("target", "value", "code"),
    [
        ("contacts.origin", "TELEPHONE OTHER, NOT 911", "non_emergency_line"),
        ("contacts.initial_call_group", "FIGHT - IP (NO WEAPONS)", "disturbance"),
        ("contacts.initial_call_group", "welfare check", "welfare_check"),
        ("contacts.initial_call_group", "ZZTOP", ""),
        ("contacts.force_used", "dk", "unknown"),
        ("contacts.force_used", "maybe", ""),
        ("contacts.sex", "F", "female"),
        ("dispositions.disposition", "Voluntary Committal", "admitted_voluntary"),
        ("dispositions.disposition", "Involuntary hold", "hold_involuntary"),
    ],
)
def test_codes_are_guessed_or_left_open(target: str, value: str, code: str) -> None:
    assert suggest.values(target, [value]) == {value: code}


def test_a_draft_is_the_toml_that_the_command_line_takes(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    upload = take(store, as_csv(rows(400)))
    found = profile.profiles(upload)
    made = draft.start(upload, found, {"agency_id": "TEST"})
    draft.means(made, "contacts.force_used", "Y", "unknown")
    assert "contacts.force_used" not in made.guessed
    assert "contacts.primary_officer_cit" in made.guessed
    draft.choose(made, found, "contacts.cit_arrived", "CIT")
    draft.proved_by(made, "contacts.cit_arrived", "Badge")
    assert mapping.parse(tomllib.loads(made.text()), "x.toml") == made.mapping()
    draft.keep(upload, made)
    assert draft.kept(upload) == made
    path = mapping.save(store.root, "ours", made.text())
    assert mapping.read("ours", store.root) == mapping.read(str(path))
    assert mapping.names(store.root)[-1] == "ours"
    report = ingest.load(store, upload.paths, mapping.read("ours", store.root))
    assert report.contacts == 400
    assert exports.count(store, "contacts", "force_used = 'unknown'") == 40


@pytest.mark.parametrize("name", mapping.names())
def test_shipped_mappings_survive_being_written(name: str, tmp_path: Path) -> None:
    import tomli_w

    again = tomllib.loads(tomli_w.dumps(mapping.raw(name)))
    assert mapping.parse(again, f"{name}.toml") == mapping.read(name)


def test_saved_mappings_never_stand_for_shipped_ones(tmp_path: Path) -> None:
    text = draft.Draft(exports.changed()).text()
    for name, says in (("seattle", "mapping of the product"), ("../x", "may hold letters")):
        with pytest.raises(UserError, match=says):
            mapping.save(tmp_path, name, text)
    with pytest.raises(UserError, match=r"\[contacts\] table is needed"):
        mapping.save(tmp_path, "mine", "[mapping]\nkey = 'x'\n")
    assert not (tmp_path / "mappings" / "mine.toml").exists()
    with pytest.raises(UserError, match="there is no mapping 'mine'"):
        mapping.read("mine", tmp_path)


def test_the_mapping_that_fits_comes_first(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    upload = take(store, exports.text([exports.row(1)]).encode())
    mapping.save(store.root, "ours", draft.Draft(exports.changed(mapping__name="ours")).text())
    best, *others = recognise.fits(upload, store.root)
    assert (best.name, best.saved, best.usable) == ("ours", True, True)
    assert best.there == best.reads
    assert not any(f.usable for f in others)
    assert "cannot do without" in next(f for f in others if f.name == "seattle").why


def test_the_synonyms_are_of_our_columns_and_never_identify() -> None:
    from data.intake import synonyms

    known = {suggest.reference(c) for c in suggest.targets()}
    assert set(synonyms.NAMES) | set(synonyms.CODES) | set(synonyms.LETTERS) <= known
    for target, names in synonyms.NAMES.items():
        assert not [n for n in names if identifies(n)], target
    for target in {*synonyms.CODES, *synonyms.LETTERS}:
        table, name = target.split(".")
        allowed = set(mapping.importable_tables()[table].column(name).values)
        codes = {c for _, c in synonyms.CODES.get(target, ())}
        assert codes | set(synonyms.LETTERS.get(target, {}).values()) <= allowed, target


def test_duckdb_writes_nothing_beside_the_upload(tmp_path: Path) -> None:
    """The profile reads whole columns: what does not fit in memory must not spill."""
    upload = take(Store(tmp_path / "store"), as_csv(rows(50)))
    profile.profiles(upload)
    assert {p.name for p in upload.folder.iterdir()} == {"files", "upload.json", "profile.json"}
