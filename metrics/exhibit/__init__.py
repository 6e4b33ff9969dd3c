"""The sensitivity exhibit: one outcome asked in every other reasonable way, beside the headline.

The headline is pre-specified and stands first; no other row replaces it.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from data.store import Snapshot
from metrics._products import WORKERS
from metrics.estimate import NotEstimable
from metrics.exhibit.context import Context, Result, standardised
from metrics.exhibit.rows import HEADLINE, Exhibit, Row
from metrics.exhibit.variants import MISSING, VARIANTS, Found, Variant
from metrics.headline import Fitted
from metrics.question import Question

__all__ = ["MISSING", "Exhibit", "Row", "exhibit"]


def exhibit(question: Question, outcome: str, snapshot: Snapshot) -> Exhibit:
    """Return every row of METHODS' sensitivity exhibit for one outcome of a question."""
    context = Context(question.only(outcome), outcome, snapshot)
    base = context.base
    if isinstance(base, Fitted):
        result = standardised(base.fit)
    else:
        reason = base.adjusted.risk_difference
        result = Result.refused(reason.reason if isinstance(reason, NotEstimable) else "refused")
    first = result.row(HEADLINE, "Headline", "Headline, as pre-specified", "")

    def run(variant: Variant) -> Found:
        if context.lacks:
            return "not recorded by this source"
        if variant.needs_headline and not isinstance(base, Fitted):
            return "the headline is refused"
        return variant.run(context)

    with ThreadPoolExecutor(WORKERS) as pool:
        found = list(pool.map(run, VARIANTS))
    rows = [first]
    lacking = []
    for variant, one in zip(VARIANTS, found, strict=True):
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
