"""The copy that people's own SQL runs over: Parquet files and what their columns mean, made once."""

from __future__ import annotations

import contextlib
import json
import secrets
from pathlib import Path

import duckdb
from filelock import FileLock

from data import edition
from data.errors import UserError
from data.extract import check, codebook, writing
from data.extract.build import Asked, build
from data.extract.files import Request, asked_of, manifest_of
from data.sql import literal, private
from data.store import Snapshot


def analysis_copy(
    snapshot: Snapshot, folder: Path, *, k: int | None = None, dates: str = "keep"
) -> Path:
    """Write the tables for people's own SQL into a folder, and return it: Parquet and comments.json.

    A folder that holds this copy already is returned as it is; of several that ask for one at the same
    time one writes and the others wait; a copy of another snapshot, of other definitions or of another
    ``k`` is replaced. Raises ``UserError`` if the folder holds anything else, and as ``extract`` does.
    """
    asked = asked_of(snapshot, Request(folder, "parquet", dates, k))
    with contextlib.suppress(UserError):  # it may be being replaced: only what is there counts
        if _holds(folder, snapshot, asked):
            return folder
    try:
        folder.absolute().parent.mkdir(parents=True, exist_ok=True)
        # One writer at a time: others wait for its copy, and nobody moves away what has just come.
        with FileLock(folder.with_name(f".{folder.name}.lock")):
            if not _holds(folder, snapshot, asked):
                _write(snapshot, folder, asked)
    except OSError as error:
        raise UserError(f"{folder}: cannot be written ({error.strerror or error})") from None
    return folder


def _write(snapshot: Snapshot, folder: Path, asked: Asked) -> None:
    with writing.sibling(folder) as building, writing.sibling(folder) as old:
        building.mkdir()
        with writing.connected(snapshot) as con:
            built = build(con, asked, secrets.token_hex(32))
            manifest = manifest_of(snapshot, asked, "parquet", built)
            manifest["rows"] = writing.tables(
                con, building, "parquet", built.tables, lambda stage: None
            )
            source = writing.sources(building, "parquet")
            manifest["achieved"] = check.smallest_classes(con, source, asked.k)
            writing.say(con, "", built.tables, manifest)
            for name in ("codebook", "manifest"):
                path = literal(str(building / f"{name}.parquet"))
                con.execute(f"COPY said.{name} TO {path} ({writing.COPY['parquet']})")
        text = json.dumps(codebook.comments(built.tables), indent=1)
        (building / "comments.json").write_text(text, encoding="utf-8")
        if folder.exists():  # a copy of another kind, or an empty folder
            folder.rename(old)
        writing.put(building, folder)


def _holds(folder: Path, snapshot: Snapshot, asked: Asked) -> bool:
    """Return whether a folder holds the very copy asked for; raise ``UserError`` if it holds no copy."""
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return False
    said = folder / "manifest.parquet"
    try:
        with contextlib.closing(private()) as con:
            found = dict(con.execute(f"FROM read_parquet({literal(str(said))})").fetchall())
        was = json.loads(found["asked"])
        return (was["k"], was["dates"], found["snapshot"]) == (
            asked.k,
            asked.dates,
            snapshot.id,
        ) and (found["software"], found["registry_sha256"]) == (
            edition.software(),
            edition.registry_hash(),
        )
    except (duckdb.Error, KeyError, ValueError):
        raise UserError(f"{folder}: holds something else; give another folder") from None
