"""What the dictionary page says."""

from __future__ import annotations

from data import schema
from data.template import LEVEL_HELP, TYPE_HELP

INTRO = (
    "Every column of the store, read from the definitions that the product itself runs on. The table"
    " encounters is the analysis table: one row per contact, with every outcome, exposure and covariate"
    " of *Methods*."
)
KEYS = {"Type": TYPE_HELP, "Need": LEVEL_HELP, "When": schema.WHEN}
NOTHING = "No column has all of these words; try fewer, or look in every table."
NOT_SUPPLIED = "no source"
OWN = "computed here"
COPY_NOTE = (
    "*In a copy* is what an extract, *Query the data* and their codebook have of it: nothing that leads back"
    " to a person leaves the store."
)


def counted(found: int, of: int) -> str:
    """Say how many columns are shown."""
    return f"{found:,} of {of:,} columns."


def key(name: str) -> str:
    """Spell out the codes of a column of the dictionary."""
    return (
        f"**{name}**: " + "; ".join(f"*{code}* {words}" for code, words in KEYS[name].items()) + "."
    )
