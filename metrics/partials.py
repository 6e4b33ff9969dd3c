"""What an agency may share with others: its own estimates and counts, as they may be published.

A partial holds no row, no person and no officer. It takes the questions of public access only, and shows
the counts that public access shows (``disclosure.release``): so that partials, public pages and earlier
ones of each cannot be subtracted. The officers behind the clustered errors stay at home: what they amount
to for pooling is the standard error (CR2) and its degrees of freedom of two contrasts, the difference of
the two standardised risks and the logarithm of their ratio. From these a pool is computed exactly as from
rows. Sums by covariate pattern would not do instead: most patterns hold few contacts.

How exactly an estimate is given depends on what is behind it:

``exact``    every count behind it, down to covariate patterns, could be published: 12 digits;
``rounded``  its own counts are shown but not those of the patterns: 6 digits, which carry fewer bits than
             the counts of 50 patterns or more that they come from;
``coarse``   its own counts are withheld (a neighbouring count is small), yet both groups have enough
             events and non-events: in steps of a thousandth to a hundredth of its standard error.

An estimate with a small count of its own, of few officers, or of few patterns with small counts is not
given. ``*_within`` says how far each number may lie from the true one.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any

from data import loads, registry, signing
from data.edition import registry_hash, software
from data.errors import UserError
from data.store import Snapshot
from metrics import aggregate, duty, headline, parallel, response
from metrics.aggregate import EXPOSURE, Counts
from metrics.disclosure import THRESHOLD, is_small, release, whole_percent
from metrics.disclosure.grid import Export, Period
from metrics.headline import Headline, Prepared
from metrics.manifest import data_hash
from metrics.question import Question, ask
from metrics.result import WITHHELD
from metrics.shares import Share
from metrics.standardisation import Contrast

SCHEMA_VERSION = 1
KIND = "cit-outcomes partial"
SETTINGS = ("urban", "suburban", "rural", "frontier")

COUNTS, ESTIMATE, HIDDEN, NOT_ESTIMATED, NOT_RECORDED = (
    "counts",
    "estimate",
    "withheld",
    "not_estimated",
    "not_recorded",
)
"""How an outcome stands in a partial: with its counts, with an estimate only, or without either."""

EXACT, ROUNDED, COARSE = "exact", "rounded", "coarse"
DIGITS = {EXACT: 12, ROUNDED: 6}
DIGITS_OF_ERROR = 3


@dataclass(frozen=True)
class _Asked:
    """What every outcome's entry is made of."""

    question: Question
    period: Period
    fine: Counts
    prepared: Prepared
    export: Export
    least: int


def partial(question: Question, snapshot: Snapshot, setting: str | None = None) -> dict[str, Any]:
    """Return an agency's partial of a question as plain JSON values, signed.

    ``setting`` is one of :data:`SETTINGS`, the agency's own word for where it polices. Raises
    ``UserError`` for a question that public access does not take, a store with other than one agency
    or without contacts, an unknown setting, and a store whose secret is missing.
    """
    if setting is not None and setting not in SETTINGS:
        raise UserError(f"--setting must be one of: {', '.join(SETTINGS)}")
    body = _body(question, snapshot, setting)
    signed = signing.sign(snapshot.store, canonical(body))
    return body | {
        "signature": {
            "algorithm": signing.ALGORITHM,
            "public_key": signed.public_key,
            "fingerprint": signed.fingerprint,
            "value": signed.value,
        }
    }


def canonical(body: dict[str, Any]) -> bytes:
    """Return the bytes that are signed: one line of JSON, keys sorted, ASCII only."""
    return json.dumps(body, sort_keys=True, separators=(",", ":"), allow_nan=False).encode("ascii")


def text(found: dict[str, Any]) -> str:
    """Return the file: JSON that a person can read, keys sorted."""
    return json.dumps(found, sort_keys=True, indent=1, allow_nan=False) + "\n"


def _body(question: Question, snapshot: Snapshot, setting: str | None) -> dict[str, Any]:
    agencies = loads.agencies(snapshot)
    if len(agencies) != 1:
        raise UserError(
            f"a partial speaks for one agency and the store holds {len(agencies)}; load each into a"
            " store of its own"
        )
    agency = agencies[0]
    period = release.period_of(question, snapshot)
    known = aggregate.coverage(snapshot)
    if not known.contacts:
        raise UserError("the store holds no contacts to share; load an export first")
    least = release.threshold(snapshot)
    if least < THRESHOLD:
        raise UserError(
            f"a partial shows no count under {THRESHOLD}, and public_threshold is {least}; set it to"
            f" {THRESHOLD} or more in settings.toml"
        )
    export = release.export(snapshot)
    adjusters = tuple(c for c in question.adjust if known.records(c))
    fine = aggregate.counts(snapshot, question, adjusters, officers=True)
    asked = _Asked(question, period, fine, headline.prepare(fine, question.adjust), export, least)

    def entry(outcome: str) -> dict[str, Any]:
        if not known.records_outcome(outcome) or not known.records_exposure(question.exposure):
            return _entry(outcome, NOT_RECORDED, "not recorded by this source")
        return _outcome(asked, outcome)

    return {
        "kind": KIND,
        "schema_version": SCHEMA_VERSION,
        "software": software(),
        "registry_sha256": registry_hash(),
        "data_sha256": data_hash(snapshot),
        "snapshot": snapshot.id,
        "threshold": least,
        "agency": {
            "id": agency.id,
            "name": snapshot.store.settings.agency_name or agency.name,
            "setting": setting,
            "simulated": agency.simulated,
            "cit_model": agency.cit_model,
            "force_reporting_threshold": force_threshold(snapshot),
        },
        "question": question.to_dict(),
        "period": {
            "id": period.id,
            "from": f"{period.start:%Y-%m}",
            "to": f"{period.end:%Y-%m}",
        },
        "definitions": _definitions(question),
        "contacts": _contacts(asked),
        "response": _response(snapshot, period, least),
        "coverage": _coverage(snapshot, period, least),
        "outcomes": parallel.each(entry, question.outcomes),
    }


def force_threshold(snapshot: Snapshot) -> str | None:
    """Return the lowest thing that is reportable force in a store of one agency, if it says so."""
    row = snapshot.cursor().execute("SELECT force_reporting_threshold FROM agencies").fetchone()
    return None if row is None or row[0] is None else str(row[0])


def _definitions(question: Question) -> dict[str, Any]:
    exposure = registry.exposure(question.exposure)
    found = [registry.outcome(o) for o in question.outcomes]
    return {
        "exposure": {"label": exposure.label, "definition": exposure.definition},
        "outcomes": {
            o.id: {"label": o.label, "definition": o.definition, "of": o.eligible_words}
            for o in found
        },
        "covariates": {c: registry.covariate(c).label for c in question.adjust},
    }


def _contacts(asked: _Asked) -> dict[str, int] | None:
    if not asked.export.allows_contacts(asked.period.id):
        return None
    s = asked.export.standings
    inside = asked.period.holds(s.month)
    return {
        name: int(s.weight[inside & (s.arm == arm)].sum())
        for arm, name in enumerate(("cit", "other", "neither"))
    }


def _response(snapshot: Snapshot, period: Period, least: int) -> dict[str, Any]:
    """Return to what share of calls a CIT officer came, whole percents; by the forms' flag else."""
    span = (period.start, period.end)
    found = response.came(ask(), snapshot, span, None, span)
    if found is not None:
        return {"of": "calls", "percent": whole_percent(found.now.events, found.now.n, least)}
    frame = aggregate.daily(snapshot, ask(["force"], start=span[0], end=span[1]))
    kind = "came_coded" if frame["n:came_coded"].sum() else "came"
    own = Share(int(frame[f"events:{kind}"].sum()), int(frame[f"n:{kind}"].sum()))
    return {"of": "forms", "percent": whole_percent(own.events, own.n, least)}


def _coverage(snapshot: Snapshot, period: Period, least: int) -> dict[str, Any]:
    """Return whole percents: days fully covered (rounded down); of all calls loaded, those with a form.

    Days are not people: they have no smallest number.
    """
    days = duty.summary(snapshot, ask(start=period.start, end=period.end))
    covered = None
    if not isinstance(days, duty.Lacking) and days.days.n:
        covered = 100 * days.days.events // days.days.n
    without = response.without_form(snapshot)
    forms = None
    if without is not None:
        forms = whole_percent(without.n - without.events, without.n, least)
    return {"days_percent": covered, "forms_percent": forms}


def _entry(outcome: str, standing: str, reason: str | None) -> dict[str, Any]:
    return {
        "outcome": outcome,
        "standing": standing,
        "reason": reason,
        "counts": None,
        "estimate": None,
    }


def _outcome(asked: _Asked, outcome: str) -> dict[str, Any]:
    shown = asked.export.allows(outcome, asked.period.id)
    if not shown and _small_of_its_own(asked, outcome):
        return _entry(outcome, HIDDEN, WITHHELD)
    found = headline.fitted(asked.prepared, outcome)
    found_entry = _entry(outcome, COUNTS if shown else ESTIMATE, None)
    if shown:
        found_entry["counts"] = _counts(asked, outcome)
    precision = _precision(asked, outcome, shown)
    if precision is None:
        return found_entry | ({"reason": WITHHELD} if shown else _entry(outcome, HIDDEN, WITHHELD))
    if isinstance(found, Headline):
        # The reason of a refusal may speak of a small number; that there is none may be known.
        reason = "the agency's own data do not carry an adjusted estimate"
        return found_entry | {"reason": reason, **({} if shown else {"standing": NOT_ESTIMATED})}
    contrasts = {"risk_difference": found.standard.difference, "log_risk_ratio": found.ratio}
    if not all(isinstance(c, Contrast) and c.se > 0 for c in contrasts.values()):
        return found_entry | {"reason": "the adjusted estimate has no standard error"}
    used = {name for term in found.fit.cells.terms for name in term}
    found_entry["estimate"] = {
        "precision": precision,
        "covariates": [c for c in asked.prepared.covariates if c in used],
        **{name: _given(c, precision) for name, c in contrasts.items() if isinstance(c, Contrast)},
    }
    return found_entry


def _counts(asked: _Asked, outcome: str) -> dict[str, dict[str, int]]:
    """Return an outcome's counts by group, from the very sums whose release was decided."""
    s = asked.export.standings
    place = s.outcomes.index(outcome)
    inside = asked.period.holds(s.month)

    def total(arm: int, standing: int) -> int:
        return int(s.weight[inside & (s.arm == arm) & (s.standing[:, place] == standing)].sum())

    names = ("events", "without", "not_recorded", "not_eligible")
    found = {
        arm: {name: total(i, k) for k, name in enumerate(names)}
        for i, arm in enumerate(("cit", "other"))
    }
    came = inside & (s.arm == 1) & (s.standing[:, place] < 2) & s.came
    found["other"]["came"] = int(s.weight[came].sum())
    return found


def _small_of_its_own(asked: _Asked, outcome: str) -> bool:
    """Say whether a group has fewer events or non-events than may be published, or none."""
    for arm in (True, False):
        n = asked.fine.total(f"n:{outcome}", arm)
        events = asked.fine.total(f"events:{outcome}", arm)
        if min(events, n - events) < asked.least:
            return True
    return False


def _precision(asked: _Asked, outcome: str, shown: bool) -> str | None:
    """Return how exactly an estimate may be given, or None where it may not."""
    frame = asked.prepared.frame
    officers = int(frame[aggregate.OFFICER].nunique())
    if officers < asked.least:
        return None
    n, events = f"n:{outcome}", f"events:{outcome}"
    by = [EXPOSURE, *asked.prepared.covariates]
    sums = frame.groupby(by, observed=True, dropna=False)[[n, events]].sum()
    small = is_small(sums[events], asked.least) | is_small(sums[n] - sums[events], asked.least)
    if shown and not small.any():
        return EXACT
    if asked.prepared.patterns < release.FEWEST_PATTERNS:
        return None
    return ROUNDED if shown else COARSE


def _given(contrast: Contrast, precision: str) -> dict[str, float]:
    """Return a contrast rounded, and how far each number may lie from the true one."""
    if precision == COARSE:
        unit = 10.0 ** (math.floor(math.log10(contrast.se)) - DIGITS_OF_ERROR + 1)
        estimate, se = _to(contrast.estimate, unit), _to(contrast.se, unit)
        within = (unit / 2, unit / 2)
    else:
        digits = DIGITS[precision]
        estimate, se = _digits(contrast.estimate, digits), _digits(contrast.se, digits)
        within = (_half(contrast.estimate, digits), _half(contrast.se, digits))
    return {
        "estimate": estimate,
        "estimate_within": _digits(within[0], 2),
        "se": se,
        "se_within": _digits(within[1], 2),
        "df": _digits(contrast.df, 12 if precision == EXACT else 3),
    }


def _to(value: float, unit: float) -> float:
    return _digits(round(value / unit) * unit, 12)


def _digits(value: float, digits: int) -> float:
    return float(f"{value:.{digits}g}")


def _half(value: float, digits: int) -> float:
    """Return half a unit of the last of so many digits."""
    return 0.5 * 10.0 ** (math.floor(math.log10(abs(value))) - digits + 1) if value else 0.0
