"""*How this was computed*: the Python and the SQL beside every figure give the page's own numbers."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest

from data import registry
from data.sandbox import alike, pool
from data.store import Snapshot, Store
from metrics import Question, ask, evaluate, wording
from metrics.aggregate import trace
from metrics.aggregate.trace import Statement
from metrics.detail import counting
from metrics.proportions import wilson
from metrics.recipe import Origins, UntracedError, traced_back
from pages import PAGES
from tests.conftest import HERE
from tests.pages.app import run
from tests.pages.computed import Drawn, drawn, ran
from tests.stores import simulated_store

OUTCOMES = [o.id for o in registry.OUTCOMES]
NO_FIGURES = {
    "public",
    "numbers_told",
    "pool",
    "sql",
    "print_it",
    "methods",
    "dictionary",
    "load",
    "audit",
}
"""Pages that show words, documents or definitions, and no table of numbers of their own to take away."""
QUICK = ("overview", "covered", "claims", "costs", "plan")
NO_STORE = {"manifest", "rules", "never-accepted", "kept-snapshots", "legal-hold", "purges"}
"""Tables made of definitions, or of the store's own folder, not of rows."""
PARTS = ("hand_offs", "referrals", "holds", "repeat_contacts", "on_scene")
CHOSEN = [("partners", {"partners_part": part.replace("_", " ")}) for part in PARTS[1:]] + [
    ("force", {"from": "2023-01-01", "weapon": "no"}),
    ("certification", {"certified_by": "district"}),
    ("measures", {"set": "consent decree"}),
    ("how_sure", {"sure_outcome": "arrest"}),
]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return simulated_store(tmp_path_factory.mktemp("how"), 3_000)


@pytest.fixture(scope="module")
def snapshot(root: Path) -> Iterator[Snapshot]:
    yield Store(root).current()
    pool.close_all()


def compare(found: list[Drawn]) -> None:
    """Run the Python of each and compare its table, and every statement alone."""
    kept: dict[str, dict[str, Any]] = {}
    for one in found:
        frame = ran(one.program, kept)
        pd.testing.assert_frame_equal(frame, one.frame, check_exact=True, obj=one.what)
        assert one.statements or one.what in NO_STORE, one.what
        assert one.modules and all(
            m.partition(".")[0] in ("data", "metrics") or m.startswith("pages.print")
            for m in one.modules
        ), one.modules


def rows(con: duckdb.DuckDBPyConnection, sql: str, given: object = None) -> list[str]:
    """Return what a statement gives, in no order."""
    answer = con.execute(sql) if given is None else con.execute(sql, given)
    return sorted(map(repr, answer.fetchall()))


def alone(file: Path, statement: Statement, sql: str, given: object = None) -> list[str]:
    """Run a statement on a plain read-only connection of its own."""
    with duckdb.connect(str(file), read_only=True) as con:
        for made in statement.setup:
            con.execute(made)
        return rows(con, sql, given)


# Every page


@pytest.mark.slow
def test_a_page_of_each_kind_draws_its_figures_with_how_they_were_made(
    root: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for page in QUICK:
        every_figure(root, page, monkeypatch, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("page", [p.script for p in PAGES if p.script not in {*QUICK, *NO_FIGURES}])
def test_every_other_page_does(
    page: str, root: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    every_figure(root, page, monkeypatch, tmp_path)


def every_figure(root: Path, page: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Open a page and compare its tables with the Python, and its statements with what was run."""
    asked: dict[str, tuple[str, object]] = {}

    def written(query: str, parameters: object = None, write: Any = trace.written) -> str:
        text: str = write(query, parameters)
        asked[text] = (query, parameters)
        return text

    with monkeypatch.context() as patched:
        patched.setattr(trace, "written", written)
        found, charts = drawn(root, page, monkeypatch)
    assert found and charts <= len(found), page
    compare(found)
    snapshot = Store(root).current()
    # Another place: this process has the snapshot's own file open with settings of its own.
    file = Path(shutil.copy(snapshot.path, tmp_path))
    statements = list(dict.fromkeys(s for one in found for s in one.statements))
    for statement in statements:
        # As the page ran it, with its parameters apart; as it is written; and as it is laid out.
        query, given = asked.get(statement.sql, (statement.sql, None))
        ran_then = alone(file, statement, query, given or None)
        assert alone(file, statement, statement.sql) == ran_then, statement.sql
        assert alone(file, statement, trace.laid_out(statement.sql)) == ran_then, statement.sql
    if statements:
        with duckdb.connect(str(file), read_only=True) as con:
            con.execute(trace.script(statements))


@pytest.mark.slow
@pytest.mark.parametrize("place", range(len(CHOSEN)))
def test_what_was_chosen_on_the_page_is_in_it(
    place: int, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page, query = CHOSEN[place]
    found, _ = drawn(root, page, monkeypatch, query)
    assert found
    compare(found)
    if page == "force":
        assert all("2023" in d.program for d in found)


@pytest.mark.slow
@pytest.mark.parametrize(
    "page", ["overview", "force", "how_sure", "plan", "who_gets_cit", "data_quality"]
)
def test_the_real_export_too(
    page: str, seattle_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found, _ = drawn(seattle_store, page, monkeypatch)
    compare(found)


def test_it_is_written_when_it_is_opened(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = run(root, "claims", monkeypatch)
    assert not app.code or not any("frame = " in c.value for c in app.code)
    app.session_state["computed_claimed-for"] = True
    app = app.run()
    shown = [c.value for c in app.code]
    (python,) = [c for c in shown if "frame = " in c]
    (sql,) = [c for c in shown if c.startswith("-- 1")]
    assert "FROM" in sql and 'Store().snapshot("' in python.replace("'", '"')


def test_pages_without_figures_are_those_listed() -> None:
    for entry in PAGES:
        if entry.script in NO_FIGURES:
            text = (HERE.parent / entry.path).read_text(encoding="utf-8")
            # A log is as it was written.
            assert "Offer(" not in text or "computed=False" in text, entry.script
    sources = {p.stem: p.read_text("utf-8") for p in (HERE.parent / "pages").rglob("*.py")}
    assert {name for name, text in sources.items() if "computed=False" in text} == {"audit"}


def test_its_python_needs_no_dashboard() -> None:
    modules = sorted(
        f"pages.print.{p.stem}" for p in (HERE.parent / "pages" / "print").glob("[a-z]*.py")
    )
    code = f"import sys, {', '.join(modules)}; sys.exit('streamlit' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], cwd=HERE.parent, check=True, timeout=60)


def test_what_nothing_noted_made_is_refused() -> None:
    class Loose:
        pass

    with pytest.raises(UntracedError, match="Loose"):
        traced_back(Origins(), partial(repr, Loose()))
    # A number that was computed is not written down as if it had been chosen.
    with pytest.raises(UntracedError):
        traced_back(Origins(), partial(repr, wilson(3, 10)))


# The copy


@pytest.mark.slow
def test_what_is_said_to_run_over_the_copy_gives_the_same_there(
    root: Path, snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    statements: dict[str, Statement] = {}
    for page in (
        "overview",
        "response",
        "force",
        "partners",
        "who_gets_cit",
        "documentation",
        "data_quality",
        "certification",
        "liability",
    ):
        for one in drawn(root, page, monkeypatch)[0]:
            statements |= {s.sql: s for s in one.statements if not s.setup}
    names = {
        row[0] for row in snapshot.cursor().execute("SELECT agency_id FROM agencies").fetchall()
    }
    names |= {
        row[0] for row in snapshot.cursor().execute("SELECT DISTINCT source FROM loads").fetchall()
    }
    over = alike.which(statements, names)
    assert 10 < len(over) < len(statements)
    session = pool.session("test", snapshot)
    key = re.compile(r"[0-9a-f]{20}")
    for sql in over:
        here = session.run(sql).table
        apart = {
            name
            for name in here.column_names
            if any(isinstance(v, str) and key.fullmatch(v) for v in here[name].to_pylist())
        }
        there = snapshot.cursor().sql(sql).to_arrow_table()
        kept = [n for n in there.column_names if n not in apart]
        if len(there) <= session.limits.rows:
            same = [sorted(map(repr, t.select(kept).to_pylist())) for t in (here, there)]
            assert same[0] == same[1], sql


def test_a_statement_that_names_the_agency_or_an_altered_column_is_not_said_to_run_there() -> None:
    same = "SELECT count(*) FROM encounters WHERE outcome_force"
    named = "SELECT count(*) FROM encounters WHERE agency_id = 'SIM'"
    altered = "SELECT district, count(*) FROM encounters GROUP BY 1"
    absent = "SELECT count(*) FROM claims"
    engine = "SELECT * FROM duckdb_tables()"
    assert alike.which([same, named, altered, absent, engine], ["SIM"]) == {same}


# The outcome pages' own words


def questions() -> list[Question]:
    return [
        ask(OUTCOMES),
        ask(OUTCOMES, exposure="arrived", start=date(2023, 1, 1), where={"weapon": ["no"]}),
    ]


@pytest.mark.parametrize("place", range(2))
def test_the_sql_counts_what_the_page_shows(snapshot: Snapshot, place: int) -> None:
    question = questions()[place]
    session = pool.session("test", snapshot)
    compared = 0
    for comparison in evaluate(question, snapshot=snapshot):
        sql = counting(question, comparison.outcome, snapshot)
        rows = session.run(sql).table.to_pylist()
        for arm, shown in ((True, comparison.cit), (False, comparison.other)):
            own = [r for r in rows if r["exposure"] is arm]
            found = tuple(sum(r[f"{c}:{comparison.outcome}"] for r in own) for c in ("events", "n"))
            assert found == (shown.events, shown.n), comparison.outcome
            compared += shown.n
    assert compared > 1_000


@pytest.mark.parametrize("place", range(2))
def test_the_python_gives_what_the_page_shows(
    snapshot: Snapshot, root: Path, monkeypatch: pytest.MonkeyPatch, place: int
) -> None:
    monkeypatch.setenv("CIT_STORE", str(root))
    question = questions()[place].only("force", "arrest", "complaint")
    names: dict[str, object] = {}
    exec(wording.python_call(question), names)
    shown = evaluate(question, snapshot=snapshot)
    assert [c.to_dict() for c in names["comparisons"]] == [c.to_dict() for c in shown]  # type: ignore[attr-defined]
