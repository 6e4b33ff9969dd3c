"""What a statement may be: one query, over the tables of the copy, with functions that only compute.

The engine's settings already refuse files, extensions and settings; what is refused here as well tells
about the machine or the engine, or gives a reader a clearer answer. Runs in the worker: the engine's
parser, too, is code that a stranger's text must not meet in the dashboard's own process.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import duckdb

MOST_CHARACTERS = 100_000

_TABLE_FUNCTIONS = frozenset(
    {
        "range",
        "generate_series",
        "unnest",
        "json_each",
        "json_tree",
        "repeat",
        "repeat_row",
        "summary",
    }
)
# What asks about files, the machine, the engine or other people rather than about the data.
_SCALAR = re.compile(
    r"^(getenv|getvariable|current_setting|read_|write_|glob|pg_|duckdb_|pragma_|which_|from_substrait"
    r"|get_substrait|query|in_search_path|current_(user|database|catalog|role|query|connection_id"
    r"|transaction_id)|session_user|user|txid_current|version|nextval|currval|set_bit_?seed|setseed"
    r"|sleep|.*_secret|parse_duckdb_log_message|enable_|disable_|force_checkpoint|checkpoint|file_)"
)
_SYSTEM = frozenset({"information_schema", "pg_catalog", "system", "temp", "duckdb"})


class UnfitError(Exception):
    """A statement that is not run; the message says why and what to do."""


def prepare(con: duckdb.DuckDBPyConnection, text: str, rows: int) -> str:
    """Return the SQL to run: the one statement of the text as a subquery of at most ``rows`` rows.

    Raises ``UnfitError`` where the text is anything but one query over tables of the database.
    """
    if len(text) > MOST_CHARACTERS:
        raise UnfitError(f"the statement is longer than {MOST_CHARACTERS:,} characters; shorten it")
    if "\x00" in text:
        raise UnfitError("the statement holds a NUL character; take it out")
    statements = con.extract_statements(text)
    if not statements:
        raise UnfitError(
            "there is no statement; write a query such as SELECT count(*) FROM encounters"
        )
    if len(statements) > 1:
        raise UnfitError(f"there are {len(statements)} statements; run one at a time")
    kind = statements[0].type.name
    body = statements[0].query.strip()
    while body.endswith(";"):
        body = body[:-1].rstrip()
    # Line breaks around it: a comment at its end must not swallow the bracket.
    wrapped = f"SELECT * FROM (\n{body}\n) AS answer LIMIT {rows}"
    if kind == "SELECT":
        _look_through(json.loads(_serialized(con, body)))
    elif kind == "MULTI":  # a PIVOT, which the engine makes two statements of
        _look_through_pivot(con, body)
    else:
        raise UnfitError(
            f"{kind} is not run here: only a query (SELECT, WITH, FROM, VALUES, PIVOT, SUMMARIZE) is"
        )
    if len(again := con.extract_statements(wrapped)) != 1 or again[0].type.name != kind:
        raise UnfitError("the statement cannot be run as a subquery; write it as one plain query")
    return wrapped


def _serialized(con: duckdb.DuckDBPyConnection, body: str) -> str:
    row = con.execute("SELECT json_serialize_sql(?)", [body]).fetchone()
    assert row is not None
    return str(row[0])


def _look_through(tree: dict[str, Any]) -> None:
    if tree.get("error"):
        raise UnfitError(str(tree.get("error_message", "the statement cannot be read")))
    for node in _nodes(tree):
        kind = node.get("type")
        if node.get("class") == "FUNCTION" or "function_name" in node:
            _function(node, table=False)
        if kind == "TABLE_FUNCTION":
            _function(node.get("function", {}), table=True)
        if kind == "BASE_TABLE":
            _table(node)
        if node.get("data_modifying") or str(kind).endswith(("_STATEMENT", "COPY")):
            raise UnfitError("a statement that changes data is not run here; only a query is")


def _nodes(tree: Any) -> Iterator[dict[str, Any]]:
    """Yield every node of a serialized statement. Without recursion: nesting has no bound."""
    left = [tree]
    while left:
        node = left.pop()
        if isinstance(node, dict):
            yield node
            left.extend(node.values())
        elif isinstance(node, list):
            left.extend(node)


def _function(node: dict[str, Any], *, table: bool) -> None:
    name = str(node.get("function_name", "")).lower()
    if table and name not in _TABLE_FUNCTIONS:
        raise UnfitError(f"the table function {name} is not there; query the tables of the copy")
    if not table and _SCALAR.match(name) and name not in _TABLE_FUNCTIONS:
        raise UnfitError(
            f"the function {name} is not there: it asks about the machine, not the data"
        )


def _table(node: dict[str, Any]) -> None:
    schema, catalog = (str(node.get(k, "")).lower() for k in ("schema_name", "catalog_name"))
    name = str(node.get("table_name", "")).lower()
    system = {schema, catalog} & _SYSTEM or name.startswith(
        ("duckdb_", "pragma_", "sqlite_", "pg_")
    )
    if system:
        raise UnfitError(
            f"{name} is not a table of the copy; the list of its tables stands beside the editor"
        )


# A PIVOT has no tree; its names are read off the text, the quoted parts taken out.
_QUOTED = re.compile(r"'(?:[^']|'')*'|\$(\w*)\$.*?\$\1\$|--[^\n]*|/\*.*?\*/", re.S)
_CALLED = re.compile(r'"?([A-Za-z_]\w*)"?\s*\(')
_NAMED = re.compile(r"\b(?:duckdb_|pragma_|sqlite_|information_schema|pg_catalog)\w*", re.I)


def _look_through_pivot(con: duckdb.DuckDBPyConnection, body: str) -> None:
    bare = _QUOTED.sub(" ", body)
    if found := _NAMED.search(bare):
        raise UnfitError(f"{found[0]} is not a table of the copy")
    known = con.execute(
        "SELECT DISTINCT lower(function_name) FROM duckdb_functions() WHERE function_type LIKE 'table%'"
    ).fetchall()
    tables = {str(row[0]) for row in known}
    for name in (match[1].lower() for match in _CALLED.finditer(bare)):
        _function({"function_name": name}, table=name in tables and not name.startswith("read"))
