"""What the SQL page says."""

from __future__ import annotations

from data.sandbox import Answer, Limits

INTRO = (
    "Ask the data anything that one SQL statement can ask. It runs over a de-identified copy, in a process"
    " of its own that can reach no file and change nothing; every statement is written down."
)
CAUTIONS = (
    "Unknown is not no: an outcome that was not recorded is NULL, and belongs in no denominator.",
    "Contacts of one officer resemble each other: a test that takes them for independent is too sure.",
    "CIT officers volunteer and are sent by rule: a difference between the groups describes, and does not"
    " prove.",
)
OUTCOMES = {"refused": "Not run", "stopped": "Stopped", "answered": "Answered"}
COPY = (
    "Keys are new numbers that fit this copy only; ages are in bands; rare values are grouped; what would"
    " single out fewer than {k} people is withheld. The copy follows the snapshot in use."
)


def cost(answer: Answer, limits: Limits) -> str:
    """Say how many rows there are and what they took."""
    rows = f"{answer.rows:,} {'row' if answer.rows == 1 else 'rows'}"
    cut = {
        "rows": f" (the first {limits.rows:,} of more; add a LIMIT or group first)",
        "bytes": " (cut: the answer is larger than may be shown; ask for fewer columns or rows)",
    }.get(answer.cut, "")
    return (
        f"{rows}{cut} in {answer.seconds:.2f} seconds, {answer.cpu_seconds:.2f} of the processor."
        f" A statement may take {limits.seconds:.0f} seconds and {limits.memory_mb:,} MB."
    )


def chart(x: str, y: str, points: int) -> str:
    """Describe the quick chart to who cannot see it."""
    return f"Chart of {y} by {x}, {points:,} rows of the answer as they came."
