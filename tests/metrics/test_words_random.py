"""No result, however odd, becomes words that say cause or show a number that is none."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from data.registry import COVARIATES, EXPOSURES, OUTCOMES
from metrics import result, wording
from metrics.estimate import Estimate, Estimated, NotEstimable, Test, Tested
from metrics.question import default_adjusters
from metrics.result import (
    Adjusted,
    Arm,
    Comparison,
    Contamination,
    Influential,
    Missing,
    Stratified,
    Unadjusted,
)
from tests.metrics.test_wording import CAUSAL

RESULTS = 1_000
NO_NUMBER = re.compile(r"\b(nan|NaN|None|inf)\b|-0(?![.\d])|-0\.0+\b")
WORDS_WITH_NONE = ("None of them counts as no", "None certified")
"""Words that begin with a capital None and are no broken number."""
IMPACT_WEAPONS = "electronic, impact, canine"
"""A kind of force in the agency's scale, not what something did."""
REASONS = (
    "fewer than 10 events in a group: too few to say",
    "only 61% of contacts have a like in the other group: adjusting would compare calls that one group"
    " never gets",
    "there is no second group to compare with",
    "The exposure always goes together with another covariate, so their effects cannot be told apart.",
    "Some group of contacts told apart by call_group[suicide] always had this outcome or never did, so "
    "a regression has no finite answer; compare the raw counts, or use fewer covariates.",
)


def maybe(rng: np.random.Generator, value: Estimated, share: float = 0.15) -> Estimated:
    return NotEstimable(str(rng.choice(REASONS))) if rng.random() < share else value


def share(rng: np.random.Generator) -> float:
    """A risk: often near 0 or 1, sometimes exactly."""
    kind = rng.integers(5)
    if kind == 0:
        return float(rng.choice([0.0, 1.0]))
    if kind == 1:
        return float(10.0 ** rng.uniform(-7, -2))
    if kind == 2:
        return float(1 - 10.0 ** rng.uniform(-7, -2))
    return float(rng.random())


def around(rng: np.random.Generator, value: float, low: float, high: float) -> Estimate:
    return Estimate(
        value, max(low, value - rng.exponential(0.01)), min(high, value + rng.exponential(0.01))
    )


def difference(rng: np.random.Generator) -> Estimate:
    value = share(rng) - share(rng)
    if rng.random() < 0.2:
        value = float(rng.choice([0.0, -0.0, 4e-7, -4e-7, -4e-5, 4.9e-5]))
    return around(rng, value, -1.0, 1.0)


def ratio(rng: np.random.Generator) -> Estimate:
    value = float(np.exp(rng.normal(0, 1)))
    high = math.inf if rng.random() < 0.1 else value * float(np.exp(rng.exponential(0.5)))
    if rng.random() < 0.1:
        return Estimate(0.0, 0.0, high)
    return Estimate(value, value * float(np.exp(-rng.exponential(0.5))), high)


def p(rng: np.random.Generator) -> float:
    return float(rng.choice([0.0, 1.0, rng.random(), 10.0 ** rng.uniform(-20, -1)]))


def arm(rng: np.random.Generator) -> Arm:
    n = int(rng.choice([0, 1, 7, int(rng.integers(1, 2_000_000))]))
    events = int(rng.integers(0, n + 1))
    if not n:
        return Arm(0, 0, NotEstimable("There are no contacts."))
    return Arm(n, events, around(rng, events / n, 0.0, 1.0))


def a_test(rng: np.random.Generator) -> Tested:
    if rng.random() < 0.2:
        return NotEstimable(str(rng.choice(REASONS)))
    return Test(1.0, p(rng), "chi-square test without continuity correction")


def adjusted(rng: np.random.Generator, refused: bool) -> Adjusted:
    ids = [c.id for c in COVARIATES]
    covariates = tuple(rng.permutation(list(default_adjusters()))[: rng.integers(0, 10)].tolist())
    unavailable = tuple(c for c in default_adjusters() if c not in covariates)
    base = Adjusted(
        covariates=covariates,
        aliased=("origin[not_recorded]",) if rng.random() < 0.3 else (),
        clusters=int(rng.integers(2, 3000)),
        se=None if refused else "CR2",
        df=None if refused else float(rng.uniform(4, 900)),
        overlap=share(rng),
        risk_difference=NotEstimable(str(rng.choice(REASONS))),
        risk_ratio=NotEstimable(str(rng.choice(REASONS))),
        odds_ratio=NotEstimable(str(rng.choice(REASONS))),
        p_value=None,
        p_holm=None,
        unavailable=unavailable,
        overlap_by=covariates,
    )
    if refused:
        permuted: Tested | None = None
        if rng.random() < 0.5:
            permuted = a_test(rng)
        return replace(base, permutation=permuted, too_few=bool(rng.random() < 0.5))
    own = p(rng)
    return replace(
        base,
        risk_difference=difference(rng),
        risk_ratio=maybe(rng, ratio(rng)),
        odds_ratio=ratio(rng),
        risk_cit=around(rng, share(rng), 0.0, 1.0),
        risk_other=around(rng, share(rng), 0.0, 1.0),
        p_value=own,
        p_holm=min(1.0, own * 4) if rng.random() < 0.6 else None,
        pooled=((str(rng.choice(ids)), ("not_recorded", "other")),) if rng.random() < 0.3 else (),
        warnings=("one officer handled 31% of a group's contacts",) if rng.random() < 0.3 else (),
        influential=Influential(
            share(rng),
            share(rng),
            share(rng),
            float(rng.choice([0.0, -1e-9, rng.normal(0, 0.01)])),
            maybe(rng, difference(rng)),
        )
        if rng.random() < 0.7
        else None,
    )


def draw(
    rng: np.random.Generator, verdict: str, certainty: str, exposure: str, outcome: str
) -> Comparison:
    refused = verdict not in (result.LOWER, result.HIGHER, result.NONE_DETECTED)
    cit, other = arm(rng), arm(rng)
    lacks = None
    if verdict == result.NOT_RECORDED:
        lacks = str(rng.choice(["outcome", "exposure"]))
    if verdict == result.NO_COMPARISON:
        none = Arm(0, 0, NotEstimable("There are no contacts."))
        cit, other = (cit, none) if rng.random() < 0.5 else (none, other)
    found = adjusted(rng, refused)
    comparison = Comparison(
        outcome=outcome,
        exposure=exposure,
        cit=cit,
        other=other,
        not_recorded=Missing(*(int(x) for x in rng.integers(0, 3, 3) * 1234)),
        contamination=Contamination(int(rng.integers(0, other.n + 1)), other.n),
        unadjusted=Unadjusted(
            maybe(rng, difference(rng)), maybe(rng, ratio(rng)), maybe(rng, ratio(rng)), a_test(rng)
        ),
        stratified=Stratified(
            ("call_group", "weapon") if rng.random() < 0.7 else (),
            maybe(rng, difference(rng)),
            maybe(rng, ratio(rng)),
            maybe(rng, ratio(rng)),
            a_test(rng),
            3,
            1,
        ),
        adjusted=found,
        e_value=maybe(rng, Estimate(1.8, 1.4, 1.8)),
        detectable=maybe(rng, Estimate(*[float(10.0 ** rng.uniform(-6, 0))] * 3)),
        verdict=verdict,
        certainty=certainty,
        sentence="",
        filtered=bool(rng.random() < 0.2),
        lacks=lacks,
        family=4 if found.p_holm is not None else 0,
        withheld="too few to publish without identifying someone" if rng.random() < 0.02 else None,
    )
    return replace(comparison, sentence=wording.sentence(comparison))


def comparisons(n: int = RESULTS) -> Iterator[Comparison]:
    """Every verdict, certainty and exposure with every outcome, as far as ``n`` reaches."""
    rng = np.random.default_rng(20260101)
    every = list(
        product(
            result.VERDICTS,
            result.CERTAINTIES,
            [e.id for e in EXPOSURES],
            [o.id for o in OUTCOMES],
        )
    )
    order = rng.permutation(len(every))
    for i in range(n):
        yield draw(rng, *every[order[i % len(every)]])


def words(c: Comparison) -> Iterator[tuple[str, str]]:
    """Every text that a comparison alone can become."""
    for name in (
        "sentence",
        "verdict",
        "standing",
        "allowance",
        "contamination",
        "missing",
        "how",
        "groups",
        "rates_alt",
        "forest_alt",
    ):
        yield name, getattr(wording, name)(c)
    for name in ("brief", "pooled"):
        if hasattr(wording, name):
            yield name, getattr(wording, name)(c)
    for line in wording.beside(c):
        yield "beside", line
    yield "how_sure", wording.how_sure((c,))
    yield "homogeneity", wording.homogeneity("Call group and weapon", c.stratified)
    for name, value in (
        ("difference", c.adjusted.risk_difference),
        ("difference", c.unadjusted.risk_difference),
    ):
        yield name, wording.difference(value, 1)
    yield "ratio", wording.ratio(c.unadjusted.odds_ratio)


def faults(text: str) -> list[str]:
    plain = text
    for phrase in WORDS_WITH_NONE:
        plain = plain.replace(phrase, "")
    # The name of a column the words point to, injuries.cause, claims nothing.
    said = re.sub(r"\binjuries\.cause\b", "", text)
    return [m.group() for m in CAUSAL.finditer(said)] + [
        m.group() for m in NO_NUMBER.finditer(plain)
    ]


def test_a_thousand_random_results_say_no_cause_and_no_broken_number() -> None:
    bad = []
    seen: dict[str, set[str]] = {"verdict": set(), "certainty": set(), "exposure": set()}
    for c in comparisons():
        for part in seen:
            seen[part].add(getattr(c, part))
        for name, text in words(c):
            if not text.strip():
                bad.append((name, c.verdict, "empty"))
            bad += [(name, c.verdict, f"{fault!r} in {text}") for fault in faults(text)]
    assert not bad, "\n".join(str(b) for b in bad[:20])
    assert seen["verdict"] == set(result.VERDICTS)
    assert seen["certainty"] == set(result.CERTAINTIES)
    assert seen["exposure"] == {e.id for e in EXPOSURES}


def test_the_check_itself_can_fail() -> None:
    for text in ("CIT reduces force", "nan of 1,000", "a None", "inf", "-0 fewer", "-0.0 more"):
        assert faults(text), text
    for text in ("None of them counts as no.", "information", "0 of 1,000", "-0.4", "-0.05"):
        assert not faults(text), text


@pytest.mark.parametrize("verdict", result.VERDICTS)
def test_every_verdict_has_words(verdict: str) -> None:
    assert wording.VERDICT_WORDS[verdict]


@pytest.mark.parametrize("certainty", result.CERTAINTIES)
def test_every_certainty_has_words(certainty: str) -> None:
    assert wording.CERTAINTY_WORDS[certainty]


def test_there_are_no_words_for_anything_else() -> None:
    assert set(wording.VERDICT_WORDS) == set(result.VERDICTS)
    assert set(wording.CERTAINTY_WORDS) == set(result.CERTAINTIES)


def test_no_template_says_cause() -> None:
    """Every text of the wording modules that could be shown: all but their docstrings."""
    import ast

    root = Path(wording.__file__)
    paths = sorted(root.parent.glob("*.py")) if root.name == "__init__.py" else [root]
    assert paths
    for path in paths:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        silent = {
            id(node.body[0].value)
            for node in ast.walk(tree)
            if isinstance(node, ast.Module | ast.FunctionDef | ast.ClassDef)
            and node.body
            and isinstance(node.body[0], ast.Expr)
        }
        for node in ast.walk(tree):
            if id(node) in silent:
                continue
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                said = node.value.replace(IMPACT_WEAPONS, "")
                assert not CAUSAL.search(said), f"{path.name}: {node.value}"


@pytest.mark.parametrize("cit_lower", [True, False])
def test_the_direction_is_that_of_the_estimate(cit_lower: bool) -> None:
    rng = np.random.default_rng(1)
    c = draw(rng, result.LOWER if cit_lower else result.HIGHER, result.CLEAR, "primary", "force")
    value = -0.02 if cit_lower else 0.02
    c = replace(
        c,
        withheld=None,
        adjusted=replace(
            c.adjusted,
            risk_difference=Estimate(value, value - 0.01, value + 0.01),
            risk_cit=Estimate(0.05 + value, 0.02, 0.09),
            risk_other=Estimate(0.05, 0.04, 0.06),
        ),
    )
    assert f"20 {'fewer' if cit_lower else 'more'}" in wording.sentence(c)
    assert wording.verdict(c) == ("lower" if cit_lower else "higher") + " with CIT"
