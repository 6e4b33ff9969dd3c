"""Colours and shapes of the arms: told apart without colour, and by every kind of colour vision.

Blue and vermillion of Okabe & Ito 2008 (Color Universal Design), dark enough on white and light
enough on black; the shape always says the same as the colour.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Mark:
    """How one series is drawn."""

    color: str
    symbol: str
    dash: str


CIT = Mark("#0072B2", "circle", "solid")
OTHER = Mark("#D55E00", "diamond", "dash")
NEUTRAL = Mark("#7A7A7A", "square", "dot")
GAP = "rgba(128,128,128,0.18)"
