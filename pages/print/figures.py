"""Every figure for print, from the same frozen results as the screen. Each returns a ``Drawing``.

With a ``Stamp`` a figure carries its title, source and manifest, to stand on its own; without, it is
part of a document that says these once.
"""

from pages.print.canvas import Drawing, Stamp
from pages.print.forests import cuts, exhibit, forest, outcomes, rates, subgroups
from pages.print.points import curve, funnel, love, scores
from pages.print.times import launch, missing, study, trend

__all__ = [
    "Drawing",
    "Stamp",
    "curve",
    "cuts",
    "exhibit",
    "forest",
    "funnel",
    "launch",
    "love",
    "missing",
    "outcomes",
    "rates",
    "scores",
    "study",
    "subgroups",
    "trend",
]
