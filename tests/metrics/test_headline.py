"""The adjusted headline: when it refuses, when it warns, and that it is what it says it is."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from data.simulate import simulate
from data.store import Snapshot, Store
from metrics import aggregate, headline, result, wording
from metrics.aggregate import Counts
from metrics.estimate import Estimate, NotEstimable, Test
from metrics.evaluate import evaluate
from metrics.headline import Headline
from metrics.multiplicity import holm
from metrics.question import ask, primary_outcomes
from metrics.result import Comparison
from tests.stores import simulated_store
from tests.studies.direct import Direct

COUNTS = ("contacts", "came", "timed", "minutes")


def frame(
    officers: int = 60,
    each: int = 40,
    seed: int = 1,
    rate: tuple[float, float] = (0.25, 0.2),
    levels: int = 3,
    mixed: bool = True,
) -> pd.DataFrame:
    """One row per contact: half the officers certified, or with ``mixed`` midway through."""
    rng = np.random.default_rng(seed)
    officer = np.repeat(np.arange(officers), each)
    exposed = officer % 2 == 0
    if mixed:
        exposed = exposed & (np.tile(np.arange(each), officers) >= each // 4)
    group = rng.integers(0, levels, len(officer))
    chance = np.where(exposed, *rate) + 0.03 * group
    return pd.DataFrame(
        {
            "exposure": exposed.astype(object),
            "call_group": [f"g{g}" for g in group],
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


def analysed(data: pd.DataFrame, asked: tuple[str, ...] = ("call_group",)) -> Headline:
    counts = Counts(data, ("force",), ("call_group",))
    return headline.analyse(headline.prepare(counts, asked), "force")


def reason(found: Headline) -> str:
    value = found.adjusted.risk_difference
    assert isinstance(value, NotEstimable)
    for other in (found.adjusted.risk_ratio, found.adjusted.odds_ratio, found.adjusted.risk_cit):
        assert other == value
    assert found.adjusted.p_value is None
    assert found.adjusted.df is None
    assert isinstance(headline.detectable(found, 1), NotEstimable)
    return value.reason


def test_a_full_agency_is_estimated_without_warnings() -> None:
    found = analysed(frame()).adjusted
    assert isinstance(found.risk_difference, Estimate)
    assert isinstance(found.risk_ratio, Estimate)
    assert found.se == "CR2"
    assert found.clusters == 60
    assert found.df is not None
    assert found.df >= headline.WARN_DF
    assert found.overlap == 1.0
    assert found.warnings == ()
    assert found.influential is not None
    assert isinstance(found.influential.risk_difference_without, NotEstimable)
    assert found.risk_difference.low < found.risk_difference.estimate < found.risk_difference.high


def test_few_degrees_of_freedom_are_refused() -> None:
    data = frame(officers=6, each=200, mixed=False)
    found = analysed(data)
    assert "degrees of freedom" in reason(found)
    assert found.adjusted.too_few
    # Six officers: too few to exchange, as well.
    assert isinstance(found.adjusted.permutation, NotEstimable)


def test_without_degrees_of_freedom_officers_are_exchanged() -> None:
    data = frame(officers=10, each=30, mixed=False)
    # One officer of each group handles nearly everything.
    heavy = data[data["officer"].isin(["o000", "o001"])]
    found = analysed(pd.concat([data, *[heavy] * 60], ignore_index=True))
    assert "degrees of freedom" in reason(found)
    assert isinstance(found.adjusted.permutation, Test)
    assert 0 < found.adjusted.permutation.p_value <= 1


def test_fewer_than_ten_events_are_refused() -> None:
    data = frame()
    arm = data["exposure"].astype(bool)
    data.loc[arm, "events:force"] = 0
    data.loc[data.index[arm][:9], "events:force"] = 1
    found = analysed(data)
    assert "fewer than 10 events" in reason(found)
    assert found.adjusted.too_few
    data.loc[data.index[arm][:10], "events:force"] = 1
    assert isinstance(analysed(data).adjusted.risk_difference, Estimate)


def test_little_overlap_is_refused() -> None:
    data = frame()
    arm = data["exposure"].astype(bool)
    data.loc[arm & (data["call_group"] == "g0"), "call_group"] = "only with"
    found = analysed(data)
    assert "have a like in the other group" in reason(found)
    assert found.adjusted.overlap is not None
    assert found.adjusted.overlap < headline.LEAST_OVERLAP
    assert not found.adjusted.too_few


def test_few_officers_are_warned_of() -> None:
    data = frame(officers=12, each=150, mixed=False)
    found = analysed(data).adjusted
    assert found.df is not None
    assert headline.FEWEST_DF <= found.df < headline.WARN_DF + 3
    if found.df < headline.WARN_DF:
        assert any("few officers" in w for w in found.warnings)
    fewer = analysed(frame(officers=8, each=150, mixed=False)).adjusted
    assert fewer.df is not None
    assert headline.FEWEST_DF <= fewer.df < headline.WARN_DF
    assert any("few officers carry the comparison" in w for w in fewer.warnings)


def test_one_busy_officer_is_warned_of_and_left_out() -> None:
    data = frame(officers=40, each=40)
    extra = frame(officers=2, each=420, seed=9, rate=(0.6, 0.2), mixed=False)
    extra = extra[extra["exposure"].astype(bool)].assign(officer="busy")
    both = pd.concat([data, extra], ignore_index=True)
    found = analysed(both).adjusted
    assert any("one officer handled" in w for w in found.warnings)
    assert found.influential is not None
    assert found.influential.share > headline.WARN_SHARE
    again = found.influential.risk_difference_without
    assert isinstance(again, Estimate)
    without = analysed(data).adjusted.risk_difference
    assert isinstance(without, Estimate)
    assert again == pytest.approx(without, abs=1e-9)
    assert not isinstance(found.risk_difference, NotEstimable)
    assert found.influential.change == pytest.approx(
        again.estimate - found.risk_difference.estimate, abs=0.02
    )


def test_without_officer_numbers_it_says_so() -> None:
    data = frame().assign(officer=None)
    found = analysed(data).adjusted
    assert isinstance(found.risk_difference, Estimate)
    assert any("no officer numbers" in w for w in found.warnings)
    assert found.clusters == len(data)


def test_no_second_group_is_refused() -> None:
    data = frame()
    assert "no second group" in reason(analysed(data[data["exposure"].astype(bool)]))
    gone = data.assign(exposure=None)
    assert "no second group" in reason(analysed(gone))


def test_a_group_without_the_outcome_recorded_is_refused() -> None:
    data = frame()
    arm = data["exposure"].astype(bool)
    data.loc[arm, ["n:force", "events:force"]] = 0
    assert "no contact with this outcome recorded" in reason(analysed(data))


def test_separated_contacts_are_never_a_large_number() -> None:
    """Both covariates vary with the outcome; together they tell every event from every other."""
    data = frame(officers=40, each=40, levels=2)
    data["weapon"] = np.where(np.arange(len(data)) % 3 == 0, "yes", "no")
    both = (data["call_group"] == "g1") & (data["weapon"] == "yes")
    data["events:force"] = (
        both
        | ((data["call_group"] == "g1") & (data.index % 7 == 0))
        | ((data["weapon"] == "yes") & (data.index % 5 == 0))
    ).astype(int)
    counts = Counts(data, ("force",), ("call_group", "weapon"))
    found = headline.analyse(headline.prepare(counts, counts.by), "force").adjusted
    assert (found.covariates, found.left_out) == (("call_group",), ("weapon",))
    alone = Counts(data, ("force",), ("call_group",))
    same = headline.analyse(headline.prepare(alone, alone.by), "force").adjusted
    assert found.risk_difference == pytest.approx(same.risk_difference, abs=1e-10)


def test_covariates_the_source_lacks_are_listed() -> None:
    found = analysed(frame(), ("call_group", "weapon")).adjusted
    assert found.covariates == ("call_group",)
    assert found.unavailable == ("weapon",)


def test_row_order_and_grouping_change_nothing() -> None:
    data = frame()
    keys = ["exposure", "call_group", "officer"]
    grouped = data.groupby(keys, as_index=False).sum()
    shuffled = grouped.sample(frac=1, random_state=4)
    a, b, c = (analysed(d).adjusted for d in (data, grouped, shuffled))
    for one, other in ((a, b), (a, c)):
        assert one.risk_difference == pytest.approx(other.risk_difference, abs=1e-10)
        assert one.risk_ratio == pytest.approx(other.risk_ratio, rel=1e-10)
        assert one.df == pytest.approx(other.df, rel=1e-8)
        assert one.p_value == pytest.approx(other.p_value, rel=1e-8)


# Through evaluate.


@pytest.fixture(scope="module")
def snapshot() -> Any:
    return Direct(simulate(8_000, 5, potential=True))


@pytest.fixture(scope="module")
def all_four(snapshot: Any) -> tuple[Comparison, ...]:
    return evaluate(ask(), snapshot=snapshot)


def test_holm_covers_the_primary_outcomes_that_can_be_estimated(
    all_four: tuple[Comparison, ...],
) -> None:
    known = [c for c in all_four if c.adjusted.p_value is not None]
    assert len(known) >= 3
    expected = holm([c.adjusted.p_value or 0.0 for c in known])
    assert [c.adjusted.p_holm for c in known] == pytest.approx(list(expected), rel=1e-12)
    assert all(c.family == len(known) for c in known)


@pytest.mark.parametrize("asked", [["force"], ["voluntary_care", "arrest"]])
def test_holm_is_the_same_whatever_was_asked(
    snapshot: Any, all_four: tuple[Comparison, ...], asked: list[str]
) -> None:
    by_id = {c.outcome: c for c in all_four}
    found = evaluate(ask(asked), snapshot=snapshot)
    assert [c.outcome for c in found] == asked
    for c in found:
        assert c.adjusted.p_holm == by_id[c.outcome].adjusted.p_holm
        assert (c.verdict, c.certainty, c.family) == (
            by_id[c.outcome].verdict,
            by_id[c.outcome].certainty,
            by_id[c.outcome].family,
        )


def test_other_outcomes_are_exploratory(snapshot: Any) -> None:
    (found,) = evaluate(ask(["emergency_hold"]), snapshot=snapshot)
    assert found.adjusted.p_holm is None
    assert found.certainty != result.CLEAR


def test_a_filtered_view_is_never_clear(snapshot: Any) -> None:
    every = aggregate.levels(snapshot, "weekend")
    for where in ({"weekend": every}, {"weekend": ["no"]}):
        for c in evaluate(ask(where=where), snapshot=snapshot):
            assert c.filtered
            assert c.adjusted.p_holm is None
            assert c.certainty != result.CLEAR
            assert c.family == 0
    # The same contacts, unfiltered, are clear: the filter alone took it away.
    assert any(c.certainty == result.CLEAR for c in evaluate(ask(), snapshot=snapshot))


def test_counts_and_rows_agree_through_evaluate(
    snapshot: Any, all_four: tuple[Comparison, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    counts = aggregate.counts

    def rows(*asked: Any, **more: Any) -> Counts:
        """The same counts with every contact in a row of its own."""
        grouped = counts(*asked, **more)
        data = grouped.frame
        sums = [c for c in data.columns if c in COUNTS or ":" in c]
        spread = data.loc[data.index.repeat(data["contacts"])].reset_index(drop=True)
        place = spread.groupby(data.index.repeat(data["contacts"])).cumcount().to_numpy()
        total = data["contacts"].to_numpy().repeat(data["contacts"])
        for column in sums:
            if column == "minutes":
                spread[column] = np.where(place == 0, spread[column], 0)
            elif column.startswith("missing:"):
                spread[column] = (place >= total - spread[column]).astype(int)
            else:
                spread[column] = (place < spread[column]).astype(int)
        assert (spread["contacts"] == 1).all()
        assert spread[sums].sum().equals(data[sums].sum())
        return replace(grouped, frame=spread)

    monkeypatch.setattr(aggregate, "counts", rows)
    monkeypatch.setattr(
        aggregate, "regroup", lambda c, by, officers=False: replace(c, by=tuple(by))
    )
    for one, other in zip(evaluate(ask(), snapshot=snapshot), all_four, strict=True):
        for a, b in zip(numbers(one.to_dict()), numbers(other.to_dict()), strict=True):
            assert a[0] == b[0]
            assert math.isclose(a[1], b[1], rel_tol=1e-10, abs_tol=1e-10), (one.outcome, a, b)


def numbers(value: Any, path: str = "") -> Iterator[tuple[str, float]]:
    if isinstance(value, dict):
        for key, child in value.items():
            yield from numbers(child, f"{path}.{key}")
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield path, float(value)


def test_the_e_value_is_the_closed_form(all_four: tuple[Comparison, ...]) -> None:
    for c in all_four:
        ratio = c.adjusted.risk_ratio
        if not isinstance(ratio, Estimate):
            continue
        assert isinstance(c.e_value, Estimate)

        def bound(rr: float) -> float:
            above = max(rr, 1 / rr)
            return above + math.sqrt(above * (above - 1))

        assert c.e_value.estimate == pytest.approx(bound(ratio.estimate), rel=1e-12)
        nearest = ratio.low if ratio.estimate > 1 else ratio.high
        crosses = ratio.low <= 1 <= ratio.high
        assert c.e_value.low == pytest.approx(1.0 if crosses else bound(nearest), rel=1e-12)


def test_the_detectable_difference_takes_the_holm_level(all_four: tuple[Comparison, ...]) -> None:
    from scipy import stats

    for c in all_four:
        wide, df = c.adjusted.risk_difference, c.adjusted.df
        if not isinstance(wide, Estimate) or df is None:
            continue
        assert isinstance(c.detectable, Estimate)
        # MOVER's half width over its quantile is close to the error the formula takes.
        se = (wide.high - wide.low) / 2 / stats.t.ppf(0.975, df)
        size = (stats.t.ppf(1 - 0.025 / c.family, df) + stats.t.ppf(0.8, df)) * se
        assert c.detectable.estimate == pytest.approx(size, rel=0.1)


# The public export: figures that must not move by themselves.


@pytest.fixture(scope="module")
def seattle_force(seattle: Snapshot) -> Comparison:
    (found,) = evaluate(ask(["force"]), snapshot=seattle)
    return found


def test_seattle_force(seattle_force: Comparison) -> None:
    found = seattle_force.adjusted
    assert found.risk_ratio.estimate == pytest.approx(1.4368, abs=1e-3)
    assert found.clusters == 954
    assert set(found.aliased) == {"origin[not_recorded]", "shift[not_recorded]"}
    assert found.overlap == pytest.approx(0.893, abs=5e-4)
    assert found.df is not None
    assert found.df > 20
    assert found.influential is not None
    assert seattle_force.verdict == result.HIGHER


def test_seattle_names_what_it_does_not_record(seattle_force: Comparison) -> None:
    assert set(seattle_force.adjusted.unavailable) >= {"weapon"}
    assert set(seattle_force.adjusted.covariates) >= {"call_group", "origin", "shift", "year"}
    assert primary_outcomes()[0] == "force"


def test_sparse_patterns_do_not_refuse_a_mid_sized_agency(tmp_path: Path) -> None:
    """Four thousand contacts over nine covariates leave most patterns with one arm by chance."""
    snapshot = Store(simulated_store(tmp_path, contacts=4000)).current()
    (found,) = evaluate(ask(["arrest"]), snapshot=snapshot)
    assert found.adjusted.overlap is not None
    assert found.adjusted.overlap > headline.LEAST_OVERLAP
    assert set(found.adjusted.overlap_by) < set(found.adjusted.covariates)
    assert found.adjusted.risk_ratio.estimate is not None


def test_covariates_that_separate_are_left_out_from_the_last(seattle) -> None:
    question = ask(["force"], where={"district": ["North"]})
    found = evaluate(question, snapshot=seattle)[0]
    adjusted = found.adjusted
    assert adjusted.left_out == ("origin",)
    assert isinstance(adjusted.risk_difference, Estimate)
    assert "origin" not in adjusted.covariates and "call_group" in adjusted.covariates
    assert "Left out here: call source" in wording.allowance(found)
    # The same as not asking for it.
    asked = replace(question, adjust=tuple(c for c in question.adjust if c != "origin"))
    alone = evaluate(asked, snapshot=seattle)[0].adjusted
    assert adjusted.risk_ratio == pytest.approx(alone.risk_ratio, rel=1e-8)
    assert found.to_dict()["adjusted"]["left_out"] == ["origin"]
