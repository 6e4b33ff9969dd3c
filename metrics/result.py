"""``Comparison``: the one frozen result that every page, sentence, file and command reads."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from metrics.estimate import Estimate, Estimated, NotEstimable, Test, Tested

SCHEMA_VERSION = 1

WITHHELD = "too few to publish without identifying someone"
"""What stands in place of every number that may not be published, whatever the reason."""

LOWER = "lower"
HIGHER = "higher"
NONE_DETECTED = "none_detected"
TOO_FEW = "too_few"
NO_COMPARISON = "no_comparison"
NOT_ESTIMABLE = "not_estimable"
NOT_RECORDED = "not_recorded"
VERDICTS = (
    LOWER,
    HIGHER,
    NONE_DETECTED,
    TOO_FEW,
    NO_COMPARISON,
    NOT_ESTIMABLE,
    NOT_RECORDED,
)

CLEAR = "clear"
NOT_SURE = "not_sure"
CERTAINTIES = (CLEAR, NOT_SURE, TOO_FEW)


@dataclass(frozen=True)
class Arm:
    """One side of a comparison: contacts counted, those with the event, and the rate's interval."""

    n: int
    events: int
    rate: Estimated


@dataclass(frozen=True)
class Missing:
    """Contacts that are in neither numerator nor denominator, because something was not recorded.

    ``outcome`` of contacts with a recorded exposure (``cit`` and ``other`` by arm); ``exposure`` of
    contacts in neither arm.
    """

    exposure: int
    cit: int
    other: int

    @property
    def outcome(self) -> int:
        """Contacts of both arms whose outcome was not recorded."""
        return self.cit + self.other


@dataclass(frozen=True)
class Contamination:
    """Contacts of the other arm where some other field says that a CIT officer came."""

    n: int
    of: int

    @property
    def share(self) -> float | None:
        """Share of the other arm; None if that arm is empty."""
        return self.n / self.of if self.of else None


@dataclass(frozen=True)
class Unadjusted:
    """The crude comparison: confounded, and blind to officers who handle many contacts."""

    risk_difference: Estimated
    risk_ratio: Estimated
    odds_ratio: Estimated
    test: Tested


@dataclass(frozen=True)
class Stratified:
    """The Mantel-Haenszel exhibit: the covariates it is stratified by, and its pooled estimates."""

    by: tuple[str, ...]
    risk_difference: Estimated
    risk_ratio: Estimated
    odds_ratio: Estimated
    homogeneity: Tested
    strata_used: int
    strata_dropped: int


_NONE = NotEstimable("not estimated")


@dataclass(frozen=True)
class Influential:
    """The officer whose absence would move the comparison most; never named, not even by key.

    ``share`` is the largest share of a group any officer handled, ``own_share`` this officer's;
    ``leverage`` the largest share of the information; ``change`` how far the risk difference would
    move without this officer (one step). Refitted exactly where a warning asks for it.
    """

    share: float
    own_share: float
    leverage: float
    change: float
    risk_difference_without: Estimated


@dataclass(frozen=True)
class Adjusted:
    """The pre-specified headline: standardised, with officer-clustered errors."""

    covariates: tuple[str, ...]
    aliased: tuple[str, ...]
    clusters: int | None
    se: str | None
    df: float | None
    overlap: float | None
    risk_difference: Estimated
    risk_ratio: Estimated
    odds_ratio: Estimated
    p_value: float | None
    p_holm: float | None
    risk_cit: Estimated = _NONE
    risk_other: Estimated = _NONE
    # Covariates asked for that the source does not record.
    unavailable: tuple[str, ...] = ()
    # (covariate, levels merged because all or none of their contacts had the event).
    pooled: tuple[tuple[str, tuple[str, ...]], ...] = ()
    # Covariates that told apart contacts which always or never had the outcome.
    left_out: tuple[str, ...] = ()
    overlap_by: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    influential: Influential | None = None
    too_few: bool = False
    permutation: Tested | None = None


@dataclass(frozen=True)
class Comparison:
    """One outcome compared between the arms of one exposure."""

    outcome: str
    exposure: str
    cit: Arm
    other: Arm
    not_recorded: Missing
    contamination: Contamination
    unadjusted: Unadjusted
    stratified: Stratified
    adjusted: Adjusted
    e_value: Estimated
    detectable: Estimated
    verdict: str
    certainty: str
    sentence: str
    filtered: bool = False
    # What this source does not record at all: "outcome", "exposure", or None.
    lacks: str | None = None
    # Tests that Holm's adjustment covers; 0 outside the pre-specified family.
    family: int = 0
    withheld: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the comparison as plain JSON values, by the command contract."""
        hidden = self.stratified.homogeneity == NotEstimable(WITHHELD)
        return {
            "outcome": self.outcome,
            "exposure": self.exposure,
            "cit": _arm(self.cit, self.withheld),
            "other": _arm(self.other, self.withheld),
            "not_recorded": {
                "outcome": None if self.withheld else self.not_recorded.outcome,
                "outcome_cit": None if self.withheld else self.not_recorded.cit,
                "outcome_other": None if self.withheld else self.not_recorded.other,
                "exposure": None if self.withheld else self.not_recorded.exposure,
            },
            "contamination": {
                "n": None if self.withheld else self.contamination.n,
                "of": None if self.withheld else self.contamination.of,
                "share": None if self.withheld else self.contamination.share,
            },
            "unadjusted": {
                **_effects(self.unadjusted),
                **_test(self.unadjusted.test),
            },
            "stratified": {
                "by": list(self.stratified.by),
                **_effects(self.stratified),
                "homogeneity_p": _p(self.stratified.homogeneity),
                "strata_used": None if hidden else self.stratified.strata_used,
                "strata_dropped": None if hidden else self.stratified.strata_dropped,
            },
            "adjusted": {
                "covariates": list(self.adjusted.covariates),
                "aliased": list(self.adjusted.aliased),
                "clusters": self.adjusted.clusters,
                "se": self.adjusted.se,
                "df": self.adjusted.df,
                "overlap": self.adjusted.overlap,
                **_effects(self.adjusted),
                "p_value": self.adjusted.p_value,
                "p_holm": self.adjusted.p_holm,
                "risk_cit": estimated(self.adjusted.risk_cit),
                "risk_other": estimated(self.adjusted.risk_other),
                "not_recorded": list(self.adjusted.unavailable),
                "pooled": {term: list(levels) for term, levels in self.adjusted.pooled},
                "left_out": list(self.adjusted.left_out),
                "overlap_by": list(self.adjusted.overlap_by),
                "warnings": list(self.adjusted.warnings),
                "influential": _influential(self.adjusted.influential),
                "permutation": _test(self.adjusted.permutation)
                if self.adjusted.permutation
                else None,
            },
            "e_value": _e_value(self.e_value),
            "detectable": _detectable(self.detectable),
            "verdict": self.verdict,
            "certainty": self.certainty,
            "sentence": self.sentence,
        }


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def estimated(value: Estimated) -> dict[str, Any]:
    """Return an estimate as plain JSON values: null with a reason where there is none."""
    found: dict[str, Any] = {
        "estimate": _finite(value.estimate),
        "low": _finite(value.low),
        "high": _finite(value.high),
    }
    if isinstance(value, NotEstimable):
        found["reason"] = value.reason
    elif found["high"] is None or found["low"] is None:
        found["reason"] = "the data set no limit on that side"
    return found


def _effects(group: Unadjusted | Stratified | Adjusted) -> dict[str, Any]:
    return {
        "risk_difference": estimated(group.risk_difference),
        "risk_ratio": estimated(group.risk_ratio),
        "odds_ratio": estimated(group.odds_ratio),
    }


def _p(test: Tested) -> float | None:
    return test.p_value if isinstance(test, Test) else None


def _test(test: Tested) -> dict[str, Any]:
    name = test.method if isinstance(test, Test) else None
    return {"p_value": _p(test), "test": name}


def _e_value(value: Estimated) -> dict[str, Any]:
    if isinstance(value, NotEstimable):
        return {"point": None, "limit": None, "reason": value.reason}
    return {"point": value.estimate, "limit": value.low}


def _detectable(value: Estimated) -> dict[str, Any]:
    if isinstance(value, NotEstimable):
        return {"risk_difference": None, "reason": value.reason}
    return {"risk_difference": value.estimate}


def _influential(found: Influential | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "largest_share": found.share,
        "largest_leverage": found.leverage,
        "share": found.own_share,
        "risk_difference_change": found.change,
        "risk_difference_without": estimated(found.risk_difference_without),
    }


def _arm(arm: Arm, withheld: str | None) -> dict[str, Any]:
    rate = estimated(arm.rate)
    found = {
        "n": None if withheld else arm.n,
        "events": None if withheld else arm.events,
        "rate": rate["estimate"],
        "low": rate["low"],
        "high": rate["high"],
    }
    if "reason" in rate:
        found["reason"] = rate["reason"]
    return found


def is_estimate(value: Estimated) -> bool:
    """Say whether there is a number to show."""
    return isinstance(value, Estimate)
