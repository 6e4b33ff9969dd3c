"""A store whose every free label is a payload: what a hostile export could make a page or a file do."""

from __future__ import annotations

from pathlib import Path

import duckdb

from data import ingest, mapping, schema, simulate
from data.sql import literal
from data.store import Store

PAYLOADS = (
    "=<img src=//zq.invalid/a onerror=x()>![zq](//zq.invalid/b)$\\zq$:red[zq]**zqb**",
    "@<script>zq()</script>[zq](//zq.invalid/c):material/zq: `zq` _zq_ :smile: {zq}",
    "-2+3+zq<a href='javascript:zq()'>zq</a><b>zq ]]></w:t> #eval(zq) | \\zq &lt;zq",
    '=HYPERLINK("http://zq.invalid/d","zq")',
    "@SUM(zq)",
    "+cmd|' /C calc'!zq",
    "# zq <http://zq.invalid/e> http://zq.invalid/f www.zq.invalid",
    "1. zq %{x} {{zq}} %s ~~zq~~ ==zq== [^zq] :[zq]{.zq} -> <- -- (c) ---",
    "' OR 1=1; DROP TABLE contacts; -- zq",
    "\"zq\",'zq';zq\\",
    "zq" * 40,
)
"""Labels of at most 80 letters, as many as a label may have: longer ones are never stored."""


def of(place: int) -> str:
    """Return the payload of a place, unlike every other of its column."""
    return f"{PAYLOADS[place % len(PAYLOADS)]}{place // len(PAYLOADS) or ''}"[:80]


_NOT_FREE = {"agency_id", "source", "time_zone", "starts_at", "ends_at", "weekdays", "course_id"}


def make(folder: Path, contacts: int = 3_000) -> Store:
    """Simulate an agency, put a payload in place of every free label, load it, and return its store."""
    simulate.write(simulate.simulate(contacts, seed=3), folder)
    free = {
        (t.name, c.name)
        for t in mapping.importable_tables().values()
        for c in t.importable
        if c.type in ("text", "code") and c.name not in _NOT_FREE and not c.values
    }
    numbers: dict[str, dict[str, int]] = {}
    files = []
    with duckdb.connect() as con:
        for table in schema.tables():
            path = folder / f"{table}.parquet"
            if not path.exists():
                continue
            read = f"read_parquet({literal(str(path))})"
            held = [r[0] for r in con.execute(f"DESCRIBE SELECT * FROM {read}").fetchall()]
            changed = []
            for column in held:
                if (table, column) not in free:
                    continue
                values = con.execute(
                    f"SELECT DISTINCT CAST({column} AS VARCHAR) FROM {read}"
                    f" WHERE {column} IS NOT NULL ORDER BY 1"
                ).fetchall()
                known = numbers.setdefault(column, {})
                cases = " ".join(
                    f"WHEN {literal(v)} THEN {literal(of(known.setdefault(v, len(known))))}"
                    for (v,) in values
                )
                if cases:
                    changed.append(f"CASE CAST({column} AS VARCHAR) {cases} END AS {column}")
            if changed:
                hostile = folder / f"h-{table}.parquet"
                con.execute(
                    f"COPY (SELECT * REPLACE ({', '.join(changed)}) FROM {read})"
                    f" TO {literal(str(hostile))} (FORMAT parquet)"
                )
                hostile.replace(path)
            if table in mapping.importable_tables():
                files.append(path)
    store = Store(folder / "store")
    ingest.load(store, files, mapping.read("canonical"))
    _second(folder, store)
    return store


def _second(folder: Path, store: Store) -> None:
    """Load what only a mapping of one's own can name: the file, its columns, its codes, its source."""
    agency = store.current().cursor().execute("SELECT agency_id FROM agencies").fetchall()[0][0]
    export = folder / "<img src=x onerror=zq()>![zq](zq)=zq.csv"
    odd = [of(i).replace('"', "'") for i in range(len(PAYLOADS))]
    head = ["Form", "When", "Force", *(f'"{i}{p}"' for i, p in enumerate(odd)), '"Name <b>zq"']
    rows = [
        [f"Z{i:03d}", "2025-06-01 10:00", f'"{p}"', *["v"] * len(odd), "zq"]
        for i, p in enumerate(odd)
    ]
    rows.append(["Z999", "2025-06-01 10:00", "X", *["v"] * len(odd), "zq"])
    rows += [["", "", "", *["v"] * len(odd), "zq"]]
    export.write_text("\n".join(",".join(row) for row in [head, *rows]) + "\n", encoding="utf-8")
    source = of(0).replace("\\", "\\\\")
    (folder / "mine.toml").write_text(
        f"[mapping]\nkey = 'Form'\nsource = \"{source}\"\n[agency]\nagency_id = '{agency}'\n"
        "[contacts.columns]\ncontact_at = 'When'\n"
        "[contacts.columns.force_used]\nfrom = 'Force'\nmap = { X = 'yes' }\n",
        encoding="utf-8",
    )
    (store.root / "settings.toml").write_text("rejected_limit = 0.5\n", encoding="utf-8")
    ingest.load(store, [export], mapping.read(str(folder / "mine.toml")))
