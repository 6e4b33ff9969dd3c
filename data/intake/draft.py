"""A mapping under construction: from guesses to the TOML that ``--mapping`` takes.

A draft is the mapping's own raw form (what its TOML says), so that nothing can be chosen on the page that the
file could not say. It is kept beside the upload, and found again after the page was left.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import tomli_w

from data import mapping, schema
from data.intake import suggest, synonyms
from data.intake.profile import Profile
from data.intake.uploads import Upload, read_json, write_json
from data.mapping_model import several_rows

BASES = ("occurred", "dispatched", "arrived", "reported", "form_submitted")


@dataclass
class Draft:
    """``raw`` is the mapping as its TOML says it; ``guessed`` the reason of each choice nobody confirmed.

    ``guessed`` goes by the column's reference, ``contacts.force_used``.
    """

    raw: dict[str, Any]
    guessed: dict[str, str] = field(default_factory=dict)

    def column(self, target: str) -> dict[str, Any] | None:
        """Return what the draft says of a canonical column, or None."""
        if target == suggest.KEY:
            key = self.raw["mapping"].get("key")
            return {"from": key} if key else None
        table, _, name = target.partition(".")
        found: dict[str, Any] | None = self.raw.get(table, {}).get("columns", {}).get(name)
        return found

    def source(self, target: str) -> str | None:
        """Return the export's column that fills a canonical one, or None."""
        said = self.column(target)
        return said.get("from") if said else None

    def mapped(self) -> list[str]:
        """Return the references of the canonical columns that are filled from a column, in order."""
        every = [suggest.reference(c) for c in suggest.targets()]
        return [t for t in every if self.source(t)]

    def text(self) -> str:
        """Return the TOML."""
        return tomli_w.dumps(self.raw)

    def mapping(self) -> mapping.Mapping:
        """Return the mapping; raise ``UserError`` naming what is missing or wrong."""
        name = self.raw["mapping"].get("name") or "mapping"
        return mapping.parse(self.raw, f"{name}.toml")


def start(upload: Upload, found: dict[str, Profile], agency: dict[str, str]) -> Draft:
    """Return the draft that the guesses make."""
    draft = Draft(
        {
            "mapping": {"name": "mine", "source": "mine", "key": "", "not_recorded": []},
            "agency": dict(agency),
            "contacts": {"columns": {}},
        }
    )
    for target, guess in suggest.guesses(found).items():
        choose(draft, found, target, guess.column)
        draft.guessed[target] = guess.reason
    present = [v for v in synonyms.NOTHING if _holds(found, v)]
    draft.raw["mapping"]["not_recorded"] = present or list(synonyms.NOTHING[:3])
    return draft


def _holds(found: dict[str, Profile], value: str) -> bool:
    return any(v == value for p in found.values() for v, _ in p.codes or ())


def choose(draft: Draft, found: dict[str, Profile], target: str, header: str | None) -> None:
    """Fill a canonical column from a column of the export, with its values guessed; None leaves it out."""
    draft.guessed.pop(target, None)
    table, _, name = target.partition(".")
    if target == suggest.KEY:
        draft.raw["mapping"]["key"] = header or ""
        return
    columns = draft.raw.setdefault(table, {}).setdefault("columns", {})
    columns.pop(name, None)
    if header is not None:
        columns[name] = _said(target, found[header], found)
        if target == "contacts.contact_at":
            _formats(draft, found, header)
    _companions(draft, table)


def _said(target: str, profile: Profile, found: dict[str, Profile]) -> dict[str, Any]:
    column = schema.column(target)
    said: dict[str, Any] = {"from": profile.name}
    if column.type in ("ts", "date"):
        time = suggest.time_column(found, profile.name)
        if column.type == "ts" and not profile.clock and time:
            said["time"] = time
        if target == "contacts.contact_at":
            said["basis"] = suggest.basis(profile.name)
    if column.type == "tri" or column.values:
        guessed = suggest.values(target, [v for v, _ in profile.codes or ()])
        said["map"] = {v: code for v, code in guessed.items() if code}
    if column.type == "tri" and column.table == "contacts":
        said["combine"] = "any"
    elif several_rows(schema.tables()[column.table], column.name):
        said["combine"] = "set"
    return said


def _formats(draft: Draft, found: dict[str, Profile], header: str) -> None:
    """Set how dates are written; ISO dates need no format."""
    formats = found[header].dates if header in found else ()
    if formats:
        draft.raw["mapping"]["datetime_formats"] = list(formats)
    else:
        draft.raw["mapping"].pop("datetime_formats", None)


def _companions(draft: Draft, table: str) -> None:
    """Add what a table needs beside what was chosen, and take the table out when nothing is chosen."""
    columns = draft.raw[table]["columns"]
    if table == "contact_officers":
        columns.pop("scene_role", None)
        if "officer_key" in columns:
            columns["scene_role"] = {"constant": "reporting"}
    if table == "dispositions":
        columns.pop("raw_disposition", None)
        if "disposition" in columns:
            columns["raw_disposition"] = {"from": columns["disposition"]["from"], "combine": "set"}
    if table != "contacts" and not columns:
        del draft.raw[table]


def means(draft: Draft, target: str, value: str, code: str) -> None:
    """Say what a value of the export means; "" is not recorded."""
    said = draft.column(target)
    if said is not None:
        said.setdefault("map", {})[value] = code
        draft.guessed.pop(target, None)


def proved_by(draft: Draft, target: str, header: str | None) -> None:
    """Say which column proves that a form was filled in, so that a blank checkbox means no; None: none."""
    said = draft.column(target)
    if said is None:
        return
    said.pop("blank_means", None)
    said.pop("form_filled", None)
    if header:
        said |= {"blank_means": "no", "form_filled": header}


def unmapped(draft: Draft, target: str, profile: Profile) -> list[tuple[str, int]]:
    """Return (value, rows) of a code column that nothing is said of: they would be not recorded."""
    said = draft.column(target) or {}
    known = {*said.get("map", {}), *draft.raw["mapping"].get("not_recorded", ())}
    return [(v, n) for v, n in profile.codes or () if v not in known]


def keep(upload: Upload, draft: Draft) -> None:
    """Keep the draft beside its upload."""
    write_json(upload.folder / "draft.json", {"raw": draft.raw, "guessed": draft.guessed})


def kept(upload: Upload) -> Draft | None:
    """Return the draft kept beside an upload, or None."""
    raw = read_json(upload.folder / "draft.json")
    return None if raw is None else Draft(raw["raw"], raw["guessed"])
