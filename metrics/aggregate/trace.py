"""What the engine was asked: the statements behind a result, as SQL that runs by itself.

``traced`` gives a snapshot that writes down every statement its cursors run, so what a page shows is
what was run. ``kept`` remembers a result of a snapshot together with its statements.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from datetime import date, datetime
from functools import lru_cache, wraps
from typing import Any, ParamSpec, TypeVar, cast

import duckdb

from data.sql import literal
from data.store import Snapshot

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True)
class Statement:
    """One query as it was run, its parameters written in.

    ``setup`` is what the same cursor made before it and it reads: temporary tables and macros.
    """

    sql: str
    setup: tuple[str, ...] = ()


class Trace:
    """The statements so far, each once, in the order in which they were first run."""

    def __init__(self) -> None:
        self._found: dict[Statement, None] = {}

    def __iter__(self) -> Iterator[Statement]:
        return iter(tuple(self._found))

    def __len__(self) -> int:
        return len(self._found)

    def add(self, *statements: Statement) -> None:
        """Write statements down."""
        for statement in statements:
            self._found.setdefault(statement)


class Traced(Snapshot):
    """A snapshot whose cursors write down what they run. Kept or sent anywhere it is a plain one again."""

    trace: Trace

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """Return a cursor as ``Snapshot.cursor`` does, that writes down what it runs."""
        return cast(duckdb.DuckDBPyConnection, _Cursor(super().cursor(), self.trace))

    def to_publish(self) -> Snapshot:
        """Return it as ``Snapshot.to_publish`` does, still writing down."""
        return watched(super().to_publish(), self.trace)

    def __reduce__(self) -> tuple[Any, ...]:
        return Snapshot, _parts(self)


def _parts(snapshot: Snapshot) -> tuple[Any, ...]:
    return tuple(getattr(snapshot, f.name) for f in fields(Snapshot))


def plain(snapshot: Snapshot) -> Snapshot:
    """Return a snapshot that writes nothing down."""
    return Snapshot(*_parts(snapshot)) if isinstance(snapshot, Traced) else snapshot


@contextmanager
def traced(snapshot: Snapshot) -> Iterator[tuple[Snapshot, Trace]]:
    """Give a snapshot that writes down what is asked of it, and what it has written down so far.

    What a result asks of it later, because it reads on demand, is written down too.
    """
    yield watched(snapshot, trace := Trace()), trace


def watched(snapshot: Snapshot, trace: Trace) -> Snapshot:
    """Return a snapshot that writes down what is asked of it."""
    found = Traced(*_parts(snapshot))
    object.__setattr__(found, "trace", trace)
    return found


class _Cursor:
    """A cursor of a snapshot, with its statements written down before they run."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection, trace: Trace) -> None:
        self._cursor, self._trace = cursor, trace
        self._setup: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cursor, name)

    def __enter__(self) -> _Cursor:
        return self

    def __exit__(self, *_: object) -> None:
        self._cursor.close()

    def execute(self, query: str, parameters: object = None, **options: Any) -> Any:
        self._note(query, parameters)
        if parameters is None:
            return self._cursor.execute(query, **options)
        return self._cursor.execute(query, parameters, **options)

    def sql(self, query: str, **options: Any) -> Any:
        self._note(query, options.get("params"))
        return self._cursor.sql(query, **options)

    query = sql

    def cursor(self) -> _Cursor:
        return _Cursor(self._cursor.cursor(), self._trace)

    def _note(self, query: str, parameters: object) -> None:
        if _ABOUT_ENGINE.search(query):
            return
        text = written(query, parameters)
        if _MADE.search(text):
            self._setup.append(text)
        else:
            self._trace.add(Statement(text, _needed(text, self._setup)))


_ABOUT_ENGINE = re.compile(r"^\s*(SET|DESCRIBE|PRAGMA)\b|\bduckdb_\w+\s*\(|\bversion\(\)", re.I)
"""What asks the engine about itself, or sets how it talks to Python: no number comes of it."""

_MADE = re.compile(r"\bCREATE (?:OR REPLACE )?TEMP (?:TABLE|MACRO|VIEW) (\w+)", re.I)


def _needed(text: str, setup: Sequence[str]) -> tuple[str, ...]:
    """Return the setup that a statement reads, and what that reads, in its order."""
    found: list[str] = []
    for made in reversed(setup):
        names = "|".join(map(re.escape, _MADE.findall(made)))
        if any(re.search(rf"\b(?:{names})\b", other) for other in (text, *found)):
            found.insert(0, made)
    return tuple(found)


_TOKEN = re.compile(
    r"(?P<kept>'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|--[^\n]*|/\*.*?\*/)"
    r"|(?P<next>\?)|\$(?P<name>[A-Za-z_]\w*|\d+)",
    re.S,
)


def written(query: str, parameters: object = None) -> str:
    """Return a statement with its parameters written in as literals, without blanks around it."""
    if not parameters:
        return query.strip().rstrip(";")
    named = parameters if isinstance(parameters, Mapping) else {}
    listed = iter(parameters if isinstance(parameters, Sequence) else ())
    numbered = {str(i): v for i, v in enumerate(parameters, 1)} if not named else {}  # type: ignore[arg-type,var-annotated]

    def put(found: re.Match[str]) -> str:
        if found["kept"] is not None:
            return found[0]
        if found["next"] is not None:
            return _literal(next(listed))
        return _literal((named or numbered)[found["name"]])

    return _TOKEN.sub(put, query).strip().rstrip(";")


def _literal(value: object) -> str:
    """Return a value as SQL of the type that the engine takes it for."""
    if value is None or isinstance(value, str):
        return literal(value)
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, datetime):
        return f"TIMESTAMP '{value.isoformat(' ')}'"
    if isinstance(value, date):
        return f"DATE '{value.isoformat()}'"
    if isinstance(value, float):
        return f"CAST('{value!r}' AS DOUBLE)"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_literal, value))}]"
    raise TypeError(f"no SQL literal for {type(value).__name__}")


def kept(most: int) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Remember the results of a function of a snapshot, the ``most`` last used, with their statements.

    A snapshot never changes. One that writes down is told the statements of a remembered result as if
    they had been run for it.
    """

    def keep(function: Callable[P, R]) -> Callable[P, R]:
        @lru_cache(maxsize=most)
        def remembered(*given: Any) -> tuple[R, Trace]:
            trace = Trace()
            watching = [watched(g, trace) if isinstance(g, Snapshot) else g for g in given]
            return function(*watching), trace  # type: ignore[call-arg, arg-type]

        @wraps(function)
        def ask(*given: P.args, **_: P.kwargs) -> R:
            found, trace = remembered(*(plain(g) if isinstance(g, Snapshot) else g for g in given))
            for one in given:
                if isinstance(one, Traced):
                    one.trace.add(*trace)
            return found

        ask.cache_clear = remembered.cache_clear  # type: ignore[attr-defined]
        return ask

    return keep


_LONG = 160
"""Letters above which a statement on one line is laid out over several."""


@lru_cache(maxsize=256)
def laid_out(sql: str) -> str:
    """Return a statement as it can be read: over several lines where it is long and on one."""
    if len(sql) <= _LONG or "\n" in sql:
        return sql
    import sqlglot  # comes with ibis, and like it is slow to import

    try:
        return sqlglot.transpile(sql, read="duckdb", write="duckdb", pretty=True)[0]
    except sqlglot.errors.SqlglotError:
        return sql


def script(statements: Iterable[Statement]) -> str:
    """Return statements as one script that runs from its first line to its last on one connection."""
    parts: dict[str, None] = {}
    for number, statement in enumerate(statements, 1):
        for made in statement.setup:
            parts.setdefault(f"{made.strip().rstrip(';')};")
        parts.setdefault(f"-- {number}\n{laid_out(statement.sql)};")
    return "\n\n".join(parts)
