"""The agency's settings, read from ``settings.toml`` in the store. Adding one is one field."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field, fields
from pathlib import Path

from data.errors import UserError


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


def read(path: Path) -> Settings:
    """Read a settings file; raise ``UserError`` naming a setting that is unknown or wrong."""
    if not path.is_file():
        return Settings()
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
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
        if expected is str:
            if not isinstance(value, str):
                raise UserError(f"{path}: {name} must be text in quotes")
        elif isinstance(value, bool) or not isinstance(value, (expected, int)):
            raise UserError(f"{path}: {name} must be a number")
    settings = Settings(**raw)
    if not 0 <= settings.rejected_limit <= 1:
        raise UserError(f"{path}: rejected_limit must lie between 0 and 1")
    if settings.snapshots_kept < 1:
        raise UserError(f"{path}: snapshots_kept must be at least 1")
    if settings.public_threshold < 5:
        raise UserError(
            f"{path}: public_threshold must be at least 5; smaller counts identify people"
        )
    return settings
