"""Write an extract: all of it or nothing, and nothing over what is there."""

from __future__ import annotations

import contextlib
import csv
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb

from data import audit, edition
from data.errors import SnapshotError, UserError
from data.extract import check, codebook, readme, writing
from data.extract.build import Asked, Built, build
from data.extract.policy import OFFICER_WITHHELD_FIRST, QUASI_IDENTIFIERS
from data.roles import Right
from data.sql import literal, one, private, quote
from data.store import Snapshot

FORMATS = ("parquet", "csv")
DATES = ("shift", "keep")
LEAST_K = 5


@dataclass(frozen=True)
class Request:
    """What is asked for: a folder of ``format`` files, or one ``.duckdb`` file.

    ``k`` is the setting ``public_threshold`` where it is None; ``dates`` is "shift" or "keep"; ``start``
    and ``end`` are local dates of contacts, both inclusive.
    """

    out: Path
    format: str | None = None
    dates: str = "shift"
    k: int | None = None
    start: date | None = None
    end: date | None = None


@dataclass(frozen=True)
class Result:
    """An extract that was written: rows by table, the smallest classes, cells withheld by column."""

    out: Path
    manifest: dict[str, Any]
    sha256: str = ""
    rows: dict[str, int] = field(default_factory=dict)

    def __str__(self) -> str:
        asked, achieved = self.manifest["asked"], self.manifest["achieved"]
        rows = self.rows
        held = {name: n for name, n in rows.items() if n}
        lines = [
            f"{self.out}: {rows['encounters']:,} contacts in {len(held)} tables,"
            f" {sum(rows.values()):,} rows, dates {'kept' if asked['dates'] == 'keep' else 'shifted'}",
        ]
        for table, found in achieved.items():
            if found is None:
                lines.append(f"  {table}: none left the store")
                continue
            cells = {
                name.partition(".")[2]: n
                for name, n in self.manifest["withheld"].items()
                if name.startswith(f"{table}.") and n
            }
            n = self.manifest["withheld"].get(f"{table} rows", 0)
            more = "".join(f", {c} in {m:,}" for c, m in cells.items())
            whom = "people" if table == "encounters" else "officers"
            lines.append(
                f"  {table}: k = {found['people']} {whom} in the smallest class, {asked['k']} asked;"
                f" withheld in {n:,} rows{more}"
            )
        lines += [f"  {note}" for note in self.manifest["notes"]]
        tables, columns = (self.manifest[f"missing_{what}"] for what in ("tables", "columns"))
        if tables or columns:
            lines.append(
                f"  not held by this snapshot: {len(tables)} tables, written empty, and"
                f" {len(columns)} columns, written blank; the manifest lists them"
            )
        if self.sha256:
            lines.append(f"  SHA-256 {self.sha256}")
        return "\n".join(lines)


def extract(
    snapshot: Snapshot,
    request: Request,
    *,
    secret: str | None = None,
    who: str | None = None,
    progress: Callable[[str], None] = lambda stage: None,
) -> Result:
    """Write a de-identified extract of a snapshot.

    ``secret`` stands in for the fresh one in tests; ``who`` is named in the audit log, who runs the command
    if None. Raises ``UserError`` for what cannot be asked, where
    something is there already, where fewer than k people were asked about, and where the disk or the
    memory does not suffice; nothing is left then.
    """
    kind = _kind(request)
    asked = asked_of(snapshot, request)
    out = request.out
    if out.exists() or out.is_symlink():
        raise UserError(f"{out}: is already there; give another --out or remove it")
    if not out.absolute().parent.is_dir():
        raise UserError(f"{out}: there is no folder {out.absolute().parent}; make it first")
    with writing.sibling(out) as building:
        with writing.connected(snapshot) as con:
            built = build(con, asked, secret or secrets.token_hex(32), progress)
            manifest = manifest_of(snapshot, asked, kind, built)
            if kind == "duckdb":
                rows = _write_database(con, building, built, manifest, progress)
            else:
                building.mkdir()
                rows = _write_folder(con, building, kind, built, manifest, progress)
        progress("flushed to disk")
        sha256 = writing.sha256(building) if kind == "duckdb" else ""
        audit.record(
            snapshot.path.parent.parent,
            "extract",
            who or audit.local(),
            snapshot=snapshot.id,
            sha256=sha256 or None,
            format=kind,
            dates=asked.dates,
            k=asked.k,
            contacts=rows["encounters"],
            start=manifest["asked"]["from"],
            end=manifest["asked"]["to"],
        )
        writing.put(building, out)
    return Result(out, manifest, sha256, rows)


# What is asked


def _kind(request: Request) -> str:
    suffix = request.out.suffix.lower()
    if suffix == ".duckdb":
        if request.format:
            raise UserError("--format is for a folder of files; a .duckdb file has one of its own")
        return "duckdb"
    if suffix in (".parquet", ".csv", ".db", ".zip", ".gz", ".xlsx"):
        raise UserError(f"{request.out}: give a folder, or a file whose name ends in .duckdb")
    if request.format not in (None, *FORMATS):
        raise UserError(f"--format must be one of: {', '.join(FORMATS)}")
    return request.format or "parquet"


def asked_of(snapshot: Snapshot, request: Request) -> Asked:
    """Return what is asked, with the defaults; raise ``UserError`` for what cannot be.

    Every copy passes here first: ``NotAllowedError`` for a role that may not see rows.
    """
    snapshot.role.need(Right.ROWS)
    k = request.k
    if k is None:
        k = snapshot.store.settings.public_threshold
    if k < LEAST_K:
        raise UserError(f"--k must be at least {LEAST_K}; smaller classes identify people")
    if request.dates not in DATES:
        raise UserError(f"--dates must be one of: {', '.join(DATES)}")
    if request.start and request.end and request.start > request.end:
        raise UserError("--from must not be after --to")
    return Asked(k, request.dates, request.start, request.end)


def manifest_of(snapshot: Snapshot, asked: Asked, kind: str, built: Built) -> dict[str, Any]:
    """Return what an extract says of itself, before it is written: rows and classes come later."""
    data = writing.sha256(snapshot.path)
    return {
        "snapshot": snapshot.id,
        "data_sha256": data,
        "asked": {
            "format": kind,
            "dates": asked.dates,
            "k": asked.k,
            "from": asked.start.isoformat() if asked.start else None,
            "to": asked.end.isoformat() if asked.end else None,
        },
        "software": edition.software(),
        "registry_sha256": edition.registry_hash(),
        "made": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "quasi_identifiers": {
            "encounters": list(QUASI_IDENTIFIERS),
            "officers": list(OFFICER_WITHHELD_FIRST),
        },
        "achieved": {},
        "withheld": built.withheld,
        "notes": built.notes,
        "missing_tables": built.missing_tables,
        "missing_columns": built.missing_columns,
        "rows": {},
    }


# What is written


def _write_folder(
    con: duckdb.DuckDBPyConnection,
    folder: Path,
    kind: str,
    built: Built,
    manifest: dict[str, Any],
    progress: Callable[[str], None],
) -> dict[str, int]:
    rows = writing.tables(con, folder, kind, built.tables, progress)
    manifest["rows"] = rows
    source = writing.sources(folder, kind)
    progress("read back and checked")
    k = manifest["asked"]["k"]
    # A connection of its own, without the store: what is checked is what was written.
    with contextlib.closing(private()) as fresh:
        manifest["achieved"] = check.smallest_classes(fresh, source, k)
        unfit, unique, kept = check.what_holds(fresh, source, built.tables, rows)
    files = {p.name: writing.described(p) for p in sorted(folder.iterdir())}
    _csv(folder / "codebook.csv", [codebook.HEAD, *codebook.rows(built.tables)])
    _json(folder / "registry.json", codebook.definitions())
    package = codebook.data_package(built.tables, files, kind, unfit, unique, kept, manifest)
    _json(folder / "datapackage.json", package)
    text = readme.text(manifest["asked"], kind, manifest["achieved"])
    (folder / "README.txt").write_text(text, encoding="utf-8")
    manifest["files"] = {p.name: writing.described(p) for p in sorted(folder.iterdir())}
    _json(folder / "manifest.json", manifest)
    return rows


def _write_database(
    con: duckdb.DuckDBPyConnection,
    path: Path,
    built: Built,
    manifest: dict[str, Any],
    progress: Callable[[str], None],
) -> dict[str, int]:
    con.execute(f"ATTACH {literal(str(path))} AS made")
    for table in built.tables:
        con.execute(f"CREATE TABLE made.{quote(table.name)} AS {table.sql}")
        n = one(con, f"SELECT count(*) FROM made.{quote(table.name)}")[0]
        manifest["rows"][table.name] = n
        if n:
            progress(f"{table.name}: {n:,} rows")
    k = manifest["asked"]["k"]
    con.execute("CHECKPOINT made; DETACH made")
    progress("read back and checked")
    with contextlib.closing(private()) as fresh:
        fresh.execute(f"ATTACH {literal(str(path))} AS made (READ_ONLY)")
        manifest["achieved"] = check.smallest_classes(fresh, "made.main.{}".format, k)
    with contextlib.closing(private(str(path))) as fresh:
        writing.say(fresh, "main", built.tables, manifest)
        fresh.execute("CREATE TABLE main.readme (text VARCHAR)")
        words = readme.text(manifest["asked"], "duckdb", manifest["achieved"])
        fresh.execute("INSERT INTO main.readme VALUES (?)", [words])
        fresh.execute(
            "CREATE TABLE main.definitions (kind VARCHAR, id VARCHAR, definition VARCHAR)"
        )
        said = [
            (kind, str(entry.get("id") or entry.get("code")), json.dumps(entry))
            for kind, entries in codebook.definitions().items()
            if isinstance(entries, list)
            for entry in entries
        ]
        fresh.executemany("INSERT INTO main.definitions VALUES (?, ?, ?)", said)
        for name, text in codebook.comments(built.tables).items():
            fresh.execute(f"COMMENT ON {name} IS {literal(text)}")
        fresh.execute("CHECKPOINT")
    if path.with_name(path.name + ".wal").exists():
        raise SnapshotError("the extract was not written whole; nothing was left")
    return dict(manifest["rows"])


def _csv(path: Path, rows: list[tuple[str, ...]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)


def _json(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content, indent=1, ensure_ascii=True) + "\n", encoding="utf-8")
