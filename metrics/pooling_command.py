"""The commands ``python -m metrics partials`` and ``pool``."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from data import sample
from data.cli import add_store
from data.errors import UserError
from data.store import Store
from metrics import options, partials, pooling_kept, pooling_report, taken
from metrics.pooling_agencies import pool
from metrics.pooling_files import read, together
from metrics.wording import pooling as wording


def add(commands: Any) -> None:
    """Add both commands to a parser's commands."""
    help_ = "write what this agency may share with others: estimates and counts, signed, no rows"
    sub = commands.add_parser("partials", help=help_, description=help_)
    sub.set_defaults(action=_partials)
    add_store(sub)
    options.add_question(sub)
    sub.add_argument("--out", type=Path, required=True, metavar="FILE", help="the file to write")
    sub.add_argument(
        "--setting",
        choices=partials.SETTINGS,
        help="where this agency polices; default: not stated",
    )
    help_ = "pool the partials of several agencies: random effects, never a ranking"
    sub = commands.add_parser("pool", help=help_, description=help_)
    sub.set_defaults(action=_pool)
    add_store(sub)
    sub.add_argument(
        "files", nargs="*", type=Path, metavar="FILE", help="partials; default: those kept"
    )
    sub.add_argument(
        "--fingerprint",
        action="append",
        default=[],
        metavar="HASH",
        help="take only files signed with this key; repeats",
    )
    sub.add_argument(
        "--keep", action="store_true", help="keep these partials in the store, for its pages"
    )
    sub.add_argument("--json", action="store_true", help="print the answer as JSON")
    sub.add_argument("--csv", type=Path, metavar="FILE", help="write every value to a CSV file")


def _partials(args: argparse.Namespace) -> None:
    question = options.question(args)
    if not args.out.absolute().parent.is_dir():
        raise UserError(f"--out {args.out}: there is no such folder; make it first")
    store = Store(args.store)
    sample.ensure(store)
    snapshot = store.current()
    found = partials.partial(question, snapshot, args.setting)
    content = partials.text(found).encode()
    taken.write(
        store.root,
        args.out,
        content,
        "partials",
        "partials",
        access="internal",
        snapshot=snapshot.id,
        question=question,
    )
    fingerprint = found["signature"]["fingerprint"]
    print("\n".join(wording.written(str(args.out), found["outcomes"], fingerprint)))


def _pool(args: argparse.Namespace) -> None:
    store = Store(args.store)
    paths = args.files or list(pooling_kept.files(store))
    found = pool(together([read(path) for path in paths], args.fingerprint))
    if args.keep and args.files:
        pooling_kept.keep(store, args.files)
    if args.csv is not None:
        content = pooling_report.to_csv(found).encode()
        taken.write(store.root, args.csv, content, "pool", "pooled-agencies", "--csv")
    if args.json:
        answer = pooling_report.to_dict(found)
        print(json.dumps(answer, ensure_ascii=False, allow_nan=False))
    else:
        print("\n".join(wording.lines(found)))
