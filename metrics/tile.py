"""One tile of the overview, or one line under the tiles."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Tile:
    """One tile: a value in words, what stands under it, or why the source cannot say.

    ``change`` is what a chart's rules say; where there is no chart, the details say why. A ``wide``
    one is a line of text under the six tiles; it has details and no value.
    """

    id: str
    label: str
    value: str | None
    details: tuple[str, ...]
    missing: str | None = None
    change: str | None = None
    wide: bool = False
