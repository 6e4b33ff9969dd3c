"""Officer effects absorbed from counts against the regression with a dummy for each officer."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics.cells import group
from metrics.estimate import NotEstimable
from metrics.officer_effects import OfficerEffects, officer_effects
from metrics.regression import fit

TERMS = ["cit", "night", "call", "time"]
COMMON = {"events": "y", "terms": TERMS, "exposure": "cit", "cluster": "officer"}


def simulated(seed: int = 0, officers: int = 14, contacts: int = 400) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    officer = rng.integers(0, officers, contacts)
    frame = pd.DataFrame(
        {
            "officer": officer,
            "cit": rng.integers(0, 2, contacts) * (officer > 3),
            "night": rng.integers(0, 2, contacts),
            "call": rng.choice(["a", "b", "c"], contacts),
            "time": rng.normal(size=contacts).round(1),
        }
    )
    return frame.assign(y=(rng.random(contacts) < 0.2 + 0.02 * officer).astype(int), n=1)


def dummies(frame: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    found = pd.get_dummies(frame["officer"], prefix="is", dtype=float)
    return pd.concat([frame, found], axis=1), list(found.columns)


@pytest.mark.parametrize("seed", range(8))
def test_the_full_dummy_regression_agrees(seed):
    frame = simulated(seed)
    found = officer_effects(frame, **COMMON)
    wide, names = dummies(frame)
    full = fit(
        wide, events="y", terms=[*TERMS, *names], cluster="officer", family="linear", se="CR2"
    )
    assert found.risk_difference.estimate == pytest.approx(full.coefficients["cit"], abs=1e-12)
    assert found.se == pytest.approx(full.se["cit"], rel=1e-9)
    assert found.df == pytest.approx(full.df["cit"], rel=1e-9)
    assert found.test.p_value == pytest.approx(full.test("cit").p_value, rel=1e-8)
    assert found.risk_difference == pytest.approx(full.coefficient("cit"), abs=1e-9)
    for name in ("night", "call[b]", "time"):
        if name in found.coefficients:
            assert found.coefficients[name] == pytest.approx(full.coefficients[name], abs=1e-11)


def test_statsmodels_agrees_on_rows():
    frame = simulated(3)
    wide, names = dummies(frame)
    theirs = sm.OLS(frame.y, wide[["cit", "night", "time", *names]]).fit()
    found = officer_effects(frame, **COMMON | {"terms": ["night", "time"]})
    assert found.coefficients["cit"] == pytest.approx(theirs.params["cit"], abs=1e-12)


def test_two_arms_without_covariates_by_hand():
    frame = pd.DataFrame(
        {
            "o": ["a", "a", "b", "b", "c", "c", "d"],
            "cit": [1, 0, 1, 0, 1, 0, 1],
            "n": [10, 30, 20, 20, 5, 15, 50],
            "y": [3, 6, 4, 8, 1, 2, 40],
        }
    )
    found = officer_effects(
        frame, events="y", trials="n", terms=[], exposure="cit", cluster="o", level=0.9
    )
    weight = np.array([10 * 30 / 40, 10.0, 5 * 15 / 20])
    each = np.array([3 / 10 - 6 / 30, 4 / 20 - 8 / 20, 1 / 5 - 2 / 15])
    assert found.risk_difference.estimate == pytest.approx(weight @ each / weight.sum())
    # CR2: (I - K_j)^-1/2 with K_j = w_j / w.
    share = weight / weight.sum()
    variance = np.sum((share * (each - share @ each)) ** 2 / (1 - share))
    assert found.se == pytest.approx(variance**0.5)
    assert (found.officers, found.left_out) == (3, 1)
    assert (found.contacts1, found.contacts0, found.events1, found.events0) == (35, 65, 8, 16)
    assert found.level == 0.9 and "within officer" in found.measure


def test_counts_rows_and_groupings_agree():
    frame = simulated(2)
    by_row = officer_effects(frame, **COMMON)
    keys = ["officer", *TERMS]
    counted = frame.groupby(keys, as_index=False).agg(y=("y", "sum"), n=("n", "sum"))
    by_count = officer_effects(counted.sample(frac=1, random_state=1), trials="n", **COMMON)
    shared = officer_effects(group(frame, TERMS, "officer"), events="y", exposure="cit")
    for other in (by_count, shared):
        assert other.risk_difference == pytest.approx(by_row.risk_difference, abs=1e-12)
        assert other.df == pytest.approx(by_row.df, rel=1e-10)
        assert (other.officers, other.contacts1, other.events0) == (
            by_row.officers,
            by_row.contacts1,
            by_row.events0,
        )


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 1000))
def test_swapping_arms_or_outcomes_flips_signs(seed):
    frame = simulated(seed)
    first = officer_effects(frame, **COMMON)
    for changed in (frame.assign(cit=1 - frame.cit), frame.assign(y=1 - frame.y)):
        other = officer_effects(changed, **COMMON)
        low, high = first.risk_difference[1:]
        expected = (-first.risk_difference.estimate, -high, -low)
        assert other.risk_difference == pytest.approx(expected, abs=1e-12)
        assert other.df == pytest.approx(first.df, rel=1e-9)


@pytest.mark.parametrize("shift", [0.0, 2e4, 1e7])
def test_units_and_officers_own_levels_do_not_matter(shift):
    frame = simulated(4)
    first = officer_effects(frame, **COMMON)
    frame = frame.assign(time=frame.time * 10 + shift, rank=7.5 * frame.officer)
    moved = officer_effects(frame, **COMMON | {"terms": ["rank", *TERMS]})
    assert moved.aliased == ("rank",)
    assert moved.risk_difference == pytest.approx(first.risk_difference, abs=1e-7)
    assert moved.df == pytest.approx(first.df, rel=1e-5)


def test_ten_million_contacts():
    rng = np.random.default_rng(2)
    frame = pd.DataFrame({"cit": [0, 1] * 10, "o": np.repeat(np.arange(10), 2)})
    frame["n"] = rng.integers(900_000, 1_100_000, 20)
    chance = 0.1 + 0.02 * frame.o - 0.03 * frame.cit
    frame["y"] = (frame.n * chance).round().astype(int) + rng.integers(0, 999, 20)
    found = officer_effects(frame, events="y", trials="n", exposure="cit", cluster="o")
    assert found.risk_difference.estimate == pytest.approx(-0.03, abs=1e-3)
    assert found.df == pytest.approx(9, abs=0.1)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda d: d.assign(cit=(d.officer > 5) * 1), "both arms"),
        (lambda d: d.assign(y=0), "No contact"),
        (lambda d: d.assign(y=1), "Every contact"),
        (lambda d: d.iloc[:0], "no contacts"),
        (lambda d: d.assign(night=d.cit), "told apart"),
        (lambda d: d.assign(time=1 - d.cit), "told apart"),
        (lambda d: d.assign(time=d.cit + d.officer), "told apart"),
        (lambda d: d.assign(cit=d.cit * (d.officer == 7)), "One officer"),
        (lambda d: d.drop_duplicates("officer"), "both arms"),
    ],
)
def test_degenerate_data(change, words):
    found = officer_effects(change(simulated(1)), **COMMON)
    assert isinstance(found, NotEstimable) and words in found.reason


def test_too_few_contacts_and_no_variation():
    frame = pd.DataFrame({"o": [1, 1, 2, 2], "cit": [1, 0, 1, 0], "t": [0, 2, 1, 5]})
    found = officer_effects(
        frame.assign(y=[1, 0, 0, 0]), events="y", terms=["t"], exposure="cit", cluster="o"
    )
    assert isinstance(found, NotEstimable) and "too few contacts" in found.reason
    frame = pd.concat([frame] * 3)
    always = officer_effects(frame.assign(y=frame.cit), events="y", exposure="cit", cluster="o")
    assert isinstance(always, NotEstimable) and "do not vary" in always.reason


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_any_small_table_gives_a_number_or_a_reason(data):
    size = data.draw(st.integers(1, 14))
    n = data.draw(st.lists(st.integers(0, 5), min_size=size, max_size=size))
    frame = pd.DataFrame(
        {
            "o": data.draw(st.lists(st.integers(0, 3), min_size=size, max_size=size)),
            "cit": data.draw(st.lists(st.integers(0, 1), min_size=size, max_size=size)),
            "t": data.draw(st.lists(st.integers(0, 3), min_size=size, max_size=size)),
            "n": n,
            "y": [data.draw(st.integers(0, k)) for k in n],
        }
    )
    found = officer_effects(frame, events="y", trials="n", terms=["t"], exposure="cit", cluster="o")
    if isinstance(found, NotEstimable):
        assert found.reason
        return
    assert isinstance(found, OfficerEffects)
    assert found.se > 0 and found.df > 0 and np.isfinite(found.risk_difference).all()


def test_misuse():
    frame = simulated()
    for exposure, words in (("time", "0 and 1"), ("call", "0/1 term")):
        with pytest.raises(ValueError, match=words):
            officer_effects(frame, **COMMON | {"exposure": exposure})
    with pytest.raises(ValueError, match="0/1 term"):
        officer_effects(frame, **COMMON | {"terms": ["cit", "cit:night"]})
    with pytest.raises(ValueError, match="cluster"):
        officer_effects(frame, events="y", terms=TERMS, exposure="cit")
    with pytest.raises(KeyError):
        officer_effects(frame, **COMMON | {"exposure": "horoscope"})
    grouped = group(frame, ["night"], "officer")
    with pytest.raises(ValueError, match="0/1 term"):
        officer_effects(grouped, events="y", exposure="cit")
