"""A published example of a reversal: crude and stratified answers that disagree.

Graduate admissions at Berkeley, six largest departments, autumn 1973: Bickel, Hammel & O'Connell
1975, Science 187:398. Rows are men and women, columns admitted and rejected.
"""

from __future__ import annotations

from dataclasses import dataclass

from metrics import proportions
from metrics.estimate import Estimated
from metrics.stratified import MantelHaenszel, mantel_haenszel

DEPARTMENTS = ("A", "B", "C", "D", "E", "F")
ADMISSIONS = (
    ((512, 313), (89, 19)),
    ((353, 207), (17, 8)),
    ((120, 205), (202, 391)),
    ((138, 279), (131, 244)),
    ((53, 138), (94, 299)),
    ((22, 351), (24, 317)),
)


@dataclass(frozen=True)
class Reversal:
    """The crude odds ratio beside the pooled one."""

    crude: Estimated
    pooled: MantelHaenszel


def berkeley() -> Reversal:
    """Return the crude and the Mantel-Haenszel odds ratio of admission, men against women."""
    men = [row[0] for row in ADMISSIONS]
    women = [row[1] for row in ADMISSIONS]
    e1, n1 = sum(a for a, _ in men), sum(a + b for a, b in men)
    e2, n2 = sum(a for a, _ in women), sum(a + b for a, b in women)
    return Reversal(
        proportions.odds_ratio(e1, n1, e2, n2, method="woolf"), mantel_haenszel(ADMISSIONS)
    )
