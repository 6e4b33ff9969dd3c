"""Who gets CIT: against rows, in the states without a comparison, and in words that claim no cause."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics.aggregate import Counts
from metrics.balance import Balance
from metrics.estimate import NotEstimable
from metrics.question import Question, ask
from metrics.selection import CUSTOMARY, Level, Selection, from_counts, selection
from metrics.wording import selection as words
from tests.metrics.test_words_random import faults
from tests.stores import make_snapshot

BY = ("call_group", "weapon", "shift")
QUESTION = Question((), adjust=BY)


def rows(n: int = 3_000, seed: int = 5) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "call_group": rng.choice(["suicide", "disturbance", "welfare_check"], n),
            "weapon": rng.choice(["yes", "no", "not_recorded"], n, p=[0.15, 0.75, 0.1]),
            "shift": rng.choice(["day_06_14", "night_22_06"], n),
        }
    )
    pull = -0.3 + 0.9 * (frame["weapon"] == "yes") + 0.5 * (frame["call_group"] == "suicide")
    frame.insert(0, "exposure", (rng.random(n) < 1 / (1 + np.exp(-pull))).astype(object))
    return frame.assign(contacts=1, came=(rng.random(n) < 0.1).astype(int))


def counted(frame: pd.DataFrame, by: tuple[str, ...] = BY) -> Counts:
    grouped = frame.groupby(["exposure", *by], dropna=False)[["contacts", "came"]].sum()
    found = grouped.reset_index()
    found["exposure"] = found["exposure"].astype(object)
    return Counts(found, (), by)


def found(frame: pd.DataFrame, by: tuple[str, ...] = BY) -> Selection:
    return from_counts(counted(frame, by), replace(QUESTION, adjust=BY))


def level(result: Selection, covariate: str, name: str) -> Level:
    (row,) = [r for r in result.levels if (r.covariate, r.level) == (covariate, name)]
    return row


def said(result: Selection) -> str:
    """Every word of the page."""
    parts = [
        words.headline(result),
        words.counted(result),
        words.contamination(result) if result.contacts0 else "",
        *words.largest(result),
        words.weighting(result),
        words.chance(result),
        words.effective(result),
        words.outside(result),
        words.unseen(result),
        words.love_alt(result),
        words.scores_alt(result),
        words.INTRO,
        words.LOVE_NOTE,
        words.SCORE_NOTE,
    ]
    text = "\n".join(parts)
    assert not faults(text), text
    return text


def test_shares_differences_and_weights_are_those_of_the_rows() -> None:
    import statsmodels.formula.api as smf

    data = rows()
    result = found(data)
    balance = result.balance
    assert isinstance(balance, Balance)
    y = data["exposure"].astype(int)
    model = smf.logit("y ~ C(call_group) + C(weapon) + C(shift)", data.assign(y=y))
    p = model.fit(disp=0, tol=1e-12).predict(data).to_numpy()
    arm = y.to_numpy() == 1
    weight = np.where(arm, 1 - p, p)
    for row in result.levels:
        x = (data[row.covariate] == row.level).to_numpy(float)
        p1, p0 = x[arm].mean(), x[~arm].mean()
        spread = np.sqrt((p1 * (1 - p1) + p0 * (1 - p0)) / 2)
        assert (row.cit, row.other) == (int(x[arm].sum()), int(x[~arm].sum()))
        assert row.share_cit == pytest.approx(p1)
        assert row.ratio == pytest.approx(p1 / p0)
        assert row.smd_before == pytest.approx((p1 - p0) / spread, rel=1e-9)
        after = np.average(x[arm], weights=weight[arm]) - np.average(x[~arm], weights=weight[~arm])
        assert row.smd_after == pytest.approx(after / spread, abs=1e-7)
        assert abs(row.smd_after) < 1e-12
    for ess, side in ((balance.ess1, arm), (balance.ess0, ~arm)):
        assert ess == pytest.approx(weight[side].sum() ** 2 / (weight[side] ** 2).sum(), rel=1e-6)
    assert result.outside is not None
    low, high = max(p[arm].min(), p[~arm].min()), min(p[arm].max(), p[~arm].max())
    beyond = (p < low - 1e-9) | (p > high + 1e-9) | (p < 0.05) | (p > 0.95)
    assert result.outside.share == pytest.approx(beyond.mean(), abs=1e-12)
    assert balance.histogram1.sum() == arm.sum()
    assert result.came == int(data.loc[~arm, "came"].sum())


def test_swapping_the_arms_turns_every_difference_round() -> None:
    data = rows()
    one, two = found(data), found(data.assign(exposure=~data["exposure"].astype(bool)))
    assert (one.contacts1, one.contacts0) == (two.contacts0, two.contacts1)
    for a, b in zip(one.levels, two.levels, strict=True):
        assert (a.covariate, a.level) == (b.covariate, b.level)
        assert a.smd_before == pytest.approx(-b.smd_before, abs=1e-12)  # type: ignore[operator]
        assert a.ratio == pytest.approx(1 / b.ratio)  # type: ignore[operator]


@settings(max_examples=20, deadline=None)
@given(st.integers(2, 6), st.integers(0, 99))
def test_how_rows_are_grouped_changes_nothing(parts: int, seed: int) -> None:
    data = rows(600, seed)
    grouped = counted(data)
    piece = np.random.default_rng(seed).integers(0, parts, len(data))
    split = pd.concat([counted(data[piece == i]).frame for i in range(parts)])
    split = split.sample(frac=1, random_state=seed)
    one = from_counts(grouped, QUESTION)
    two = from_counts(Counts(split, (), BY), QUESTION)
    for a, b in zip(one.levels, two.levels, strict=True):
        assert a[:5] == b[:5]
        assert a.smd_before == pytest.approx(b.smd_before, abs=1e-12)
    assert isinstance(one.balance, Balance) and isinstance(two.balance, Balance)
    assert one.balance.ess1 == pytest.approx(two.balance.ess1)
    assert said(one) == said(two)


def test_the_largest_is_one_of_each_covariate_and_never_the_no() -> None:
    result = found(rows())
    top = result.largest()
    assert len({row.covariate for row in top}) == len(top)
    assert top[0].level == "yes"
    sizes = [abs(row.smd_before) for row in top]  # type: ignore[arg-type]
    assert sizes == sorted(sizes, reverse=True)
    assert all(row.level != "no" for row in words.drawn(result))


def test_the_words_give_the_ratio_with_its_denominators() -> None:
    data = pd.DataFrame(
        {
            "exposure": [True, True, False, False],
            "weapon": ["yes", "no", "yes", "no"],
            "contacts": [140, 860, 100, 900],
            "came": 0,
        }
    ).astype({"exposure": object})
    result = from_counts(Counts(data, (), ("weapon",)), Question((), adjust=("weapon",)))
    (line,) = words.largest(result)
    assert "Weapon reported**, 1.4 times as often: 140 of 1,000 contacts whose" in line
    assert "(140), and 100 of 1,000 whose reporting officer was not (100)" in line
    assert "the 1,000 contacts of the first group carry as much" in words.effective(result)
    assert "were not the same calls" in words.headline(result)


def test_alike_groups_are_said_to_be_alike_by_custom_only() -> None:
    data = pd.DataFrame(
        {
            "exposure": [True, True, False, False],
            "weapon": ["yes", "no", "yes", "no"],
            "contacts": [102, 898, 100, 900],
            "came": 0,
        }
    ).astype({"exposure": object})
    text = said(from_counts(Counts(data, (), ("weapon",)), Question((), adjust=("weapon",))))
    assert "customarily called small" in text
    assert "were not the same calls" not in text


def test_few_contacts_are_not_read_as_selection() -> None:
    data = pd.DataFrame(
        {
            "exposure": [True, True, False, False],
            "weapon": ["yes", "no", "yes", "no"],
            "contacts": [8, 22, 6, 24],
            "came": 0,
        }
    ).astype({"exposure": object})
    result = from_counts(Counts(data, (), ("weapon",)), Question((), adjust=("weapon",)))
    assert result.chance is not None and result.chance > CUSTOMARY
    text = said(result)
    assert "Too few contacts to tell other calls from chance" in text
    assert "by chance alone" in text


def test_a_handful_of_contacts_is_not_called_alike() -> None:
    data = pd.DataFrame(
        {
            "exposure": [True, True, False, False],
            "weapon": ["yes", "no", "yes", "no"],
            "contacts": [4, 2, 1, 3],
            "came": 0,
        }
    ).astype({"exposure": object})
    result = from_counts(Counts(data, (), ("weapon",)), Question((), adjust=("weapon",)))
    assert "Too few contacts to say" in said(result)


def test_one_arm_shows_its_contacts_and_compares_nothing() -> None:
    result = found(rows().assign(exposure=True))
    assert isinstance(result.balance, NotEstimable)
    assert result.contacts0 == 0 and result.largest() == () and result.outside is None
    assert result.chance is None
    assert "there is no other group" in said(result)


def test_nobody_and_exposure_not_recorded() -> None:
    nobody = found(rows().iloc[:0])
    assert nobody.levels == () and isinstance(nobody.balance, NotEstimable)
    assert "No contact fits these filters" in said(nobody)
    unknown = found(rows().assign(exposure=None))
    assert unknown.unknown == 3_000
    assert "is it recorded which group" in said(unknown)


def test_without_covariates_nothing_is_compared_and_what_lacks_is_named() -> None:
    result = found(rows(), ())
    assert isinstance(result.balance, NotEstimable)
    text = said(result)
    assert "nothing that dispatch knew" in text
    assert "call group, weapon reported and shift" in text


def test_a_covariate_that_tells_the_arms_apart_is_refused_and_still_counted() -> None:
    data = rows()
    data["shift"] = np.where(data["exposure"].astype(bool), "day_06_14", "night_22_06")
    result = found(data)
    assert isinstance(result.balance, NotEstimable)
    row = level(result, "shift", "day_06_14")
    assert row.other == 0 and row.pooled
    assert isinstance(row.ratio, NotEstimable) and isinstance(row.smd_after, NotEstimable)
    text = said(result)
    assert "in the first group only" in text
    assert "No weights: " in text


def test_a_level_of_one_arm_is_named_as_not_made_alike() -> None:
    data = rows()
    only = data["exposure"].astype(bool) & (np.arange(len(data)) % 50 == 0)
    data.loc[only, "call_group"] = "overdose"
    result = found(data)
    assert isinstance(result.balance, Balance)
    assert level(result, "call_group", "overdose").pooled
    assert f"Call group: overdose ({int(only.sum())})" in words.weighting(result)


def test_calls_that_mostly_one_group_gets_are_not_weighted() -> None:
    data = rows()
    one = np.arange(len(data)) % 3 == 0
    data.loc[one, "call_group"] = np.where(
        data.loc[one, "exposure"].astype(bool), "overdose", "trespass"
    )
    result = found(data)
    assert isinstance(result.balance, NotEstimable)
    text = said(result)
    assert "No weights: 33% of contacts are of a kind that only one group got" in text
    assert "In one group only: Call group: " in text


def test_a_covariate_that_never_varies_leaves_and_is_said() -> None:
    result = found(rows().assign(weapon="no"))
    assert result.constant == ("weapon",)
    assert "The same for all of these contacts: weapon reported." in said(result)


def test_who_is_outside_the_overlap_is_described() -> None:
    data = rows()
    lonely = pd.DataFrame(
        {
            "exposure": [True] * 400 + [False] * 4,
            "call_group": "psychosis",
            "weapon": "no",
            "shift": "day_06_14",
            "contacts": 1,
            "came": 0,
        }
    )
    lonely["exposure"] = lonely["exposure"].astype(object)
    result = found(pd.concat([data, lonely], ignore_index=True))
    assert result.outside is not None and result.outside.contacts1 >= 300
    assert result.outside.typical[0][0] == "call_group"
    assert "call group Psychosis (100% of them" in words.outside(result)


def test_ten_million_contacts_and_zero_rows() -> None:
    data = counted(rows())
    data.frame["contacts"] *= 10_000_000 // 3_000
    data.frame.loc[len(data.frame)] = [True, "overdose", "no", "day_06_14", 0, 0]
    result = from_counts(data, QUESTION)
    assert isinstance(result.balance, Balance)
    assert "overdose" not in {row.level for row in result.levels}


def test_from_a_store_with_the_question_s_own_adjusters(tmp_path: Path) -> None:
    snapshot = make_snapshot(tmp_path, (400, 300), (10, 10))
    result = selection(ask(), snapshot)
    assert (result.contacts1, result.contacts0, result.unknown) == (400, 300, 1)
    assert {"call_group", "district"} <= set(result.covariates)
    assert "weapon" in result.unavailable
    said(result)
    assert selection(ask(adjust=["district"]), snapshot).covariates == ("district",)
