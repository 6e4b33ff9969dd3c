"""The engines a warehouse may run on. Adding one is one entry.

Their packages (requirements-engines.txt) are imported where they are used: nothing else needs them.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import re
import shutil
import socket
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from data.errors import UserError

_SECONDS = 10
"""How long a server may take to answer at all."""


@dataclass(frozen=True)
class Engine:
    """One engine: what its addresses look like, and how to open a table on it.

    ``open`` takes an address and a table's name and returns an Ibis table, ``usable`` says whether such a
    table can still be asked.
    """

    name: str
    address: re.Pattern[str]
    example: str
    package: str
    open: Callable[[str, str], Any]
    usable: Callable[[Any], bool]


def engine_of(url: str) -> Engine:
    """Return the engine of an address; raise ``UserError`` if it is none's or its package is lacking."""
    for engine in ENGINES:
        if engine.address.match(url):
            # Nothing of what it warns of is used: what comes back is Arrow.
            warnings.filterwarnings("ignore", "PySpark does not yet fully support", FutureWarning)
            try:
                importlib.import_module(engine.package)
            except ImportError:
                raise UserError(
                    f"settings.toml: warehouse names {engine.name}, whose package {engine.package} is not"
                    " installed; run `pip install -r requirements-engines.txt`"
                ) from None
            return engine
    known = ", ".join(engine.example for engine in ENGINES)
    raise UserError(f"settings.toml: warehouse is no address of a known engine; write {known}")


def shown(url: str) -> str:
    """Return an address without who signs in and any option."""
    return re.sub(r"//[^/]*@", "//", url.partition("?")[0])


def split(name: str) -> tuple[str, tuple[str, ...] | str | None]:
    """Return a table's name and what it lies in, as Ibis takes them."""
    *inside, last = name.split(".")
    return last, (tuple(inside) if len(inside) > 1 else inside[0] if inside else None)


_tables = threading.local()


def table(url: str, name: str, key: object) -> Any:
    """Return the Ibis table of an address, opened once per thread and ``key``.

    Ibis backends, like connections, are not shared between threads.
    """
    engine = engine_of(url)
    kept = getattr(_tables, "last", None)
    if kept is not None and kept[0] == (url, name, key) and engine.usable(kept[1]):
        return kept[1]
    found = engine.open(url, name)
    _tables.last = ((url, name, key), found)
    return found


_REASONS = (
    (r"password authentication failed|no password supplied|role .* does not exist", "login"),
    (r"database .* does not exist", "database"),
    (r"invalid (URI|connection option|integer value)", "address"),
    (r"could not translate host name|[Rr]efused|timeout|timed out|No such file", "down"),
    (
        r"TableNotFound|TABLE_OR_VIEW_NOT_FOUND|PATH_NOT_FOUND|SCHEMA_NOT_FOUND|UndefinedTable",
        "table",
    ),
    (r"InsufficientPrivilege|permission denied|AccessControl", "rights"),
    (r"UNABLE_TO_INFER_SCHEMA|CANNOT_READ_FILE|FAILED_READ_FILE|not a Parquet file", "file"),
)
_SAID = {
    "login": (
        "does not let this account in",
        "check the user, and give the password in PGPASSWORD or ~/.pgpass",
    ),
    "database": ("has no such database", "check the address in settings.toml"),
    "address": ("cannot be understood", "mend the address in settings.toml"),
    "down": ("does not answer", "start it, or check the address in settings.toml"),
    "table": ("does not have the table {name}", "check warehouse_encounters in settings.toml"),
    "rights": ("does not let this account read {name}", "grant it SELECT"),
    "file": ("cannot read {name} as Parquet", "write it anew"),
    "": ("failed ({kind})", "see its own log; nothing was changed here"),
}


@contextlib.contextmanager
def faults(url: str, name: str) -> Iterator[None]:
    """Turn what an engine complains of into one ``UserError``.

    An engine's own words are never shown: they may hold a value of the data, or whole statements.
    """
    try:
        yield
    except UserError:
        raise
    except Exception as error:
        theirs = type(error).__module__.partition(".")[0] in ("ibis", "psycopg", "pyspark", "py4j")
        if not theirs and not isinstance(error, ConnectionError):
            raise
        text = f"{type(error).__name__} {error}"
        reason = next((why for pattern, why in _REASONS if re.search(pattern, text)), "")
        what, remedy = _SAID[reason]
        what = what.format(name=name, kind=type(error).__name__)
        raise UserError(f"the warehouse {shown(url)} {what}; {remedy}") from None


def _answers(url: str) -> None:
    """Raise ``ConnectionError`` unless something listens at an address: Spark itself tries for a minute."""
    there = urlsplit(url.partition(",")[0])
    try:
        socket.create_connection((there.hostname or "", there.port or 7077), _SECONDS).close()
    except (OSError, ValueError):
        raise ConnectionRefusedError("Refused") from None


def postgres_connection(url: str, *, read_only: bool = True) -> Any:
    """Open a connection to PostgreSQL; the password comes from libpq's own places."""
    import psycopg

    con = psycopg.connect(
        url, connect_timeout=_SECONDS, application_name="cit-outcomes", autocommit=True
    )
    if read_only:
        con.execute("SET default_transaction_read_only = on")
    return con


def _postgres(url: str, name: str) -> Any:
    import ibis

    last, inside = split(name)
    con = ibis.postgres.from_connection(postgres_connection(url))
    return con.table(last, database=inside)


def _postgres_usable(found: Any) -> bool:
    return not found.get_backend().con.closed


_starting = threading.Lock()


def spark_session(url: str) -> Any:
    """Return this process's one Spark session, starting it; raise ``UserError`` if it is another's."""
    from pyspark import SparkConf
    from pyspark.sql import SparkSession

    with _starting:
        if (running := SparkSession.getActiveSession()) is not None:
            return _same(running, url)
        if not (os.environ.get("JAVA_HOME") or shutil.which("java")):
            raise UserError("Spark needs Java 17 or later, and there is none; install it")
        if url.startswith("spark://"):
            _answers(url)
        with _quiet():
            conf = SparkConf()  # with the machine's own spark-defaults.conf
            conf.setIfMissing("spark.ui.enabled", "false")
            conf.setIfMissing("spark.ui.showConsoleProgress", "false")
            conf.setIfMissing("spark.log.level", "ERROR")
            conf.setMaster(url).setAppName("cit-outcomes")
            return SparkSession.builder.config(conf=conf).getOrCreate()


def _same(session: Any, url: str) -> Any:
    if session.sparkContext.master != url:
        raise UserError(
            f"this process already works with the Spark master {session.sparkContext.master}; ask"
            f" {shown(url)} from another process"
        )
    return session


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep what Java prints off the terminal: it would stand before the one line of an error."""
    sys.stderr.flush()
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def is_path(name: str) -> bool:
    """Say whether a table's name is that of Parquet files."""
    return "/" in name or name.endswith(".parquet")


def _spark(url: str, name: str) -> Any:
    import ibis

    con = ibis.pyspark.connect(spark_session(url))
    if is_path(name):
        return con.read_parquet(name)
    last, inside = split(name)
    return con.table(last, database=inside)


def _spark_usable(found: Any) -> bool:
    context = found.get_backend()._session.sparkContext
    return context._jsc is not None and not context._jsc.sc().isStopped()


ENGINES = (
    Engine(
        "PostgreSQL",
        re.compile(r"postgres(ql)?://"),
        "postgresql://USER@HOST/DATABASE",
        "psycopg",
        _postgres,
        _postgres_usable,
    ),
    Engine(
        "Spark",
        re.compile(r"spark://|local$|local\[|yarn$|k8s://"),
        "spark://HOST:7077",
        "pyspark",
        _spark,
        _spark_usable,
    ),
)
