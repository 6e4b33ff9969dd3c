"""The schema is the dictionary: every table and column says what it holds."""

from __future__ import annotations

import csv
from pathlib import Path

import duckdb
import pytest

from data import dictionary, mapping, schema, settings, template
from data.errors import UserError
from data.schema import parse_comment


def test_every_table_and_column_has_a_comment() -> None:
    with duckdb.connect() as con:
        schema.create(con)
        without = con.execute(
            "SELECT table_name, '' FROM duckdb_tables() WHERE comment IS NULL UNION ALL"
            " SELECT table_name, column_name FROM duckdb_columns()"
            " WHERE comment IS NULL AND schema_name = 'main' AND NOT internal"
        ).fetchall()
    assert without == []


def test_comments_are_whole() -> None:
    for table in schema.tables().values():
        assert table.meaning.endswith(".")
        for c in table.columns:
            assert c.meaning[0] == c.meaning[0].upper() and c.meaning.endswith(".")
            assert (c.type in ("enum", "tri")) == bool(c.values), f"{c.table}.{c.name}"
            assert c.when in schema.WHEN
            assert (c.sql_type.startswith("ENUM")) == (c.type == "tri")


@pytest.mark.parametrize(
    "comment", [None, "", "No codes.", "No stop [text, C, D]", "X. [text, Z, D]"]
)
def test_a_comment_without_its_codes_is_an_error(comment: str | None) -> None:
    with pytest.raises(ValueError, match="COMMENT must read"):
        parse_comment("t", "c", "VARCHAR", comment)


def test_no_canonical_column_is_named_like_a_person() -> None:
    from data.identifying import identifies

    odd = [c.name for t in schema.tables().values() for c in t.importable if identifies(c.name)]
    assert odd == []


def test_an_unknown_column_is_named() -> None:
    with pytest.raises(KeyError, match=r"no canonical column contacts\.weather"):
        schema.column("contacts.weather")


def test_the_committed_dictionary_is_what_the_source_says() -> None:
    assert dictionary.PAGE.read_text(encoding="utf-8") == dictionary.page(), (
        "run `python -m data.dictionary` and commit docs/dictionary.md"
    )


def test_templates_have_our_headers_and_a_dictionary(tmp_path: Path) -> None:
    paths = template.write(tmp_path / "out")
    assert {p.stem for p in paths} == {*mapping.importable_tables(), "dictionary"}
    with (tmp_path / "out" / "contacts.csv").open(encoding="utf-8-sig") as file:
        rows = list(csv.reader(file))
    assert len(rows) == 1 and {"agency_id", "contact_id", "contact_at", "force_used"} <= set(
        rows[0]
    )
    with (tmp_path / "out" / "dictionary.csv").open(encoding="utf-8-sig") as file:
        described = list(csv.DictReader(file))
    assert all(r["meaning"] and r["type"] and r["how to fill it"] for r in described)
    with pytest.raises(UserError, match="is already there"):
        template.write(tmp_path / "out")
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot create the folder"):
        template.write(tmp_path / "file")


def test_a_filled_template_loads(tmp_path: Path) -> None:
    from data import ingest
    from data.store import Store

    template.write(tmp_path / "out")
    path = tmp_path / "out" / "contacts.csv"
    header = path.read_text(encoding="utf-8-sig").strip().split(",")
    values = {"agency_id": "TEST", "contact_id": "C-1", "contact_at": "2024-03-05 10:00"}
    line = ",".join(values.get(h, "") for h in header)
    path.write_text(",".join(header) + "\n" + line + "\n", encoding="utf-8-sig")
    report = ingest.load(Store(tmp_path / "store"), [path], mapping.read("canonical"))
    assert (report.contacts, report.unused_columns, report.dropped_columns) == (1, [], [])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("rejected_limit = 2", "between 0 and 1"),
        ("rejected_limit = true", "must be a number"),
        ("snapshots_kept = 2.5", "must be a number"),
        ("snapshots_kept = 0", "at least 1"),
        ("snapshot_kept = 5", "unknown setting 'snapshot_kept'"),
        ("snapshots_kept = ", "not a valid TOML file"),
    ],
)
def test_bad_settings(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "settings.toml"
    path.write_text(text)
    with pytest.raises(UserError, match=message):
        settings.read(path)


def test_settings_and_their_defaults(tmp_path: Path) -> None:
    assert settings.read(tmp_path / "absent.toml") == settings.Settings(0.05, 5)
    path = tmp_path / "settings.toml"
    path.write_text("rejected_limit = 1\nsnapshots_kept = 9\n")
    assert settings.read(path) == settings.Settings(1, 9)


def test_the_columns_read_off_the_text_are_those_of_the_database() -> None:
    built = {
        name: {
            c.name: "VARCHAR" if c.sql_type.startswith("ENUM") else c.sql_type
            for c in table.columns
        }
        for name, table in schema.tables().items()
    }
    plain = {"TIMESTAMPTZ": "TIMESTAMP WITH TIME ZONE"}
    read = {
        name: {c: plain.get(kind, kind) for c, kind in columns.items()}
        for name, columns in schema.declared().items()
    }
    assert read == built
