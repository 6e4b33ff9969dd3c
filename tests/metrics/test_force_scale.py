"""Force as a scale: the query against rows, the model against rows, refusals, and its words."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from data.store import Snapshot, Store
from metrics import aggregate
from metrics.aggregate import Counts
from metrics.estimate import Estimate, NotEstimable, Test
from metrics.force_scale import LEVELS, ForceScale, force_scale, from_counts
from metrics.ordinal import proportional_odds
from metrics.question import Question, ask
from metrics.wording import scale
from tests.metrics.test_words_random import faults
from tests.stores import make_snapshot, simulated_store

BY = ("call_group", "shift")
QUESTION = Question((), adjust=BY)


def rows(
    officers: int = 60, each: int = 60, seed: int = 2, pull: float = -0.4, top: float = 0.0
) -> pd.DataFrame:
    """One row per contact; ``top`` adds to the log odds of level 3 or above with CIT only."""
    rng = np.random.default_rng(seed)
    officer = np.repeat(np.arange(officers), each)
    n = len(officer)
    exposed = officer % 2 == 0
    group, shift = rng.integers(0, 3, n), rng.integers(0, 2, n)
    x = pull * exposed + 0.4 * group + rng.normal(0, 0.2, officers)[officer]
    latent = x + rng.logistic(size=n)
    level = np.digitize(latent, [1.4, 2.2, 3.0, 3.9])
    raised = exposed & (level > 0) & (rng.random(n) < top)
    level = np.where(raised, 3, level)
    frame = pd.DataFrame(
        {
            "exposure": exposed.astype(object),
            "call_group": [f"g{g}" for g in group],
            "shift": [f"s{s}" for s in shift],
            "officer": [f"o{o:03d}" for o in officer],
            "contacts": 1,
            "missing": 0,
        }
    )
    return frame.assign(**{name: (level == k).astype(int) for k, name in enumerate(LEVELS)})


def found(data: pd.DataFrame, by: tuple[str, ...] = BY) -> ForceScale:
    return from_counts(Counts(data, (), by), QUESTION)


def said(result: ForceScale) -> str:
    """Every word of the section."""
    parts = [
        scale.NOTE,
        scale.sentence(result),
        scale.verdict(result),
        scale.proportionality(result),
        *scale.beside(result),
        *scale.ranks(result),
        scale.cuts_alt(result),
    ]
    text = "\n".join(parts)
    assert not faults(text), text
    return text


def test_it_is_the_row_level_cumulative_model() -> None:
    from statsmodels.miscmodels.ordinal_model import OrderedModel

    data = rows()
    result = found(data)
    assert result.joined == ()
    level = data[list(LEVELS)].to_numpy().argmax(axis=1)
    x = pd.get_dummies(data[["call_group", "shift"]], drop_first=True).astype(float)
    x.insert(0, "cit", data["exposure"].astype(float))
    model = OrderedModel(level, x, distr="logit").fit(method="bfgs", disp=0, maxiter=500)
    assert isinstance(result.odds_ratio, Estimate)
    assert np.log(result.odds_ratio.estimate) == pytest.approx(model.params["cit"], abs=1e-4)
    terms = ["exposure", *BY]
    plain = data.assign(exposure=data["exposure"].astype(int))
    direct = proportional_odds(plain, terms=terms, levels=list(LEVELS), cluster="officer")
    assert not isinstance(direct, NotEstimable)
    assert result.odds_ratio == pytest.approx(direct.odds_ratio("exposure"), rel=1e-9)
    assert result.df == pytest.approx(direct.df["exposure"], rel=1e-6)
    assert (result.clusters, result.se) == (60, "CR2")


def test_the_steps_are_binary_models_of_their_own() -> None:
    import statsmodels.formula.api as smf

    data = rows()
    result = found(data)
    assert [cut.level for cut in result.cuts] == [1, 2, 3, 4]
    for cut in result.cuts:
        above = data[list(LEVELS[cut.level :])].sum(axis=1)
        model = smf.logit(
            "y ~ cit + C(call_group) + C(shift)",
            data.assign(y=above, cit=data["exposure"].astype(int)),
        ).fit(disp=0, tol=1e-12)
        assert isinstance(cut.odds_ratio, Estimate)
        assert np.log(cut.odds_ratio.estimate) == pytest.approx(model.params["cit"], rel=1e-6)
        cit = data["exposure"].astype(bool)
        assert (cut.cit, cut.other) == (int(above[cit].sum()), int(above[~cit].sum()))


def test_swapping_the_arms_inverts_the_odds_ratio() -> None:
    data = rows()
    one, two = found(data), found(data.assign(exposure=~data["exposure"].astype(bool)))
    assert isinstance(one.odds_ratio, Estimate) and isinstance(two.odds_ratio, Estimate)
    assert one.odds_ratio.estimate == pytest.approx(1 / two.odds_ratio.estimate, rel=1e-8)
    assert one.odds_ratio.low == pytest.approx(1 / two.odds_ratio.high, rel=1e-8)
    assert one.df == pytest.approx(two.df, rel=1e-6)


def test_how_rows_are_grouped_changes_nothing() -> None:
    data = rows()
    grouped = data.groupby(["exposure", *BY, "officer"])[["contacts", "missing", *LEVELS]].sum()
    frame = grouped.reset_index().sample(frac=1, random_state=1).reset_index(drop=True)
    one, two = found(data), found(frame)
    assert one.odds_ratio == pytest.approx(two.odds_ratio, rel=1e-8)
    assert said(one) == said(two)


def test_levels_few_contacts_reach_are_joined_and_it_is_said() -> None:
    data = rows()
    high = data["level:4"] == 1
    data.loc[high, "level:3"] += 1
    data.loc[high, "level:4"] = 0
    first = data.index[data["exposure"].astype(bool) & (data["level:3"] == 1)][:3]
    data.loc[first, ["level:3", "level:4"]] = [0, 1]
    result = found(data)
    assert result.joined == (4,)
    assert [cut.level for cut in result.cuts] == [1, 2, 3]
    assert "Level 4: fewer than 10" in said(result)
    assert result.levels[4].cit == 3


def test_steps_that_differ_are_shown_as_such() -> None:
    alike, unlike = found(rows(officers=120)), found(rows(officers=120, top=0.5))
    assert isinstance(unlike.proportionality, Test)
    assert unlike.proportionality.p_value < 0.01
    assert scale.unlike(unlike) and not scale.unlike(alike)
    assert "One number will not do" in said(unlike)
    assert "No sign that the odds ratio differs" in said(alike)


def test_a_significant_result_is_associated_and_never_clear() -> None:
    result = found(rows(officers=120, pull=-1.0))
    text = said(result)
    assert "Less grave levels are associated with contacts whose reporting officer" in text
    assert "**not sure**" in text and "clear" not in text
    opposite = said(found(rows(officers=120, pull=1.0)))
    assert "Graver levels are associated" in opposite


def test_too_few_with_force_refuses_every_number() -> None:
    data = rows(officers=20, each=20)
    keep = (data["level:0"] == 1) | (np.arange(len(data)) % 25 == 0)
    result = found(data[keep])
    assert isinstance(result.odds_ratio, NotEstimable)
    assert isinstance(result.rank_sum, NotEstimable)
    assert result.cuts == ()
    assert "too few to say" in said(result)


def test_one_arm_none_recorded_and_nobody() -> None:
    one = found(rows()[lambda d: d["exposure"].astype(bool)])
    assert isinstance(one.odds_ratio, NotEstimable) and isinstance(one.rank_sum, NotEstimable)
    assert "no other group" in said(one)
    data = rows()
    data[list(LEVELS)], data["contacts"], data["missing"] = 0, 0, 1
    none = found(data)
    assert not none.recorded and none.missing_cit == 1_800
    assert "Not recorded by this source" in said(none)
    assert not found(rows().iloc[:0]).recorded


def test_few_officers_are_refused() -> None:
    result = found(rows(officers=4, each=400))
    assert isinstance(result.odds_ratio, NotEstimable)
    assert "too few officers" in said(result)


def test_calls_that_one_group_never_gets_are_refused() -> None:
    data = rows()
    data["call_group"] = np.where(data["exposure"].astype(bool), "suicide", "welfare_check")
    result = found(data)
    assert isinstance(result.odds_ratio, NotEstimable)
    assert "a like in the other group" in result.odds_ratio.reason
    assert not isinstance(result.rank_sum, NotEstimable)


def test_without_officer_numbers_it_says_so() -> None:
    result = found(rows().assign(officer=None))
    assert isinstance(result.odds_ratio, Estimate)
    assert "errors ignore who handled the contact" in said(result)


def test_without_covariates_it_is_the_crude_model() -> None:
    data = rows()
    result = from_counts(Counts(data, (), ()), QUESTION)
    assert isinstance(result.odds_ratio, Estimate)
    assert result.unavailable == BY
    assert "not allowed for: call group and shift" in said(result)
    assert "Before allowing for anything" in said(result)


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    return Store(simulated_store(tmp_path_factory.mktemp("scale"), 4_000)).current()


def test_the_query_counts_every_contact_once(snapshot: Snapshot) -> None:
    question = ask()
    counts = aggregate.force_cells(snapshot, question, BY)
    plain = aggregate.force_levels(snapshot, question)
    for arm in (True, False):
        table = counts.arm(arm)
        assert {k: int(table[f"level:{k}"].sum()) for k in plain[arm]} == plain[arm]
        assert int(table["contacts"].sum()) == sum(plain[arm].values())
    whole = aggregate.counts(snapshot, question.only(), BY, officers=True).frame
    known = whole[whole["exposure"].notna()]
    keys = ["exposure", *BY, "officer"]

    def sums(frame: pd.DataFrame, columns: list[str]) -> pd.Series:
        texts = frame.assign(**{k: frame[k].astype(str) for k in keys})
        return texts.groupby(keys)[columns].sum().sum(axis=1).sort_index()

    pd.testing.assert_series_equal(
        sums(counts.frame, ["contacts", "missing"]), sums(known, ["contacts"]), check_names=False
    )


def test_a_filter_and_the_question_s_adjusters_are_heeded(snapshot: Snapshot) -> None:
    question = ask(adjust=["district"], where={"weapon": ["yes"]})
    result = force_scale(question, snapshot)
    assert result.covariates == ("district",) and result.filtered
    plain = aggregate.force_levels(snapshot, question)
    assert result.n_cit == sum(plain[True].values())
    said(result)


def test_a_source_without_levels(tmp_path: Path) -> None:
    result = force_scale(ask(), make_snapshot(tmp_path, (40, 40), (4, 4)))
    said(result)
    assert isinstance(result.odds_ratio, NotEstimable)


def test_ten_million_contacts() -> None:
    data = rows(officers=20, each=30)
    counted = ["contacts", *LEVELS]
    data[counted] = data[counted] * (10_000_000 // len(data))
    result = found(data)
    assert isinstance(result.odds_ratio, Estimate)
    said(replace(result, filtered=True))
