"""What is in the copy: its tables and columns, as its own codebook says."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

_SHOWN = ("column", "type", "meaning", "allowed_values", "treatment")
_APART = frozenset({"codebook", "manifest"})


@dataclass(frozen=True)
class TableOfCopy:
    """One table: what its rows are, and (name, type, meaning, allowed values, what was done) by column."""

    name: str
    meaning: str
    columns: tuple[tuple[str, ...], ...]

    def frame(self) -> pd.DataFrame:
        """Return the columns as a table to look at."""
        return pd.DataFrame(
            self.columns, columns=["Column", "Type", "Meaning", "Values", "What was done to it"]
        )


def tables(folder: Path) -> dict[str, TableOfCopy]:
    """Return the tables of a copy by name, the analysis table first. Raises ``OSError`` if it is gone."""
    said = json.loads((folder / "comments.json").read_text(encoding="utf-8"))
    listed = pd.read_parquet(folder / "codebook.parquet").fillna("")
    names = sorted({p.stem for p in folder.glob("*.parquet")} - _APART)
    names.sort(key=lambda name: name != "encounters")
    found = {}
    for name in names:
        own = listed[(listed["table"] == name) & (listed["type"] != "")]
        rows = tuple(tuple(map(str, row)) for row in own[list(_SHOWN)].itertuples(index=False))
        found[name] = TableOfCopy(name, said.get(f"TABLE {name}", ""), rows)
    return found
