"""The derivatives and clustered errors behind the proportional odds model."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics import cumulative
from metrics.estimate import NotEstimable


def example(seed: int, levels: int = 4) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return rows (P x T x q), counts (P x K) and parameters with thresholds in order."""
    draw = np.random.default_rng(seed)
    x = draw.normal(size=(5, 2))
    theta = np.concatenate([np.sort(draw.normal(size=levels - 1)), draw.normal(size=2)])
    counts = draw.integers(0, 9, (5, levels)).astype(float)
    return cumulative.thresholds(x, levels - 1), counts, theta


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 6))
def test_derivatives_are_those_of_the_likelihood(seed, levels):
    rows, counts, theta = example(seed, levels)
    theta[: levels - 1] += 0.2 * np.arange(levels - 1)
    step = 1e-5 * np.eye(len(theta))
    here = cumulative.curve(rows @ theta, counts)
    share = cumulative.probabilities(rows @ theta)
    assert share.sum(axis=1) == pytest.approx(np.ones(5))
    assert here.value == pytest.approx(np.sum(counts * np.log(share)))

    def score(at: np.ndarray) -> np.ndarray:
        return np.einsum("pt,ptq->q", cumulative.curve(rows @ at, counts).score, rows)

    values = [
        (
            cumulative.curve(rows @ (theta + e), counts).value,
            cumulative.curve(rows @ (theta - e), counts).value,
        )
        for e in step
    ]
    slope = [(up - down) / 2e-5 for up, down in values]
    assert score(theta) == pytest.approx(np.array(slope), rel=1e-4, abs=1e-4)
    second = np.array([(score(theta + e) - score(theta - e)) / 2e-5 for e in step])
    found = cumulative.information(rows, here.own, here.gap)
    assert found == pytest.approx(-second, rel=1e-4, abs=1e-3)
    assert np.linalg.eigvalsh(found).min() > -1e-9


def test_thresholds_out_of_order_have_no_likelihood():
    assert cumulative.curve(np.array([[1.0, 0.0]]), np.array([[1.0, 1.0, 1.0]])) is None
    # Where no contact lies between them, their order does not matter.
    assert cumulative.curve(np.array([[1.0, 0.0]]), np.array([[1.0, 0.0, 1.0]])) is not None


def test_the_relaxed_model_has_an_effect_at_every_threshold():
    rows, _, theta = example(3)
    wider = cumulative.relaxed(rows, np.array([True, False]))
    assert wider.shape == (5, 3, 7)
    assert wider @ np.append(theta, [0, 0]) == pytest.approx(rows @ theta)
    moved = wider @ np.append(theta, [0, 1]) - rows @ theta
    assert moved[:, :2] == pytest.approx(np.zeros((5, 2)), abs=1e-12)
    assert moved[:, 2] == pytest.approx(rows[:, 0, 3])


def test_scores_of_clusters_sum_to_nothing_at_the_estimate():
    rows, counts, _ = example(4)
    solution = cumulative.maximise(rows, counts)
    pattern, cluster = np.repeat(np.arange(5), 2), np.tile([0, 1], 5)
    first = np.floor(counts / 2)
    cells = np.stack([first, counts - first], axis=1).reshape(10, 4)
    scores = cumulative.cluster_scores(rows, rows @ solution.theta, cells, pattern, cluster)
    assert scores.sum(axis=0) == pytest.approx(np.zeros(5), abs=1e-9)
    errors = cumulative.clustered("CR0", rows, cells, pattern, cluster, solution)
    bread = solution.root @ solution.root.T
    assert errors.covariance == pytest.approx(bread @ scores.T @ scores @ bread, abs=1e-12)
    assert errors.values.sum() == pytest.approx(5)


def test_an_effect_of_one_cluster_alone_has_no_error():
    draw = np.random.default_rng(1)
    x = np.array([[0.0], [1.0]])
    rows = cumulative.thresholds(x, 2)
    cells = draw.integers(2, 9, (7, 3)).astype(float)
    pattern, cluster = np.array([0] * 6 + [1]), np.arange(7)  # one officer is the whole arm
    totals = np.array([cells[:6].sum(axis=0), cells[6]])
    solution = cumulative.maximise(rows, totals)
    errors = cumulative.clustered("CR2", rows, cells, pattern, cluster, solution)
    assert isinstance(errors.contrast(np.array([0.0, 0.0, 1.0])), NotEstimable)


def test_separation_is_found():
    rows = cumulative.thresholds(np.array([[0.0], [1.0]]), 2)
    found = cumulative.maximise(rows, np.array([[3.0, 4.0, 5.0], [0.0, 0.0, 6.0]]))
    assert isinstance(found, NotEstimable)
