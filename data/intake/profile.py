"""What the columns of an upload look like: how full, how many values, dates or codes.

Values are shown only of columns that are short lists of codes: never of free text, never of a number that
runs on, never of what looks like it names somebody.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

import duckdb

from data.identifying import VALUE_LOOKS_IDENTIFYING, words
from data.intake import synonyms
from data.intake.uploads import Upload, read_json, write_json
from data.readers import path_literal
from data.sql import literal, one, quote

READ = 300_000
"""Rows of each file that are looked at: enough to tell what a column is."""

MOST_CODES = 200
"""Distinct values a list of codes has at most."""
LONGEST_CODE = 80
FEWEST_EACH = 2
"""Rows a value stands in before it is shown: what stands in one row alone may be about one person."""

_DATES = (
    (
        "%m/%d/%Y %I:%M:%S %p",
        "%m/%d/%Y %I:%M %p",
        "%m/%d/%Y %H:%M:%S",
        "%m/%d/%Y %H:%M",
        "%m/%d/%Y",
    ),
    ("%d/%m/%Y %H:%M:%S", "%d/%m/%Y %H:%M", "%d/%m/%Y"),
    ("%d.%m.%Y %H:%M", "%d.%m.%Y"),
    ("%Y%m%d",),
    ("%d-%b-%Y", "%d-%b-%y"),
)
_PEOPLE = {"officer", "subject", "person", "employee", "supervisor", "reporter", "by", "who"}
_NAME = r"^[A-Za-z'’-]+, ?[A-Za-z'’-]+( [A-Za-z'’.-]+)*$"


@dataclass(frozen=True)
class Profile:
    """One column: its name, filled rows, distinct values (about), and what the values look like.

    ``dates`` holds the formats that read its values, empty where none is needed, None where they are no
    dates; ``clock`` says that they hold a time of day, ``times`` that they are one. ``codes`` holds (value,
    rows) of a list of codes, the most frequent first, else None.
    """

    name: str
    filled: int
    distinct: int
    longest: int
    dates: tuple[str, ...] | None = None
    times: bool = False
    clock: bool = False
    codes: tuple[tuple[str, int], ...] | None = None


def profiles(upload: Upload) -> dict[str, Profile]:
    """Return the profile of every column kept, by header; looked at once and kept beside the upload."""
    kept = upload.folder / "profile.json"
    raw = read_json(kept)
    if raw is None:
        found: dict[str, Profile] = {}
        for file, path in zip(upload.files, upload.paths, strict=True):
            for profile in _of_file(path_literal(path), file.header):
                found.setdefault(profile.name, profile)
        write_json(kept, {name: asdict(p) for name, p in found.items()})
        return found
    return {name: _again(p) for name, p in raw.items()}


def _again(raw: dict[str, Any]) -> Profile:
    dates, codes = raw.pop("dates"), raw.pop("codes")
    return Profile(
        **raw,
        dates=None if dates is None else tuple(dates),
        codes=None if codes is None else tuple((v, n) for v, n in codes),
    )


def _of_file(path: str, header: tuple[str, ...]) -> list[Profile]:
    columns = ", ".join(f"{literal(h)}: 'VARCHAR'" for h in header)
    trimmed = ", ".join(f"nullif(trim({quote(h)}), '') AS {quote(h)}" for h in header)
    with duckdb.connect() as con:
        con.execute("SET temp_directory = ''")
        con.execute(
            f"CREATE TEMP TABLE seen AS SELECT {trimmed} FROM read_csv({path}, auto_detect=false,"
            f" header=true, delim=',', quote='\"', escape='\"', columns={{{columns}}},"
            f" ignore_errors=true, compression='none', hive_partitioning=false) LIMIT {READ}"
        )
        return [_column(con, h) for h in header]


def _column(con: duckdb.DuckDBPyConnection, header: str) -> Profile:
    nothing = ", ".join(literal(v) for v in synonyms.NOTHING)
    value = f"CASE WHEN lower({quote(header)}) IN ({nothing}) THEN NULL ELSE {quote(header)} END"
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE v AS SELECT {value} AS v, count(*) AS n FROM seen"
        " GROUP BY 1 HAVING v IS NOT NULL"
    )
    filled, distinct, longest = one(
        con, "SELECT coalesce(sum(n), 0), count(*), coalesce(max(length(v)), 0) FROM v"
    )
    found = Profile(header, int(filled), int(distinct), int(longest))
    if not filled:
        return found
    if (dates := _dates(con)) is not None:
        return replace(found, dates=dates, clock=_clock(con, dates))
    if (
        _share(con, "regexp_matches(v, '^([01]?\\d|2[0-3]):[0-5]\\d(:[0-5]\\d)?( ?[AaPp][Mm])?$')")
        > 0.9
    ):
        return replace(found, times=True)
    if not _is_code(con, found):
        return found
    rows = con.execute(
        f"SELECT v, CAST(n AS BIGINT) FROM v WHERE n >= {FEWEST_EACH}"
        f" AND NOT regexp_matches(v, {literal(VALUE_LOOKS_IDENTIFYING)}) ORDER BY n DESC, v"
    ).fetchall()
    return replace(found, codes=tuple((str(v), int(n)) for v, n in rows))


def _share(con: duckdb.DuckDBPyConnection, condition: str) -> float:
    """Return the share of distinct values that fit; of a thousand of them, which is enough to tell."""
    fit, all_ = one(
        con,
        f"SELECT count(*) FILTER ({condition}), count(*) FROM (FROM v ORDER BY hash(v) LIMIT 1000)",
    )
    return float(fit) / float(all_)


def _dates(con: duckdb.DuckDBPyConnection) -> tuple[str, ...] | None:
    if _share(con, "regexp_matches(v, '^\\d{4}-\\d{1,2}-\\d{1,2}([T ].*)?$')") > 0.95:
        return ()
    for formats in _DATES:
        listed = ", ".join(literal(f) for f in formats)
        fits = (
            f"try_strptime(v, [{listed}]) BETWEEN TIMESTAMP '1900-01-01' AND TIMESTAMP '2100-01-01'"
        )
        if _share(con, f"coalesce({fits}, FALSE)") > 0.95:
            used = [
                f for f in formats if _share(con, f"try_strptime(v, {literal(f)}) IS NOT NULL") > 0
            ]
            return tuple(used)
    return None


def _clock(con: duckdb.DuckDBPyConnection, dates: tuple[str, ...]) -> bool:
    """Say whether dates hold a time of day: midnight on every row is none."""
    moment = "TRY_CAST(v AS TIMESTAMP)"
    if dates:
        moment = f"try_strptime(v, [{', '.join(literal(f) for f in dates)}])"
    return _share(con, f"coalesce({moment} <> date_trunc('day', {moment}), FALSE)") > 0


def _is_code(con: duckdb.DuckDBPyConnection, found: Profile) -> bool:
    """Say whether a column is a short list of codes, by how many values it has and how long they are."""
    each = found.filled / found.distinct
    enough = each >= 2 if found.distinct <= 20 else each >= 20
    if found.distinct > MOST_CODES or found.longest > LONGEST_CODE or not enough:
        return False
    if found.distinct > 8 and _PEOPLE.intersection(words(found.name)):
        return False
    return _share(con, f"regexp_matches(v, {literal(_NAME)})") <= 0.2
