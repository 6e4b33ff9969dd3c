"""Careers, effects within officers, launches and doubts, against counts made by hand from the rows."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest

from data import registry
from metrics import aggregate, launch
from metrics.aggregate import CAREER, EXPOSURE, FIRST, NEVER, OFFICER, PERIOD, TURNED
from metrics.doubt import doubt
from metrics.estimate import Estimate, NotEstimable
from metrics.evaluate import evaluate
from metrics.question import ask
from metrics.within import adoption, within
from metrics.wording import sensitivity
from tests.metrics.test_wording import CAUSAL

QUESTION = ask(["force"])


@pytest.fixture(scope="module")
def rows(seattle) -> pd.DataFrame:
    return seattle.cursor().execute("SELECT * FROM encounters").df()


@pytest.fixture(scope="module")
def officers(rows) -> pd.DataFrame:
    known = rows[rows["exposure_primary"].notna() & rows["officer_key"].notna()]
    exposed = known["exposure_primary"].astype(bool)
    return pd.DataFrame(
        {
            "first": known[exposed].groupby("officer_key")["contact_at"].min(),
            "last": known[~exposed].groupby("officer_key")["contact_at"].max(),
        }
    )


def test_careers_are_read_off_the_contacts(seattle, officers) -> None:
    found = aggregate.careers(seattle, QUESTION)
    first, last = officers["first"], officers["last"]
    assert found.never == first.isna().sum()
    assert found.always == last.isna().sum()
    assert found.turned == (first > last).sum() == 230  # DESIGN: 230 officers turn exactly once
    assert found.mixed == (first <= last).sum()


def test_the_weeks_of_training_are_left_out(seattle, rows, officers) -> None:
    frame = aggregate.within(seattle, QUESTION, ()).frame
    first, last = officers["first"], officers["last"]
    kept = officers[(first > last) | first.isna()]
    used = rows[rows["officer_key"].isin(kept.index) & rows["exposure_primary"].notna()]
    start = used["officer_key"].map(kept["first"]) - pd.Timedelta(days=14)
    training = ~used["exposure_primary"].astype(bool) & (used["contact_at"] >= start)
    used = used[~training]
    assert training.sum() > 0
    assert frame["n:force"].sum() == used["outcome_force"].notna().sum()
    for arm in (True, False):
        here = used[used["exposure_primary"].astype(bool) == arm]
        part = frame[(frame[EXPOSURE] == arm).to_numpy(bool)]
        assert part["events:force"].sum() == here["outcome_force"].astype(float).sum()
    assert set(frame[CAREER]) == {TURNED, NEVER}


def test_half_years_hold_the_same_contacts(seattle) -> None:
    frame = aggregate.half_years(seattle, QUESTION, "force")
    whole = aggregate.within(seattle, QUESTION, ()).frame
    assert frame["trials"].sum() == whole["n:force"].sum()
    assert frame["events"].sum() == whole["events:force"].sum()
    assert frame.groupby(OFFICER)[FIRST].nunique(dropna=False).max() == 1
    assert frame[PERIOD].between(2 * 2016, 2 * 2019 + 1).all()


def test_the_linear_model_is_that_of_the_rows(seattle, rows, officers) -> None:
    found = within(QUESTION, "force", seattle)
    assert found.effects.officers <= 230
    turned = officers[officers["first"] > officers["last"]]
    used = rows[rows["officer_key"].isin(turned.index) & rows["exposure_primary"].notna()]
    start = used["officer_key"].map(turned["first"]) - pd.Timedelta(days=14)
    exposed = used["exposure_primary"].astype(bool)
    used = used[exposed | (used["contact_at"] < start)]
    names = list(found.adjusters)
    parts = [used["exposure_primary"].astype(float).rename("x")]
    for name in names:
        level = used[name].fillna(registry.NOT_RECORDED)
        level = level.where(~level.isin(found.effects.pooled.get(name, ())), "pooled")
        parts.append(pd.get_dummies(level, prefix=name, dtype=float))
    x = pd.concat(parts, axis=1)
    y = used["outcome_force"].astype(float)
    key = used["officer_key"]
    x, y = x - x.groupby(key).transform("mean"), y - y.groupby(key).transform("mean")
    beta = np.linalg.lstsq(x.to_numpy(), y.to_numpy(), rcond=None)[0]
    assert beta[0] == pytest.approx(found.effects.risk_difference.estimate, abs=1e-9)
    assert isinstance(found.odds, Estimate)
    assert found.study.treated > 50


def test_nobody_who_turned_is_a_reason(loaded_simulation) -> None:
    # By policy calls, not officers, are exposed: everyone goes back and forth.
    found = within(replace(QUESTION, exposure="eligible"), "force", loaded_simulation)
    assert isinstance(found.effects, NotEstimable) or found.careers.mixed > found.careers.turned
    assert "Use of force" in sensitivity.within(found)


def test_places_that_all_began_together_cannot_be_compared(seattle) -> None:
    assert isinstance(adoption(QUESTION, "force", seattle, "district"), NotEstimable)
    assert isinstance(adoption(QUESTION, "force", seattle, "agency_id"), NotEstimable)


def test_a_launch_is_the_interrupted_series_of_the_covered_months(seattle) -> None:
    found = launch.launch(QUESTION, "force", seattle, date(2018, 7, 15))
    assert launch.first_day(found.launch) == date(2018, 7, 1)
    # The hole from December 2016 to November 2017 is missing, not zero.
    assert len(found.missing) >= 10
    assert sum(m.events or 0 for m in found.months) <= 598
    early = launch.launch(QUESTION, "force", seattle, date(2015, 6, 1))
    assert isinstance(early, NotEstimable) and "before" in early.reason


def test_the_date_shown_first_has_months_on_both_sides() -> None:
    days = [date(2015, 2, 1), date(2017, 1, 1), date(2019, 8, 1)]
    assert launch.likely(days, date(2015, 1, 1), date(2019, 9, 1)) == 1


def test_the_strongest_measured_covariate_stands_beside_the_e_value(seattle) -> None:
    comparison = evaluate(QUESTION, snapshot=seattle)[0]
    found = doubt(comparison, QUESTION, seattle)
    assert found.strongest.covariate == "call_group"
    assert found.strongest.risk_ratio > 5
    lines = sensitivity.unmeasured(comparison, found)
    assert any("strongest thing measured is call group" in line for line in lines)
    assert sensitivity.unrecorded(comparison, found) == [
        "The outcome was recorded for every contact of both groups."
    ]


def test_what_was_not_recorded_is_bounded(loaded_simulation) -> None:
    comparison = evaluate(ask(["arrest"]), snapshot=loaded_simulation)[0]
    found = doubt(comparison, ask(["arrest"]), loaded_simulation)
    low, high = found.bounds.difference
    assert low < comparison.unadjusted.risk_difference.estimate < high
    assert len(sensitivity.unrecorded(comparison, found)) >= 2


@pytest.mark.slow
def test_the_words_carry_no_cause(seattle, loaded_simulation) -> None:
    for snapshot in (seattle, loaded_simulation):
        for outcome in ("force", "arrest", "injury"):
            question = ask([outcome])
            found = within(question, outcome, snapshot)
            comparison = evaluate(question, snapshot=snapshot)[0]
            doubts = doubt(comparison, question, snapshot)
            launched = launch.launch(question, outcome, snapshot, date(2018, 6, 1))
            text = "\n".join(
                [
                    sensitivity.within(found),
                    sensitivity.careers(found),
                    sensitivity.odds(found),
                    sensitivity.study(found.study),
                    sensitivity.adopted(found.study_never, "Districts"),
                    sensitivity.launched(launched, "A class ends"),
                    *sensitivity.unmeasured(comparison, doubts),
                    *sensitivity.unrecorded(comparison, doubts),
                    sensitivity.NOTE,
                    sensitivity.STUDY_NOTE,
                    sensitivity.WITHIN_NOTE,
                    sensitivity.LAUNCH_NOTE,
                ]
            )
            assert not CAUSAL.search(text), CAUSAL.search(text)
            assert "nan" not in text.lower().split()
