"""Complaints, claims and their valuations."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from data.simulation.columns import (
    DAY,
    Array,
    Rng,
    constant,
    counts,
    days,
    keys,
    labels,
    money,
    pick,
    text,
    yes_no,
)
from data.simulation.dispatch import Calls
from data.simulation.forms import Forms
from data.simulation.model import Options
from data.simulation.outcomes import Drawn

# Paid loss: median 17,500 and mean 80,000, lognormal.
_CLAIM_MEDIAN, _CLAIM_SPREAD = 17_500.0, 1.743


def tables(
    options: Options, calls: Calls, drawn: Drawn, forms: Forms, rng: Rng
) -> dict[str, pd.DataFrame]:
    """Return complaints, claims and claim valuations."""
    at = calls.dispatched[drawn.call]
    claims, valuations = _claims(options, drawn, forms, at, rng)
    return {
        "complaints": _complaints(options, drawn, forms, at, rng),
        "claims": claims,
        "claim_valuations": valuations,
    }


def _complaints(options: Options, drawn: Drawn, forms: Forms, at: Array, rng: Rng) -> pd.DataFrame:
    chance = 0.0035 + 0.05 * drawn.observed["force"] + 0.01 * drawn.observed["arrest"]
    contact = np.flatnonzero(drawn.reached & (rng.random(len(at)) < chance))
    n = len(contact)
    kind = pick(rng, (0.78, 0.16, 0.06), n)
    received = at[contact] // DAY + rng.geometric(0.05, n)
    closed = received + rng.integers(20, 200, n)
    pending = closed > options.last_day
    allegation = np.where(
        drawn.observed["force"][contact],
        pick(rng, (0.6, 0.2, 0.05, 0.1, 0.05), n),
        pick(rng, (0.03, 0.45, 0.2, 0.15, 0.05, 0.12), n),
    )
    finding = np.where(pending, 6, pick(rng, (0.08, 0.34, 0.26, 0.22, 0.06, 0.04), n))
    return pd.DataFrame(
        {
            "agency_id": constant(options.agency_id, n),
            "complaint_id": text(keys("Q", np.arange(1, n + 1), 5)),
            "allegation": labels(
                np.where(kind == 1, 6, allegation),
                (
                    "force",
                    "discourtesy",
                    "neglect",
                    "unlawful_arrest_or_hold",
                    "bias",
                    "failure_to_get_care",
                    "none",
                ),
            ),
            "contact_id": text(forms.ids, contact),
            "incident_id": text(forms.incident_ids, drawn.call[contact]),
            "kind": labels(kind, ("complaint", "commendation", "inquiry")),
            "received_on": days(received),
            "closed_on": days(closed, pending),
            "channel": labels(
                pick(rng, (0.4, 0.3, 0.1, 0.12, 0.08), n),
                ("person", "family", "provider", "anonymous", "internal"),
            ),
            "finding": labels(
                np.where(kind == 0, finding, 7),
                (
                    "sustained",
                    "not_sustained",
                    "unfounded",
                    "exonerated",
                    "mediated",
                    "withdrawn",
                    "pending",
                    "na",
                ),
            ),
        }
    )


def _claims(
    options: Options, drawn: Drawn, forms: Forms, at: Array, rng: Rng
) -> tuple[pd.DataFrame, pd.DataFrame]:
    force, hurt = drawn.observed["force"], forms.officer_injured
    work = np.flatnonzero(hurt & (rng.random(len(at)) < 0.3))
    chance = 0.00025 + 0.03 * force + 0.01 * forms.subject_injured
    liable = np.flatnonzero(drawn.reached & (rng.random(len(at)) < chance))
    contact = np.concatenate([work, liable])
    is_work = np.arange(len(contact)) < len(work)
    reported = at[contact] // DAY + np.where(
        is_work, rng.integers(0, 10, len(contact)), (rng.gamma(1.5, 120, len(contact))).astype(int)
    )
    kept = reported <= options.last_day
    order = np.flatnonzero(kept)[np.argsort(reported[kept], kind="stable")]
    contact, is_work, reported = contact[order], is_work[order], reported[order]
    n, day = len(contact), at[contact] // DAY
    ids = keys("L", np.arange(1, n + 1), 5)
    life = np.where(is_work, rng.integers(40, 400, n), rng.integers(150, 1400, n))
    is_open = reported + life > options.last_day
    paid_claim = rng.random(n) < np.where(is_work, 0.95, 0.55)
    sued = ~is_work & (rng.random(n) < 0.4)
    suit = reported + rng.integers(60, 300, n)
    settled = np.where(sued & (rng.random(n) < 0.08), 7, np.where(is_work, 8, 5))
    refused = np.array([1, 3, 4, 6])[pick(rng, (0.5, 0.25, 0.2, 0.05), n)]
    resolution = np.where(
        is_open, 0, np.where(paid_claim, np.where(settled == 8, 5, settled), refused)
    )
    cause = np.select(
        [is_work, force[contact]],
        [8, pick(rng, (0.75, 0.0, 0.1, 0.0, 0.0, 0.05, 0.05, 0.05), n)],
        pick(rng, (0.0, 0.01, 0.25, 0.2, 0.12, 0.08, 0.12, 0.22), n),
    )
    linked = rng.random(n) < 0.95
    filed = sued & (suit <= options.last_day)
    year = day.astype("datetime64[D]").astype("datetime64[Y]").astype(int) + 1970
    claims = pd.DataFrame(
        {
            "agency_id": constant(options.agency_id, n),
            "claim_id": text(ids),
            "occurrence_id": text(keys("O", drawn.call[contact] + 1, 6)),
            "contact_id": text(forms.ids, contact, ~linked),
            "incident_id": text(forms.incident_ids, drawn.call[contact], ~linked),
            "line": labels(
                np.where(is_work, 1, 0), ("law_enforcement_liability", "workers_compensation")
            ),
            "cause": labels(
                cause,
                (
                    "excessive_force",
                    "wrongful_death",
                    "false_arrest_or_imprisonment",
                    "unlawful_hold",
                    "failure_to_protect",
                    "failure_to_train",
                    "disability_accommodation",
                    "negligence",
                    "injury_to_officer",
                ),
            ),
            "occurred_on": days(day),
            "reported_on": days(reported),
            "notice_of_claim_on": days(reported + 14, is_work | (reported + 14 > options.last_day)),
            "suit_filed_on": days(suit, ~filed),
            "forum": labels(
                np.where(filed, pick(rng, (0.45, 0.55), n) + 1, 0), ("none", "state", "federal")
            ),
            "policy_year": counts(year),
            "retention": np.where(is_work, 50_000.0, 100_000.0),
            "policy_limit": np.where(is_work, 1_000_000.0, 5_000_000.0),
            "resolution": labels(
                resolution,
                (
                    "open",
                    "denied",
                    "withdrawn",
                    "dismissed",
                    "summary_judgment",
                    "settled",
                    "verdict_defence",
                    "verdict_plaintiff",
                ),
            ),
            "privileged": yes_no(filed),
        }
    )
    size = np.where(is_work, 9_000.0, _CLAIM_MEDIAN) * np.exp(
        np.where(is_work, 0.9, _CLAIM_SPREAD) * rng.standard_normal(n)
    )
    loss = np.minimum(size, 4_000_000.0) * (paid_claim | is_open)
    expense = np.where(is_work, 600.0, 4_000.0 + 14_000.0 * sued) * np.exp(rng.normal(0, 0.5, n))
    return claims, _valuations(options, ids, reported, life, loss, expense, rng)


def _valuations(
    options: Options, ids: Any, reported: Array, life: Array, loss: Array, expense: Array, rng: Rng
) -> pd.DataFrame:
    """Return one loss run each half-year, until half a year after a claim closes."""
    ends = np.arange(
        np.datetime64(f"{options.start.year}-07"),
        np.datetime64(options.last_day + 2, "D").astype("datetime64[M]") + 1,
        6,
    )
    valued = ends.astype("datetime64[D]").astype(int) - 1
    valued = valued[valued <= options.last_day]
    row, run = np.nonzero(
        (valued >= reported[:, None]) & (valued <= (reported + life + 366)[:, None])
    )
    n = len(row)
    progress = np.clip((valued[run] - reported[row]) / np.maximum(life[row], 1), 0, 1)
    closed = progress >= 1
    # Reserves are guesses that close in on what is paid in the end.
    guess = np.exp(rng.normal(0, 0.5, n) * (1 - progress))
    paid = np.where(closed, loss[row], loss[row] * 0.2 * progress)
    cost = expense[row] * progress
    return pd.DataFrame(
        {
            "agency_id": constant(options.agency_id, n),
            "claim_id": text(ids, row),
            "valued_on": days(valued[run]),
            "paid_loss": money(paid),
            "paid_expense": money(cost),
            "reserve_loss": money(np.where(closed, 0, np.maximum(loss[row] * guess - paid, 0))),
            "reserve_expense": money(np.where(closed, 0, expense[row] * guess * (1 - progress))),
            "recoveries": money(np.where(closed & (loss[row] > 100_000), loss[row] - 100_000, 0)),
            "status": labels(np.where(closed, 1, 0), ("open", "closed")),
        }
    )
