"""A pool as JSON and as CSV: every number the page and the lines of text are made of."""

from __future__ import annotations

import csv
import io
from typing import Any

from metrics.estimate import Estimate, Estimated, Interval, NotEstimable, Test, Tested, exponent
from metrics.pooling import Pooled
from metrics.pooling_agencies import Measure, Pool, PooledOutcome
from metrics.pooling_files import LOG_RATIO
from metrics.result import estimated
from metrics.wording import pooling as wording

SCHEMA_VERSION = 1
COLUMNS = (
    "outcome",
    "measure",
    "row",
    "agency",
    "setting",
    "agencies",
    "estimate",
    "low",
    "high",
    "standard_error",
    "weight",
    "reason",
)


def to_dict(pool: Pool) -> dict[str, Any]:
    """Return a pool as plain JSON values; ratios as ratios, their spread on the scale of logarithms."""
    return {
        "schema_version": SCHEMA_VERSION,
        "question": pool.question.to_dict(),
        "simulated": pool.simulated,
        "registry_sha256": pool.partials[0].registry,
        "force_reporting_threshold": next(
            (p.force_threshold for p in pool.partials if p.force_threshold), None
        ),
        "agencies": [
            {
                "agency": label,
                "setting": p.setting,
                "fingerprint": p.fingerprint,
                "data_sha256": p.data,
                "software": p.software,
                "from": p.months[0],
                "to": p.months[1],
                "contacts": None
                if p.contacts is None
                else dict(zip(("cit", "other", "neither"), p.contacts, strict=True)),
                "response": {"of": p.response_of, "percent": p.response},
                "days_percent": p.days,
                "forms_percent": p.forms,
            }
            for label, p in zip(pool.labels, pool.partials, strict=True)
        ],
        "outcomes": [_outcome(o, pool) for o in pool.outcomes],
    }


def _outcome(found: PooledOutcome, pool: Pool) -> dict[str, Any]:
    return {
        "outcome": found.outcome,
        "agencies": found.k,
        "left_out": [{"agency": a, "reason": why} for a, why in found.left_out],
        **{_name(m): _measure(m) for m in found.measures.values()},
        "sentence": wording.sentence(found, pool),
    }


def _name(measure: Measure) -> str:
    return "risk_ratio" if measure.name == LOG_RATIO else measure.name


def _measure(found: Measure) -> dict[str, Any]:
    return {
        "pooled": _pooled(found.pooled, found.name),
        "off_by_at_most": None if found.off is None else found.off._asdict(),
        "if_left_out_were_extreme": None
        if found.reach is None
        else _interval(found.reach, found.name),
        "settings": [
            {"setting": s.setting, "agencies": s.k, **_pooled(s.pooled, found.name)}
            for s in found.settings
        ],
        "settings_differ_p": _p(found.settings_differ),
        "agencies": [
            {
                "agency": x.label,
                "setting": x.setting,
                **estimated(_told(x.value, found.name)),
                "standard_error": x.se,
                "weight": x.weight,
            }
            for x in found.lines
        ],
    }


def _told(value: Estimated, measure: str) -> Estimated:
    return exponent(value) if measure == LOG_RATIO else value


def _p(test: Tested) -> float | None:
    return test.p_value if isinstance(test, Test) else None


def _interval(value: Interval | NotEstimable, measure: str) -> dict[str, Any]:
    if isinstance(value, NotEstimable):
        return {"low": None, "high": None, "reason": value.reason}
    whole = Estimate(value.low, value.low, value.high)
    _, low, high = exponent(whole) if measure == LOG_RATIO else whole
    return {"low": low, "high": high}


def _pooled(found: Pooled | NotEstimable, measure: str) -> dict[str, Any]:
    if isinstance(found, NotEstimable):
        return estimated(found)
    return {
        **estimated(_told(found.estimate, measure)),
        "standard_error": found.se,
        "df": found.df if found.k > 1 else None,
        "p_value": _p(found.test),
        "tau2": found.tau2 if isinstance(found.tau2, float) else None,
        "i2": found.i2 if isinstance(found.i2, float) else None,
        "q_p": _p(found.q),
        "prediction": _interval(found.prediction, measure),
        "method": found.method,
    }


def rows(pool: Pool) -> list[dict[str, Any]]:
    """Return one row per agency, kind of place and pooled figure, of each outcome and measure."""
    found = []
    for outcome in pool.outcomes:
        for m in outcome.measures.values():
            base = dict.fromkeys(COLUMNS) | {"outcome": outcome.outcome, "measure": _name(m)}
            for x in m.lines:
                found.append(
                    base
                    | {"row": "agency", "agency": x.label, "setting": x.setting}
                    | _numbers(_told(x.value, m.name))
                    | {"standard_error": x.se, "weight": x.weight}
                )
            for s in m.settings:
                found.append(
                    base
                    | {"row": "setting", "setting": s.setting, "agencies": s.k}
                    | _summary(s.pooled, m.name)
                )
            found.append(
                base | {"row": "pooled", "agencies": outcome.k} | _summary(m.pooled, m.name)
            )
            if isinstance(m.pooled, Pooled):
                ends = _interval(m.pooled.prediction, m.name)
                found.append(base | {"row": "prediction", "agencies": outcome.k} | ends)
    return found


def _numbers(value: Estimated) -> dict[str, Any]:
    return {"reason": None} | estimated(value)


def _summary(found: Pooled | NotEstimable, measure: str) -> dict[str, Any]:
    if isinstance(found, NotEstimable):
        return _numbers(found)
    return _numbers(_told(found.estimate, measure)) | {"standard_error": found.se}


def to_csv(pool: Pool) -> str:
    """Return the rows as CSV; no text of a file can begin a formula."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\r\n")
    writer.writeheader()
    for row in rows(pool):
        writer.writerow({k: _plain(v) for k, v in row.items()})
    return out.getvalue()


def _plain(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value[:1] in "=+-@\t" and value else value
