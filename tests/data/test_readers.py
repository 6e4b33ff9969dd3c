"""Every way an export may be written is read as the same rows."""

from __future__ import annotations

import datetime
import gzip
from pathlib import Path

import duckdb
import pytest

from data.errors import UserError
from tests.data.exports import HEADER, changed, column, load, row, rows_of, text, write

ROWS = [row(1, Area="Nord"), row(2, CIT="Y"), row(3, Force="X"), row(3, Force="X")]
PLAIN = text(ROWS)


def _bytes(kind: str) -> bytes:
    return {
        "plain": PLAIN.encode(),
        "gzip": gzip.compress(PLAIN.encode()),
        "bom": b"\xef\xbb\xbf" + PLAIN.encode(),
        "bom_quoted": b"\xef\xbb\xbf" + text(ROWS, quoting=1).encode(),
        "crlf": PLAIN.replace("\n", "\r\n").encode(),
        "mixed_line_ends": PLAIN.replace("\n", "\r\n", 2).encode(),
        "cr": PLAIN.replace("\n", "\r").encode(),
        "semicolon": text(ROWS, delimiter=";").encode(),
        "tab": text(ROWS, delimiter="\t").encode(),
        "pipe": text(ROWS, delimiter="|").encode(),
        "no_last_line_end": PLAIN.rstrip("\n").encode(),
        "blank_lines": PLAIN.replace("\n", "\n\n").encode() + b",,,,,,,,\n , ,,,,,,,\n\n",
        "padded": PLAIN.replace(",", "  , \t").encode(),
        "no_break_spaces": PLAIN.replace(",", "\u00a0,").encode(),
        "trailing_delimiter": PLAIN.replace("\n", ",\n").encode(),
    }[kind]


@pytest.mark.parametrize(
    "kind",
    [
        "plain",
        "gzip",
        "bom",
        "bom_quoted",
        "crlf",
        "mixed_line_ends",
        "cr",
        "semicolon",
        "tab",
        "pipe",
        "no_last_line_end",
        "blank_lines",
        "padded",
        "no_break_spaces",
        "trailing_delimiter",
    ],
)
def test_a_csv_is_read_however_it_is_written(tmp_path: Path, kind: str) -> None:
    path = tmp_path / ("export.csv.gz" if kind == "gzip" else "export.csv")
    path.write_bytes(_bytes(kind))
    report, store = load(tmp_path, path)
    assert (report.rows_read, report.contacts, report.duplicates_collapsed) == (4, 3, 1)
    assert report.rejected == {} and report.unknown_values == {}
    assert column(store, "primary_officer_cit") == ["no", "yes", "no"] or set(
        column(store, "primary_officer_cit")
    ) == {"yes", "no"}
    assert sorted(column(store, "district_id")) == ["D1", "D1", "Nord"]


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
@pytest.mark.parametrize("zipped", [False, True])
def test_accents_survive_either_encoding(tmp_path: Path, encoding: str, zipped: bool) -> None:
    data = text([row(1, Area="Peñasco"), row(2, Area="Zürich")]).encode(encoding)
    path = tmp_path / "export.csv"
    path.write_bytes(gzip.compress(data) if zipped else data)
    _, store = load(tmp_path, path)
    assert sorted(column(store, "district_id")) == ["Peñasco", "Zürich"]


def test_a_file_that_ends_inside_a_character_is_not_taken_for_utf8(tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    path.write_bytes(text([row(1)]).encode().rstrip(b"\n") + b"\xc3")
    report, _ = load(tmp_path, path)  # Latin-1: the byte is a letter of the badge number
    assert report.contacts == 1


def test_quoted_line_breaks_and_delimiters_stay_inside_their_value(tmp_path: Path) -> None:
    _, store = load(tmp_path, [row(1, Area='a\nb, "c"'), row(2, Area="x")])
    assert sorted(column(store, "district_id")) == ['a\nb, "c"', "x"]


def test_the_header_repeated_inside_the_data_is_skipped_and_counted(tmp_path: Path) -> None:
    rows = [HEADER, row(1), HEADER, HEADER, row(2), row(2)]
    report, store = load(tmp_path, rows)
    assert (report.rows_read, report.contacts, report.repeated_headers) == (3, 2, 3)
    assert (report.duplicates_collapsed, report.rejected) == (1, {})
    assert rows_of(store, "SELECT repeated_headers FROM loads") == [(3,)]


def test_a_value_like_its_own_header_is_a_value(tmp_path: Path) -> None:
    raw = changed(contacts__columns__force_used__map={"Force": "yes"})
    report, store = load(tmp_path, [row(1, Force="Force"), row(2)], raw)
    assert sorted(column(store, "force_used")) == ["no", "yes"]
    assert report.repeated_headers == 0


def test_lines_that_cannot_be_read_are_rejected_with_their_row(tmp_path: Path) -> None:
    lines = text([row(i) for i in range(1, 101)]).splitlines()
    lines[40] += ",too,many"
    lines[60] = "60,2024-03-05"
    path = tmp_path / "export.csv"
    path.write_text("\n".join(lines))
    report, store = load(tmp_path, path)
    assert (report.rows_read, report.contacts) == (100, 98)
    assert report.rejected == {"too few columns": 1, "too many columns": 1}
    assert rows_of(
        store, "SELECT file, row_number, reason, row_hash FROM rejected ORDER BY row_number"
    ) == [("export.csv", 40, "too many columns", None), ("export.csv", 60, "too few columns", None)]


def test_row_numbers_count_the_lines_that_could_not_be_read(tmp_path: Path) -> None:
    lines = text([row(i) for i in range(1, 101)]).splitlines()
    lines[10] = "10"
    lines[50] = lines[50].replace("2024-03-05", "2024-02-31")
    path = tmp_path / "export.csv"
    path.write_text("\n".join(lines))
    _, store = load(tmp_path, path)
    assert rows_of(store, "SELECT row_number, reason FROM rejected ORDER BY 1") == [
        (10, "too few columns"),
        (50, "not a date or time"),
    ]


def test_rows_that_an_open_quote_swallows_are_counted(tmp_path: Path) -> None:
    lines = text([row(i) for i in range(1, 101)]).splitlines()
    lines[99] = lines[99].replace(",D1,", ',"D1,')  # to the end: two rows
    path = tmp_path / "export.csv"
    path.write_text("\n".join(lines) + "\n")
    report, _ = load(tmp_path, path)
    assert (report.rows_read, report.contacts) == (100, 98)
    assert report.rejected == {"a quote is not closed": 2}


def test_an_open_quote_that_swallows_most_of_a_file_is_refused(tmp_path: Path) -> None:
    lines = text([row(i) for i in range(1, 2001)]).splitlines()
    lines[20] = lines[20].replace(",D1,", ',"D1,')
    path = tmp_path / "export.csv"
    path.write_text("\n".join(lines) + "\n")
    with pytest.raises(UserError, match=r"export.csv row 20: a quote is not closed"):
        load(tmp_path, path)


@pytest.mark.parametrize("name", ["export[1].csv", "export*.csv", "year=2024/export.csv", "a?.csv"])
def test_a_path_stands_for_itself(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    write(path, [row(1)])
    write(tmp_path / "export1.csv", [row(2), row(3)])
    report, _ = load(tmp_path, path)
    assert report.contacts == 1


def test_several_files_are_one_export(tmp_path: Path) -> None:
    one = write(tmp_path / "one.csv", [row(1), row(2, "2024-03-06 10:00", CIT="N")])
    other_order = [list(reversed(r)) for r in [row(2, "2024-03-06 10:00", CIT="Y"), row(3)]]
    two = tmp_path / "two.csv"
    write(two, other_order, list(reversed(HEADER)))
    report, store = load(tmp_path, [one, two])
    assert (report.rows_read, report.contacts) == (4, 3)
    assert report.conflicts == {"primary_officer_cit": 1}
    assert rows_of(store, "SELECT files, len(file_sha256) FROM loads") == [
        (["one.csv", "two.csv"], 2)
    ]


def test_a_file_of_several_that_lacks_a_column_is_refused(tmp_path: Path) -> None:
    one = write(tmp_path / "one.csv", [row(1)])
    two = write(tmp_path / "two.csv", [row(2)[:-1]], HEADER[:-1])
    with pytest.raises(UserError, match=r"two.csv: no column 'Badge'"):
        load(tmp_path, [one, two])


def _typed(path: Path) -> None:
    with duckdb.connect() as con:
        con.execute(
            "CREATE TABLE t AS SELECT * FROM (VALUES"
            " (1, TIMESTAMP '2024-03-05 14:30', 'D1', 'WELFARE', 'Y', 'X', TRUE, 'Hold', 7497.0),"
            " (2, NULL, 'D2', 'WELFARE', 'N', NULL, NULL, 'Hold', 'nan'::DOUBLE),"
            " (3, TIMESTAMP '2024-03-05 14:30', 'D2', 'WELFARE', 'N', NULL, TRUE, 'Hold', 7497.0)"
            ') t("Form", "When", "Area", "Call", "CIT", "Force", "Signed",'
            ' "Outcome", "Badge")'
        )
        con.execute(f"COPY (FROM t WHERE \"When\" IS NOT NULL) TO '{path}'")


def test_typed_parquet_gives_the_keys_a_csv_would(tmp_path: Path) -> None:
    path = tmp_path / "k=v" / "export.parquet"
    path.parent.mkdir()
    _typed(path)
    report, store = load(tmp_path, path)
    assert (report.contacts, report.rejected, report.unused_columns) == (2, {}, [])
    from_parquet = rows_of(store, "SELECT DISTINCT officer_key FROM contact_officers")
    load(tmp_path, [row(9)])  # badge 7497 as text
    assert rows_of(store, "SELECT DISTINCT officer_key FROM contact_officers") == from_parquet


ODD_TIMES = [
    "2024-03-05 14:30:15",
    "2024-07-01 03:59:00.5",
    "2024-03-10 02:30:00",  # in the hour that daylight saving leaves out
    "0001-01-01 00:00:00",  # what a load marks bad times with
    "0002-01-01 00:00:00",
    "1901-01-01 00:00:00",
    "2901-01-01 00:00:00",
    "",
]


@pytest.mark.parametrize("kinds", [["TIMESTAMP"], ["VARCHAR"], ["TIMESTAMP", "VARCHAR"], ["DATE"]])
@pytest.mark.parametrize("clock", ["local", "utc"])
def test_what_is_a_time_already_is_read_as_its_text_would_be(
    tmp_path: Path, kinds: list[str], clock: str
) -> None:
    raw = changed(mapping__not_recorded=[], mapping__clock=clock)
    raw["contacts"]["columns"]["shift_id"] = {"from": "When", "hours": {"a": "06-18", "b": "18-06"}}
    times = [*ODD_TIMES, *(f"2023-05-{1 + i % 28:02} {i % 24:02}:15:00" for i in range(1_200))]
    read = {}
    for form in ("csv", "parquet"):
        folder = tmp_path / form
        folder.mkdir()
        files = []
        for number, kind in enumerate(kinds):
            when = [t[:10] if kind == "DATE" else t for t in times]
            plain = write(
                folder / f"{number}.csv", [row(f"{number}-{i}", t) for i, t in enumerate(when)]
            )
            files.append(plain.with_suffix(f".{form}"))
            if form == "parquet":
                with duckdb.connect() as con:
                    con.execute(
                        f'COPY (SELECT * REPLACE (CAST("When" AS {kind}) AS "When")'
                        f" FROM read_csv('{plain}', all_varchar = true)) TO '{files[-1]}'"
                    )
        report, store = load(folder, files, raw)
        sql = "SELECT contact_at, shift_id, contact_at_basis, count(*) FROM contacts GROUP BY ALL ORDER BY ALL"
        read[form] = report.rejected, report.unknown_values, rows_of(store, sql)
    assert read["parquet"] == read["csv"]
    assert sum(read["csv"][0].values()) == 5 * len(kinds)


def test_typed_booleans_and_instants(tmp_path: Path) -> None:
    path = tmp_path / "contacts.parquet"
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'Asia/Tokyo'")
        con.execute(
            "COPY (SELECT 'TEST' AS agency_id, 'A-1' AS contact_id,"
            " TIMESTAMPTZ '2024-07-01 03:00:00+00' AS contact_at, TRUE AS force_used,"
            f" FALSE AS cit_arrived, NULL::BOOLEAN AS warrant) TO '{path}'"
        )
    agencies = tmp_path / "agencies.csv"
    agencies.write_text("agency_id,time_zone\nTEST,America/Denver\n")
    from data import ingest, mapping
    from data.store import Store

    store = Store(tmp_path / "store")
    ingest.load(store, [path, agencies], mapping.read("canonical"))
    assert rows_of(store, "SELECT contact_at, force_used, cit_arrived, warrant FROM contacts") == [
        (datetime.datetime(2024, 6, 30, 21, 0), "yes", "no", None)
    ]


def test_excel(tmp_path: Path) -> None:
    openpyxl = pytest.importorskip("openpyxl", reason="openpyxl makes the Excel file")
    book = openpyxl.Workbook()
    book.active.append(["nothing", "here"])
    sheet = book.create_sheet("Crisis")
    sheet.append([*HEADER, None])
    when = datetime.datetime(2024, 3, 5, 14, 30)
    for form, force in ((1, "X"), (2, None)):
        sheet.append([form, when, "D1", "WELFARE", "Y", force, 1, "Hold", 7497])
    sheet.append([None] * 9)
    path = tmp_path / "export.xlsx"
    book.save(path)
    report, store = load(tmp_path, path, changed(file={"sheet": "Crisis"}))
    assert (report.rows_read, report.contacts, report.rejected) == (2, 2, {})
    assert set(column(store, "contact_at")) == {"2024-03-05 14:30:00"}
    assert sorted(column(store, "force_used")) == ["no", "yes"]
    with pytest.raises(UserError, match="has no sheet of that name"):
        load(tmp_path, path, changed(file={"sheet": "Absent"}))
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(UserError, match="Excel file cannot be read"):
        load(tmp_path, path)
