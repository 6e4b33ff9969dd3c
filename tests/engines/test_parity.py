"""PostgreSQL and Spark answer as DuckDB does, to the last count."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from data.registry import COVARIATES, EXPOSURES, OUTCOMES
from data.store import Snapshot
from metrics import aggregate, ask, evaluate
from metrics.aggregate import Counts
from metrics.exhibit import exhibit
from metrics.question import default_adjusters
from tests.engines.conftest import pushed
from tests.engines.parity import close, same

ALL = [o.id for o in OUTCOMES]
COVARIATE_IDS = tuple(c.id for c in COVARIATES)
EXPOSURE_IDS = tuple(e.id for e in EXPOSURES)
Asked = tuple[Snapshot, Snapshot]

pytestmark = pytest.mark.slow
POSTGRES = pytest.param("postgres", marks=pytest.mark.xdist_group("postgres"))
SPARK = pytest.param("spark", marks=pytest.mark.xdist_group("spark"))
both = pytest.mark.parametrize("asked", [POSTGRES, SPARK], indirect=True)
on_postgres = pytest.mark.parametrize("asked", [POSTGRES], indirect=True)


@both
def test_it_records_the_same(asked: Asked) -> None:
    here, there = asked
    assert aggregate.coverage(there) == aggregate.coverage(here)


@pytest.fixture(scope="module")
def everything(asked: Asked) -> tuple[dict[str, Counts], dict[str, Counts]]:
    """Every outcome by every exposure, covariate and officer at once, of both."""
    here, there = asked
    return (
        aggregate.by_definition(here, ask(ALL), COVARIATE_IDS, EXPOSURE_IDS),
        aggregate.by_definition(there, ask(ALL), COVARIATE_IDS, EXPOSURE_IDS),
    )


@both
@pytest.mark.parametrize("covariate", COVARIATE_IDS)
def test_every_outcome_by_every_exposure_and_a_covariate(
    asked: Asked, everything: tuple[dict[str, Counts], dict[str, Counts]], covariate: str
) -> None:
    here, there = asked
    assert aggregate.levels(there, covariate) == aggregate.levels(here, covariate)
    ours, theirs = everything
    assert set(ours) == set(theirs) == set(EXPOSURE_IDS)
    for exposure in EXPOSURE_IDS:
        for by in ((covariate,), (covariate, "call_group", "year")):
            by = tuple(dict.fromkeys(by))
            same(aggregate.regroup(ours[exposure], by), aggregate.regroup(theirs[exposure], by))


@both
@pytest.mark.parametrize("exposure", EXPOSURE_IDS)
def test_every_count_by_exposure(asked: Asked, exposure: str) -> None:
    here, there = asked
    question = ask(ALL, exposure)
    place = EXPOSURE_IDS.index(exposure)
    by = COVARIATE_IDS[place :: len(EXPOSURE_IDS)][:2]
    same(aggregate.counts(here, question, by), aggregate.counts(there, question, by))


@both
@pytest.mark.parametrize(
    "finer",
    [{"months": True}, {"officers": True}, {"officers": True, "months": True}],
    ids=lambda finer: "+".join(finer),
)
def test_months_and_officers(asked: Asked, finer: dict[str, bool]) -> None:
    here, there = asked
    by = ("call_group",)
    same(
        aggregate.counts(here, ask(), by, **finer),
        aggregate.counts(there, ask(), by, **finer),
    )


@both
def test_persons(asked: Asked) -> None:
    """People are numbers here and text there, so what is compared is how often each was met."""
    here, there = asked
    met = []
    for snapshot in (here, there):
        frame = aggregate.counts(snapshot, ask(), persons=True).frame
        each = frame.groupby("person", dropna=True)["contacts"].sum()
        met.append((sorted(each), int(frame["contacts"][frame["person"].isna()].sum())))
    assert met[0] == met[1]


@both
def test_filters_by_days_and_levels(asked: Asked) -> None:
    here, there = asked
    lacking = [c for c in COVARIATE_IDS if "not_recorded" in aggregate.levels(here, c)]
    assert lacking
    first, *_, last = aggregate.levels(here, "district")
    for where in (
        {"district": [first, last]},
        {lacking[0]: ["not_recorded"]},
        {"weekend": ["yes"], lacking[-1]: ["not_recorded"]},
    ):
        question = ask(start=date(2021, 6, 1), end=date(2024, 2, 29), where=where)
        ours = aggregate.counts(here, question, ["year"])
        same(ours, aggregate.counts(there, question, ["year"]))
        assert set(ours.frame["year"]) <= {"2021", "2022", "2023", "2024"}


@both
def test_the_answers(asked: Asked) -> None:
    here, there = asked
    for question in (ask(), ask(exposure="any", start=date(2022, 1, 1))):
        ours, theirs = evaluate(question, snapshot=here), evaluate(question, snapshot=there)
        assert len(ours) == 4
        for one, other in zip(ours, theirs, strict=True):
            close(one.to_dict(), other.to_dict())


@on_postgres
def test_the_sensitivity_exhibit(asked: Asked) -> None:
    here, there = asked
    close(exhibit(ask(), "force", here).to_dict(), exhibit(ask(), "force", there).to_dict())


@pytest.mark.xdist_group("postgres")
def test_the_real_export(postgres_url: str, seattle_store: Path) -> None:
    pair = pushed("postgres", seattle_store, postgres_url)
    here, there = pair.here, pair.there
    try:
        assert there.warehouse is not None and there.warehouse.contacts == 32_906
        assert aggregate.coverage(there) == aggregate.coverage(here)
        ours = aggregate.by_definition(here, ask(ALL), default_adjusters(), EXPOSURE_IDS)
        theirs = aggregate.by_definition(there, ask(ALL), default_adjusters(), EXPOSURE_IDS)
        for exposure in EXPOSURE_IDS:
            one = aggregate.regroup(ours[exposure], ("call_group", "year"))
            same(one, aggregate.regroup(theirs[exposure], ("call_group", "year")))
        for one, other in zip(
            evaluate(ask(), snapshot=here), evaluate(ask(), snapshot=there), strict=True
        ):
            close(one.to_dict(), other.to_dict())
    finally:
        (seattle_store / "settings.toml").unlink()
