"""Which column of an export is which of ours: guesses from names and values, each with its reason."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from data import schema
from data.identifying import words
from data.intake import synonyms
from data.intake.profile import Profile

TABLES = ("contacts", "contact_officers", "dispositions")
"""Tables that are mapped on the page: what stands on the rows of the contacts themselves."""

KEY = "contacts.contact_id"


@dataclass(frozen=True)
class Guess:
    """A column of the export guessed for one of ours; ``strength`` is higher for the surer."""

    target: str
    column: str
    reason: str
    strength: int


def targets() -> tuple[schema.Column, ...]:
    """Return the canonical columns that can be mapped on the page, key and time first."""
    found = []
    for name in TABLES:
        for column in schema.tables()[name].importable:
            if column.name in (
                "agency_id",
                "source",
                "contact_at_basis",
                "scene_role",
                "raw_disposition",
            ):
                continue
            if column.name == "contact_id" and name != "contacts":
                continue
            found.append(column)
    first = {"contact_id": 0, "contact_at": 1}
    return tuple(sorted(found, key=lambda c: first.get(c.name, 2) if c.table == "contacts" else 2))


def reference(column: schema.Column) -> str:
    """Return ``table.name`` of a canonical column."""
    return f"{column.table}.{column.name}"


def guesses(found: dict[str, Profile]) -> dict[str, Guess]:
    """Return the best guess for each canonical column that has one, by its reference.

    No column of the export is guessed twice, but for a call type: it is both the code and its group.
    """
    every = [
        g for c in targets() for p in found.values() if (g := _guess(c, p)) is not None and p.filled
    ]
    every.sort(key=lambda g: -g.strength)
    chosen: dict[str, Guess] = {}
    used: set[str] = set()
    for guess in every:
        if guess.target in chosen:
            continue
        if guess.column in used and guess.target != "contacts.initial_call_group":
            continue
        chosen[guess.target] = guess
        if guess.target != "contacts.initial_call_group":
            used.add(guess.column)
    return chosen


def _guess(target: schema.Column, profile: Profile) -> Guess | None:
    """Guess by name; values then speak for it or against it."""
    by_name = _by_name(reference(target), profile.name)
    if by_name is None:
        return None
    strength, why = by_name
    fit, values = _by_values(target, profile)
    if fit < 0:
        return None
    return Guess(
        reference(target), profile.name, f"{why}{'; ' + values if values else ''}", strength + fit
    )


def _by_name(target: str, header: str) -> tuple[int, str] | None:
    name = " ".join(words(header))
    if name == target.split(".")[1].replace("_", " "):
        return 100, "the same name"
    known = synonyms.NAMES.get(target, ())
    if name in known:
        return 90 - known.index(name), "a known name for it"
    parts = set(name.split())
    for place, synonym in enumerate(known):
        if len(synonym.split()) > 1 and set(synonym.split()) <= parts:
            return 50 - place, f"its name holds the words of {synonym!r}"
    return None


def _by_values(target: schema.Column, profile: Profile) -> tuple[int, str]:
    """Return how well the values fit (below zero: not at all), and what they look like."""
    if target.type in ("ts", "date"):
        return (10, "its values are dates") if profile.dates is not None else (-1, "")
    if profile.dates is not None or profile.times:
        return -1, ""
    if target.type == "tri":
        if profile.codes is None:
            return -1, ""
        answers = {v.lower() for v, _ in profile.codes}
        known = answers & {*synonyms.YES, *synonyms.NO, *synonyms.DONT_KNOW}
        return (
            (10, "its values say yes or no") if answers and len(known) == len(answers) else (-1, "")
        )
    if target.values:
        if profile.codes is None:
            return -1, ""
        guessed = values(reference(target), [v for v, _ in profile.codes])
        n = sum(1 for code in guessed.values() if code)
        if not n:
            return -1, ""
        return 5, f"{n} of its {len(profile.codes)} values look like our codes"
    if target.type == "key":
        return (5, "nearly every value is different") if profile.distinct > 20 else (0, "")
    return 0, ""


def values(target: str, found: Iterable[str]) -> dict[str, str]:
    """Guess the code of each value of a yes/no or code column; "" where there is no guess."""
    column = schema.column(target)
    return {value: _value(target, column, value) for value in found}


def _value(target: str, column: schema.Column, value: str) -> str:
    plain = " ".join(value.lower().split())
    if column.type == "tri":
        for answer, known in (
            ("yes", synonyms.YES),
            ("no", synonyms.NO),
            ("unknown", synonyms.DONT_KNOW),
        ):
            if plain in known:
                return answer
        return ""
    spelled = "_".join(words(value))
    if spelled in column.values:
        return spelled
    if letter := synonyms.LETTERS.get(target, {}).get(plain):
        return letter
    for part, code in synonyms.CODES.get(target, ()):
        if part in plain:
            return code
    return ""


def time_column(found: dict[str, Profile], date_column: str) -> str | None:
    """Return the column with the time of day that goes with a date column, or None."""
    beside = " ".join(words(date_column)).replace("date", "time")
    best = None
    for profile in found.values():
        name = " ".join(words(profile.name))
        if name == date_column or profile.dates is not None:
            continue
        looks = profile.times or (name in synonyms.TIMES and profile.longest <= 8)
        if looks and name == beside:
            return profile.name
        if looks and best is None:
            best = profile.name
    return best


def basis(header: str) -> str:
    """Guess which clock a date column is."""
    parts = set(words(header))
    for word, clock in (("reported", "reported"), ("dispatch", "dispatched"), ("arriv", "arrived")):
        if any(p.startswith(word) for p in parts):
            return clock
    return "occurred"
