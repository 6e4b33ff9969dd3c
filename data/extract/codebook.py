"""What stands beside the tables: codebook, Data Package, definitions, and what to know before using it.

Data Package: the frictionless specifications, version 1 (specs.frictionlessdata.io).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from data import edition, registry
from data.extract import columns
from data.extract.build import CONTACT, Table
from data.extract.policy import INCLUDED, KEY_LETTERS, LEFT_OUT, Do

HEAD = (
    "table",
    "column",
    "type",
    "meaning",
    "allowed_values",
    "treatment",
    "unit",
    "known",
    "in_this_snapshot",
)
TREATED_OUT = "left out"

_FIELD = {
    "VARCHAR": "string",
    "INTEGER": "integer",
    "DOUBLE": "number",
    "BOOLEAN": "boolean",
    "DATE": "date",
    "TIMESTAMP": "datetime",
}
TIMESTAMP = "%Y-%m-%d %H:%M:%S"

_REFERENCES = (
    *((name, CONTACT, "encounters", CONTACT) for name in INCLUDED if name != "encounters"),
    ("call_units", ("agency_id", "call_id"), "calls", ("agency_id", "call_id")),
    # Without the agency where they may be blank: a validator takes half a reference for a broken one.
    *(
        (name, ("officer_key",), "officers", ("officer_key",))
        for name in ("encounters", "contact_officers", "certifications", "call_units")
    ),
    *(
        (name, ("provider_id",), "service_providers", ("provider_id",))
        for name in ("referrals", "transports")
    ),
    ("encounters", ("district",), "districts", ("district_id",)),
    ("calls", ("district_id",), "districts", ("district_id",)),
    ("encounters", ("shift",), "shifts", ("shift_id",)),
    ("dispositions", ("disposition",), "disposition_codes", ("code",)),
)


def references(tables: list[Table]) -> Iterator[tuple[str, tuple[str, ...], str, tuple[str, ...]]]:
    """Columns of one table that may name a row of another; whether they do must be looked up."""
    there = {t.name: {c.name for c in t.columns} for t in tables}
    for name, own, other, theirs in _REFERENCES:
        if set(own) <= there.get(name, set()) and set(theirs) <= there.get(other, set()):
            yield name, own, other, theirs


def rows(tables: list[Table]) -> list[tuple[str, ...]]:
    """Return the codebook: one row per column, then what was left out and why."""
    found: list[tuple[str, ...]] = [
        (
            t.name,
            c.name,
            _FIELD[c.sql_type],
            c.meaning,
            "; ".join(c.values),
            c.treatment,
            c.unit,
            c.when,
            "yes" if c.held else "no: blank",
        )
        for t in tables
        for c in t.columns
    ]
    for name, rules in INCLUDED.items():
        for column, rule in rules.items():
            if rule.do is Do.OUT:
                found.append((name, column, "", rule.reason, "", TREATED_OUT, "", "", ""))
    for name, reason in LEFT_OUT.items():
        found.append((name, "(all)", "", reason, "", TREATED_OUT, "", "", ""))
    return found


def comments(tables: list[Table]) -> dict[str, str]:
    """Return what to say of every table and column: ``TABLE name`` or ``COLUMN table.name`` -> text."""
    found = {}
    for t in tables:
        found[f"TABLE {t.name}"] = columns.meaning(t.name)
        for c in t.columns:
            values = f" Values: {', '.join(c.values)}." if c.values and c.of else ""
            unit = f" Unit: {c.unit}." if c.unit else ""
            found[f'COLUMN {t.name}."{c.name}"'] = f"{c.meaning}{values}{unit} [{c.treatment}]"
    return found


def data_package(
    tables: list[Table],
    files: Mapping[str, Mapping[str, Any]],
    kind: str,
    unfit: set[tuple[str, str]],
    unique: set[str],
    kept: set[tuple[str, str]],
    about: Mapping[str, Any],
) -> dict[str, Any]:
    """Return ``datapackage.json``: every file with its fields, their codes, keys and references.

    ``unfit`` are columns that hold a code not on their list, ``unique`` the tables whose key is one,
    ``kept`` the references (table, other) that hold: only what is true is declared.
    """
    tabular = kind == "csv"
    resources = []
    links = list(references(tables))
    for t in tables:
        name = f"{t.name}.{kind}"
        fields: list[dict[str, Any]] = []
        keys = columns.key(t.name)
        for c in t.columns:
            constraints: dict[str, Any] = {}
            if c.values and (t.name, c.name) not in unfit:
                constraints["enum"] = list(c.values)
            if c.name in keys and t.name in unique:
                constraints["required"] = True
            if c.do is Do.KEY:
                constraints["pattern"] = f"[0-9a-f]{{{KEY_LETTERS}}}"
            entry = {"name": c.name, "type": _FIELD[c.sql_type], "description": c.meaning}
            if c.sql_type == "TIMESTAMP":
                entry["format"] = TIMESTAMP
            fields.append(entry | ({"constraints": constraints} if constraints else {}))
        schema: dict[str, Any] = {"fields": fields, "missingValues": [""]}
        if keys and t.name in unique:
            schema["primaryKey"] = list(keys)
        foreign = [
            {"fields": list(own), "reference": {"resource": other, "fields": list(theirs)}}
            for table, own, other, theirs in links
            if table == t.name and (table, other) in kept
        ]
        if foreign:
            schema["foreignKeys"] = foreign
        resource = {
            "name": t.name,
            "path": name,
            "profile": "tabular-data-resource" if tabular else "data-resource",
            "title": columns.meaning(t.name),
            "format": kind,
            "mediatype": "text/csv" if tabular else "application/vnd.apache.parquet",
            "bytes": files[name]["bytes"],
            "hash": f"sha256:{files[name]['sha256']}",
            "schema": schema,
        }
        if tabular:
            resource |= {"encoding": "utf-8", "dialect": {"delimiter": ",", "header": True}}
        resources.append(resource)
    return {
        "profile": "tabular-data-package" if tabular else "data-package",
        "name": "cit-outcomes-extract",
        "title": "De-identified extract of crisis contacts",
        "description": "See README.txt, codebook.csv and manifest.json beside this file.",
        "version": about["software"].rpartition(" ")[2],
        "created": about["made"],
        "resources": resources,
    }


def definitions() -> dict[str, Any]:
    """Return the registries' entries as they stand, with the hash that tells one edition from another."""

    def plain(entries: tuple[Any, ...]) -> list[dict[str, Any]]:
        return [edition.plain(e) for e in entries]

    return {
        "edition": {"software": edition.software(), "registry_sha256": edition.registry_hash()},
        "outcomes": plain(registry.OUTCOMES),
        "exposures": plain(registry.EXPOSURES),
        "covariates": plain(registry.COVARIATES),
        "dispositions": plain(registry.DISPOSITIONS),
        "force_categories": plain(registry.FORCE_CATEGORIES),
    }
