"""Proportions, differences, ratios and tests against R, published values and other code."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from scipy import optimize, stats
from statsmodels.stats.proportion import confint_proportions_2indep

from metrics import exact
from metrics.estimate import Estimate, NotEstimable, Test
from metrics.proportions import (
    clopper_pearson,
    compare,
    odds_ratio,
    rate_per_1000,
    rate_ratio,
    risk_difference,
    risk_ratio,
    wilson,
)

Golden = dict[str, dict[str, Any]]
Counts = tuple[int, int, int, int]

MN = "miettinen-nurminen"
DIFFERENCES = ["newcombe", MN]
RISK_RATIOS = ["score", "katz"]
ODDS_RATIOS = ["conditional", "woolf"]
BIG = 10**7


def interval(low_high: Any, rel: float = 0, abs_: float = 1e-9) -> Any:
    return pytest.approx(tuple(low_high), rel=rel, abs=abs_)


def found(result: Any) -> Estimate:
    assert isinstance(result, Estimate), result
    return result


def checked(result: Any) -> Test:
    assert isinstance(result, Test), result
    return result


def counts_of(case: dict[str, Any]) -> Counts:
    (a, b), (c, d) = case["inputs"]["table"]
    return a, a + b, c, c + d


# --- golden values from R -------------------------------------------------------------------


@pytest.mark.parametrize("case", ["prop1_81_263", "prop1_0_20", "prop1_1_29"])
def test_single_proportions_match_r(golden: Golden, case: str) -> None:
    inputs, expected = golden[case]["inputs"], golden[case]["outputs"]
    score = found(wilson(inputs["x"], inputs["n"]))
    assert score.estimate == pytest.approx(expected["estimate"], abs=1e-12)
    assert score[1:] == interval(expected["wilson"])
    exact_limits = found(clopper_pearson(inputs["x"], inputs["n"]))
    assert exact_limits[1:] == interval(expected["clopper_pearson"])


@pytest.mark.parametrize("case", ["rd_56_70_vs_48_80", "rd_9_10_vs_3_10", "rd_0_10_vs_0_20"])
def test_risk_differences_match_r(golden: Golden, case: str) -> None:
    inputs, expected = golden[case]["inputs"], golden[case]["outputs"]
    counts = inputs["x1"], inputs["n1"], inputs["x2"], inputs["n2"]
    newcombe = found(risk_difference(*counts))
    assert newcombe.estimate == pytest.approx(expected["diff"], abs=1e-12)
    assert newcombe[1:] == interval(expected["newcombe_hybrid_score"])
    chi_square = compare(*counts, method="chi-square")
    if expected["chisq_uncorrected"]["p"] is None:
        assert isinstance(chi_square, NotEstimable)
        return
    score = found(risk_difference(*counts, method=MN))
    assert score[1:] == interval(expected["miettinen_nurminen"])
    assert checked(chi_square).statistic == pytest.approx(
        expected["chisq_uncorrected"]["statistic"], rel=1e-9
    )
    assert checked(chi_square).p_value == pytest.approx(
        expected["chisq_uncorrected"]["p"], rel=1e-9
    )


@pytest.mark.parametrize("case", ["t2x2_tea", "t2x2_sciboschloo", "t2x2_inj"])
def test_two_by_two_tables_match_r(golden: Golden, case: str) -> None:
    counts, expected = counts_of(golden[case]), golden[case]["outputs"]
    conditional = found(odds_ratio(*counts))
    assert conditional.estimate == pytest.approx(expected["or_conditional_hp"], rel=1e-9)
    assert conditional[1:] == interval(expected["or_conditional_ci_hp"], rel=1e-9, abs_=0)
    woolf = found(odds_ratio(*counts, method="woolf"))
    assert woolf.estimate == pytest.approx(expected["or_unconditional"], rel=1e-9)
    assert woolf[1:] == interval(expected["or_woolf_ci"], rel=1e-9)
    katz = found(risk_ratio(*counts, method="katz"))
    assert katz.estimate == pytest.approx(expected["rr"], rel=1e-9)
    assert katz[1:] == interval(expected["rr_katz_ci"], rel=1e-9)
    chi_square = checked(compare(*counts, method="chi-square"))
    assert chi_square.statistic == pytest.approx(expected["chisq"], rel=1e-9)
    assert chi_square.p_value == pytest.approx(expected["chisq_p"], rel=1e-9)
    fisher = checked(compare(*counts, method="fisher"))
    assert fisher.p_value == pytest.approx(expected["fisher_p"], rel=1e-9)
    _, less, greater = exact.fisher(*counts)
    assert (less, greater) == interval([expected["fisher_less"], expected["fisher_greater"]])


def test_wald_odds_ratio_matches_epitools(golden: Golden) -> None:
    case = golden["epitools_or_arrest"]
    (no1, yes1), (no2, yes2) = case["inputs"]["cit"], case["inputs"]["noncit"]
    result = found(odds_ratio(yes1, no1 + yes1, yes2, no2 + yes2, method="woolf"))
    assert tuple(result) == interval(case["outputs"]["wald"])


def test_crude_odds_ratio_of_the_admissions(golden: Golden) -> None:
    case = golden["ucb_crude"]
    (men_in, men_out), (women_in, women_out) = case["inputs"]["table"]
    counts = men_in, men_in + men_out, women_in, women_in + women_out
    crude = found(odds_ratio(*counts, method="woolf"))
    assert crude.estimate == pytest.approx(case["outputs"]["or_crude"], rel=1e-9)
    assert crude.estimate == pytest.approx(1.841080, abs=5e-7)
    assert tuple(crude) == interval(golden["mh_ucb_epir"]["outputs"]["crude_OR"])
    ratio = found(risk_ratio(*counts, method="katz"))
    assert tuple(ratio) == interval(golden["mh_ucb_epir"]["outputs"]["crude_RR"])
    test = checked(compare(*counts))
    assert test.method == "chi-square test"
    assert test.statistic == pytest.approx(case["outputs"]["chisq"]["statistic"], rel=1e-9)
    assert test.p_value == pytest.approx(case["outputs"]["chisq"]["p_value"], rel=1e-9)


def test_poisson_rates_match_r(golden: Golden) -> None:
    one = golden["poisson_one"]
    rate = found(rate_per_1000(one["inputs"]["x"], 1000 * one["inputs"]["exposure_thousands"]))
    assert rate.estimate == pytest.approx(one["outputs"]["estimate"], abs=1e-12)
    assert rate[1:] == interval(one["outputs"]["conf_int"])

    two = golden["poisson_two"]
    (e1, e2), (t1, t2) = two["inputs"]["x"], two["inputs"]["T"]
    result = rate_ratio(e1, t1, e2, t2)
    ratio, test = found(result.ratio), checked(result.test)
    assert ratio.estimate == pytest.approx(two["outputs"]["estimate"], abs=1e-9)
    assert ratio[1:] == interval(two["outputs"]["conf_int"])
    assert test.p_value == pytest.approx(two["outputs"]["p_value"], rel=1e-9)


def highest_p(region: np.ndarray) -> float:
    """Return the largest probability of a set of (x1, x2) tables over the common rate."""
    n1, n2 = (size - 1 for size in region.shape)

    def size(rate: float) -> float:
        first = stats.binom.pmf(np.arange(n1 + 1), n1, rate)
        second = stats.binom.pmf(np.arange(n2 + 1), n2, rate)
        return float(first @ region @ second)

    grid = np.linspace(0.0005, 0.9995, 1999)
    best = grid[int(np.argmax([size(rate) for rate in grid]))]
    top = optimize.minimize_scalar(
        lambda rate: -size(rate), bounds=(best - 5e-4, best + 5e-4), method="bounded"
    )
    return -float(top.fun)


@pytest.mark.parametrize("case", ["uncond_7_10_3_15", "uncond_2_12_15_18"])
def test_boschloo_doubles_the_smaller_side(golden: Golden, case: str) -> None:
    inputs, expected = golden[case]["inputs"], golden[case]["outputs"]
    e1, n1, e2, n2 = inputs["x1"], inputs["n1"], inputs["x2"], inputs["n2"]
    test = checked(compare(e1, n1, e2, n2, method="boschloo"))
    assert "twice the smaller one-sided p" in test.method
    table = [[e1, e2], [n1 - e1, n2 - e2]]
    sides = [stats.boschloo_exact(table, alternative=side).pvalue for side in ("less", "greater")]
    assert test.p_value == pytest.approx(2 * min(sides), rel=1e-7)
    assert test.p_value == pytest.approx(stats.boschloo_exact(table).pvalue, rel=1e-7)
    assert test.statistic == pytest.approx(stats.boschloo_exact(table).statistic, rel=1e-9)
    assert checked(compare(e1, n1, e2, n2, method="fisher")).p_value == pytest.approx(
        expected["fisher_p"], rel=1e-9
    )
    # R's value differs in the ordering only: over two-sided Fisher p it is reproduced.
    p = np.array([[exact.fisher(i, n1, j, n2)[0] for j in range(n2 + 1)] for i in range(n1 + 1)])
    region = (p <= p[e1, e2] * exact.TIE).astype(float)
    assert highest_p(region) == pytest.approx(expected["boschloo_p"], rel=1e-7)


# --- published values -----------------------------------------------------------------------


def test_published_values() -> None:
    assert found(wilson(0, 20))[:2] == (0, 0)
    assert found(wilson(0, 20)).high == pytest.approx(0.161125, abs=5e-7)
    assert found(wilson(20, 20))[0::2] == (1, 1)
    # Newcombe 1998, Stat Med 17:857, table I, method 3.
    assert found(wilson(15, 148))[1:] == interval((0.0624, 0.1605), abs_=5e-5)
    # Newcombe 1998, Stat Med 17:873, table II, method 10.
    assert found(risk_difference(0, 10, 0, 20))[1:] == interval((-0.161125158053, 0.277532799863))
    assert found(risk_difference(10, 10, 0, 20))[1:] == interval((0.6791, 1.0), abs_=5e-5)
    assert found(risk_difference(10, 10, 0, 10))[1:] == interval((0.6075, 1.0), abs_=5e-5)
    # statsmodels' score interval gives .3440 here.
    assert found(risk_difference(56, 70, 48, 80, MN)).high == pytest.approx(0.33817294, abs=5e-9)
    # Koopman 1984, Biometrics 40:513: 36/40 against 16/80.
    koopman = found(risk_ratio(36, 40, 16, 80))
    assert koopman.estimate == pytest.approx(4.5)
    assert koopman[1:] == interval((2.94, 7.15), abs_=5e-3)


@pytest.mark.parametrize("n", [1, 20, 9300, BIG])
def test_zero_events_have_the_exact_poisson_limit(n: int) -> None:
    rate = found(rate_per_1000(0, n))
    assert rate[:2] == (0, 0)
    assert rate.high == pytest.approx(1000 * 3.69 / n, rel=5e-4)
    assert rate.high == pytest.approx(-1000 * math.log(0.025) / n, rel=1e-9)


# --- other implementations ------------------------------------------------------------------

TABLES: list[Counts] = [
    (5, 40, 11, 52),
    (1, 30, 2, 900),
    (0, 25, 4, 60),
    (25, 25, 30, 41),
    (149, 4000, 260, 5300),
]


@pytest.mark.parametrize("counts", TABLES)
def test_newcombe_is_statsmodels(counts: Counts) -> None:
    expected = confint_proportions_2indep(*counts, method="newcomb", compare="diff")
    assert found(risk_difference(*counts))[1:] == interval(expected)


@pytest.mark.parametrize("counts", [*TABLES[:2], TABLES[4], (36, 40, 16, 80)])
def test_koopman_is_statsmodels(counts: Counts) -> None:
    expected = confint_proportions_2indep(
        *counts, method="score", compare="ratio", correction=False
    )
    assert found(risk_ratio(*counts))[1:] == interval(expected, rel=1e-7)


@pytest.mark.parametrize("counts", TABLES[:2] + TABLES[4:])
def test_ratios_are_scipy_s(counts: Counts) -> None:
    e1, n1, e2, n2 = counts
    relative = stats.contingency.relative_risk(*counts)
    assert found(risk_ratio(*counts, method="katz"))[1:] == interval(
        relative.confidence_interval(0.95), rel=1e-9
    )
    table = [[e1, n1 - e1], [e2, n2 - e2]]
    for method, kind in (("conditional", "conditional"), ("woolf", "sample")):
        theirs = stats.contingency.odds_ratio(table, kind=kind)
        ours = found(odds_ratio(*counts, method=method, level=0.9))
        assert ours.estimate == pytest.approx(theirs.statistic, rel=1e-7)
        assert ours[1:] == interval(theirs.confidence_interval(0.9), rel=1e-7)


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_exact_tests_are_scipy_s(data: st.DataObject) -> None:
    n1, n2 = data.draw(st.integers(1, 14)), data.draw(st.integers(1, 14))
    e1, e2 = data.draw(st.integers(0, n1)), data.draw(st.integers(0, n2))
    assume(0 < e1 + e2 < n1 + n2)
    table = [[e1, e2], [n1 - e1, n2 - e2]]
    two_sided, less, greater = exact.fisher(e1, n1, e2, n2)
    assert two_sided == pytest.approx(stats.fisher_exact(table).pvalue, rel=1e-9)
    assert less == pytest.approx(stats.fisher_exact(table, "less").pvalue, rel=1e-9)
    assert greater == pytest.approx(stats.fisher_exact(table, "greater").pvalue, rel=1e-9)

    for counts, alternative in (((e1, n1, e2, n2), "less"), ((e2, n2, e1, n1), "greater")):
        ours = exact.boschloo_less(*counts)
        theirs = min(1.0, stats.boschloo_exact(table, alternative=alternative).pvalue)
        # Both search the common rate; a search can only fall short of the supremum.
        assert ours >= theirs * (1 - 1e-9)
        assert ours == pytest.approx(theirs, rel=1e-4)


def test_boschloo_of_many_contacts_is_the_enumeration() -> None:
    e1, n1, e2, n2 = 2, 300, 19, 500
    first, second = np.arange(n1 + 1)[:, None], np.arange(n2 + 1)[None, :]
    fisher = stats.hypergeom.cdf(first, n1 + n2, n1, first + second)
    region = (fisher <= fisher[e1, e2] * exact.TIE).astype(float)
    assert exact.boschloo_less(e1, n1, e2, n2) == pytest.approx(highest_p(region), rel=1e-7)


def rates_by_search(counts: Counts, ratio: float, shift: float) -> tuple[float, float]:
    """Return the likeliest p1 and p2 with p1 = ratio * p2 + shift, found by brute search."""
    e1, n1, e2, n2 = counts

    def against(p2: float) -> float:
        p1 = ratio * p2 + shift
        cells = ((e1, p1), (n1 - e1, 1 - p1), (e2, p2), (n2 - e2, 1 - p2))
        return -sum(k * math.log(max(p, 1e-300)) for k, p in cells if k)

    bounds = max(0.0, -shift / ratio), min(1.0, (1 - shift) / ratio)
    p2 = optimize.minimize_scalar(
        against, bounds=bounds, method="bounded", options={"xatol": 1e-12}
    ).x
    return ratio * float(p2) + shift, float(p2)


@pytest.mark.parametrize("counts", [*TABLES, (0, 10, 0, 20), (10, 10, 20, 20), (1, 2, 0, 2)])
def test_miettinen_nurminen_limits_meet_the_statistic(counts: Counts) -> None:
    result = found(risk_difference(*counts, method=MN))
    e1, n1, e2, n2 = counts
    for d, z in ((result.low, 1.959964), (result.high, -1.959964)):
        p1, p2 = rates_by_search(counts, 1, d)
        v = (p1 * (1 - p1) / n1 + p2 * (1 - p2) / n2) * (n1 + n2) / (n1 + n2 - 1)
        assert (e1 / n1 - e2 / n2 - d) / math.sqrt(v) == pytest.approx(z, abs=1e-4)


@pytest.mark.parametrize("counts", [*TABLES, (10, 10, 20, 20), (1, 2, 2, 2), (9, 10, 20, 20)])
def test_koopman_limits_meet_the_statistic(counts: Counts) -> None:
    """At 25/25 against 30/41 too, where statsmodels stops at 1.2 with a statistic of 3.05."""
    result = found(risk_ratio(*counts))
    e1, n1, e2, n2 = counts
    for ratio, z in ((result.low, 1.959964), (result.high, -1.959964)):
        if ratio:
            p1, p2 = rates_by_search(counts, ratio, 0)
            v = p1 * (1 - p1) / n1 + ratio**2 * p2 * (1 - p2) / n2
            assert (e1 / n1 - ratio * e2 / n2) / math.sqrt(v) == pytest.approx(z, abs=1e-4)


# --- edges ----------------------------------------------------------------------------------


def test_empty_arms_say_so() -> None:
    for single in (wilson(0, 0), clopper_pearson(0, 0), rate_per_1000(0, 0)):
        assert isinstance(single, NotEstimable)
        assert "no contacts" in single.reason
    for counts in ((0, 0, 3, 10), (3, 10, 0, 0), (0, 0, 0, 0)):
        for call in (risk_difference, risk_ratio, odds_ratio, compare):
            result = call(*counts)
            assert isinstance(result, NotEstimable)
            assert "no contacts" in result.reason
        assert isinstance(rate_ratio(*counts).ratio, NotEstimable)
        assert isinstance(rate_ratio(*counts).test, NotEstimable)


def test_ratios_without_events_in_an_arm() -> None:
    for zero in (risk_ratio(0, 30, 4, 40), odds_ratio(0, 30, 4, 40), rate_ratio(0, 30, 4, 40)[0]):
        result = found(zero)
        assert result[:2] == (0, 0)
        assert 1 < result.high < 10
    for nothing in (
        risk_ratio(4, 30, 0, 40),
        odds_ratio(4, 30, 0, 40),
        odds_ratio(30, 30, 4, 40),
        rate_ratio(4, 30, 0, 40).ratio,
        risk_ratio(0, 30, 0, 40),
        odds_ratio(0, 30, 0, 40),
        odds_ratio(30, 30, 40, 40),
        rate_ratio(0, 30, 0, 40).ratio,
        rate_ratio(0, 30, 0, 40).test,
        risk_ratio(0, 30, 4, 40, method="katz"),
        risk_ratio(30, 30, 40, 40, method="katz"),
        odds_ratio(0, 30, 4, 40, method="woolf"),
        compare(0, 30, 0, 40),
        compare(30, 30, 40, 40, method="fisher"),
    ):
        assert isinstance(nothing, NotEstimable)
        assert nothing.reason.endswith(".")
    assert checked(rate_ratio(4, 30, 0, 40).test).p_value == pytest.approx((3 / 7) ** 4)


def test_no_events_still_has_a_difference() -> None:
    for method in DIFFERENCES:
        result = found(risk_difference(0, 10, 0, 20, method))
        assert result.estimate == 0
        assert -0.2 < result.low < 0 < result.high < 0.3


def test_auto_chooses_by_the_expected_counts() -> None:
    assert checked(compare(10, 20, 10, 20)).method == "chi-square test"
    assert checked(compare(5, 20, 5, 20)).method == "chi-square test"  # expected exactly 5
    assert "Boschloo" in checked(compare(5, 20, 4, 20)).method
    assert "Boschloo" in checked(compare(15, 20, 16, 20)).method  # too few without the event
    large = checked(compare(1, 500, 30, 60_000))
    assert large.method == "Fisher's exact test (too many contacts for Boschloo's)"
    assert large.p_value == checked(compare(1, 500, 30, 60_000, method="fisher")).p_value
    refused = compare(1, 500, 30, 60_000, method="boschloo")
    assert isinstance(refused, NotEstimable)
    assert "50,000" in refused.reason


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda: wilson(-1, 5), "events"),
        (lambda: wilson(6, 5), "events"),
        (lambda: wilson(1.5, 5), "events"),
        (lambda: clopper_pearson(1, -5), "n "),
        (lambda: rate_per_1000(-1, 5), "events"),
        (lambda: rate_per_1000(1, math.inf), "n "),
        (lambda: risk_difference(1, 5, 7, 6), "e2"),
        (lambda: risk_ratio(1, 5, 1, -6), "n2"),
        (lambda: odds_ratio(9, 5, 1, 6), "e1"),
        (lambda: compare(1, 5.5, 1, 6), "n1"),
        (lambda: rate_ratio(1, 5, -1, 6), "e2"),
        (lambda: rate_ratio(1, -5, 1, 6), "t1"),
        (lambda: risk_difference(1, 5, 1, 6, "wald"), "wald"),
        (lambda: risk_ratio(1, 5, 1, 6, "wald"), "wald"),
        (lambda: odds_ratio(1, 5, 1, 6, "wald"), "wald"),
        (lambda: compare(1, 5, 1, 6, "yates"), "yates"),
        (lambda: wilson(1, 5, level=95), "level"),
        (lambda: rate_ratio(1, 5, 1, 6, level=0), "level"),
    ],
)
def test_bad_input_names_the_argument(call: Callable[[], object], name: str) -> None:
    with pytest.raises(ValueError, match=name):
        call()


def test_numpy_counts_are_counts() -> None:
    result = found(risk_ratio(*np.array([36, 40, 16, 80])))
    assert result == found(risk_ratio(36, 40, 16, 80))
    assert all(type(value) is float for value in result)


@pytest.mark.parametrize(
    "counts",
    [
        (3, BIG, 9, BIG),
        (BIG - 3, BIG, BIG - 9, BIG),
        (3_000_000, BIG, 3_010_000, BIG),
        (1, 40, 2_000_000, BIG),
        (0, BIG, BIG, BIG),
        (BIG, BIG, 0, BIG),
        (0, BIG, 0, BIG),
    ],
)
def test_ten_million_contacts(counts: Counts) -> None:
    check_all(counts, 0.95)
    swapped = found(risk_difference(*counts[2:], *counts[:2], method=MN))
    straight = found(risk_difference(*counts, method=MN))
    assert straight.low == pytest.approx(-swapped.high, rel=1e-9)


def test_large_counts_agree_with_the_normal_limits() -> None:
    counts = 3_000_000, BIG, 3_010_000, BIG
    katz, score = (found(risk_ratio(*counts, method=m)) for m in RISK_RATIOS)
    assert tuple(katz) == interval(score, rel=1e-6)
    woolf, exact_or = (found(odds_ratio(*counts, method=m)) for m in ODDS_RATIOS)
    assert tuple(woolf) == interval(exact_or, rel=1e-6)
    newcombe, mn = (found(risk_difference(*counts, m)) for m in DIFFERENCES)
    assert tuple(newcombe) == interval(mn, abs_=1e-9)
    rare = 30, BIG, 90, BIG  # rare enough to be Poisson
    assert found(risk_ratio(*rare)).estimate == pytest.approx(1 / 3)
    expected = found(rate_ratio(*rare).ratio)
    assert tuple(found(odds_ratio(*rare))) == interval(expected, rel=1e-4)


# --- properties -----------------------------------------------------------------------------


@st.composite
def arms(draw: st.DrawFn, most: int = 400) -> Counts:
    n1, n2 = draw(st.integers(1, most)), draw(st.integers(1, most))
    rare = draw(st.booleans())
    e1 = draw(st.integers(0, min(n1, 3) if rare else n1))
    e2 = draw(st.integers(0, min(n2, 3) if rare else n2))
    return e1, n1, e2, n2


def swap(counts: Counts) -> Counts:
    return counts[2], counts[3], counts[0], counts[1]


def other_outcome(counts: Counts) -> Counts:
    e1, n1, e2, n2 = counts
    return n1 - e1, n1, n2 - e2, n2


def check_all(counts: Counts, level: float) -> None:
    """Every result is finite, in range and brackets its estimate, or says why it is missing."""
    e1, n1, *_ = counts
    results = [
        (wilson(e1, n1, level), 0.0, 1.0),
        (clopper_pearson(e1, n1, level), 0.0, 1.0),
        (rate_per_1000(e1, n1, level), 0.0, math.inf),
        (rate_ratio(*counts, level).ratio, 0.0, math.inf),
        *((risk_difference(*counts, m, level), -1.0, 1.0) for m in DIFFERENCES),
        *((risk_ratio(*counts, m, level), 0.0, math.inf) for m in RISK_RATIOS),
        *((odds_ratio(*counts, m, level), 0.0, math.inf) for m in ODDS_RATIOS),
    ]
    for result, lowest, highest in results:
        if isinstance(result, NotEstimable):
            assert result.reason
            continue
        assert all(math.isfinite(value) for value in result), result
        slack = 1e-12 * max(1.0, abs(result.estimate))
        assert lowest <= result.low <= result.estimate + slack, result
        assert result.estimate - slack <= result.high <= highest, result
    for test in (*(compare(*counts, m) for m in ("auto", "chi-square", "fisher")),):
        if isinstance(test, Test):
            assert 0 <= test.p_value <= 1


@settings(max_examples=150, deadline=None)
@given(arms(), st.sampled_from([0.8, 0.95, 0.999]))
@example((1, 1, 1, 1), 0.95)
@example((0, 1, 1, 1), 0.95)
@example((1, 1, 0, 1), 0.999)
def test_limits_bracket_the_estimate(counts: Counts, level: float) -> None:
    check_all(counts, level)


@settings(max_examples=100, deadline=None)
@given(arms())
def test_swapping_the_arms_turns_results_round(counts: Counts) -> None:
    for method in DIFFERENCES:
        one = found(risk_difference(*counts, method))
        two = found(risk_difference(*swap(counts), method))
        assert (-two.estimate, -two.high, -two.low) == interval(one, abs_=1e-10)
    pairs = [
        *((risk_ratio(*c, m) for c in (counts, swap(counts))) for m in RISK_RATIOS),
        *((odds_ratio(*c, m) for c in (counts, swap(counts))) for m in ODDS_RATIOS),
        (rate_ratio(*c).ratio for c in (counts, swap(counts))),
    ]
    for straight, turned in pairs:
        if isinstance(straight, Estimate) and isinstance(turned, Estimate) and straight.estimate:
            inverse = 1 / turned.estimate, 1 / turned.high, 1 / turned.low
            assert inverse == interval(straight, rel=1e-9, abs_=0)
    for method in ("chi-square", "fisher"):
        first, second = compare(*counts, method), compare(*swap(counts), method)
        if isinstance(first, Test):
            assert checked(second).p_value == pytest.approx(first.p_value, rel=1e-9, abs=1e-300)


@settings(max_examples=60, deadline=None)
@given(arms(60))
def test_the_other_outcome_mirrors_the_first(counts: Counts) -> None:
    for method in DIFFERENCES:
        one = found(risk_difference(*counts, method))
        two = found(risk_difference(*other_outcome(counts), method))
        assert (-two.estimate, -two.high, -two.low) == interval(one, abs_=1e-10)
    for method in ("chi-square", "boschloo", "fisher"):
        first, second = compare(*counts, method), compare(*other_outcome(counts), method)
        if isinstance(first, Test):
            assert checked(second).p_value == pytest.approx(first.p_value, rel=1e-8)


@settings(max_examples=60, deadline=None)
@given(arms(150))
def test_a_higher_level_is_wider(counts: Counts) -> None:
    for call in (risk_difference, risk_ratio, odds_ratio):
        narrow, wide = call(*counts, level=0.9), call(*counts, level=0.99)
        assert type(narrow) is type(wide)
        if isinstance(narrow, Estimate) and isinstance(wide, Estimate):
            assert wide.low <= narrow.low <= narrow.high <= wide.high


@settings(max_examples=60, deadline=None)
@given(arms(80))
def test_boschloo_is_never_weaker_than_one_sided_fisher(counts: Counts) -> None:
    assume(0 < counts[0] + counts[2] < counts[1] + counts[3])
    _, less, greater = exact.fisher(*counts)
    assert exact.boschloo_less(*counts) <= less * (1 + 1e-12)
    assert exact.boschloo_less(*swap(counts)) <= greater * (1 + 1e-12)
    statistic, p = exact.boschloo(*counts)
    smaller = min(exact.boschloo_less(*counts), exact.boschloo_less(*swap(counts)))
    assert p == pytest.approx(min(1.0, 2 * smaller), rel=1e-12)
    assert statistic in (less, greater)
