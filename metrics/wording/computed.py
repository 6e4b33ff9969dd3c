"""What stands beside the Python and the SQL of a figure."""

from __future__ import annotations

import re
from collections.abc import Iterable

from data import prepared

PYTHON = (
    "This Python makes the very table behind it. It runs in the top folder of the product, on the store"
    " that the command line uses:"
)
UNKNOWN = "How this was made cannot be written down; the page it stands on says what it counts."
NO_SQL = "No row of the store was read for it: it comes from definitions, or from what was entered."


def sql(statements: int) -> str:
    """Say what the SQL is."""
    what = "This is the statement" if statements == 1 else f"These are the {statements} statements"
    return (
        f"{what} that the engine ran for it, with nothing left to fill in. SQL gives the counts; whatever"
        " is a statistic of counts is made of them by the Python above."
    )


def read(statements: Iterable[str]) -> str:
    """Say which of the statements' tables were prepared when the snapshot was published."""
    found = sorted({n for n in prepared.NAMES for sql in statements if re.search(rf"\b{n}\b", sql)})
    if not found:
        return "Read row by row: what was prepared at publication does not hold all that is asked."
    named = ", ".join(f"`{name}`" for name in found)
    return f"Read from what was prepared when the snapshot was published, which says the rows again: {named}."


def over_the_copy(over: int, statements: int) -> str:
    """Say where the statements run."""
    here = "Whoever may read the file of the snapshot runs them there, with `duckdb -readonly` or from Python."
    if not over:
        return f"They ask for what the de-identified copy does not have as the store has it. {here}"
    if over == statements:
        return f"They give the same over the de-identified copy, keys apart. {here}"
    give = "gives" if over == 1 else "give"
    return (
        f"{over} of {statements} {give} the same over the de-identified copy, keys apart; the others ask for"
        f" what the copy does not have as the store has it. {here}"
    )


def open_(number: int, statements: int) -> str:
    """Name the button that opens a statement."""
    return "Open in Query the data" if statements == 1 else f"Open {number} in Query the data"
