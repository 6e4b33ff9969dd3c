"""The warehouse setting without an engine: what is refused before any is asked, and what is expected."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from data import settings, warehouse
from data.encounters import build, columns
from data.errors import UserError
from data.registry import COVARIATES, EXPOSURES, OUTCOMES
from data.store import Store
from data.warehouse import engines
from data.warehouse.table import TYPES, ddl, declared


def _set(root: Path, url: str) -> Store:
    root.mkdir(exist_ok=True)
    (root / "settings.toml").write_text(f"warehouse = '{url}'\n")
    return Store(root)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://cit:s3cret@host/db",
        "postgresql://cit@host/db?password=s3cret",
        "postgresql://cit@host/db?sslPassword=s3cret",
        "host=h user=u password=s3cret",
    ],
)
def test_a_password_in_the_settings_is_refused_and_not_shown(tmp_path: Path, url: str) -> None:
    with pytest.raises(UserError, match="holds a password; leave it out") as found:
        warehouse.open_table(_set(tmp_path, url))
    assert "s3cret" not in str(found.value)


@pytest.mark.parametrize("url", ["mysql://host/db", "host/db", "spark", "localhost"])
def test_an_address_of_no_engine_is_refused_and_not_shown(tmp_path: Path, url: str) -> None:
    with pytest.raises(UserError, match="no address of a known engine; write postgresql:") as found:
        warehouse.open_table(_set(tmp_path, url))
    assert f"{url}," not in str(found.value)


def test_without_the_setting_there_is_none(tmp_path: Path) -> None:
    assert not warehouse.configured(Store(tmp_path))
    with pytest.raises(UserError, match="no warehouse is set; add a line warehouse ="):
        warehouse.open_table(Store(tmp_path))


def test_a_package_that_is_not_installed_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(UserError, match=r"pip install -r requirements-engines\.txt"):
        warehouse.open_table(_set(tmp_path, "postgresql://cit@host/db"))


def test_an_address_is_shown_without_who_and_options() -> None:
    assert engines.shown("postgresql://me@host:1/db?sslmode=require") == "postgresql://host:1/db"
    assert engines.shown("spark://host:7077") == "spark://host:7077"


def test_an_engines_own_words_are_never_shown() -> None:
    class OperationalError(Exception):
        pass

    OperationalError.__module__ = "psycopg"
    with pytest.raises(UserError) as found, engines.faults("postgresql://u@h/d", "t"):
        raise OperationalError("Jane Doe, born 1980")
    assert "Jane" not in str(found.value) and "OperationalError" in str(found.value)
    with pytest.raises(ZeroDivisionError), engines.faults("postgresql://u@h/d", "t"):
        raise ZeroDivisionError


def test_every_column_is_declared_as_it_is_built() -> None:
    import duckdb

    from data import schema

    con = duckdb.connect()
    schema.create(con)
    build(con)
    found = con.execute(
        "SELECT column_name, data_type FROM duckdb_columns() WHERE table_name = 'encounters'"
    ).fetchall()
    kinds = {"INTEGER": "BIGINT"}
    expected = {c: TYPES["duckdb"][kind] for c, kind in declared().items()}
    assert {c: kinds.get(t, t) for c, t in found} == expected
    assert list(expected) == list(columns())
    assert sum(k == "boolean" for k in declared().values()) == 1 + len(EXPOSURES) + 2 * len(
        OUTCOMES
    )
    assert sum(k == "text" for k in declared().values()) >= len(COVARIATES)


@pytest.mark.parametrize("engine", ["PostgreSQL", "Spark"])
def test_the_statement_has_every_column(engine: str) -> None:
    text = ddl(engine, "here.encounters")
    assert text.startswith("CREATE TABLE here.encounters (")
    assert all(f"\n    {column} " in text for column in columns())
    assert ("PRIMARY KEY" in text) == (engine == "PostgreSQL")


def test_nothing_else_needs_the_engines() -> None:
    code = "import sys, metrics.__main__, data.__main__, data.warehouse.push, pages.__main__;"
    code += "assert not {'pyspark', 'psycopg', 'py4j'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=100)


def test_the_documentation_says_what_is_expected() -> None:
    text = (Path(__file__).parents[2] / "docs" / "warehouse.md").read_text(encoding="utf-8")
    for name in ("warehouse", "warehouse_encounters", *(e.name for e in engines.ENGINES)):
        assert name in text
    assert all(hasattr(settings.Settings(), n) for n in ("warehouse", "warehouse_encounters"))
