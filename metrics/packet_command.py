"""The commands ``python -m metrics packet`` and ``verify-packet``."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from data import sample
from data.cli import add_store
from data.errors import UserError
from data.store import Store
from metrics import options, taken
from metrics import packet as packets
from metrics.wording import packet as wording


def add(commands: Any) -> None:
    """Add both commands to a parser's commands."""
    help_ = "write a question's evidence packet: answer, definitions, rows and code, with hashes"
    sub = commands.add_parser("packet", help=help_, description=help_)
    sub.set_defaults(action=_packet)
    add_store(sub)
    options.add_question(sub)
    sub.add_argument(
        "--out", type=Path, required=True, metavar="FILE.zip", help="the packet to write"
    )
    help_ = "compute a packet's numbers again from its own rows, without a store, and compare"
    sub = commands.add_parser("verify-packet", help=help_, description=help_)
    sub.set_defaults(action=_verify)
    sub.add_argument("file", type=Path, metavar="FILE", help="the packet")
    sub.add_argument("--sha256", metavar="HASH", help="its hash as noted when it was made")
    sub.add_argument("--json", action="store_true", help="print what was found as JSON")
    # Every command takes it, for scripts that always give it; nothing is read from there.
    add_store(sub)


def _progress(stage: str) -> None:
    if sys.stderr.isatty():
        print(stage, file=sys.stderr)


def _packet(args: argparse.Namespace) -> None:
    if args.access != "internal":
        raise UserError(wording.NEVER_PUBLIC)
    question = options.question(args)
    if not args.out.absolute().parent.is_dir():
        raise UserError(f"--out {args.out}: there is no such folder; make it first")
    store = Store(args.store)
    sample.ensure(store)
    snapshot = store.current()
    packet = packets.build(question, snapshot, progress=_progress)
    taken.write(
        store.root,
        args.out,
        packet.data,
        "packet",
        "evidence-packet",
        access="internal",
        snapshot=snapshot.id,
        question=question,
    )
    print("\n".join(wording.written(str(args.out), packet)))


def _verify(args: argparse.Namespace) -> None:
    found = packets.verify(args.file, sha256=args.sha256, progress=_progress)
    if args.json:
        print(json.dumps(found.to_dict(), ensure_ascii=False, allow_nan=False))
    else:
        print("\n".join(wording.verified(found)))
