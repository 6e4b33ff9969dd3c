"""Agencies pooled from their partials: as from rows, whatever their order, and never when unlike."""

from __future__ import annotations

import json
import math
import random
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import optimize, stats

from data import signing
from data.edition import registry_hash
from data.errors import UserError
from data.store import Snapshot, Store
from metrics import partials, pooling_report
from metrics.__main__ import parser
from metrics.estimate import Estimate, Interval, NotEstimable, Test
from metrics.evaluate import evaluate
from metrics.pooling import Pooled
from metrics.pooling_agencies import Setting, differ, pool, together
from metrics.pooling_files import DIFFERENCE, LOG_RATIO, Partial, parse, rests_on_force
from metrics.pooling_files import together as checked
from metrics.pooling_kept import keep, kept
from metrics.question import ask
from metrics.standardisation import Contrast
from metrics.wording import pooling as words
from tests.metrics.test_partials import staffed
from tests.stores import simulated_store


def contrast(estimate: float, se: float, within: float = 0.0) -> dict[str, float]:
    return {
        "estimate": estimate,
        "estimate_within": within,
        "se": se,
        "se_within": within,
        "df": 40.0,
    }


def body(name: str, difference: float, se: float, **changes: Any) -> dict[str, Any]:
    """Return an agency's partial about force, not yet signed."""
    entry = {
        "outcome": "force",
        "standing": "estimate",
        "reason": None,
        "counts": None,
        "estimate": {
            "precision": "rounded",
            "covariates": ["district"],
            DIFFERENCE: contrast(difference, se),
            LOG_RATIO: contrast(20 * difference, 20 * se),
        },
    }
    found: dict[str, Any] = {
        "kind": partials.KIND,
        "schema_version": partials.SCHEMA_VERSION,
        "software": "cit-outcomes 0",
        "registry_sha256": registry_hash(),
        "data_sha256": "0" * 64,
        "snapshot": "s",
        "threshold": 11,
        "agency": {
            "id": name,
            "name": f"{name} Police",
            "setting": None,
            "simulated": False,
            "cit_model": None,
            "force_reporting_threshold": "control_hold_or_above",
        },
        "question": ask(["force"]).to_dict(),
        "period": {"id": "2025", "from": "2025-01", "to": "2025-12"},
        "definitions": {},
        "contacts": None,
        "response": {"of": "calls", "percent": 71},
        "coverage": {"days_percent": 90, "forms_percent": None},
        "outcomes": [entry],
    }
    for place, value in changes.items():
        inner, *rest = place.split("__")
        if rest:
            found[inner] = found[inner] | {rest[0]: value}
        else:
            found[inner] = value
    return found


@lru_cache(maxsize=64)
def key_of(folder: str) -> Store:
    store = Store(folder)
    store.secret()
    return store


def signed(folder: Path, content: dict[str, Any], key: str | None = None) -> bytes:
    """Return the file of a partial, signed with a key of its agency's own."""
    made = signing.sign(
        key_of(str(folder / (key or content["agency"]["id"]))), partials.canonical(content)
    )
    signature = {"public_key": made.public_key, "value": made.value}
    return partials.text(content | {"signature": signature}).encode()


def agency(
    folder: Path, name: str, difference: float = 0.0, se: float = 1.0, **changes: Any
) -> Partial:
    content = body(name, difference, se, **changes)
    return parse(signed(folder, content), f"{name}.json")


def brute(values: list[float], errors: list[float]) -> tuple[float, float]:
    """Return mean and spread of highest restricted likelihood, by a search of its own."""
    y, s2 = np.array(values), np.array(errors) ** 2

    def loss(log_tau2: float) -> float:
        v = s2 + math.exp(log_tau2)
        mean = (y / v).sum() / (1 / v).sum()
        logs = np.log(v).sum() + np.log((1 / v).sum())
        return float(logs + ((y - mean) ** 2 / v).sum()) / 2

    found = optimize.minimize_scalar(
        loss, bounds=(-30, 5), method="bounded", options={"xatol": 1e-10}
    )
    v = s2 + math.exp(found.x)
    return float((y / v).sum() / (1 / v).sum()), math.exp(found.x)


RNG = random.Random(11)
MANY = [(f"A{i:02d}", RNG.gauss(-0.004, 0.006), RNG.uniform(0.001, 0.006)) for i in range(12)]


def test_the_pool_is_restricted_likelihood_with_hartung_and_knapp(tmp_path: Path) -> None:
    found = pool(checked([agency(tmp_path, *one) for one in MANY]))
    measure = found.outcomes[0].difference
    mean, tau2 = brute([m[1] for m in MANY], [m[2] for m in MANY])
    assert isinstance(measure.pooled, Pooled)
    assert measure.pooled.tau2 == pytest.approx(tau2, rel=1e-4)
    assert measure.pooled.estimate.estimate == pytest.approx(mean, rel=1e-5)
    y, v = np.array([m[1] for m in MANY]), np.array([m[2] for m in MANY]) ** 2 + tau2
    q = float(((y - mean) ** 2 / v).sum() / 11)
    reach = stats.t.ppf(0.975, 11) * math.sqrt(max(1, q) / (1 / v).sum())
    assert measure.pooled.estimate.high - mean == pytest.approx(reach, rel=1e-4)
    assert isinstance(measure.pooled.prediction, Interval)
    assert measure.pooled.prediction.low < measure.pooled.estimate.low


def test_the_order_of_files_does_not_matter(tmp_path: Path) -> None:
    files = [agency(tmp_path, *one) for one in MANY]
    straight, turned = pool(checked(files)), pool(checked(files[::-1]))
    assert pooling_report.to_dict(straight) == pooling_report.to_dict(turned)
    assert list(straight.labels) == sorted(straight.labels)


def test_one_agency_is_itself(tmp_path: Path) -> None:
    found = pool(checked([agency(tmp_path, "A", -0.01, 0.004)])).outcomes[0].difference
    reach = 0.004 * stats.t.ppf(0.975, 40)
    assert isinstance(found.pooled, Pooled)
    assert found.pooled.estimate == pytest.approx((-0.01, -0.01 - reach, -0.01 + reach))
    assert isinstance(found.pooled.prediction, NotEstimable)


def test_agencies_alike_share_no_spread(tmp_path: Path) -> None:
    found = pool(checked([agency(tmp_path, f"A{i}", -0.01, 0.004) for i in range(5)]))
    pooled = found.outcomes[0].difference.pooled
    assert isinstance(pooled, Pooled)
    assert pooled.tau2 == 0 and pooled.i2 == 0
    assert pooled.estimate.estimate == pytest.approx(-0.01)


UNLIKE: dict[str, tuple[dict[str, Any], str]] = {
    "threshold": (
        {"agency__force_reporting_threshold": "display_or_above"},
        "unlike thresholds of reportable force",
    ),
    "registry": ({"registry_sha256": "f" * 64}, "another registry version"),
    "period": ({"period__from": "2024-01"}, "unlike periods"),
    "outcomes": ({"question": ask(["arrest"]).to_dict()}, "unlike questions"),
    "covariates": ({"question": ask(["force"], adjust=["district"]).to_dict()}, "unlike questions"),
    "exposure": ({"question": ask(["force"], exposure="any").to_dict()}, "unlike questions"),
    "simulated": ({"agency__simulated": True}, "a simulated agency and a real one"),
    "id": ({"agency__id": "A"}, "the same agency twice"),
}


@pytest.mark.parametrize("case", UNLIKE)
def test_unlike_agencies_are_refused_in_one_line(case: str, tmp_path: Path) -> None:
    changes, message = UNLIKE[case]
    content = body("B", 0.0, 0.01, **changes)
    other = parse(signed(tmp_path, content, key="B"), "B.json")
    with pytest.raises(UserError, match=message) as caught:
        checked([agency(tmp_path, "A", 0.0, 0.01), other])
    assert "B.json" in str(caught.value) and "\n" not in str(caught.value)


def test_one_key_is_one_agency(tmp_path: Path) -> None:
    other = parse(signed(tmp_path, body("B", 0.0, 0.01), key="A"), "B.json")
    with pytest.raises(UserError, match="the same agency twice"):
        checked([agency(tmp_path, "A"), other])


def test_only_known_keys_are_taken_where_any_are_named(tmp_path: Path) -> None:
    one, other = agency(tmp_path, "A"), agency(tmp_path, "B")
    assert len(checked([one, other], [one.fingerprint.upper(), other.fingerprint])) == 2
    with pytest.raises(UserError, match=r"B\.json: signed with the key"):
        checked([one, other], [one.fingerprint])


def test_a_signed_file_can_still_be_nonsense(tmp_path: Path) -> None:
    for changes in (
        {"agency__name": "<script>"},
        {"agency__setting": "lunar"},
        {"response__percent": 101},
        {"contacts": {"cit": -1, "other": 0, "neither": 0}},
        {"outcomes": [{"outcome": "force"}]},
        {"outcomes": "force"},
    ):
        with pytest.raises(UserError, match="signed, but not a partial"):
            agency(tmp_path, "A", **changes)
    broken = body("A", 0.0, 0.0)
    with pytest.raises(UserError, match="signed, but not a partial"):
        parse(signed(tmp_path, broken), "A.json")


def test_force_without_a_stated_threshold_is_left_out_and_said(tmp_path: Path) -> None:
    assert rests_on_force("force") and not rests_on_force("arrest")
    silent = agency(tmp_path, "S", -0.5, 0.01, agency__force_reporting_threshold=None)
    found = pool(
        checked([agency(tmp_path, "A", 0.0, 0.01), agency(tmp_path, "B", 0.0, 0.02), silent])
    )
    (one,) = found.outcomes
    assert one.k == 2
    assert one.left_out == (
        ("S Police", "the agency's threshold of reportable force is not stated"),
    )
    assert "S Police" in str(words.left_out(one))


def test_settings_are_pooled_apart_and_compared_by_welch() -> None:
    rng = np.random.default_rng(4)
    groups = [rng.normal(mean, 1, size=n) for mean, n in ((0.0, 5), (1.0, 7), (0.4, 6))]
    settings = []
    for name, group in zip(("urban", "suburban", "rural"), groups, strict=True):
        found = together([Contrast(float(x), 1e-6, 40.0) for x in group])
        settings.append(Setting(name, len(group), found))
    test = differ(settings)
    expected = stats.f_oneway(*groups, equal_var=False)
    assert isinstance(test, Test)
    assert test.statistic == pytest.approx(expected.statistic, rel=1e-4)
    assert test.p_value == pytest.approx(expected.pvalue, rel=1e-4)
    assert isinstance(differ(settings[:1]), NotEstimable)


def test_rounding_never_moves_the_pool_by_more_than_it_says(tmp_path: Path) -> None:
    rng = random.Random(2)
    for trial in range(12):
        k, tau = rng.choice([2, 3, 8]), rng.choice([0.0, 0.002, 0.01])
        exact, given = [], []
        for i in range(k):
            own = Contrast(rng.gauss(-0.01, tau), 10 ** rng.uniform(-3, -2), 40.0)
            exact.append(own)
            content = body(f"T{trial}A{i}", 0.0, 1.0)
            content["outcomes"][0]["estimate"][DIFFERENCE] = partials._given(own, partials.COARSE)
            given.append(parse(signed(tmp_path, content, key=f"A{i}"), f"{i}.json"))
        measure = pool(checked(given)).outcomes[0].difference
        truth = together(exact)
        assert isinstance(truth, Pooled) and isinstance(measure.pooled, Pooled)
        assert measure.off is not None
        for name in Estimate._fields:
            apart = abs(getattr(truth.estimate, name) - getattr(measure.pooled.estimate, name))
            assert apart <= getattr(measure.off, name) + 1e-15
        assert max(measure.off) < 0.1 * truth.se * max(truth.df, 13)


def test_agencies_that_give_nothing_bound_the_pool(tmp_path: Path) -> None:
    silent = body("S", 0.0, 1.0)
    silent["outcomes"][0] |= {
        "standing": "withheld",
        "estimate": None,
        "reason": "too few to publish",
    }
    files = [agency(tmp_path, *one) for one in MANY]
    measure = (
        pool(checked([*files, parse(signed(tmp_path, silent), "S.json")])).outcomes[0].difference
    )
    assert isinstance(measure.reach, Interval) and isinstance(measure.pooled, Pooled)
    assert measure.reach.low < measure.pooled.estimate.estimate < measure.reach.high
    assert "at one end of the prediction" in words.bound(measure)
    assert pool(checked(files)).outcomes[0].difference.reach is None


@pytest.fixture(scope="module")
def agencies(tmp_path_factory: pytest.TempPathFactory) -> list[Snapshot]:
    return [staffed(tmp_path_factory.mktemp(f"pool{n}"), n) for n in (900, 1_100)]


@pytest.mark.parametrize("adjusted", [False, True])
def test_pooled_from_partials_is_pooled_from_rows(adjusted: bool, agencies: list[Snapshot]) -> None:
    same_as_rows(adjusted, agencies, ["force"])


@pytest.mark.slow
@pytest.mark.parametrize("adjusted", [False, True])
def test_so_it_is_of_simulated_agencies(adjusted: bool, tmp_path: Path) -> None:
    made = [Store(simulated_store(tmp_path / f"{n}", n)).current() for n in (3_000, 4_000)]
    same_as_rows(adjusted, made, ["arrest", "voluntary_care"])


def same_as_rows(adjusted: bool, agencies: list[Snapshot], outcomes: list[str]) -> None:
    """Hold a pool of partials to the same estimates taken from rows."""
    question = ask(outcomes, adjust=None if adjusted else [])
    files = [parse(partials.text(partials.partial(question, s)).encode(), s.id) for s in agencies]
    found = pool(checked(files))
    compared = [evaluate(question, snapshot=s) for s in agencies]
    for place, outcome in enumerate(found.outcomes):
        rows = []
        for one in compared:
            c = one[place].adjusted
            assert isinstance(c.risk_ratio, Estimate) and c.df is not None
            low, middle = np.log([c.risk_ratio.low, c.risk_ratio.estimate])
            rows.append(
                Contrast(float(middle), float((middle - low) / stats.t.ppf(0.975, c.df)), c.df)
            )
        truth, measure = together(rows), outcome.measures[LOG_RATIO]
        assert isinstance(truth, Pooled) and isinstance(measure.pooled, Pooled)
        assert outcome.k == len(agencies)
        precise = {f.outcomes[outcome.outcome].precision for f in files}
        assert precise == ({"rounded"} if adjusted else {"exact"})
        assert measure.off is not None
        off = max(measure.off)
        assert off < (1e-3 if adjusted else 1e-8)
        assert measure.pooled.estimate == pytest.approx(truth.estimate, abs=off + 1e-9)


def run(*argv: str) -> None:
    args = parser().parse_args(list(argv))
    args.action(args)


def test_the_commands_write_pool_and_keep(
    tmp_path: Path, agencies: list[Snapshot], capsys: pytest.CaptureFixture[str]
) -> None:
    files = []
    for number, snapshot in enumerate(agencies):
        file, root = tmp_path / f"{number}.json", str(snapshot.path.parent.parent)
        run(
            "partials",
            "--out",
            str(file),
            "--store",
            root,
            "--setting",
            "urban",
            "--outcome",
            "force",
        )
        files.append(str(file))
    assert "no person, no officer" in capsys.readouterr().out
    store, table = tmp_path / "council", tmp_path / "t.csv"
    run("pool", *files, "--json", "--csv", str(table), "--keep", "--store", str(store))
    answer = json.loads(capsys.readouterr().out)
    assert [o["outcome"] for o in answer["outcomes"]] == ["force"]
    assert answer["outcomes"][0]["risk_ratio"]["pooled"]["method"] == "REML, Hartung-Knapp"
    assert {a["setting"] for a in answer["agencies"]} == {"urban"}
    assert table.read_text().startswith("outcome,measure,row,agency")
    assert [p.agency for p in kept(Store(store))] == ["T1100", "T900"]
    run("pool", "--store", str(store))
    told = capsys.readouterr().out
    assert "no ranking" in told and "Simulated" not in told


def test_an_empty_pool_and_a_changed_kept_file_are_one_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no partial to pool"):
        run("pool", "--store", str(tmp_path / "none"))
    file = tmp_path / "A.json"
    file.write_bytes(signed(tmp_path, body("A", 0.0, 0.01)))
    store = Store(tmp_path / "council")
    keep(store, [file])
    (found,) = (store.root / "partials").glob("*.json")
    found.write_text(found.read_text().replace("A Police", "Z Police"))
    with pytest.raises(UserError, match="the signature does not hold"):
        kept(store)


def test_a_hostile_name_cannot_begin_a_formula(tmp_path: Path) -> None:
    one = agency(tmp_path, "A", agency__name="=1+1 Police", agency__id="A")
    assert "'=1+1 Police" in pooling_report.to_csv(pool(checked([one])))
