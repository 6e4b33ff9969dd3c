"""The sensitivity exhibit: one outcome asked in every other reasonable way, beside the headline.

The headline is pre-specified and stands first; no other row replaces it.
"""

from __future__ import annotations

from data.store import Snapshot
from metrics import parallel
from metrics.estimate import NotEstimable
from metrics.exhibit.context import Context, Result, result
from metrics.exhibit.rows import HEADLINE, Exhibit, Row
from metrics.exhibit.variants import MISSING, VARIANTS, Found, Variant
from metrics.headline import Fitted
from metrics.question import Question

__all__ = ["MISSING", "Context", "Exhibit", "Row", "exhibit"]


def exhibit(
    question: Question, outcome: str, snapshot: Snapshot, shared: Context | None = None
) -> Exhibit:
    """Return every row of METHODS' sensitivity exhibit for one outcome of a question.

    ``shared`` is the outcome's context, where something else is to use its fit.
    """
    own = shared or Context.of(question, outcome, snapshot)

    def run(variant: Variant) -> Found:
        if own.lacks:
            return "not recorded by this source"
        if variant.needs_headline and not isinstance(own.base, Fitted):
            return "the headline is refused"
        return variant.run(own)

    # Those that stand alone need not wait for the headline; the longest are not left to the end.
    order = sorted(VARIANTS, key=lambda variant: (variant.needs_headline, -variant.fits))
    found = dict(zip(order, parallel.each(run, order), strict=True))
    base = own.base
    if isinstance(base, Fitted):
        first = result(base.fit, base.standard)
    else:
        reason = base.adjusted.risk_difference
        first = Result.refused(reason.reason if isinstance(reason, NotEstimable) else "refused")
    rows = [first.row(HEADLINE, "Headline", "Headline, as pre-specified", "")]
    lacking = []
    for variant in VARIANTS:
        one = found[variant]
        if isinstance(one, str):
            lacking.append((variant.label, one))
        else:
            rows += one
    return Exhibit(
        outcome=outcome,
        exposure=question.exposure,
        rows=tuple(rows),
        lacking=tuple(lacking),
        filtered=question.filtered,
    )
