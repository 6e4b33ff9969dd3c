"""The rows of the forest figure and of its table: every way a difference was computed, in order."""

from __future__ import annotations

from typing import NamedTuple

from metrics import wording
from metrics.estimate import Estimated, NotEstimable, Test
from metrics.result import Comparison


class EffectRow(NamedTuple):
    """One way of computing a difference. ``headline`` marks the pre-specified one."""

    label: str
    risk_difference: Estimated
    risk_ratio: Estimated
    odds_ratio: Estimated
    test: str
    headline: bool = False


def rows(comparison: Comparison) -> list[EffectRow]:
    """Return the rows of a comparison, crude first."""
    crude, pooled = comparison.unadjusted, comparison.stratified
    test = crude.test
    found = [
        EffectRow(
            "Not adjusted",
            crude.risk_difference,
            crude.risk_ratio,
            crude.odds_ratio,
            f"{test.method}, {wording.p_value(test.p_value)}; ignores that officers handle many"
            if isinstance(test, Test)
            else "not tested",
        )
    ]
    adjusted = comparison.adjusted
    found.append(
        EffectRow(
            "Adjusted (headline)",
            adjusted.risk_difference,
            adjusted.risk_ratio,
            adjusted.odds_ratio,
            f"CR2 by officer, {wording.p_value(adjusted.p_value)}"
            + (
                f" ({wording.p_value(adjusted.p_holm)} after Holm)"
                if adjusted.p_holm is not None
                else ""
            )
            if adjusted.p_value is not None
            else "refused: " + wording.reason(adjusted.risk_difference)
            if isinstance(adjusted.risk_difference, NotEstimable)
            else "not tested",
            headline=True,
        )
    )
    if pooled.by:
        same = pooled.homogeneity
        found.append(
            EffectRow(
                f"Within {wording.covariate_list(pooled.by)} (Mantel-Haenszel)",
                pooled.risk_difference,
                pooled.risk_ratio,
                pooled.odds_ratio,
                f"strata differ: {wording.p_value(same.p_value)}"
                if isinstance(same, Test)
                else "homogeneity not tested",
            )
        )
    return found
