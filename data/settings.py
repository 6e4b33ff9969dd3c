"""The agency's settings, read from ``settings.toml`` in the store. Adding one is one field."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field, fields
from pathlib import Path

from data.errors import UserError
from data.roles import Role


@dataclass(frozen=True)
class Settings:
    """Every setting with its default; the metadata is what the documentation says of it."""

    rejected_limit: float = field(
        default=0.05,
        metadata={"doc": "Share of rows that may be rejected before a load publishes nothing."},
    )
    snapshots_kept: int = field(
        default=5, metadata={"doc": "Snapshots kept for rollback, the newest first."}
    )
    public_threshold: int = field(
        default=11,
        metadata={
            "doc": "Smallest count of contacts that may be published, at least 5; smaller ones, and what"
            " would give them away, are withheld."
        },
    )
    agency_name: str = field(
        default="",
        metadata={"doc": "Name of the agency on printed pages; without it, that of the data."},
    )
    agency_logo: str = field(
        default="",
        metadata={
            "doc": "PNG or JPEG file of the agency's logo for printed pages, in the store folder."
        },
    )
    agency_contact: str = field(
        default="", metadata={"doc": "Whom to ask, as printed at the foot of the brief and report."}
    )
    warehouse: str = field(
        default="",
        metadata={
            "doc": "Address of a warehouse that `python -m metrics evaluate` asks instead of the store, such"
            " as `postgresql://user@host/database` or `spark://host:7077`; never with a password."
        },
    )
    warehouse_encounters: str = field(
        default="encounters",
        metadata={
            "doc": "Its table, such as `schema.encounters`, or on Spark the path of Parquet files."
        },
    )
    session_hours: float = field(
        default=8.0, metadata={"doc": "Hours after which one has to sign in again."}
    )
    roles_claim: str = field(
        default="",
        metadata={
            "doc": "Claim of the sign-in provider that says who has which role, such as `roles` or"
            " `realm_access.roles`; without it no claim counts. A value that is the name of a role is"
            " that role, unless `[roles]` says otherwise."
        },
    )
    roles: tuple[tuple[str, Role], ...] = field(
        default=(),
        metadata={
            "doc": 'Table at the end of the file: who has which role, as `"chief@agency.gov" ='
            ' "analyst"`, or a value of the claim and its role. An address counts only where the'
            " provider says that it is verified. Whoever is not listed is a viewer; of several the role"
            " with the most rights counts."
        },
    )
    everyone_is_administrator_without_sign_in: bool = field(
        default=False,
        metadata={
            "doc": "True: without a sign-in provider the dashboard serves other computers too, and whoever"
            " reaches it sees and may do everything. Only behind something else that lets in nobody else."
        },
    )


_PASSWORD = re.compile(r"://[^@]*:[^@]*@|password", re.I)
"""What a password in an address looks like."""


def read(path: Path) -> Settings:
    """Read a settings file; raise ``UserError`` naming a setting that is unknown or wrong."""
    if not path.is_file():
        return Settings()
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UserError(
            f"{path}: not a valid TOML file ({error}); mend the line it names"
        ) from None
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from None
    known = {f.name: f for f in fields(Settings)}
    for name, value in raw.items():
        if name not in known:
            raise UserError(f"{path}: unknown setting {name!r}; known: {', '.join(known)}")
        expected = type(known[name].default)
        if expected is tuple:
            raw[name] = _roles(path, value)
        elif expected is bool:
            if not isinstance(value, bool):
                raise UserError(f"{path}: {name} must be true or false")
        elif expected is str:
            if not isinstance(value, str):
                raise UserError(f"{path}: {name} must be text in quotes")
        elif isinstance(value, bool) or not isinstance(value, (expected, int)):
            raise UserError(f"{path}: {name} must be a number")
    settings = Settings(**raw)
    if _PASSWORD.search(settings.warehouse):
        raise UserError(
            f"{path}: warehouse holds a password; leave it out here and give it in PGPASSWORD or ~/.pgpass"
        )
    if not settings.session_hours > 0:
        raise UserError(f"{path}: session_hours must be more than 0")
    if not 0 <= settings.rejected_limit <= 1:
        raise UserError(f"{path}: rejected_limit must lie between 0 and 1")
    if settings.snapshots_kept < 1:
        raise UserError(f"{path}: snapshots_kept must be at least 1")
    if settings.public_threshold < 5:
        raise UserError(
            f"{path}: public_threshold must be at least 5; smaller counts identify people"
        )
    return settings


def _roles(path: Path, table: object) -> tuple[tuple[str, Role], ...]:
    if not isinstance(table, dict):
        raise UserError(
            f'{path}: roles must be a table: a line [roles], then "NAME" = "ROLE" lines'
        )
    for name, role in table.items():
        if role not in list(Role):
            raise UserError(
                f"{path}: [roles] {name!r} has no role {role!r}; the roles are: {', '.join(Role)}"
            )
    return tuple((name, Role(role)) for name, role in table.items())
