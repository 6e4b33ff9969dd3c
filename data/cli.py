"""What every command shares: the store option, and errors as one line with an exit code."""

from __future__ import annotations

import argparse
import gc
import os
import sys
from pathlib import Path
from typing import NoReturn

import duckdb

from data import opening
from data.errors import UserError
from data.identifying import HIDDEN_LETTERS

# A command imports a hundred thousand objects that stay until it ends: looking for garbage among them
# again and again took half a second of three.
gc.set_threshold(200_000, 20, 20)


_LONGEST = 900
"""Letters of the one line that says what is wrong."""


class Parser(argparse.ArgumentParser):
    """Argparse, but its complaints are one line like all others."""

    def error(self, message: str) -> NoReturn:
        """Print the complaint and leave with exit code 2."""
        _fail(f"{message}; see {self.prog} --help", 2)


def add_store(parser: argparse.ArgumentParser) -> None:
    """Add ``--store DIR``."""
    parser.add_argument(
        "--store", type=Path, metavar="DIR", help="store folder (default: CIT_STORE, else your own)"
    )


def run(parser: Parser, argv: list[str] | None = None) -> None:
    """Run the chosen command; a ``UserError`` becomes one line on stderr and its exit code."""
    args = parser.parse_args(argv)
    try:
        args.action(args)
        sys.stdout.flush()
    except UserError as error:
        _fail(str(error), error.exit_code)
    except BrokenPipeError:
        # The reader went away (`| head`): not an error, but Python would complain at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (KeyboardInterrupt, duckdb.InterruptException):
        _fail("stopped; nothing was published", 130)
    except duckdb.Error as error:
        if not opening.damage(error):
            raise
        _fail(f"a snapshot is damaged: a part of it cannot be read; {opening.ROLL_BACK}", 2)


def _fail(message: str, code: int) -> NoReturn:
    # What a file is called or holds may stand in it: a terminal shows that and obeys none of it.
    line = " ".join(HIDDEN_LETTERS.sub("?", message).split())
    if len(line) > _LONGEST:
        line = f"{line[: _LONGEST // 2]} ... {line[-_LONGEST // 2 :]}"
    print(f"error: {line}", file=sys.stderr)
    raise SystemExit(code)
