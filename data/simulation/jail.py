"""The jail's record of bookings that followed a contact."""

from __future__ import annotations

import numpy as np
import pandas as pd

from data.simulation.columns import Rng, answered, constant, keys, labels, pick, text
from data.simulation.model import Options

SCREENS = ("positive", "negative", "not_screened", "unknown")
SCREENED = (0.34, 0.48, 0.13, 0.05)
DAYS = 2.6
"""Median stay in days; most people leave within days, a few stay for months."""
SPREAD = 1.5


def table(options: Options, contacts: pd.DataFrame, rng: Rng) -> pd.DataFrame:
    """Return one booking for every contact that ended in one."""
    booked = np.flatnonzero((contacts["custody"] == "arrested_booked").to_numpy())
    n = len(booked)
    start = contacts["contact_at"].to_numpy()[booked] + rng.integers(45, 240, n).astype(
        "timedelta64[m]"
    )
    screen = pick(rng, SCREENED, n)
    stay = np.exp(rng.normal(np.log(DAYS), SPREAD, n) + 0.4 * (screen == 0))
    left = (start + (stay * 24 * 60).astype("timedelta64[m]")).astype("datetime64[s]")
    end = np.datetime64(options.last_day, "D") + np.timedelta64(1, "D")
    return pd.DataFrame(
        {
            "agency_id": constant(options.agency_id, n),
            "booking_id": text(keys("J", np.arange(1, n + 1), max(5, len(str(n))))),
            "contact_id": contacts["contact_id"].array.take(booked),
            "booked_at": start.astype("datetime64[s]"),
            "released_at": np.where(left < end, left, np.datetime64("NaT")),
            "smi_screen": labels(screen, SCREENS),
            "connected_to_care": answered(
                rng, rng.random(n) < 0.3 + 0.2 * (screen == 0), blank=0.2
            ),
        },
        copy=False,
    )
