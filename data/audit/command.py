"""The command ``python -m data audit``: what happened, newest first, or whether the log is whole."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from datetime import date
from typing import Any

from data.audit.chain import Mark
from data.audit.checking import Verified, verify
from data.audit.kinds import KINDS
from data.audit.reading import Entry, matching
from data.errors import UserError
from data.store import Store


def add(sub: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    sub.add_argument("--verify", action="store_true", help="check that the log is whole")
    sub.add_argument(
        "--noted",
        metavar="NUMBER:HASH",
        help="with --verify: a last line as it was noted before; it must stand in the log",
    )
    sub.add_argument("--json", action="store_true", help="print what was found as JSON")
    sub.add_argument("--from", dest="start", metavar="DATE", help="first day (UTC), inclusive")
    sub.add_argument("--to", dest="end", metavar="DATE", help="last day (UTC), inclusive")
    sub.add_argument("--what", choices=tuple(KINDS), help="one kind of event")
    sub.add_argument("--who", metavar="NAME", help="one person")


def run(args: argparse.Namespace) -> None:
    """Run it; raise ``UserError`` if the log is broken."""
    root = Store(args.store).root
    if args.verify or args.noted:
        _verify(verify(root, _mark(args.noted)), args.json)
        return
    start, end = _day(args.start, "--from"), _day(args.end, "--to")
    found = matching(root, what=args.what, who=args.who, start=start, end=end)
    if args.json:
        # One line each, as it is read: a log may be longer than memory.
        for entry in found:
            print(json.dumps(_plain(entry)))
        return
    nothing = True
    for entry in found:
        nothing = False
        print(line(entry))
    if nothing:
        print("nothing is logged that fits")


def line(entry: Entry) -> str:
    """Return an event as one line of text."""
    mark = "" if entry.sound else "  NOT AS WRITTEN"
    facts = f"  {told(entry.facts)}" if entry.facts else ""
    return f"{entry.at:%Y-%m-%d %H:%M:%S}  {entry.what:<9} {entry.who}{facts}{mark}"


def told(facts: dict[str, Any]) -> str:
    """Return facts as text: ``name value``, a hash by its first letters, of a list how many."""
    return ", ".join(f"{name} {_short(value)}" for name, value in facts.items())


def _short(value: Any) -> str:
    if isinstance(value, list):
        return " ".join(_short(v) for v in value) if len(value) <= 3 else f"({len(value)})"
    text = str(value)
    return f"{text[:12]}…" if len(text) == 64 and text.isalnum() else text


def _verify(found: Verified, as_json: bool) -> None:
    if as_json:
        plain = asdict(found) | {"whole": not found.problems}
        print(json.dumps(plain | {"last": str(found.last) if found.last else None}, indent=1))
    else:
        for text in (*found.problems, *(f"note: {n}" for n in found.notes)):
            print(text)
    if found.problems:
        more = f" (and {len(found.problems) - 1} more)" if found.problems[1:] else ""
        raise UserError(
            f"the audit log is broken: {found.problems[0]}{more}; keep audit.jsonl and audit.head as they"
            " are, and ask who can write to the store folder"
        )
    if not as_json:
        until = f", until {found.last_at[:19].replace('T', ' ')} UTC" if found.last else ""
        print(f"whole: {found.lines:,} lines{until}")
        if found.last:
            print(f"to be noted elsewhere: {found.last}")


def _plain(entry: Entry) -> dict[str, Any]:
    return asdict(entry) | {"at": entry.at.isoformat()}


def _mark(text: str | None) -> Mark | None:
    try:
        return Mark.of(text) if text else None
    except ValueError as error:
        raise UserError(f"--noted: {error}") from None


def _day(text: str | None, option: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise UserError(f"{option} {text!r} is not a date; write it as YYYY-MM-DD") from None
