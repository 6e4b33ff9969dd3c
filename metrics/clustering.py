"""How alike the contacts of one officer are, and what that costs a comparison in information."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from metrics.estimate import NotEstimable


class Clustering(NamedTuple):
    """The intraclass correlation of a yes/no outcome by officer, and the design effects it implies.

    ``icc`` is the ANOVA estimate; below 0 it says that contacts of one officer are no more alike than
    those of two. ``n0`` is the ANOVA's typical number of contacts an officer, ``mean_size`` the mean
    and ``weighted_size`` the mean weighted by contacts. ``deff_mean`` = 1 + (``mean_size`` - 1) icc;
    ``deff`` takes ``weighted_size`` and is the one to use where officers' loads are unequal.
    """

    icc: float
    n0: float
    mean_size: float
    weighted_size: float
    deff_mean: float
    deff: float
    officers: int
    contacts: int


def icc(
    events: Sequence[float], trials: Sequence[float], arm: Sequence[object] | None = None
) -> Clustering | NotEstimable:
    """Estimate the intraclass correlation from each officer's counts, by analysis of variance.

    Ridout, Demetrio & Firth 1999, Biometrics 55:137; within groups as in Donner & Klar 2000, *Design
    and Analysis of Cluster Randomization Trials in Health Research*. Design effects: Kish 1965,
    *Survey Sampling*; for unequal loads Eldridge, Ashby & Kerry 2006, Int J Epidemiol 35:1292.

    Args:
        events: contacts with the outcome, one number an officer.
        trials: contacts; officers without any leave.
        arm: the group each row belongs to. With it the difference between groups is no part of the
            likeness: the means compared are those of officers of one group (an officer with contacts
            in both is two rows).

    Returns:
        :class:`Clustering`, or :class:`NotEstimable` without two officers in a group, without an
        officer of two contacts, or where no contact or every contact had the outcome.

    Raises:
        ValueError: lengths differ, a count is negative, or events exceed contacts.
    """
    y, n = np.asarray(events, dtype=float), np.asarray(trials, dtype=float)
    groups = np.zeros(len(n), dtype=int)
    if arm is not None:
        groups = np.unique(np.asarray([str(a) for a in arm]), return_inverse=True)[1]
    if y.shape != n.shape or y.ndim != 1 or groups.shape != n.shape:
        raise ValueError("events, trials and arm must be of equal length")
    if not np.all((y >= 0) & (y <= n) & np.isfinite(n)):
        raise ValueError("events and trials must be counts with events within trials")
    there = n > 0
    y, n = y[there], n[there]
    found, groups = np.unique(groups[there], return_inverse=True)
    total, officers, means = float(n.sum()), len(n), len(found)
    if officers <= means:
        return NotEstimable("There are not two officers in a group to set against each other.")
    if total <= officers:
        return NotEstimable("No officer has two contacts, so their likeness is unknown.")
    size = np.bincount(groups, n)
    centre = (np.bincount(groups, y) / size)[groups]
    rate = y / n
    between = float(n @ (rate - centre) ** 2) / (officers - means)
    within = float(y @ (1 - rate)) / (total - officers)
    n0 = (total - float(np.sum(np.bincount(groups, n**2) / size))) / (officers - means)
    bottom = between + (n0 - 1) * within
    if not bottom > 0:
        return NotEstimable("No contact differs from the others of its group in this outcome.")
    likeness = (between - within) / bottom
    mean_size, weighted_size = total / officers, float(n @ n) / total
    return Clustering(
        icc=likeness,
        n0=n0,
        mean_size=mean_size,
        weighted_size=weighted_size,
        deff_mean=design_effect(likeness, mean_size),
        deff=design_effect(likeness, weighted_size),
        officers=officers,
        contacts=int(total),
    )


def design_effect(likeness: float, size: float) -> float:
    """Return 1 + (size - 1) x likeness: by how much clusters of that size widen a variance."""
    return 1 + (size - 1) * likeness


def effective_officers(trials: Sequence[float]) -> float | NotEstimable:
    """Return how many officers with equal loads would carry as much: (sum n)^2 / sum n^2.

    Kish 1965. One officer with nearly all contacts counts for little more than one.

    Raises:
        ValueError: a count is negative.
    """
    n = np.asarray(trials, dtype=float)
    if not np.all(n >= 0):
        raise ValueError("trials must be counts")
    if not n.sum():
        return NotEstimable("There are no contacts in this group.")
    return float(n.sum() ** 2 / (n @ n))
