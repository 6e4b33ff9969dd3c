"""The words of a result: arithmetic a reader can check, and no cause anywhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.registry import EXPOSURES, OUTCOMES
from metrics import methods_text, wording

CAUSAL = re.compile(
    r"\b(reduc|prevent|caus(e|es|ed|ing)\b|because of|due to|leads? to|led to|results? in|impact|"
    r"effective|improv|lowers?\b(?! with)|decreas|increas|saved?\b)",
    re.IGNORECASE,
)


@given(st.floats(0, 0.5), st.floats(0, 0.5))
def test_the_readers_own_subtraction_holds(a: float, b: float) -> None:
    decimals = wording.rate_decimals(a, b)
    shown = [float(wording.rate(x, decimals).split()[0].replace(",", "")) for x in (a, b)]
    words = wording.signed(a - b, decimals)
    if words.startswith(("no", "less")):
        return
    value = float(words.split()[0].replace(",", "")) * (-1 if "fewer" in words else 1)
    assert abs((shown[0] - shown[1]) - value) <= (0.11 if decimals else 1e-9)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0.0, "0%"),
        (0.004, "under 1%"),
        (0.5, "50%"),
        (0.995, "over 99%"),
        (1.0, "100%"),
        (None, "not known"),
    ],
)
def test_percent_never_rounds_to_none_or_all(value: float | None, words: str) -> None:
    assert wording.percent(value) == words


def test_no_text_of_the_registries_says_cause() -> None:
    texts = [o.definition + o.happened + o.note for o in OUTCOMES]
    texts += [e.definition + e.cit_arm + e.other_arm + e.note for e in EXPOSURES]
    texts += [s.body for s in methods_text.SECTIONS] + [wording.CAUTION, wording.CRUDE_NOTE]
    for text in texts:
        assert not CAUSAL.search(text), text


def test_the_other_arm_is_never_called_non_cit() -> None:
    root = Path(__file__).parent.parent.parent
    for exposure in EXPOSURES:
        assert "non-cit" not in f"{exposure.other_arm} {exposure.other_short}".lower()
    for path in [*root.glob("metrics/*.py"), *root.glob("pages/**/*.py")]:
        for line in path.read_text().splitlines():
            if "non-CIT" in line:
                assert "never called non-CIT" in line, f"{path.name}: {line}"


@given(st.floats(-0.4, 0.4), st.floats(0, 0.2), st.floats(0, 0.2))
def test_differences_have_words_for_every_size(estimate: float, below: float, above: float) -> None:
    from metrics.estimate import Estimate

    words = wording.difference(Estimate(estimate, estimate - below, estimate + above))
    assert "95% CI" in words
    assert "-0" not in words
    assert "nan" not in words
