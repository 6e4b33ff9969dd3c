"""Commands of the metrics room: ``python -m metrics COMMAND``."""

from __future__ import annotations

import argparse
import json
import sys

from data import loads, sample, warehouse
from data.cli import Parser, add_store, run
from data.errors import UserError
from data.prepared import coded
from data.store import Snapshot, Store
from metrics import measures_command, options, packet_command, pooling_command, wording
from metrics.evaluate import evaluate, not_prepared
from metrics.exhibit import Exhibit, exhibit
from metrics.question import Question
from metrics.result import SCHEMA_VERSION, Comparison
from metrics.wording import sensitivity


def _lines(comparison: Comparison) -> str:
    lines = [comparison.sentence]
    if comparison.cit.n and comparison.other.n:
        lines += [
            f"  {wording.verdict(comparison)}; certainty: {wording.CERTAINTY_WORDS[comparison.certainty]}",
            f"  {wording.allowance(comparison)}",
            *(f"  {line}" for line in wording.beside(comparison)),
            f"  {wording.contamination(comparison)}",
            f"  {wording.missing(comparison)}",
        ]
    return "\n".join(lines)


def _exhibits(
    question: Question, comparisons: tuple[Comparison, ...], snapshot: Snapshot
) -> dict[str, Exhibit]:
    """Return the sensitivity exhibit of each outcome, telling a terminal how far it is."""
    found = {}
    for place, comparison in enumerate(comparisons, 1):
        if sys.stderr.isatty():
            print(
                f"sensitivity {place} of {len(comparisons)}: {comparison.outcome}", file=sys.stderr
            )
        found[comparison.outcome] = exhibit(question, comparison.outcome, snapshot)
    return found


def _evaluate(args: argparse.Namespace) -> None:
    question = options.question(args)
    store = Store(args.store)
    asked_of = warehouse.open_table(store) if warehouse.configured(store) else None
    if asked_of is None:
        sample.ensure(store)
    snapshot = asked_of or store.current()
    if args.sensitivity and args.access == "public":
        raise UserError(
            "--sensitivity is for internal use: its many rows side by side could identify someone"
        )
    with warehouse.asking(snapshot):
        comparisons = evaluate(question, args.access, snapshot=snapshot)
        exhibits = _exhibits(question, comparisons, snapshot) if args.sensitivity else {}
        lacks = not_prepared(question, snapshot)
    # A warehouse's table does not say whether its contacts are invented.
    simulated = None if snapshot.warehouse else any(a.simulated for a in loads.agencies(snapshot))
    if args.json:
        answer = {
            "schema_version": SCHEMA_VERSION,
            "question": {**question.to_dict(), "access": args.access},
            "snapshot": snapshot.id,
            "simulated": simulated,
            **({"warehouse": snapshot.warehouse.to_dict()} if snapshot.warehouse else {}),
            "read_from": "encounters" if lacks else coded.CONTACTS,
            "not_prepared": list(lacks),
            "comparisons": [
                c.to_dict()
                | ({"sensitivity": exhibits[c.outcome].to_dict()} if c.outcome in exhibits else {})
                for c in comparisons
            ],
        }
        print(json.dumps(answer, ensure_ascii=False, allow_nan=False))
    else:
        if snapshot.warehouse:
            print(snapshot.warehouse)
        if simulated:
            print("Simulated data: an invented agency.")
        if lacks and not snapshot.warehouse:
            print(f"Counted row by row: what was prepared at publication lacks {', '.join(lacks)}.")
        for c in comparisons:
            print(_lines(c))
            if c.outcome in exhibits:
                print("\n".join(f"  {line}" for line in sensitivity.lines(exhibits[c.outcome])))
        print(wording.CAUTION)


def parser() -> Parser:
    """Return the parser; the documentation test walks it."""
    top = Parser(prog="python -m metrics", description=__doc__)
    commands = top.add_subparsers(dest="command", required=True)
    help_ = "compare outcomes between the arms of an exposure"
    sub = commands.add_parser("evaluate", help=help_, description=help_)
    sub.set_defaults(action=_evaluate)
    add_store(sub)
    options.add_question(sub)
    sub.add_argument(
        "--sensitivity",
        action="store_true",
        help="add the sensitivity exhibit: the same question asked in every other reasonable way",
    )
    sub.add_argument("--json", action="store_true", help="print the answer as JSON")
    measures_command.add(commands)
    packet_command.add(commands)
    pooling_command.add(commands)
    return top


if __name__ == "__main__":
    run(parser())
