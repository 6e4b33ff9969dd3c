"""Powers of I - K_j by each of the three ways, against eigenvectors."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from metrics import clusters


def _case(seed: int, count: int, patterns: int, p: int):
    """A logistic fit's shapes: most clusters small, one large, some of one cell."""
    rng = np.random.default_rng(seed)
    x = np.column_stack([np.ones(patterns), rng.normal(size=(patterns, p - 1))])
    held = rng.integers(0, 3, size=(count, patterns)) * (rng.random((count, patterns)) < 0.3)
    held[0] *= 100
    held[1] = 0
    held[1, rng.integers(patterns)] = 4
    held[:, 0] = np.maximum(held[:, 0], held.sum(axis=1) == 0)
    trials = sparse.csr_array(held.astype(float))
    happened = np.array([rng.integers(0, n + 1) for n in trials.data], dtype=float)
    mean = rng.uniform(0.1, 0.9, patterns)
    variance = mean * (1 - mean)
    information = (x * (held.sum(axis=0) * variance)[:, None]).T @ x
    root = np.linalg.inv(np.linalg.cholesky(information)).T
    return happened, trials, x, root, mean, variance


def _direct(case, exponent: float):
    """K_j, (I - K_j)^exponent and scores, one cluster at a time from eigenvectors."""
    happened, trials, x, root, mean, variance = case
    z = x @ root
    for j in range(trials.shape[0]):
        where = slice(trials.indptr[j], trials.indptr[j + 1])
        cell, n = trials.indices[where], trials.data[where]
        kernel = (z[cell] * (n * variance[cell])[:, None]).T @ z[cell]
        values, vectors = np.linalg.eigh(kernel)
        raised = np.where(values > 1 - 1e-9, 0.0, np.maximum(1 - values, 1e-9) ** exponent)
        power = (vectors * raised) @ vectors.T if exponent else np.eye(len(values))
        yield kernel, power, (happened[where] - n * mean[cell]) @ z[cell]


@pytest.mark.parametrize("exponent", [0.0, -0.5, -1.0])
@pytest.mark.parametrize(("count", "patterns"), [(6, 12), (90, 60)])
def test_every_way_is_that_of_eigenvectors(exponent: float, count: int, patterns: int) -> None:
    case = _case(3, count, patterns, 4)
    found = clusters.decompose(*case, exponent)
    kinds = {type(block) for block in found.blocks if len(block.members)}
    assert clusters.Single in kinds and clusters.Large in kinds
    assert count < 50 or kinds == {clusters.Single, clusters.Small, clusters.Large}
    t = np.random.default_rng(1).normal(size=(4, 2))
    span, weights = found.span(t), np.array([0.7, -1.2])
    d, b = span.moments(weights)
    shares, largest = found.shares(t[:, 0]), found.largest()
    for j, (kernel, power, score) in enumerate(_direct(case, exponent)):
        np.testing.assert_allclose(found.scores[j], score, atol=1e-12)
        np.testing.assert_allclose(found.adjusted[j], power @ score, rtol=1e-9, atol=1e-12)
        vector = power @ t @ weights
        np.testing.assert_allclose(b[j], kernel @ vector, rtol=1e-9, atol=1e-12)
        assert d[j] == pytest.approx(vector @ kernel @ vector, rel=1e-9, abs=1e-12)
        assert shares[j] == pytest.approx(t[:, 0] @ kernel @ t[:, 0] / (t[:, 0] @ t[:, 0]))
        assert largest[j] == pytest.approx(np.linalg.eigvalsh(kernel)[-1], abs=1e-12)
    assert shares.sum() == pytest.approx(1)
    for j, (_, power, score) in enumerate(_direct(case, -1.0)):
        np.testing.assert_allclose(found.step[j], power @ score, rtol=1e-9, atol=1e-12)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0.01, clusters.SMALL_SHARE), st.integers(1, 6))
def test_the_series_is_the_power(seed: int, norm: float, p: int) -> None:
    rng = np.random.default_rng(seed)
    half = rng.normal(size=(p, p))
    kernel = half @ half.T
    kernel *= norm / np.linalg.norm(kernel)
    x = rng.normal(size=(1, p, 1))
    values, vectors = np.linalg.eigh(kernel)
    for exponent, found in zip(
        (-0.5, -1.0), clusters._series(kernel[None], norm, x, (-0.5, -1.0)), strict=True
    ):
        exact = (vectors * (1 - values) ** exponent) @ vectors.T @ x[0]
        np.testing.assert_allclose(found[0], exact, rtol=1e-12, atol=1e-13)


def test_a_cluster_that_alone_decides_a_direction_is_found() -> None:
    # The second column is only ever 1 in cluster 0: its share of that direction is whole.
    x = np.array([[1.0, 0.0], [1.0, 1.0]])
    trials = sparse.csr_array(np.array([[4.0, 6.0], [9.0, 0.0], [5.0, 0.0]]))
    mean = np.array([0.4, 0.5])
    variance = mean * (1 - mean)
    information = (x * (np.asarray(trials.sum(axis=0)).ravel() * variance)[:, None]).T @ x
    root = np.linalg.inv(np.linalg.cholesky(information)).T
    found = clusters.decompose(
        np.array([1.0, 4.0, 3.0, 2.0]), trials, x, root, mean, variance, -0.5
    )
    who, where = found.null()
    assert who.tolist() == [0]
    # The others still tell the intercept, and nothing of the second coefficient.
    assert abs(where[0] @ root.T @ np.array([1.0, 0.0])) < 1e-12
    assert abs(where[0] @ root.T @ np.array([0.0, 1.0])) > 0.1


@pytest.mark.parametrize("seed", range(4))
def test_shares_in_single_precision_move_next_to_nothing(seed: int) -> None:
    case = _case(seed, 300, 80, 5)
    exact = clusters.decompose(*case, -0.5)
    rough = clusters.decompose(*case, -0.5, fine=0)
    assert {b.kernel.dtype for b in rough.blocks if isinstance(b, clusters.Small)} == {
        np.dtype(np.float32)
    }
    # The scores themselves stay double.
    np.testing.assert_array_equal(rough.scores, exact.scores)
    for name in ("adjusted", "step"):
        one, other = getattr(exact, name), getattr(rough, name)
        assert np.abs(one - other).max() < 2e-7 * np.abs(one).max()
        one, other = one.T @ one, other.T @ other
        assert np.abs(one - other).max() < 1e-7 * np.abs(one).max()
    t = np.eye(5)[:, :2]
    for one, other in zip(
        exact.span(t).moments(np.ones(2)), rough.span(t).moments(np.ones(2)), strict=True
    ):
        np.testing.assert_allclose(other, one, rtol=1e-5, atol=1e-7 * np.abs(one).max())
    # What decides alone is told apart in double precision.
    assert np.array_equal(exact.null()[0], rough.null()[0])
    np.testing.assert_allclose(rough.largest(), exact.largest(), atol=1e-6)
