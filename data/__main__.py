"""Commands of the data room: ``python -m data COMMAND``."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from data import ingest, mapping, sample, template
from data.cli import Parser, add_store, run
from data.errors import UserError
from data.ingest import LoadReport
from data.sql import one
from data.store import Store


def _progress() -> Callable[[str], None]:
    """Show stages on stderr when it is a terminal, and nothing otherwise."""
    if not sys.stderr.isatty():
        return lambda stage: None
    start = time.monotonic()
    return lambda stage: print(f"{time.monotonic() - start:6.1f} s  {stage}", file=sys.stderr)


def _summary(report: LoadReport, published: bool) -> str:
    lines = [
        f"{report.rows_read:,} rows read, {report.contacts:,} contacts,"
        f" {report.duplicates_collapsed:,} duplicate rows collapsed,"
        f" {sum(report.rejected.values()):,} rejected"
    ]
    lines += [f"  rejected: {n:,} rows: {reason}" for reason, n in report.rejected.items()]
    lines += [f"  conflicting values: {c} in {n:,} contacts" for c, n in report.conflicts.items()]
    for column, values in report.unknown_values.items():
        shown = ", ".join(f"{v!r} ({n:,})" for v, n in list(values.items())[:5])
        more = f" and {len(values) - 5} more" if len(values) > 5 else ""
        lines.append(f"  unknown values of {column}, stored as not recorded: {shown}{more}")
    if report.dropped_columns:
        lines.append(f"  never stored: {', '.join(report.dropped_columns)}")
    if report.repeated_headers:
        lines.append(f"  skipped: {report.repeated_headers:,} repeated header lines")
    if report.unused_columns:
        lines.append(f"  not used by the mapping: {', '.join(report.unused_columns)}")
    if report.removed:
        lines.append(f"  {report.removed:,} contacts no longer in the export were removed")
    if not published:
        lines.append("checked; nothing was published")
    elif report.changed:
        lines.append(f"published as snapshot {report.snapshot}")
    else:
        lines.append(f"nothing changed: snapshot {report.snapshot} already holds this")
    return "\n".join(lines)


def _load(args: argparse.Namespace, publish: bool = True) -> None:
    report = ingest.load(
        Store(args.store),
        args.files,
        mapping.read(args.mapping),
        agency_id=args.agency,
        replace_period=args.replace_period,
        publish=publish,
        progress=_progress(),
    )
    if args.json:
        print(report.to_json())
    else:
        print(_summary(report, publish))


def _check(args: argparse.Namespace) -> None:
    _load(args, publish=False)


def _template(args: argparse.Namespace) -> None:
    for path in template.write(args.out):
        print(path)


def _simulate(args: argparse.Namespace) -> None:
    result = sample.simulate(
        Store(args.store),
        args.contacts,
        args.seed,
        out=args.out,
        truth=args.truth,
        progress=_progress(),
    )
    print(result)


def _snapshots(args: argparse.Namespace) -> None:
    store = Store(args.store)
    current = store.current_id()
    for id_ in store.ids():
        made = datetime.strptime(id_.split("-")[0], "%Y%m%dT%H%M%S%f")
        try:
            cursor = store.snapshot(id_).cursor()
            held = f"{one(cursor, 'SELECT count(*) FROM contacts')[0]:,} contacts"
        except UserError as error:
            held = f"unusable: {error}"
        mark = "*" if id_ == current else " "
        print(f"{mark} {id_}  {made:%Y-%m-%d %H:%M:%S} UTC  {held}")


def _rollback(args: argparse.Namespace) -> None:
    print(f"now using snapshot {Store(args.store).rollback(args.id).id}")


def parser() -> Parser:
    """Return the parser; the documentation test walks it."""
    top = Parser(prog="python -m data", description=__doc__)
    commands = top.add_subparsers(dest="command", required=True)

    def command(
        name: str, action: Callable[[argparse.Namespace], None], help_: str
    ) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=help_, description=help_)
        sub.set_defaults(action=action)
        add_store(sub)
        return sub

    for name, action, help_ in (
        ("load", _load, "load an export and publish it"),
        ("check", _check, "do what load does, without publishing"),
    ):
        sub = command(name, action, help_)
        sub.add_argument("files", nargs="+", type=Path, metavar="FILE")
        sub.add_argument("--mapping", required=True, help="a shipped mapping's name or a TOML file")
        sub.add_argument("--agency", help="agency id, where neither mapping nor file gives it")
        sub.add_argument(
            "--replace-period",
            action="store_true",
            help="remove contacts of the period that are no longer in the export",
        )
        sub.add_argument("--json", action="store_true", help="print the report as JSON")
    sub = command("template", _template, "write empty import files with the dictionary")
    sub.add_argument("--out", required=True, type=Path, metavar="DIR")
    sub = command("simulate", _simulate, "make a simulated agency, published or written to files")
    sub.add_argument("--contacts", type=int, required=True, metavar="N")
    sub.add_argument("--seed", type=int, required=True, metavar="S")
    sub.add_argument("--truth", type=Path, metavar="FILE", help="write the true effects here")
    sub.add_argument(
        "--out", type=Path, metavar="DIR", help="write canonical Parquet, publish nothing"
    )
    command("snapshots", _snapshots, "list the kept snapshots; * is the one in use")
    sub = command("rollback", _rollback, "use an earlier snapshot again")
    sub.add_argument("id", nargs="?", help="which one; the one before the current if left out")
    return top


if __name__ == "__main__":
    run(parser())
