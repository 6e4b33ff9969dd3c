"""The command ``python -m metrics measures``: a funder's set of measures as lines, JSON or CSV."""

from __future__ import annotations

import argparse
import json
from datetime import date
from pathlib import Path
from typing import Any

from data import sample
from data.cli import add_store
from data.errors import UserError
from data.registry.measures import SETS
from data.store import Store
from metrics import fiscal, measures, taken
from metrics.measure_report import Report
from metrics.options import day
from metrics.wording import measures as wording


def add(commands: Any) -> None:
    """Add the command to a parser's commands."""
    help_ = "report a funder's or overseer's measures over the periods of a grant"
    sub = commands.add_parser("measures", help=help_, description=help_)
    sub.set_defaults(action=_measures)
    add_store(sub)
    add_question(sub)
    sub.add_argument("--json", action="store_true", help="print the report as JSON")
    sub.add_argument("--csv", type=Path, metavar="FILE", help="write every value to a CSV file")


def add_question(sub: argparse.ArgumentParser) -> None:
    """Add what is asked: whose measures, which days, the fiscal year, the baseline, targets."""
    sub.add_argument(
        "--set", required=True, choices=[s.id for s in SETS], help="whose measures to report"
    )
    sub.add_argument("--from", dest="start", metavar="DATE", help="first day, inclusive")
    sub.add_argument("--to", dest="end", metavar="DATE", help="last day, inclusive")
    sub.add_argument(
        "--year-starts",
        metavar="MONTH",
        help="month the fiscal year starts in; default: that of the agency, else January",
    )
    sub.add_argument(
        "--baseline",
        metavar="FROM..TO",
        help="days of the baseline, both inclusive; default: the first full fiscal year",
    )
    sub.add_argument(
        "--target", action="append", default=[], metavar="ID=VALUE", help="your own target; repeats"
    )


def report_of(args: argparse.Namespace, store: Store) -> Report:
    """Return the report that a command's arguments ask for; raise ``UserError`` for odd ones."""
    start, end = day(args.start, "--from"), day(args.end, "--to")
    year_starts = None if args.year_starts is None else fiscal.month(args.year_starts)
    baseline, target = _span(args.baseline), measures.targets(args.set, args.target)
    sample.ensure(store)
    return measures.report(
        args.set,
        store.current(),
        start,
        end,
        year_starts=year_starts,
        baseline=baseline,
        target=target,
    )


def _span(text: str | None) -> tuple[date, date] | None:
    if text is None:
        return None
    first, dots, last = text.partition("..")
    if not dots:
        raise UserError(f"--baseline {text!r} must read FROM..TO, such as 2024-01-01..2024-12-31")
    start, end = day(first, "--baseline"), day(last, "--baseline")
    assert start is not None and end is not None
    return start, end


def _measures(args: argparse.Namespace) -> None:
    store = Store(args.store)
    found = report_of(args, store)
    if args.csv is not None:
        content, about = found.to_csv().encode(), f"measures-{found.set.id}"
        more = {"access": found.access, "snapshot": found.snapshot}
        taken.write(store.root, args.csv, content, "measures", about, "--csv", **more)
    if args.json:
        print(json.dumps(found.to_dict(), ensure_ascii=False, allow_nan=False))
    else:
        if found.simulated:
            print("Simulated data: an invented agency.")
        print("\n".join(wording.lines(found)))
        print("Quarters, fiscal years, districts and kinds: --csv FILE or --json.")
