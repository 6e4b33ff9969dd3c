"""The data dictionary as a page: ``python -m data.dictionary`` writes ``docs/dictionary.md``.

Everything comes from the source (the schema's comments, the registries, the settings, the parser of
the commands), so the page cannot say anything else than the product does.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import NamedTuple

from data import encounters, registry, schema
from data.settings import Settings
from data.template import LEVEL_HELP, TYPE_HELP

PAGE = Path(__file__).parent.parent / "docs" / "dictionary.md"

_BETTER = {"lower": "lower is better", "higher": "higher is better", None: "neither"}


def _row(cells: Iterable[object]) -> str:
    escaped = (str(c).replace("|", "\\|").replace("\n", " ") for c in cells)
    return f"| {' | '.join(escaped)} |"


def _table(head: list[str], rows: Iterable[Iterable[object]]) -> Iterator[str]:
    yield _row(head)
    yield _row("---" for _ in head)
    for row in rows:
        yield _row(row)
    yield ""


def _code(names: Iterable[str]) -> str:
    return ", ".join(f"`{n}`" for n in names)


class Entry(NamedTuple):
    """One column of the store. ``copy`` says what is done to it in a de-identified copy."""

    table: str
    column: str
    type: str
    need: str
    when: str
    meaning: str
    values: tuple[str, ...]
    copy: str


ABSENT = "left out"
"""What the dictionary says of a column that no de-identified copy has."""


@cache
def entries() -> tuple[Entry, ...]:
    """Return every column of the store: the canonical tables, then ``encounters``."""
    from data.extract import policy  # slow to import, and asked for only here

    found = []
    for table in schema.tables().values():
        rules = policy.INCLUDED.get(table.name, {})
        for c in table.columns:
            copy = rules[c.name].words if c.name in rules else ABSENT
            found.append(
                Entry(table.name, c.name, c.type, c.level, c.when, c.meaning, c.values, copy)
            )
    for name, (_, meaning) in encounters.columns().items():
        rule = policy.ENCOUNTERS.get(name)
        copy = rule.words if rule else ABSENT
        found.append(Entry("encounters", name, "", "", "", meaning, (), copy))
    return tuple(found)


def looked_up(words: str, table: str | None = None) -> tuple[Entry, ...]:
    """Return the entries that hold all of some words, in any of their parts; of one table, or of all."""
    wanted = words.lower().split()
    return tuple(
        e
        for e in entries()
        if table in (None, e.table)
        and all(w in " ".join((*e[:6], *e.values, e.copy)).lower() for w in wanted)
    )


def _tables() -> Iterator[str]:
    yield "## Tables\n"
    yield "Types: " + "; ".join(f"*{t}* {words}" for t, words in TYPE_HELP.items()) + ".\n"
    yield "Need: " + "; ".join(f"*{k}* {words}" for k, words in LEVEL_HELP.items()) + ".\n"
    yield "When: " + "; ".join(f"*{k}* {words}" for k, words in schema.WHEN.items()) + ".\n"
    for table in schema.tables().values():
        yield f"### {table.name}\n"
        yield table.meaning + (f" Key: {_code(table.key)}." if table.key else "") + "\n"
        yield from _table(
            ["column", "type", "need", "when", "meaning", "values"],
            (
                (f"`{e.column}`", e.type, e.need, e.when, e.meaning, _code(e.values))
                for e in entries()
                if e.table == table.name
            ),
        )
    yield "### encounters\n"
    yield (
        "The analysis relation: exactly one row per contact, one column per registry entry below."
        " TRUE, FALSE, or NULL where not recorded.\n"
    )
    yield from _table(
        ["column", "meaning"],
        ((f"`{e.column}`", e.meaning) for e in entries() if e.table == "encounters"),
    )


def _registries() -> Iterator[str]:
    yield "## Outcomes\n"
    yield from _table(
        ["id", "label", "definition", "among", "family", "better", "when", "sources"],
        (
            (
                f"`{o.id}`",
                o.label,
                " ".join(filter(None, (o.definition, o.note))),
                o.eligible_words,
                o.family,
                _BETTER[o.better],
                o.when,
                _code(o.sources),
            )
            for o in registry.OUTCOMES
        ),
    )
    yield "## Exposures\n"
    yield from _table(
        ["id", "label", "definition", "when", "sources"],
        (
            (
                f"`{e.id}`",
                e.label,
                " ".join(filter(None, (e.definition, e.note))),
                e.when,
                _code(e.sources),
            )
            for e in registry.EXPOSURES
        ),
    )
    yield "## Covariates\n"
    yield "Only what was known at dispatch (*when* D) may adjust a comparison.\n"
    yield from _table(
        ["id", "label", "definition", "when", "adjusts", "sources"],
        (
            (
                f"`{c.id}`",
                c.label,
                c.definition,
                c.when,
                "by default" if c.default_adjuster else "may" if c.may_adjust else "never",
                _code(c.sources),
            )
            for c in registry.COVARIATES
        ),
    )
    yield "## Dispositions\n"
    yield from _table(
        ["code", "criminal custody", "link to care", "voluntary"],
        (
            (f"`{d.code}`", d.custody, d.care_link, d.voluntary or "-")
            for d in registry.DISPOSITIONS
        ),
    )

    yield "## Force categories\n"
    yield "The level of a contact is the highest rank used; the last three are off the scale.\n"
    yield from _table(
        ["code", "rank"],
        (
            (f"`{c.code}`", "off the scale" if c.rank is None else c.rank)
            for c in registry.FORCE_CATEGORIES
        ),
    )


def _measures() -> Iterator[str]:
    yield "## Measures\n"
    yield "As funders and overseers name them. Check your award: its own list and definitions govern.\n"
    for chosen in registry.SETS:
        yield f"### {chosen.id}\n"
        yield f"{chosen.funder}. Edition: {chosen.edition}. {chosen.source}. {chosen.note}\n"
        yield from _table(
            ["set", "id", "name", "definition", "divided by", "unit", "needs"],
            (
                (
                    chosen.id,
                    f"`{m.id}`",
                    f"{m.name} (our own stand-in)" if m.nearest else m.name,
                    " ".join(filter(None, (m.definition, m.note))),
                    m.among_words if m.share else "-",
                    m.unit,
                    _code((*m.requires, *m.sources)),
                )
                for m in registry.measures_of(chosen.id)
            ),
        )


def _settings() -> Iterator[str]:
    yield "## Settings\n"
    yield "In `settings.toml` in the store's folder; all optional.\n"
    yield from _table(
        ["setting", "default", "meaning"],
        ((f"`{f.name}`", f.default, f.metadata["doc"]) for f in fields(Settings)),
    )


def commands(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """Return a parser's commands by name."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            return dict(action.choices)
    return {}


def options(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    """Return a command's own arguments and options, help apart."""
    return [a for a in parser._actions if not isinstance(a, argparse._HelpAction)]


def _commands() -> Iterator[str]:
    from data.__main__ import parser

    yield "## Commands\n"
    yield from _table(
        ["command", "option", "meaning"],
        (
            (
                f"`python -m data {name}`",
                f"`{' '.join(option.option_strings) or option.metavar or option.dest}`",
                option.help or sub.description or "",
            )
            for name, sub in commands(parser()).items()
            for option in options(sub)
        ),
    )


def page() -> str:
    """Return the whole page as Markdown."""
    lines = [
        "# Data dictionary\n",
        "Written by `python -m data.dictionary` from the source; edit that, not this page.\n",
        *_tables(),
        *_registries(),
        *_measures(),
        *_settings(),
        *_commands(),
    ]
    return "\n".join(lines).rstrip() + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
