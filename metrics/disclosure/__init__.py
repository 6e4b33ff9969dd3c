"""What may be published: small counts withheld, and whatever else would give them away."""

from metrics.disclosure.tables import (
    THRESHOLD,
    TOTAL,
    Suppressed,
    is_small,
    suppress,
    whole_percent,
)
from metrics.result import WITHHELD

__all__ = [
    "THRESHOLD",
    "TOTAL",
    "WITHHELD",
    "Suppressed",
    "is_small",
    "suppress",
    "whole_percent",
]
