"""Write the snapshot in use to the warehouse: for an agency whose warehouse has no such table yet."""

from __future__ import annotations

from typing import Any

from data import audit
from data.errors import UserError
from data.roles import Right
from data.store import Snapshot, Store
from data.warehouse import address, engines
from data.warehouse.table import TYPES, ddl, declared

_ROWS = 50_000


def push(store: Store, *, replace: bool = False) -> int:
    """Write ``encounters`` of the snapshot in use to the warehouse; return how many contacts.

    Contacts, officers and people are there by the store's keyed hashes, as in the store. Raises
    ``NotAllowedError`` unless the role may take rows, ``UserError`` if no warehouse is set, it cannot be
    written to, or it has contacts already and ``replace`` is False.
    """
    store.role.need(Right.ROWS)
    url, name = address(store)
    snapshot = store.current()
    engine = engines.engine_of(url).name
    audit.record(
        store.root,
        "export",
        audit.local(),
        page="data push",
        file="encounters",
        kind=engine,
        access="internal",
        snapshot=snapshot.id,
    )
    write = _to_postgres if engine == "PostgreSQL" else _to_spark
    with engines.faults(url, name):
        return write(snapshot, url, name, replace)


def _query(engine: str) -> str:
    listed = (f"CAST({c} AS {TYPES[engine][kind]}) AS {c}" for c, kind in declared().items())
    return f"SELECT {', '.join(listed)} FROM encounters"


def _holds(name: str) -> UserError:
    return UserError(
        f"{name}: the warehouse has contacts in it already; `--replace` writes those of the store in"
        " their place"
    )


def _to_postgres(snapshot: Snapshot, url: str, name: str, replace: bool) -> int:
    from psycopg import sql

    table = sql.Identifier(*name.split("."))
    written = 0
    # In one transaction: whoever reads meanwhile sees the old contacts, and all of the new ones after it.
    with engines.postgres_connection(url, read_only=False) as con, con.transaction():
        if con.execute("SELECT to_regclass(%s)", [table.as_string(con)]).fetchone() == (None,):
            con.execute(ddl("PostgreSQL", table.as_string(con)).encode())
        if con.execute(sql.SQL("SELECT EXISTS (SELECT FROM {})").format(table)).fetchone() == (
            True,
        ):
            if not replace:
                raise _holds(name)
            con.execute(sql.SQL("DELETE FROM {}").format(table))
        columns = sql.SQL(", ").join(map(sql.Identifier, declared()))
        into = sql.SQL("COPY {} ({}) FROM STDIN").format(table, columns)
        rows = snapshot.cursor().execute(_query("duckdb"))
        with con.cursor().copy(into) as copy:
            while chunk := rows.fetchmany(_ROWS):
                for row in chunk:
                    copy.write_row(row)
                written += len(chunk)
    return written


def _to_spark(snapshot: Snapshot, url: str, name: str, replace: bool) -> int:
    session = engines.spark_session(url)
    rows = snapshot.cursor().sql(_query("duckdb")).to_arrow_table()
    schema = ", ".join(f"{c} {TYPES['Spark'][kind]}" for c, kind in declared().items())
    frame = session.createDataFrame(rows, schema=_schema(schema))
    writer = frame.write.mode("overwrite" if replace else "errorifexists")
    try:
        writer.parquet(name) if engines.is_path(name) else writer.saveAsTable(name)
    except Exception as error:
        if "ALREADY_EXISTS" in str(error):
            raise _holds(name) from None
        raise
    return int(rows.num_rows)


def _schema(text: str) -> Any:
    from pyspark.sql.types import StructType

    return StructType.fromDDL(text)
