"""The likelihood of a logistic regression with a normal intercept for each officer.

Each officer's intercept is integrated out by adaptive Gauss-Hermite quadrature (Liu & Pierce 1994,
Biometrika 81:624; Pinheiro & Bates 1995, J Comput Graph Stat 4:12): nodes are centred at the
intercept's conditional mode and scaled by the curvature there. The derivatives are expectations
over the intercept given the officer's outcomes (Louis 1982, JRSS B 44:226), by the same nodes.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import expit

from metrics._products import cross, times
from metrics._within import Batch, Blocks, batches, run


class Likelihood(NamedTuple):
    """Log likelihood, score (p + 1) and information (p + 1 x p + 1) of (beta, log sigma)."""

    value: float
    score: np.ndarray
    information: np.ndarray


class Model:
    """M cells in officer order: ``matrix`` (P x p) has the columns of ``pattern`` (M)."""

    def __init__(
        self,
        matrix: np.ndarray,
        pattern: np.ndarray,
        y: np.ndarray,
        n: np.ndarray,
        found: Blocks,
    ) -> None:
        self.matrix, self.pattern, self.y, self.n, self.blocks = matrix, pattern, y, n, found
        self.mode = np.zeros(len(found.size))

    def _centre(self, eta: np.ndarray, sigma: float) -> np.ndarray:
        """Move each officer's standardised intercept to its mode; return its scale (J)."""
        officer, u = self.blocks.officer, self.mode
        # -(u - S(y - n mu)) has one root, no further out than the whole score allows.
        reach = sigma * self.blocks.sum(np.maximum(self.y, self.n - self.y)) + 1
        low, high = -reach, reach
        for _ in range(60):
            mu = expit(eta + sigma * u[officer])
            gap = u - sigma * self.blocks.sum(self.y - self.n * mu)
            slope = 1 + sigma**2 * self.blocks.sum(self.n * mu * (1 - mu))
            # The nodes need only be near the mode, in units of the curvature.
            if np.all(gap**2 <= 1e-6 * slope):
                break
            low, high = np.where(gap < 0, u, low), np.where(gap > 0, u, high)
            step = u - gap / slope
            u = np.where((step > low) & (step < high), step, (low + high) / 2)
        self.mode = u
        return slope**-0.5

    def at(self, beta: np.ndarray, log_sigma: float, points: int) -> Likelihood:
        """Evaluate with ``points`` nodes an officer."""
        sigma = float(np.exp(log_sigma))
        size, p = len(self.blocks.size), len(beta)
        eta = times(self.matrix, beta)[self.pattern]
        scale = self._centre(eta, sigma)
        nodes, weights = np.polynomial.hermite.hermgauss(points)
        log_weights = np.log(weights) + nodes**2 - np.log(np.pi) / 2
        value = np.empty(size)
        score = np.empty((size, p + 1))
        cell_weight = np.empty(len(eta))  # E[n v] of each cell
        cross_weight = np.empty(len(eta))  # E[u n v]
        spread = np.zeros((size, p + 1, p + 1))  # the variance of the score, less E[information]

        def part(batch: Batch) -> None:
            here, who = batch.cells, batch.officers
            n, y = self.n[here] * batch.real, self.y[here] * batch.real
            u = self.mode[who, None] + np.sqrt(2) * scale[who, None] * nodes
            line = eta[here][:, :, None] + sigma * u[:, None, :]
            small = np.exp(-np.abs(line))
            # log(1 + e^line): absolute rounding is what counts in a sum.
            soft = np.log(1 + small) + np.maximum(line, 0)
            mu = np.where(line > 0, 1.0, small) / (1 + small)
            logs = (y[:, None, :] @ line - n[:, None, :] @ soft)[:, 0] - u**2 / 2 + log_weights
            top = logs.max(axis=1, keepdims=True)
            posterior = np.exp(logs - top)
            whole = posterior.sum(axis=1, keepdims=True)
            value[who] = np.log(scale[who]) + top[:, 0] + np.log(whole[:, 0])
            posterior /= whole
            expected = mu @ posterior[:, :, None]
            x = self.matrix[self.pattern[here]]
            rest = y - n * expected[:, :, 0]
            total = (y.sum(axis=1)[:, None] - (n[:, None, :] @ mu)[:, 0]) * u * sigma
            mean = np.sum(posterior * total, axis=1)
            score[who, :p] = (rest[:, None, :] @ x)[:, 0]
            score[who, p] = mean
            # The officer's score at each node, about its mean.
            away = np.empty((len(who), points, p + 1))
            away[:, :, :p] = np.swapaxes(n[:, :, None] * (expected - mu), 1, 2) @ x
            away[:, :, p] = total - mean[:, None]
            spread[who] = np.swapaxes(away * posterior[:, :, None], 1, 2) @ away
            v = mu * (1 - mu)
            one = n * (v @ posterior[:, :, None])[:, :, 0]
            two = n * (v @ (posterior * u)[:, :, None])[:, :, 0]
            cell_weight[here[batch.real]] = one[batch.real]
            cross_weight[here[batch.real]] = two[batch.real]
            # d2/d(log sigma)2 of y'eta - n log(1 + e^eta): sigma u r - (sigma u)^2 n v.
            information = (n[:, None, :] @ v)[:, 0] * (sigma * u) ** 2
            spread[who, p, p] += mean - np.sum(posterior * information, axis=1)

        run(part, batches(self.blocks, points))
        information = -spread.sum(axis=0)
        # By pattern: the sums over officers need only each pattern's total weight.
        patterns = len(self.matrix)
        weight = np.bincount(self.pattern, cell_weight, minlength=patterns)
        information[:p, :p] += cross(self.matrix, weight)
        mixed = sigma * np.bincount(self.pattern, cross_weight, minlength=patterns) @ self.matrix
        information[:p, p] += mixed
        information[p, :p] += mixed
        return Likelihood(float(value.sum()), score.sum(axis=0), information)
