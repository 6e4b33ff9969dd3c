"""The exact conditional likelihood of each officer's contacts, given how many had the outcome.

With m events in an officer's n contacts of odds w_i = exp(x_i b), the denominator e_m(w) is the sum
over all choices of m contacts. Written as the distribution of a sum T of independent events with odds
w_i r, e_m = P(T = m) r^-m prod(1 + w_i r) for any r (Chen, Dempster & Liu 1994, Biometrika 81:457).
Here r puts the mean of T at m, and P(T = m) is the finite Fourier sum of its characteristic function.
N frequencies give P(T = m) + P(T = m +- N) + ...: exact for N > max(m, n - m), and to below
rounding for the N at which Bernstein's inequality holds the other terms under exp(-ALIAS). Every
summand is at most 1 and the total near the mode of T, so no digits are lost, and the work is
cells x N with N of the order of sqrt(events). Derivatives follow from the same sums.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import sparse
from scipy.special import expit

from metrics._products import cross, times, weighted_sum
from metrics._within import BATCH, Batch, Blocks, batches, run

ALIAS = 42.0
"""The sum T is as far as N from its mean with a chance below 2 exp(-42), 1e-18."""


class Likelihood(NamedTuple):
    """Log likelihood (J), score (J x p) and information (J x p x p) of every officer."""

    value: np.ndarray
    score: np.ndarray
    information: np.ndarray


class Model:
    """The conditional likelihood over M cells in officer order.

    ``matrix`` (P x p) has the columns of ``pattern`` (M); ``mean`` (J x p) is near each officer's
    mean of them: about it the sums that make the variances lose no digits.
    """

    def __init__(
        self,
        matrix: np.ndarray,
        mean: np.ndarray,
        pattern: np.ndarray,
        y: np.ndarray,
        n: np.ndarray,
        found: Blocks,
    ) -> None:
        self.pattern, self.y, self.n, self.blocks = pattern, y, n, found
        overall = mean.mean(axis=0)
        self.matrix, self.mean = matrix - overall, mean - overall
        self.m, self.total = found.sum(y), found.sum(n)
        self.shift = np.log(self.m / (self.total - self.m))
        self.parts = batches(found, _frequencies(self.m, self.total))

    def tilt(self, eta: np.ndarray) -> np.ndarray:
        """Return the shift (J) at which each officer's expected events are those seen."""
        start = self.blocks.start
        usual = np.log(self.m / (self.total - self.m))
        low = usual - np.maximum.reduceat(eta, start)
        high = usual - np.minimum.reduceat(eta, start)
        shift = np.clip(self.shift, low, high)
        for _ in range(100):
            p = expit(eta + shift[self.blocks.officer])
            gap = self.blocks.sum(self.n * p) - self.m
            slope = self.blocks.sum(self.n * p * (1 - p))
            # Any shift gives the same likelihood; the bound on N wants it close.
            if np.all(np.abs(gap) <= 1e-6 * np.sqrt(self.m)):
                break
            low, high = np.where(gap < 0, shift, low), np.where(gap > 0, shift, high)
            step = shift - np.divide(gap, slope, out=np.full_like(gap, np.inf), where=slope > 0)
            shift = np.where((step > low) & (step < high), step, (low + high) / 2)
        self.shift = shift
        return shift

    def profile(self, beta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return score and information with each officer's intercept fitted, not conditioned on."""
        eta = times(self.matrix, beta)[self.pattern]
        eta += self.tilt(eta)[self.blocks.officer]
        p = expit(eta)
        v = self.n * p * expit(-eta)
        edges = np.append(self.blocks.start, len(self.pattern))
        shape = (len(self.m), len(self.matrix))
        mean = sparse.csr_array((v, self.pattern, edges), shape=shape) @ self.matrix
        whole = np.maximum(self.blocks.sum(v), np.finfo(float).tiny)
        rest = np.bincount(self.pattern, self.y - self.n * p, minlength=len(self.matrix))
        weight = np.bincount(self.pattern, v, minlength=len(self.matrix))
        return (
            weighted_sum(rest, self.matrix),
            cross(self.matrix, weight) - (mean / whole[:, None]).T @ mean,
        )

    def exact(self, beta: np.ndarray) -> Likelihood:
        """Return the exact conditional likelihood and its derivatives."""
        eta = times(self.matrix, beta)[self.pattern]
        shift = self.tilt(eta)
        eta += shift[self.blocks.officer]
        p, q = expit(eta), expit(-eta)
        size, columns = len(shift), len(beta)
        chance = np.empty(size)
        score, information = np.empty((size, columns)), np.empty((size, columns, columns))

        def part(batch: Batch) -> None:
            here = batch.cells
            n, y = self.n[here] * batch.real, self.y[here] * batch.real
            x = self.matrix[self.pattern[here]] - self.mean[batch.officers, None]
            found, mean, second = _fourier(
                p[here], q[here], n, x, self.m[batch.officers], batch.width
            )
            chance[batch.officers] = found
            expected = mean[:, None, :] @ x
            observed = y[:, None, :] @ x
            score[batch.officers] = (observed - expected)[:, 0]
            information[batch.officers] = second - np.swapaxes(expected, 1, 2) @ expected

        run(part, self.parts)
        # y'eta - log e_m, with the tilt's share of both taken out: -log(1 + e^eta) = log q.
        with np.errstate(divide="ignore", invalid="ignore"):
            terms = self.y * eta + self.n * np.where(eta > 0, np.log(p) - eta, np.log(q))
            value = self.blocks.sum(terms) - np.log(chance)
        return Likelihood(value, score, information)


def _frequencies(m: np.ndarray, total: np.ndarray) -> np.ndarray:
    """Return each officer's N, odd: at pi a cell of chance 1/2 would vanish from the products.

    Bernstein: P(|T - m| >= N) <= 2 exp(-N^2 / (2 (s^2 + N / 3))), with s^2 <= m (n - m) / n.
    """
    spread = m * (total - m) / total
    enough = ALIAS / 3 + np.sqrt((ALIAS / 3) ** 2 + 2 * ALIAS * spread)
    # Few distinct numbers make full batches.
    grid = np.ceil(4 * np.log2(enough)) / 4
    found = np.minimum(np.ceil(2**grid), np.maximum(m, total - m) + 1)
    return (found + 1 - found % 2).astype(np.int64)


def _fourier(
    p: np.ndarray, q: np.ndarray, n: np.ndarray, x: np.ndarray, m: np.ndarray, frequencies: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return P(T = m) (B), E[Y | T = m] (B x C) and E[S S' | T = m] (B x p x p), S = sum x Y.

    The frequencies come in conjugate pairs: half of them, counted twice, are enough. A cell's
    characteristic function is z = q + p e^it for each of its n contacts, in polar form here.
    """
    officers, size = p.shape
    chance, mean, own = np.zeros(officers), np.zeros((officers, size)), np.zeros((officers, size))
    second = np.zeros((officers, x.shape[2], x.shape[2]))
    step = max(1, BATCH // (officers * size))
    p, q = p[:, :, None], q[:, :, None]
    weighted = n[:, :, None] * x
    for first in range(0, frequencies // 2 + 1, step):
        k = np.arange(first, min(first + step, frequencies // 2 + 1))
        angle = 2 * np.pi * k / frequencies
        cosine, sine = np.cos(angle), np.sin(angle)
        real, imaginary = q + p * cosine, p * sine
        square = real**2 + imaginary**2
        modulus = (n[:, None, :] @ np.log(square))[:, 0] / 2
        phase = (n[:, None, :] @ np.arctan2(imaginary, real))[:, 0] - m[:, None] * angle
        weight = np.where(k == 0, 1.0, 2.0) / frequencies * np.exp(modulus)
        wr, wi = weight * np.cos(phase), weight * np.sin(phase)
        chance += wr.sum(axis=1)
        # r = p e^it / z is the "chance" of a contact at this frequency, r - r^2 its "variance".
        rr, ri = p * (p + q * cosine) / square, p * q * sine / square
        mean += (rr @ wr[:, :, None] - ri @ wi[:, :, None])[:, :, 0]
        vr, vi = rr - rr**2 + ri**2, ri - 2 * rr * ri
        own += (vr @ wr[:, :, None] - vi @ wi[:, :, None])[:, :, 0]
        gr, gi = np.swapaxes(rr, 1, 2) @ weighted, np.swapaxes(ri, 1, 2) @ weighted
        left = gr * wr[:, :, None] - gi * wi[:, :, None]
        right = gi * wr[:, :, None] + gr * wi[:, :, None]
        second += np.swapaxes(left, 1, 2) @ gr - np.swapaxes(right, 1, 2) @ gi
    second += np.swapaxes(weighted * own[:, :, None], 1, 2) @ x
    scale = chance[:, None]
    return chance, n * mean / scale, second / scale[:, :, None]
