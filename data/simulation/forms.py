"""What the crisis forms leave blank, and when the paperwork was handed in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from data.simulation import model
from data.simulation.columns import (
    DAY,
    Array,
    Rng,
    keys,
    pick,
)
from data.simulation.dispatch import Calls
from data.simulation.model import Options
from data.simulation.outcomes import Drawn


@dataclass(frozen=True)
class Forms:
    """What the forms of all contacts leave blank or answer with unknown; one row per contact."""

    ids: pa.Array
    incident_ids: pa.Array  # one per call
    no_ending: Array
    force_blank: Array
    force_unknown: Array
    subject_blank: Array
    subject_unknown: Array
    officer_blank: Array
    officer_unknown: Array
    subject_injured: Array
    officer_injured: Array
    displayed: Array
    # When each paper was handed in, in seconds; 0 where it was not, or not timed. The same time
    # stands wherever a table repeats it.
    submitted: Array
    force_filed: Array
    hold_filed: Array
    reviewed: Array  # of the force report, by a supervisor

    def recorded(self) -> dict[str, Array]:
        """Return, by outcome, the contacts where it was recorded."""
        ending = ~self.no_ending
        return {
            "force": ~(self.force_blank | self.force_unknown),
            "injury": ~(
                self.subject_blank
                | self.subject_unknown
                | self.officer_blank
                | self.officer_unknown
            ),
            "arrest": ending,
            "voluntary_care": ending,
            "emergency_hold": ending,
        }


def fill_in(options: Options, calls: Calls, drawn: Drawn, cleared: Array, rng: Rng) -> Forms:
    """Draw what each form leaves out: by arm, never by outcome."""
    n, exposed = len(drawn.call), drawn.exposed

    def left_out(shares: tuple[float, float]) -> Array:
        return rng.random(n) < np.where(exposed, *shares)

    who = pick(rng, (0.66, 0.28, 0.06), n)
    injury, force = drawn.observed["injury"], drawn.observed["force"]
    force_blank = left_out(model.NO_FORCE)
    subject_blank, officer_blank = (
        left_out(model.NO_SUBJECT_INJURY),
        left_out(model.NO_OFFICER_INJURY),
    )
    weapon = calls.weapon[drawn.call] == 0

    def handed_in(middle: float, never: float) -> Array:
        seconds = cleared + np.exp(rng.normal(middle, 0.9, n)) * 3600
        return np.where(rng.random(n) < never, 0, seconds).astype(np.int64)

    force_filed = handed_in(1.8, 0.01)
    reviewed = force_filed + np.exp(rng.normal(3.7, 0.7, n)) * 3600
    open_still = (force_filed == 0) | (reviewed >= (options.last_day + 1) * DAY)
    return Forms(
        ids=keys("C", np.arange(1, n + 1), max(6, len(str(n)))),
        incident_ids=keys("I", np.arange(1, len(calls.persons) + 1), max(6, len(str(n)))),
        no_ending=left_out(model.NO_ENDING),
        force_blank=force_blank,
        force_unknown=left_out(model.FORCE_UNKNOWN) & ~force_blank,
        subject_blank=subject_blank,
        subject_unknown=(rng.random(n) < model.INJURY_UNKNOWN) & ~subject_blank,
        officer_blank=officer_blank,
        officer_unknown=(rng.random(n) < model.INJURY_UNKNOWN) & ~officer_blank,
        subject_injured=injury & (who != 1),
        officer_injured=injury & (who != 0),
        displayed=drawn.reached
        & (rng.random(n) < np.where(force, 0.18, np.where(weapon, 0.05, 0.004))),
        submitted=handed_in(1.6, 0.02),
        force_filed=force_filed,
        hold_filed=handed_in(1.0, 0.03),
        reviewed=np.where(open_still | (rng.random(n) < 0.02), 0, reviewed).astype(np.int64),
    )
