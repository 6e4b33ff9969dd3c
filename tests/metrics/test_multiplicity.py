"""Adjusted p values against R's p.adjust."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics.multiplicity import benjamini_hochberg, holm

p_values = st.lists(st.floats(0, 1), max_size=12)


def test_r_p_adjust(golden):
    case = golden["p_adjust"]
    assert holm(case["inputs"]["p"]) == pytest.approx(case["outputs"]["holm"], rel=1e-11)
    assert benjamini_hochberg(case["inputs"]["p"]) == pytest.approx(
        case["outputs"]["BH"], rel=1e-11
    )


@pytest.mark.parametrize("adjust", [holm, benjamini_hochberg])
def test_edges(adjust):
    assert adjust([]) == []
    assert adjust([0.03]) == [0.03]
    for bad in ([None], [float("nan")], [1.2], [-0.1]):
        with pytest.raises(ValueError, match="between 0 and 1"):
            adjust(bad)


@given(p_values)
def test_adjusting_only_raises_and_keeps_the_order(p):
    first, second = holm(p), benjamini_hochberg(p)
    for raw, strict, loose in zip(p, first, second, strict=True):
        assert raw <= loose <= strict + 1e-12
        assert strict <= 1
    for adjusted in (first, second):
        pairs = sorted(zip(p, adjusted, strict=True))
        assert [b for _, b in pairs] == sorted(adjusted)
