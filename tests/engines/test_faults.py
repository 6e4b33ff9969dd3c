"""What goes wrong with a warehouse is one line that says what to do; what changes there is seen."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from data import warehouse
from data.__main__ import parser as data_parser
from data.cli import run
from data.errors import NotAllowedError, UserError
from data.roles import Role
from data.store import Store
from metrics import aggregate, ask, evaluate
from metrics.__main__ import parser
from tests.browser.chrome import free_port
from tests.engines import servers
from tests.engines.conftest import Pair
from tests.engines.parity import rows

pytestmark = pytest.mark.slow
on_postgres = pytest.mark.xdist_group("postgres")
on_spark = pytest.mark.xdist_group("spark")
FORCE = ask(["force"])


def _refused(capfd: pytest.CaptureFixture[str], pair: Pair, *options: str) -> str:
    """Ask by the command; return the one line it ends with."""
    with pytest.raises(SystemExit) as left:
        run(parser(), ["evaluate", "--store", str(pair.root), *options])
    said = capfd.readouterr()
    assert left.value.code == 2
    assert said.out == ""
    (line,) = said.err.splitlines()
    assert line.startswith("error: ")
    assert servers.PASSWORD not in line and "Traceback" not in line
    return line


@pytest.fixture
def admin(postgres: Pair):  # type: ignore[no-untyped-def]
    """A connection that may change the tables."""
    import psycopg

    with psycopg.connect(postgres.url, autocommit=True) as con:
        con.execute("DROP TABLE IF EXISTS other; CREATE TABLE other AS TABLE public.encounters")
        yield con
        con.execute("DROP TABLE other")


@on_postgres
@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("DROP TABLE other; CREATE TABLE other (n int)", "the column agency_id is missing"),
        ("ALTER TABLE other DROP outcome_force", "the column outcome_force is missing; add it as"),
        (
            "ALTER TABLE other ALTER officer_minutes TYPE numeric",
            "officer_minutes is of the type decimal and must be integer",
        ),
        (
            "ALTER TABLE other ALTER weekend TYPE boolean USING weekend = 'yes'",
            "weekend is of the type boolean and must be text",
        ),
        ("INSERT INTO other SELECT * FROM other LIMIT 3", "3 rows repeat a contact"),
    ],
)
def test_a_table_that_is_not_what_is_expected(
    postgres: Pair, admin, change: str, said: str, capfd: pytest.CaptureFixture[str]
) -> None:  # type: ignore[no-untyped-def]
    admin.execute(change)
    postgres.settings(table="other")
    assert said in _refused(capfd, postgres)


@on_postgres
def test_addresses_that_lead_nowhere(postgres: Pair, capfd: pytest.CaptureFixture[str]) -> None:
    good = postgres.url
    postgres.settings(good.replace(good.rpartition(":")[2], f"{free_port()}/postgres"))
    assert "does not answer; start it" in _refused(capfd, postgres)
    postgres.settings(good + "no")
    assert "has no such database" in _refused(capfd, postgres)
    postgres.settings(good.replace("cit@", "stranger@"))
    assert "does not let this account in" in _refused(capfd, postgres)
    postgres.settings(table="public.none")
    assert "does not have the table public.none" in _refused(capfd, postgres)
    postgres.settings()


@on_postgres
def test_a_wrong_password_and_one_in_the_settings(
    postgres: Pair, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    postgres.settings(postgres.url.replace("cit@", f"cit:{servers.PASSWORD}@"))
    assert "warehouse holds a password; leave it out" in _refused(capfd, postgres)
    postgres.settings()
    monkeypatch.setenv("PGPASSWORD", "wrong")
    assert "does not let this account in" in _refused(capfd, postgres)


@on_postgres
def test_an_account_that_may_not_read(
    postgres: Pair,
    admin,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:  # type: ignore[no-untyped-def]
    admin.execute("DROP ROLE IF EXISTS narrow; CREATE ROLE narrow LOGIN PASSWORD 'n'")
    monkeypatch.setenv("PGPASSWORD", "n")
    postgres.settings(postgres.url.replace("cit@", "narrow@"))
    assert "does not let this account read public.encounters" in _refused(capfd, postgres)


@on_postgres
def test_a_connection_that_breaks_is_said_and_made_anew(postgres: Pair, admin) -> None:  # type: ignore[no-untyped-def]
    snapshot = postgres.there
    before = rows(aggregate.counts(snapshot, FORCE))
    stop = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE application_name = 'cit-outcomes'"
    )
    admin.execute(stop)
    with pytest.raises(UserError, match=r"failed|does not answer"), warehouse.asking(snapshot):
        aggregate.counts(snapshot, FORCE)
    assert rows(aggregate.counts(snapshot, FORCE)).equals(before)


@on_postgres
def test_one_changed_row_is_seen_and_never_an_earlier_answer(postgres: Pair, admin) -> None:  # type: ignore[no-untyped-def]
    postgres.settings(table="other")
    store = Store(postgres.root)
    first = warehouse.open_table(store)
    before = rows(aggregate.counts(first, FORCE))
    assert before.equals(rows(aggregate.counts(postgres.here, FORCE)))
    changed = "(SELECT contact_id FROM other WHERE outcome_force AND exposure_primary LIMIT 1)"
    admin.execute(f"UPDATE other SET outcome_force = FALSE WHERE contact_id = {changed}")
    after = rows(aggregate.counts(warehouse.open_table(store), FORCE))
    assert int(before["events:force"].sum()) - int(after["events:force"].sum()) == 1
    with (
        pytest.raises(UserError, match="changed while it was asked"),
        warehouse.asking(first),
    ):
        admin.execute("DELETE FROM other WHERE contact_id = (SELECT max(contact_id) FROM other)")


@on_postgres
def test_nobody_else_may_ask_and_nothing_is_written(postgres: Pair) -> None:
    import psycopg

    snapshot = postgres.there
    with pytest.raises(NotAllowedError):
        warehouse.open_table(Store(postgres.root, Role.VIEWER))
    with pytest.raises(UserError, match="has only encounters"):
        aggregate.supplied(snapshot)
    with pytest.raises(UserError, match="decided on the snapshots of a store"):
        evaluate(FORCE, "public", snapshot=snapshot)
    con = warehouse.relation(snapshot).get_backend().con
    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        con.execute("DELETE FROM public.encounters")


@on_postgres
def test_the_commands(postgres: Pair, admin, capfd: pytest.CaptureFixture[str]) -> None:  # type: ignore[no-untyped-def]
    postgres.settings()
    run(parser(), ["evaluate", "--store", str(postgres.root), "--outcome", "force"])
    said = capfd.readouterr()
    assert said.out.startswith("Asked of the PostgreSQL table public.encounters at postgresql://")
    assert "of 1,000 contacts" in said.out and said.err == ""
    with pytest.raises(SystemExit):
        run(data_parser(), ["push", "--store", str(postgres.root)])
    assert "has contacts in it already; `--replace`" in capfd.readouterr().err
    run(data_parser(), ["push", "--store", str(postgres.root), "--ddl"])
    made = capfd.readouterr().out.replace("public.encounters", "public.made")
    admin.execute("DROP TABLE IF EXISTS public.made;" + made)
    postgres.settings(table="public.made")
    run(data_parser(), ["push", "--store", str(postgres.root)])
    assert capfd.readouterr().out == "3,000 contacts written to public.made\n"
    kinds = [e.facts.get("kind") for e in _exports(postgres.root)]
    assert "PostgreSQL" in kinds


def _exports(root: Path) -> list:  # type: ignore[type-arg]
    from data import audit

    return list(audit.entries(root, what="export"))


@on_spark
def test_spark_reads_a_table_too_and_sees_one_changed_row(spark: Pair) -> None:
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    store = Store(spark.root)
    spark.settings(table="default.pushed")
    run(data_parser(), ["push", "--store", str(spark.root), "--replace"])
    before = rows(aggregate.counts(warehouse.open_table(store), FORCE))
    assert before.equals(rows(aggregate.counts(spark.here, FORCE)))
    table = pq.read_table(spark.table)
    exposed = pc.and_(table["outcome_force"], table["exposure_primary"]).fill_null(False)
    place = exposed.to_pylist().index(True)
    values = table["outcome_force"].to_pylist()
    values[place] = False
    column = table.schema.get_field_index("outcome_force")
    other = spark.root / "other.parquet"
    pq.write_table(table.set_column(column, "outcome_force", [values]), other)
    spark.settings(table=str(other))
    after = rows(aggregate.counts(warehouse.open_table(store), FORCE))
    assert int(before["events:force"].sum()) - int(after["events:force"].sum()) == 1


@on_spark
def test_spark_says_what_is_wrong(spark: Pair, capfd: pytest.CaptureFixture[str]) -> None:
    import pyarrow.parquet as pq

    spark.settings(table="nowhere")
    assert "does not have the table nowhere; check" in _refused(capfd, spark)
    spark.settings(table=str(spark.root / "none.parquet"))
    assert "does not have the table" in _refused(capfd, spark)
    (spark.root / "odd.parquet").write_text("agency_id\n")
    spark.settings(table=str(spark.root / "odd.parquet"))
    assert "as Parquet; write it anew" in _refused(capfd, spark)
    # Without Spark's own note of the columns in the file: it would take the one left out for empty.
    table = pq.read_table(spark.table).replace_schema_metadata(None)
    pq.write_table(table.drop_columns(["weekend"]), spark.root / "less.parquet")
    spark.settings(table=str(spark.root / "less.parquet"))
    assert "the column weekend is missing; add it as text" in _refused(capfd, spark)
    spark.settings("local[2]")
    assert "already works with the Spark master spark://" in _refused(capfd, spark)
    spark.settings()


@on_spark
def test_a_spark_master_that_is_down_is_said_at_once(spark: Pair) -> None:
    spark.settings(f"spark://127.0.0.1:{free_port()}")
    done = subprocess.run(
        [sys.executable, "-m", "metrics", "evaluate", "--store", str(spark.root)],
        capture_output=True,
        text=True,
        timeout=100,
        env=os.environ,
    )
    spark.settings()
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: the warehouse spark://127.0.0.1:") and "does not answer" in line
