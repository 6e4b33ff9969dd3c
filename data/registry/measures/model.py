"""What a measure and a set of them are: SQL and words, declared as data."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class MeasureSet:
    """One list of measures: whose it is, which edition was read, and where it can be checked."""

    id: str
    label: str
    funder: str
    edition: str
    source: str
    note: str = ""


@dataclass(frozen=True)
class Measure:
    """One measure by its funder's name, with our plain reading of it.

    ``unit`` is what is counted: contacts, people (each once in a period), officers (likewise) or
    events (rows of ``relation``). A ``share`` has a denominator, a count none; ``median`` is SQL of
    a number, in ``median_unit``, whose middle value stands in place of both. ``levels`` is SQL that
    breaks rows of ``relation`` down by kind, ``by`` the covariates it is also shown by. ``day`` is
    the column of ``relation`` that puts a row in a period, where it is not the usual one;
    ``as_of`` measures stand on the last day of a period. ``pending`` is SQL for what cannot be said
    yet: left out and counted apart, in ``pending_words``. ``requires`` are columns the store must
    all have, ``sources`` those it can be read from; what lacks is named to a person in
    ``needs_words``. ``nearest`` marks our own stand-in, not the funder's measure.
    """

    id: str
    set: str
    name: str
    definition: str
    unit: str = "contacts"
    share: bool = True
    event: str = "TRUE"
    among: str = "TRUE"
    among_words: str = "contacts"
    relation: str = "contacts"
    levels: str = ""
    by: tuple[str, ...] = ()
    median: str = ""
    median_unit: str = ""
    day: str = "day"
    as_of: bool = False
    pending: str = ""
    pending_words: str = ""
    requires: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    needs_words: str = ""
    nearest: bool = False
    note: str = ""
