"""Commands of the data room: ``python -m data COMMAND``."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

from data import (
    backup,
    extract,
    holds,
    ingest,
    mapping,
    purge,
    restore,
    sample,
    swaps,
    template,
    verify,
)
from data.audit import command as audit_command
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
        mapping.read(args.mapping, Store(args.store).root),
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
    if swaps.pending(store):
        print("a purge was interrupted; the next purge or load finishes it")


def _rollback(args: argparse.Namespace) -> None:
    print(f"now using snapshot {Store(args.store).rollback(args.id).id}")


def _n(n: int, what: str) -> str:
    return f"{n:,} {what}{'' if n == 1 else 's'}"


def _purge(args: argparse.Namespace) -> None:
    store = Store(args.store)
    report = purge.purge(store, args.file, dry_run=args.dry_run, progress=_progress())
    entry = report.entry
    lines = [
        f"{_n(entry.removed, 'contact')} and {_n(entry.calls, 'call')}"
        f" {'would be removed' if args.dry_run else 'removed'},"
        f" {_n(len(entry.snapshots), 'snapshot')}"
        f" {'would be written' if args.dry_run else 'written'} anew"
    ]
    lines += [f"  kept: {_n(n, 'contact')}: {reason}" for reason, n in entry.held.items()]
    if report.held_only_in_older:
        lines.append(
            f"  {_n(report.held_only_in_older, 'contact')} under legal hold only in older snapshots,"
            " which later loads remove: keep a copy of the store"
        )
    if report.unmatched:
        lines.append(f"  {_n(report.unmatched, 'number')} of the file not in the store")
    if args.dry_run:
        lines.append("nothing was changed")
    else:
        lines += [f"  {old} is now {new}" for old, new in entry.snapshots.items()]
        lines.append(
            "loading an older file that still has them brings them back;"
            " copies and backups of the store are not changed"
        )
    print("\n".join(lines))


def _hold(args: argparse.Namespace) -> None:
    store = Store(args.store)
    if args.list:
        found = holds.summary(store)
        print("\n".join(f"{_n(n, 'number')}: {reason}" for reason, n in found.items()) or "none")
        return
    change = holds.add(store, args.add) if args.add else holds.release(store, args.release)
    done, other = (
        ("added", "were on the list") if args.add else ("released", "were not on the list")
    )
    print(
        f"{_n(change.changed, 'number')} {done}, {change.without_effect:,} {other};"
        f" {change.not_in_use:,} name no contact of the snapshot in use"
    )


def _day(text: str | None, option: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise UserError(f"{option} {text!r} is not a date; write it as YYYY-MM-DD") from None


def _extract(args: argparse.Namespace) -> None:
    request = extract.Request(
        args.out,
        args.format,
        args.dates,
        args.k,
        _day(args.start, "--from"),
        _day(args.end, "--to"),
    )
    print(extract.extract(Store(args.store).current(), request, progress=_progress()))


def _backup(args: argparse.Namespace) -> None:
    out, found = backup.backup(Store(args.store), args.out, keep=args.keep, progress=_progress())
    print(f"{out}: {_n(len(found.files), 'file')}, snapshot {found.current} in use")
    for id_ in found.damaged:
        print(f"  left out: snapshot {id_}, whose file is not the one that was published")
    print("  it holds the store's secret: keep it as you keep the store")


def _restore(args: argparse.Namespace) -> None:
    root = Store(args.store).root
    found, purges = restore.restore(
        args.file, root, before_purge=args.before_purge, progress=_progress()
    )
    print(restore.said(found, root, purges))


def _push(args: argparse.Namespace) -> None:
    from data.warehouse import address, engines, push, table

    store = Store(args.store)
    url, name = address(store)
    if args.ddl:
        print(table.ddl(engines.engine_of(url).name, name))
    else:
        print(f"{_n(push.push(store, replace=args.replace), 'contact')} written to {name}")


def _verify(args: argparse.Namespace) -> None:
    report = verify.verify(Store(args.store), progress=_progress())
    if args.json:
        print(json.dumps(report.to_dict(), indent=1))
    else:
        for finding in report.findings:
            print(finding)
        for id_, n in report.contacts.items():
            print(f"{'*' if id_ == report.current else ' '} {id_}  {n:,} contacts")
    if report.errors:
        more = f" (and {len(report.errors) - 1} more)" if report.errors[1:] else ""
        first = report.errors[0]
        raise UserError(f"{first.where}: {first.what}{more}; {first.to_do}")
    if not args.json:
        print("sound")


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
    help_ = "list what was done, by whom and when, or check that the log of it is whole"
    audit_command.add(command("audit", audit_command.run, help_))
    sub = command(
        "push", _push, "write the contacts in use to the warehouse that the settings name"
    )
    sub.add_argument(
        "--replace", action="store_true", help="in place of the contacts that are there already"
    )
    sub.add_argument(
        "--ddl", action="store_true", help="only print the statement that makes the table"
    )
    sub = command("verify", _verify, "check every file of the store, changing nothing")
    sub.add_argument("--json", action="store_true", help="print what was found as JSON")
    sub = command("backup", _backup, "write the whole store to one file, while it is in use")
    sub.add_argument(
        "--out", required=True, type=Path, metavar="FILE|DIR", help="a file, or a folder of backups"
    )
    sub.add_argument(
        "--keep", type=int, metavar="N", help="backups of this store that stay in the folder"
    )
    sub = command("restore", _restore, "make a store of a backup, where there is none")
    sub.add_argument("file", type=Path, metavar="FILE", help="the backup")
    sub.add_argument(
        "--before-purge",
        action="store_true",
        help="go on although a later purge is known of; then purge again",
    )
    sub = command("purge", _purge, "remove what was sealed or expunged from every kept snapshot")
    sub.add_argument(
        "file",
        nargs="?",
        type=Path,
        metavar="FILE",
        help="CSV of contact_id, incident_id or person_key to remove, beside what loads replaced away",
    )
    sub.add_argument("--dry-run", action="store_true", help="only say what would be removed")
    sub = command("hold", _hold, "keep contacts from a purge: the agency's own legal holds")
    what = sub.add_mutually_exclusive_group(required=True)
    what.add_argument(
        "--add", type=Path, metavar="FILE", help="CSV of contact_id, incident_id or person_key"
    )
    what.add_argument("--release", type=Path, metavar="FILE", help="the same, to end the hold")
    what.add_argument("--list", action="store_true", help="count what is held, by reason")
    sub = command("extract", _extract, "write a de-identified copy to take away")
    sub.add_argument(
        "--out",
        required=True,
        type=Path,
        metavar="FILE.duckdb|DIR",
        help="one DuckDB file, or a folder of files",
    )
    sub.add_argument("--format", choices=extract.FORMATS, help="of a folder; parquet if left out")
    sub.add_argument(
        "--dates",
        choices=extract.DATES,
        default="shift",
        help="shift each person's dates by whole weeks (the default), or keep them",
    )
    sub.add_argument(
        "--k",
        type=int,
        metavar="N",
        help="people each row is hidden among, at least 5 (default: the setting public_threshold)",
    )
    sub.add_argument("--from", dest="start", metavar="DATE", help="first day of contacts")
    sub.add_argument("--to", dest="end", metavar="DATE", help="last day of contacts")
    return top


if __name__ == "__main__":
    run(parser())
