"""Commands of the pages room: ``python -m pages COMMAND``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from data import sample
from data.cli import Parser, add_store, run
from data.errors import UserError
from data.store import Store
from metrics import measures_command, options, taken
from pages import serve
from pages.print import measures, output
from pages.print.material import Material


def _progress(text: str) -> None:
    if sys.stderr.isatty():
        print(text, file=sys.stderr)


def _print(kind: str) -> Callable[[argparse.Namespace], None]:
    def action(args: argparse.Namespace) -> None:
        question = options.question(args)
        folder = args.out.parent
        if not folder.is_dir():
            raise UserError(f"--out {args.out}: there is no folder {folder}; make it first")
        store = Store(args.store)
        sample.ensure(store)
        snapshot = store.current()
        material: Material = output.gather(
            question, args.access, snapshot, store.settings, store.root
        )
        content = output.render(kind, args.format, material, _progress)
        taken.write(
            store.root,
            args.out,
            content,
            kind,
            kind,
            access=args.access,
            snapshot=snapshot.id,
            question=question,
        )

    return action


def _measures(args: argparse.Namespace) -> None:
    store = Store(args.store)
    found = measures_command.report_of(args, store)
    content = measures.render(args.format, found, store.current(), store.settings, store.root)
    more = {"access": found.access, "snapshot": found.snapshot}
    taken.write(store.root, args.out, content, "measures", f"measures-{found.set.id}", **more)


def parser() -> Parser:
    """Return the parser; the documentation test walks it."""
    top = Parser(prog="python -m pages", description=__doc__)
    commands = top.add_subparsers(dest="command", required=True)
    for kind, help_ in (
        ("brief", "write the one-page brief"),
        ("report", "write the full report"),
        ("narrative", "write the narrative of an application, to be edited"),
    ):
        sub = commands.add_parser(kind, help=help_, description=help_)
        sub.set_defaults(action=_print(kind))
        add_store(sub)
        sub.add_argument("--format", choices=tuple(output.FORMATS), default="pdf")
        sub.add_argument("--out", type=Path, required=True, metavar="FILE")
        options.add_question(sub)
    help_ = "write a funder's or overseer's measures as a document"
    sub = commands.add_parser("measures", help=help_, description=help_)
    sub.set_defaults(action=_measures)
    add_store(sub)
    sub.add_argument("--format", choices=tuple(output.FORMATS), default="docx")
    sub.add_argument("--out", type=Path, required=True, metavar="FILE")
    measures_command.add_question(sub)
    help_ = "open the dashboard on this computer, or serve it to others who sign in"
    sub = commands.add_parser("serve", help=help_, description=help_)
    sub.set_defaults(action=serve.action)
    add_store(sub)
    sub.add_argument("--port", type=int, default=serve.PORT)
    sub.add_argument("--address", default=serve.ADDRESS, help="localhost if left out")
    return top


if __name__ == "__main__":
    run(parser())
