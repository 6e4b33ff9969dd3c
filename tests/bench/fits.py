"""Evaluation of the four primary outcomes from the store, beside regressions on rows and compressed ones.

The peers begin with the contacts in memory as a data frame of categories, read by plain SQL, one row per
contact whose exposure and outcome were recorded: reading them is not timed. *Design ready* leaves out of
statsmodels' time what its formula takes to become a matrix. The product begins with the store on disk
every time; its design is part of its time always.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb

from data.store import Store
from metrics import aggregate, headline, parallel, regression
from metrics.estimate import NotEstimable
from metrics.evaluate import evaluate
from metrics.question import ask
from tests.bench.filters import ADJUSTERS, PRIMARY, bare
from tests.bench.results import Taken, clocked
from tests.bench.stores import ensure

ONE = "arrest"
EVALUATE = "evaluate: four outcomes adjusted, clustered, standardised, stratified"
AGAIN = "the same question asked again"
FOUR = "four logits, CR1 by officer"
SINGLE = f"one logit ({ONE}), CR1 by officer"
LINEAR = f"one linear model ({ONE}), CR1 by officer"
READY = "; peer's design ready"
FORMULA = "exposure + " + " + ".join(f"C({name})" for name in ADJUSTERS)


def product(size: int, stores: Path) -> Iterator[Taken]:
    """Evaluate, and fit the same models with the same errors as the peers, from the store each time."""
    snapshot = Store(ensure(stores, size)).current()
    question = ask()
    evaluate(ask(where={"shift": ["day"]}), snapshot=snapshot)  # what a process does once

    first, found = clocked(EVALUATE, lambda: evaluate(question, snapshot=snapshot))
    assert len(found) == len(PRIMARY)
    yield from (first, _as(first, EVALUATE + READY))
    yield clocked(AGAIN, lambda: evaluate(question, snapshot=snapshot))[0]

    def fits(outcomes: tuple[str, ...], family: Any) -> dict[str, float]:
        asked = question.only(*outcomes)
        contacts = aggregate.contacts(snapshot, asked, asked.adjust)
        assert contacts is not None
        cells = headline.prepare_contacts(contacts, asked.adjust, asked.adjust).cells

        def one(o: str) -> dict[str, float]:
            fit = regression.fit_cells(cells.count(f"events:{o}", f"n:{o}"), family, "CR1S")
            assert not isinstance(fit, NotEstimable), fit
            at = fit.names.index("exposure")
            # Not ``se``, which comes with Satterthwaite's degrees of freedom: the peers have none.
            return _said(o, fit.coefficients["exposure"], float(fit.covariance[at, at] ** 0.5))

        return {
            name: value for said in parallel.each(one, outcomes) for name, value in said.items()
        }

    for what, outcomes, family in (
        (FOUR, PRIMARY, "logit"),
        (SINGLE, (ONE,), "logit"),
        (LINEAR, (ONE,), "linear"),
    ):
        taken, check = clocked(what, lambda o=outcomes, f=family: fits(o, f))
        yield _as(taken, what, check)
        if family == "logit":
            yield _as(taken, what + READY, check)


def statsmodels(size: int, stores: Path) -> Iterator[Taken]:
    """Fit each outcome by ``smf.logit`` on rows, with errors clustered by officer."""
    import statsmodels.formula.api as smf

    designs, fits = {}, {}
    check: dict[str, float] = {}
    for outcome in PRIMARY:
        frame = rows(size, stores, outcome)
        designs[outcome], model = clocked("", lambda f=frame: smf.logit(f"y ~ {FORMULA}", f))
        fits[outcome], fit = clocked(
            "",
            lambda m=model, f=frame: m.fit(
                disp=0, cov_type="cluster", cov_kwds={"groups": f["officer"].cat.codes.to_numpy()}
            ),
        )
        check |= _said(outcome, fit.params["exposure"], fit.bse["exposure"])
        del frame, model, fit
    both = [_sum("", designs[o], fits[o]) for o in PRIMARY]
    alone = [fits[o] for o in PRIMARY]
    one = PRIMARY.index(ONE)
    for what in (EVALUATE, FOUR):
        yield _as(_sum("", *both), what, check)
        yield _as(_sum("", *alone), what + READY, check)
    yield _as(both[one], SINGLE, check)
    yield _as(alone[one], SINGLE + READY, check)


def pyfixest(size: int, stores: Path) -> Iterator[Taken]:
    """Fit by pyfixest on rows: the logit by ``feglm``, the linear model with absorbed levels by ``feols``."""
    import pyfixest as pf

    frame = rows(size, stores, ONE)
    for what, work in (
        (
            SINGLE,
            lambda: pf.feglm(f"y ~ {FORMULA}", frame, family="logit", vcov={"CRV1": "officer"}),
        ),
        (
            LINEAR,
            lambda: pf.feols(
                f"y ~ exposure | {' + '.join(ADJUSTERS)}", frame, vcov={"CRV1": "officer"}
            ),
        ),
    ):
        work()  # compiles what it needs, once for all
        taken, fit = clocked(what, work)
        # Its errors count degrees of freedom in its own way; the estimates must agree.
        yield _as(taken, what, {f"{ONE} estimate": float(fit.coef()["exposure"])})


def duckreg(size: int, stores: Path) -> Iterator[Taken]:
    """Fit the logit by duckreg: counts by pattern from the engine, errors of the model (it has no others).

    It takes numbers only: a table of indicators is made first, untimed.
    """
    from duckreg.estimators import DuckLogisticRegression

    path = Store(ensure(stores, size)).current().path
    con = duckdb.connect()
    con.execute(f"ATTACH '{path}' AS kept (READ_ONLY)")
    names, columns = ["exposure"], ["CAST(exposure_primary AS DOUBLE) AS exposure"]
    for covariate in ADJUSTERS:
        level = f"coalesce({covariate}, 'not recorded')"
        found = con.execute(
            f"SELECT DISTINCT {level} FROM kept.encounters WHERE {_recorded(ONE)} ORDER BY 1"
        ).fetchall()
        for place, (value,) in enumerate(found[1:]):
            names.append(f"{covariate}_{place}")
            columns.append(f"CAST({level} = '{value}' AS DOUBLE) AS {covariate}_{place}")
    con.execute(
        f"CREATE TABLE rows AS SELECT CAST(outcome_{ONE} AS DOUBLE) AS y, {', '.join(columns)}"
        f" FROM kept.encounters WHERE {_recorded(ONE)}"
    )

    def work() -> Any:
        model = DuckLogisticRegression(
            None, "rows", f"y ~ {' + '.join(names)}", 1, method="irls", connection=_Backend(con)
        )
        model.fit()
        model.fit_vcov()
        return model

    taken, model = clocked(SINGLE, work)
    yield _as(taken, SINGLE, {f"{ONE} estimate": float(model.point_estimate[1])})


class _Backend:
    """As much of an Ibis backend as duckreg uses: Ibis 12's own asks DuckDB 2 for what it lacks."""

    def __init__(self, con: duckdb.DuckDBPyConnection, query: str = "") -> None:
        self.con, self.query = con, query

    def sql(self, query: str) -> _Backend:
        return _Backend(self.con, query)

    def execute(self, limit: None = None) -> Any:
        return self.con.execute(self.query).df()

    def raw_sql(self, query: str) -> Any:
        return self.con.execute(query)

    def table(self, name: str) -> _Backend:
        return self.sql(f"FROM {name}")


def rows(size: int, stores: Path, outcome: str) -> Any:
    """Return one row per contact with its exposure and outcome recorded, levels as categories."""
    import pandas as pd

    levels = ", ".join(f"coalesce({name}, 'not recorded') AS {name}" for name in ADJUSTERS)
    with bare(stores, size) as con:
        table = con.execute(
            f"SELECT CAST(outcome_{outcome} AS INTEGER) AS y,"
            f" CAST(exposure_primary AS INTEGER) AS exposure, {levels}, officer_key AS officer"
            f" FROM encounters WHERE {_recorded(outcome)}"
        ).to_arrow_table()
    columns: dict[str, Any] = {}
    for name in table.column_names:
        column = table[name].combine_chunks()
        if name in ("y", "exposure"):
            columns[name] = column.to_numpy()
        else:
            code = column.dictionary_encode()
            columns[name] = pd.Categorical.from_codes(
                code.indices.to_numpy(), code.dictionary.to_pylist()
            )
    return pd.DataFrame(columns)


def _recorded(outcome: str) -> str:
    return f"exposure_primary IS NOT NULL AND eligible_{outcome} AND outcome_{outcome} IS NOT NULL"


def _said(outcome: str, estimate: float, error: float) -> dict[str, float]:
    return {f"{outcome} estimate": float(estimate), f"{outcome} CR1 error": float(error)}


def _as(taken: Taken, what: str, check: dict[str, float] | None = None) -> Taken:
    return Taken(what, taken.seconds, taken.processor, check or taken.check)


def _sum(what: str, *taken: Taken) -> Taken:
    return Taken(
        what, (sum(sum(t.seconds) for t in taken),), sum(t.processor or 0.0 for t in taken)
    )
