"""Which mapping an upload was made for: by the headers it reads, best fit first, with the reason."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path

from data import mapping
from data.errors import UserError
from data.intake.uploads import Upload


@dataclass(frozen=True)
class Fit:
    """How a mapping fits an upload: columns it reads, those that are there, and those it cannot do without.

    ``saved`` is True for one of the agency's own.
    """

    name: str
    title: str
    saved: bool
    reads: int
    there: int
    lacks: tuple[str, ...]

    @property
    def usable(self) -> bool:
        """True if nothing is missing that the mapping needs."""
        return not self.lacks and self.there > 0

    @property
    def why(self) -> str:
        """One line that says how well it fits."""
        line = f"{self.there} of the {self.reads} columns it reads are in this upload"
        if self.lacks:
            line += f"; it cannot do without {', '.join(self.lacks[:3])}"
            line += f" and {len(self.lacks) - 3} more" if len(self.lacks) > 3 else ""
        return line


def fits(upload: Upload, root: Path) -> tuple[Fit, ...]:
    """Return how every mapping, shipped or saved in the store, fits; the best first."""
    found = []
    shipped = set(mapping.names())
    for name in mapping.names(root):
        with contextlib.suppress(
            UserError
        ):  # a saved one of an earlier version may no longer be right
            found.append(_fit(mapping.read(name, root), upload, name not in shipped))
    return tuple(
        sorted(found, key=lambda f: (not f.usable, -f.there, -f.there / max(f.reads, 1), f.name))
    )


def _fit(read: mapping.Mapping, upload: Upload, saved: bool) -> Fit:
    reads: set[str] = set()
    there: set[str] = set()
    lacks: dict[str, None] = {}
    for table in read.tables.values():
        headers = [
            f.header for f in upload.files if table.file in (None, f.name, f.name.split(".")[0])
        ]
        if not headers:
            if table.table.name == "contacts":
                lacks[f"a file named {table.file}"] = None
            continue
        here = {h for header in headers for h in header}
        reads |= set(table.key)
        lacks |= dict.fromkeys(k for k in table.key if k not in here)
        there |= set(table.key) & here
        for column in table.columns.values():
            named = column.own_headers
            reads |= set(named)
            there |= set(named) & here
            if not column.optional:
                boxes = {header for header, _ in column.boxes}  # a missing box "cannot say"
                lacks |= dict.fromkeys(h for h in named if h not in here and h not in boxes)
    return Fit(read.name, read.title or read.name, saved, len(reads), len(there), tuple(lacks))
