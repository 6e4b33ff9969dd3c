"""Subgroups: each level against rows, the interaction test, what is withheld, and that none is ranked."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from data.errors import UserError
from data.registry import COVARIATES
from data.simulate import simulate
from metrics.aggregate import Counts
from metrics.estimate import Estimate, NotEstimable, Test
from metrics.evaluate import evaluate
from metrics.multiplicity import benjamini_hochberg
from metrics.question import Question, ask
from metrics.subgroups import SMALLEST_SHOWN, SUBGROUPS, Subgroup, Subgroups, from_counts, subgroups
from metrics.wording import exhibits
from tests.metrics.test_words_random import CAUSAL, NO_NUMBER
from tests.studies.direct import Direct

RANKING = ("best", "worst", "highest", "lowest", "rank", "top ", "bottom", "most ", "least ")
SUMS = (
    "contacts",
    "n:force",
    "events:force",
    "came",
    "timed",
    "minutes",
    "missing:force",
    "came:force",
)


def contacts(
    officers: int = 80, each: int = 50, seed: int = 1, unlike: float = 0.0, effect: float = -0.05
) -> pd.DataFrame:
    """One row per contact; ``unlike`` adds to the risk with CIT at night only."""
    rng = np.random.default_rng(seed)
    officer = np.repeat(np.arange(officers), each)
    exposed = (officer % 2 == 0) & (np.tile(np.arange(each), officers) >= each // 4)
    group = rng.integers(0, 3, len(officer))
    shift = rng.choice(["day_06_14", "evening_14_22", "night_22_06"], len(officer))
    sex = rng.choice(["female", "male", "unknown"], len(officer), p=[0.45, 0.45, 0.1])
    chance = 0.2 + 0.04 * group + exposed * (effect + unlike * (shift == "night_22_06"))
    return pd.DataFrame(
        {
            "exposure": exposed.astype(object),
            "call_group": [f"g{g}" for g in group],
            "shift": shift,
            "sex": sex,
            "officer": [f"o{o:03d}" for o in officer],
            "contacts": 1,
            "came": 0,
            "timed": 0,
            "minutes": 0,
            "n:force": 1,
            "events:force": (rng.random(len(officer)) < chance).astype(int),
            "missing:force": 0,
            "came:force": 0,
        }
    )


QUESTION = Question(("force",), adjust=("call_group",))


def found(
    data: pd.DataFrame, present: tuple[str, ...] = ("call_group", "shift", "sex")
) -> Subgroups:
    counts = Counts(data, ("force",), tuple(dict.fromkeys(("call_group", *present))))
    return from_counts(counts, QUESTION, "force", ("call_group",), present)


def one(data: pd.DataFrame, dim: str) -> Subgroup:
    (subgroup,) = found(data, (dim,)).subgroups
    return subgroup


def test_each_level_is_the_row_level_regression_standardised_within_it() -> None:
    import statsmodels.formula.api as smf

    data = contacts()
    subgroup = one(data, "shift")
    rows = data.assign(
        y=data["events:force"], cit=data["exposure"].astype(int), grp=data["call_group"]
    )
    model = smf.logit("y ~ cit * C(shift) + C(grp)", rows).fit(disp=0, tol=1e-12)
    for level in subgroup.levels:
        own = rows[rows["shift"] == level.level]
        p1, p0 = (float(model.predict(own.assign(cit=arm)).mean()) for arm in (1, 0))
        assert isinstance(level.risk_difference, Estimate)
        assert level.risk_cit.estimate == pytest.approx(p1, rel=1e-7)
        assert level.risk_other.estimate == pytest.approx(p0, rel=1e-7)
        assert level.risk_difference.estimate == pytest.approx(p1 - p0, rel=1e-6)
        assert level.risk_ratio.estimate == pytest.approx(p1 / p0, rel=1e-7)
        assert (level.cit.n, level.other.n) == (
            int((own["cit"] == 1).sum()),
            int((own["cit"] == 0).sum()),
        )
        assert level.cit.events == int(own.loc[own["cit"] == 1, "y"].sum())


def test_the_errors_are_those_of_a_fit_of_the_level_alone_where_nothing_is_shared() -> None:
    """Without other covariates, and no officer in two levels, one model is a model for each level."""
    from metrics import regression

    data = contacts(officers=120)
    data["shift"] = np.array(["day_06_14", "evening_14_22"])[
        (data["officer"].str[1:].astype(int) // 2 % 2).to_numpy()
    ]
    counts = Counts(data, ("force",), ("shift",))
    (subgroup,) = from_counts(counts, QUESTION, "force", (), ("shift",)).subgroups
    for level in subgroup.levels:
        own = data[data["shift"] == level.level].assign(
            exposure=lambda d: d["exposure"].astype(int)
        )
        fitted = regression.fit(
            own, events="events:force", trials="n:force", terms=["exposure"], cluster="officer"
        )
        alone = regression.standardise(fitted, "exposure")
        assert level.risk_difference == pytest.approx(alone.risk_difference, rel=1e-7)
        assert level.risk_ratio == pytest.approx(alone.risk_ratio, rel=1e-7)
        assert level.df == pytest.approx(alone.log_risk_ratio.df, rel=1e-6)


def test_two_levels_are_tested_as_one_interaction_term() -> None:
    from metrics import regression

    data = contacts()
    subgroup = one(data, "sex")
    known = data[data["sex"] != "unknown"].assign(exposure=lambda d: d["exposure"].astype(int))
    fitted = regression.fit(
        known,
        events="events:force",
        trials="n:force",
        terms=["exposure", "call_group", "sex", "exposure:sex"],
        cluster="officer",
    )
    (name,) = [n for n in fitted.names if n.startswith("exposure:")]
    expected = fitted.test(name)
    assert isinstance(subgroup.test, Test)
    assert subgroup.test.p_value == pytest.approx(expected.p_value, rel=1e-8)
    assert subgroup.df == (1, pytest.approx(fitted.df[name], rel=1e-8))
    assert subgroup.unknown == int((data["sex"] == "unknown").sum())


def test_an_unlike_level_is_seen_and_alike_levels_are_not() -> None:
    assert one(contacts(unlike=0.25), "shift").test.p_value < 0.01  # type: ignore[union-attr]
    p = [one(contacts(officers=24, each=40, seed=s), "shift").test for s in range(20)]
    low = [t.p_value < 0.2 for t in p if isinstance(t, Test)]
    assert len(low) == 20
    assert sum(low) <= 10  # 4 expected


def test_benjamini_hochberg_over_the_splits_that_could_be_tested() -> None:
    exhibit = found(contacts())
    tests = [s.test for s in exhibit.subgroups]
    assert exhibit.family == 3
    expected = benjamini_hochberg([t.p_value for t in tests if isinstance(t, Test)])
    assert [s.p_adjusted for s in exhibit.subgroups] == expected
    assert exhibit.lacking == tuple(d for d in SUBGROUPS if d not in ("call_group", "shift", "sex"))
    single = contacts().assign(shift="day_06_14")
    fewer = found(single)
    assert fewer.family == 2
    by_dim = {s.covariate: s for s in fewer.subgroups}
    assert by_dim["shift"].p_adjusted is None
    assert isinstance(by_dim["shift"].test, NotEstimable)
    assert len(by_dim["shift"].levels) == 1


def test_swapping_the_groups_turns_every_difference_round() -> None:
    data = contacts(unlike=0.1)
    swapped = data.assign(exposure=(~data["exposure"].astype(bool)).astype(object))
    for a, b in zip(found(data).subgroups, found(swapped).subgroups, strict=True):
        assert a.test.p_value == pytest.approx(b.test.p_value, rel=1e-6)  # type: ignore[union-attr]
        for x, y in zip(a.levels, b.levels, strict=True):
            assert x.risk_difference.estimate == pytest.approx(
                -y.risk_difference.estimate, rel=1e-6
            )
            assert x.risk_difference.low == pytest.approx(-y.risk_difference.high, rel=1e-6)
            assert x.risk_ratio.estimate == pytest.approx(1 / y.risk_ratio.estimate, rel=1e-6)


def test_grouping_and_order_change_nothing() -> None:
    data = contacts()
    keys = [c for c in data.columns if c not in SUMS]
    grouped = data.groupby(keys, as_index=False)[list(SUMS)].sum()
    first = found(data)
    for other in (found(grouped), found(data.sample(frac=1, random_state=5))):
        for a, b in zip(first.subgroups, other.subgroups, strict=True):
            assert (a.covariate, a.withheld, a.unknown) == (b.covariate, b.withheld, b.unknown)
            assert a.test.p_value == pytest.approx(b.test.p_value, rel=1e-7)  # type: ignore[union-attr]
            for x, y in zip(a.levels, b.levels, strict=True):
                assert x.level == y.level
                assert x.risk_difference == pytest.approx(y.risk_difference, abs=1e-9)


def with_small_level(events: int) -> pd.DataFrame:
    """A fourth shift with 40 contacts and so many events in each group."""
    data = contacts()
    arm = data["exposure"].astype(bool)
    for group in (arm, ~arm):
        place = data.index[group & (data["shift"] == "night_22_06")][:40]
        data.loc[place, "shift"] = "swing"
        data.loc[place, "events:force"] = (np.arange(40) < events).astype(int)
    return data


@pytest.mark.parametrize("events", [0, 1, 9, 10, 30, 39, 40])
def test_small_levels_are_named_and_their_counts_are_nowhere(events: int) -> None:
    subgroup = one(with_small_level(events), "shift")
    assert subgroup.withheld == ("Swing",)
    assert [v.level for v in subgroup.levels] == ["day_06_14", "evening_14_22", "night_22_06"]
    assert isinstance(subgroup.test, Test)
    assert subgroup.df is not None
    assert subgroup.df[0] == 2
    assert "Too few to show: Swing" in (exhibits.left_out(subgroup) or "")


def test_eleven_events_are_shown() -> None:
    subgroup = one(with_small_level(SMALLEST_SHOWN), "shift")
    assert subgroup.withheld == ()
    assert [v.level for v in subgroup.levels][-1] == "swing"
    assert isinstance(subgroup.levels[-1].risk_difference, Estimate)


def test_a_few_unknown_are_not_counted_out() -> None:
    data = contacts().assign(sex=lambda d: d["sex"].replace("unknown", "male"))
    assert one(data, "sex").unknown == 0
    data.loc[data.index[:7], "sex"] = "not_recorded"
    assert one(data, "sex").unknown is None
    assert "10 or fewer" in (exhibits.left_out(one(data, "sex")) or "")
    data.loc[data.index[:11], "sex"] = "not_recorded"
    assert one(data, "sex").unknown == 11


def test_what_the_whole_cannot_carry_its_parts_cannot() -> None:
    few = contacts(officers=6, each=300)
    few["exposure"] = (few["officer"].str[1:].astype(int) % 2 == 0).astype(object)
    exhibit = found(few)
    assert isinstance(exhibit.overall.risk_difference, NotEstimable)
    assert exhibit.family == 0
    for subgroup in exhibit.subgroups:
        assert isinstance(subgroup.test, NotEstimable)
        for level in subgroup.levels:
            assert level.cit.n > 0
            assert level.risk_difference == exhibit.overall.risk_difference
    assert "no split could be tested" in exhibits.subgroups(exhibit)


def test_a_level_that_one_group_hardly_meets_is_refused() -> None:
    data = contacts()
    arm = data["exposure"].astype(bool)
    night = data["shift"] == "night_22_06"
    data.loc[night & arm, "call_group"] = "g0"
    data.loc[night & ~arm & (data.index % 2 == 0), "call_group"] = "g1"
    subgroup = one(data, "shift")
    by_level = {v.level: v.risk_difference for v in subgroup.levels}
    assert isinstance(by_level["night_22_06"], NotEstimable)
    assert "have a like in the other group" in by_level["night_22_06"].reason
    assert isinstance(by_level["day_06_14"], Estimate)


@pytest.mark.parametrize(
    "data",
    [
        contacts().iloc[:0],
        contacts().assign(exposure=None),
        contacts().assign(exposure=True),
        contacts().assign(officer=None),
        contacts().assign(officer="o1"),
        contacts().assign(**{"events:force": 0}),
        contacts().assign(**{"events:force": 1}),
        contacts().assign(**{"n:force": 0, "events:force": 0}),
        contacts().assign(sex="unknown", shift="not_recorded"),
        contacts().assign(sex=lambda d: np.where(d["exposure"].astype(bool), "male", "female")),
        contacts().assign(sex=lambda d: d["call_group"].map({"g0": "male", "g1": "female", "g2": "male"})),
        contacts(officers=10, each=6),
    ],
    ids=[
        "empty", "no exposure", "one group", "no officers", "one officer", "no events", "all events",
        "not recorded", "no levels", "level is group", "aliased", "ten officers",
    ],
)  # fmt: skip
def test_degenerate_data_have_reasons(data: pd.DataFrame) -> None:
    exhibit = found(data)
    assert len(exhibit.subgroups) == 3
    for words in every_sentence(exhibit):
        assert not NO_NUMBER.search(words), words
        assert not CAUSAL.search(words), words


def test_ten_million_contacts() -> None:
    data = contacts()
    data[["contacts", "n:force", "events:force"]] *= 2500
    exhibit = found(data)
    few = found(contacts())
    for a, b in zip(exhibit.subgroups, few.subgroups, strict=True):
        for x, y in zip(a.levels, b.levels, strict=True):
            assert x.risk_difference.estimate == pytest.approx(y.risk_difference.estimate, rel=1e-6)


def every_sentence(exhibit: Subgroups) -> list[str]:
    lines = [
        exhibits.subgroups(exhibit),
        exhibits.SUBGROUP_NOTE,
        exhibits.FUNNEL_NOTE,
        exhibits.PLAN_NOTE,
    ]
    for s in exhibit.subgroups:
        lines.append(exhibits.subgroup_alt(s, exhibit))
    return lines


def test_the_words_rank_nothing() -> None:
    for data in (contacts(), contacts(unlike=0.3), with_small_level(3)):
        for words in every_sentence(found(data)):
            assert not any(word in words.lower() for word in RANKING), words
            assert not CAUSAL.search(words), words
            assert not NO_NUMBER.search(words), words
    unlike = found(contacts(unlike=0.3))
    assert "differs between levels of shift" in exhibits.subgroups(unlike)


def test_levels_stand_in_a_fixed_order_whatever_the_result() -> None:
    data = contacts(unlike=0.3)
    data["call_group"] = data["call_group"].map({"g0": "g10", "g1": "g2", "g2": "g1"})
    subgroup = one(data, "call_group")
    assert [v.level for v in subgroup.levels] == ["g1", "g2", "g10"]


def test_a_person_is_split_by_and_never_adjusted_for() -> None:
    for covariate in COVARIATES:
        if covariate.id in ("age_band", "sex", "race", "veteran"):
            assert covariate.id in SUBGROUPS
            with pytest.raises(UserError, match="cannot adjust"):
                ask(["force"], adjust=[covariate.id])


@pytest.fixture(scope="module")
def snapshot() -> Any:
    return Direct(simulate(6_000, 5, potential=True))


def test_from_a_snapshot(snapshot: Any) -> None:
    exhibit = subgroups(ask(["arrest"]), "arrest", snapshot)
    assert set(exhibit.lacking) == {"age_band", "sex", "race", "veteran"}
    assert [s.covariate for s in exhibit.subgroups] == ["call_group", "district", "shift", "weapon"]
    assert isinstance(exhibit.overall.risk_difference, Estimate)
    assert not exhibit.filtered
    assert "Not recorded by this source" in exhibits.subgroups(exhibit)
    for s in exhibit.subgroups:
        n = sum(v.cit.n + v.other.n for v in s.levels)
        assert n > 0
    with pytest.raises(UserError):
        subgroups(ask(["arrest"]), "arrest", snapshot, ("no_such",))
    (compared,) = evaluate(ask(["arrest"]), snapshot=snapshot)
    assert exhibit.overall.risk_difference == pytest.approx(
        compared.adjusted.risk_difference, abs=1e-9
    )
    filtered = replace(ask(["arrest"]), where=(("weekend", ("no",)),))
    assert subgroups(filtered, "arrest", snapshot, ("shift",)).filtered


def test_an_outcome_the_source_lacks_is_refused(snapshot: Any) -> None:
    exhibit = subgroups(ask(["officer_injury"]), "officer_injury", snapshot, ("shift",))
    assert isinstance(exhibit.overall.risk_difference, NotEstimable)
    assert "not recorded by this source" in exhibit.overall.risk_difference.reason
