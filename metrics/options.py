"""The options that put a question, shared by every command that asks one."""

from __future__ import annotations

import argparse
from datetime import date

from data.errors import UserError
from metrics.question import ACCESSES, Question, ask


def add_question(parser: argparse.ArgumentParser) -> None:
    """Add the options of a question and who may read its answer."""
    parser.add_argument(
        "--outcome", action="append", metavar="ID", help="default: the primary ones"
    )
    parser.add_argument("--exposure", default="primary", metavar="ID")
    parser.add_argument(
        "--adjust", action="append", metavar="ID", help="default: the pre-specified covariates"
    )
    parser.add_argument("--from", dest="start", metavar="DATE", help="first day, inclusive")
    parser.add_argument("--to", dest="end", metavar="DATE", help="last day, inclusive")
    parser.add_argument("--where", action="append", default=[], metavar="DIM=VALUE")
    parser.add_argument("--access", choices=ACCESSES, default="internal")


def question(args: argparse.Namespace) -> Question:
    """Return the question that the options ask; raise ``UserError`` for one that cannot be asked."""
    return ask(
        args.outcome,
        args.exposure,
        args.adjust,
        day(args.start, "--from"),
        day(args.end, "--to"),
        _where(args.where),
    )


def day(text: str | None, option: str) -> date | None:
    """Return a date typed as YYYY-MM-DD; raise ``UserError`` for anything else."""
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UserError(f"{option} {text!r} is not a date; write it as YYYY-MM-DD") from None


def _where(pairs: list[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for pair in pairs:
        dim, equals, level = pair.partition("=")
        if not equals or not level:
            raise UserError(f"--where {pair!r} must read DIM=VALUE, such as district=North")
        found.setdefault(dim, []).append(level)
    return found
