"""Partials as they are read: checked against their signature, their form and each other.

Whatever is wrong is one line that names the file. A file from elsewhere is data: nothing of it is run, and
of its words only names and codes are shown.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

from data import registry, signing
from data.edition import registry_hash
from data.errors import UserError
from metrics.estimate import Interval
from metrics.partials import KIND, SCHEMA_VERSION, SETTINGS, canonical
from metrics.question import Question, ask
from metrics.result import WITHHELD
from metrics.standardisation import Contrast

LARGEST = 1_000_000
"""Bytes a partial may have; a real one has a few thousand."""
LONGEST = 120
"""Letters of an agency's name."""
APART = 31
"""Days by which the first and last months of two partials may differ, where all data are asked for."""
MEASURES = ("risk_difference", "log_risk_ratio")
DIFFERENCE, LOG_RATIO = MEASURES

FORCE_COLUMNS = ("contacts.force_used", "force_events.")


class Given(NamedTuple):
    """A contrast as a partial gives it, and how far its estimate and error may lie from the true ones."""

    contrast: Contrast
    within: float
    se_within: float


class Group(NamedTuple):
    """The counts of one group of contacts."""

    events: int
    without: int
    not_recorded: int

    @property
    def n(self) -> int:
        """Contacts with the outcome recorded."""
        return self.events + self.without


@dataclass(frozen=True)
class Shared:
    """One outcome of a partial. ``given`` holds a contrast per measure, or none with ``reason``."""

    outcome: str
    standing: str
    reason: str | None
    precision: str | None
    covariates: tuple[str, ...]
    given: dict[str, Given]
    groups: tuple[Group, Group] | None


@dataclass(frozen=True)
class Partial:
    """A partial that was read and whose signature holds.

    ``file`` is its name without folders; ``label`` the agency's name. ``contacts`` are those with a CIT
    officer, without and in neither group, None where withheld; the percents are whole, or None.
    """

    file: str
    agency: str
    label: str
    setting: str | None
    simulated: bool
    force_threshold: str | None
    fingerprint: str
    registry: str
    software: str
    data: str
    question: Question
    period: Interval
    months: tuple[str, str]
    contacts: tuple[int, int, int] | None
    response_of: str
    response: int | None
    days: int | None
    forms: int | None
    outcomes: dict[str, Shared]


def read(path: Path) -> Partial:
    """Read a partial; raise ``UserError`` for what cannot be read, is none, or was changed."""
    try:
        if path.stat().st_size > LARGEST:
            raise UserError(f"{path}: too large for a partial; ask the agency for the file again")
        return parse(path.read_bytes(), path.name)
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror}); check the name") from None


def parse(content: bytes, name: str) -> Partial:
    """Return the partial in a file's bytes; see :func:`read`."""
    again = "ask the agency for the file again"
    if len(content) > LARGEST:
        raise UserError(f"{name}: too large for a partial; {again}")
    try:
        raw = json.loads(content, parse_constant=_no_constant)
        if raw["kind"] != KIND:
            raise ValueError
        version = raw["schema_version"]
        signature = signing.Signature(
            str(raw["signature"]["public_key"]), str(raw["signature"]["value"])
        )
        body = canonical({k: v for k, v in raw.items() if k != "signature"})
    except (ValueError, KeyError, TypeError, RecursionError):
        raise UserError(
            f"{name}: not a partial; give files that `python -m metrics partials` wrote"
        ) from None
    if not signing.holds(body, signature):
        raise UserError(f"{name}: the signature does not hold, so the file was changed; {again}")
    if version != SCHEMA_VERSION:
        raise UserError(
            f"{name}: a partial of another kind (version {str(version)[:20]}); have all agencies"
            " use the same edition of the program"
        )
    try:
        return _partial(raw, name, signature.fingerprint)
    except (ValueError, KeyError, TypeError, AttributeError, UserError):
        raise UserError(
            f"{name}: signed, but not a partial that this edition can read; {again}"
        ) from None


def _no_constant(_: str) -> float:
    raise ValueError("not JSON")


def _partial(raw: dict[str, Any], name: str, fingerprint: str) -> Partial:
    agency, asked, period = raw["agency"], raw["question"], raw["period"]
    label = str(agency["name"])
    if not label.isprintable() or not 0 < len(label) <= LONGEST or set(label) & set("<>[]`*$|\\"):
        raise ValueError("a name that is none")
    setting = agency["setting"]
    if setting is not None and setting not in SETTINGS:
        raise ValueError("a setting that is none")
    found = [_shared(o) for o in raw["outcomes"]]
    # Unknown definitions are another registry: that is refused with its own words, not here.
    same = raw["registry_sha256"] == registry_hash()
    response = raw["response"]
    contacts = raw["contacts"]
    return Partial(
        file=name,
        agency=_word(agency["id"]),
        label=label,
        setting=setting,
        simulated=_flag(agency["simulated"]),
        force_threshold=_maybe(agency["force_reporting_threshold"], _word),
        fingerprint=fingerprint,
        registry=_word(raw["registry_sha256"]),
        software=str(raw["software"])[:LONGEST],
        data=_word(raw["data_sha256"]),
        question=_question(asked) if same else Question(()),
        period=Interval(_month(period["from"]), _month(period["to"])),
        months=(str(period["from"]), str(period["to"])),
        contacts=None
        if contacts is None
        else (_count(contacts["cit"]), _count(contacts["other"]), _count(contacts["neither"])),
        response_of="calls" if response["of"] == "calls" else "forms",
        response=_maybe(response["percent"], _percent),
        days=_maybe(raw["coverage"]["days_percent"], _percent),
        forms=_maybe(raw["coverage"]["forms_percent"], _percent),
        outcomes={s.outcome: s for s in found},
    )


def _shared(raw: dict[str, Any]) -> Shared:
    estimate, counts = raw["estimate"], raw["counts"]
    given = {} if estimate is None else {m: _given(estimate[m]) for m in MEASURES}
    reason = None if raw["reason"] is None else _reason(str(raw["reason"]))
    return Shared(
        outcome=_word(raw["outcome"]),
        standing=_word(raw["standing"]),
        reason=reason if given or reason else WITHHELD,
        precision=None if estimate is None else _word(estimate["precision"]),
        covariates=() if estimate is None else tuple(_word(c) for c in estimate["covariates"]),
        given=given,
        groups=None if counts is None else (_group(counts["cit"]), _group(counts["other"])),
    )


def _reason(text: str) -> str:
    if not text.isprintable() or len(text) > LONGEST or set(text) & set("<>[]`*$|\\"):
        raise ValueError("a reason that is none")
    return text


def _given(raw: dict[str, Any]) -> Given:
    numbers = [float(raw[k]) for k in ("estimate", "se", "df", "estimate_within", "se_within")]
    estimate, se, df, within, se_within = numbers
    if not all(map(math.isfinite, numbers)) or se <= 0 or df <= 0 or min(within, se_within) < 0:
        raise ValueError("an estimate that is none")
    return Given(Contrast(estimate, se, df), within, se_within)


def _group(raw: dict[str, Any]) -> Group:
    return Group(*(_count(raw[k]) for k in ("events", "without", "not_recorded")))


def _maybe(value: Any, of: Callable[[Any], Any]) -> Any:
    return None if value is None else of(value)


def _count(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError("a count that is none")
    return value


def _percent(value: Any) -> int:
    if _count(value) > 100:
        raise ValueError("a percent over 100")
    return int(value)


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("neither true nor false")
    return value


def _word(value: Any) -> str:
    text = str(value)
    if not isinstance(value, str) or not text.isprintable() or len(text) > LONGEST:
        raise ValueError("a code that is none")
    return text


def _month(value: Any) -> int:
    day = date.fromisoformat(f"{value}-01")
    return day.year * 12 + day.month - 1


def _question(raw: dict[str, Any]) -> Question:
    def day(value: Any) -> date | None:
        return None if value is None else date.fromisoformat(value)

    return ask(raw["outcomes"], raw["exposure"], raw["adjust"], day(raw["from"]), day(raw["to"]))


def together(partials: Sequence[Partial], fingerprints: Iterable[str] = ()) -> tuple[Partial, ...]:
    """Return partials that may be pooled, by name; raise ``UserError`` for those that may not.

    Refused are none at all, one agency twice, unlike registries, questions, periods and thresholds of
    force, real agencies beside simulated ones, and, where ``fingerprints`` are given, keys not among
    them. Simulated agencies share one id, and are told apart by their keys.
    """
    if not partials:
        raise UserError("there is no partial to pool; give the files that agencies sent")
    known = {f.lower().replace(" ", "").replace(":", "") for f in fingerprints}
    keys: dict[str, Partial] = {}
    for one in partials:
        if known and one.fingerprint not in known:
            raise UserError(
                f"{one.file}: signed with the key {one.fingerprint}, which is none of those given;"
                " ask the agency to read its fingerprint out"
            )
        for key in (one.fingerprint, *(() if one.simulated else (f"id {one.agency}",))):
            if key in keys:
                raise UserError(
                    f"{keys[key].file} and {one.file}: the same agency twice; keep the newer file"
                )
            keys[key] = one
    first = partials[0]
    for one in partials:
        _alike(first, one)
    stated = [p for p in partials if p.force_threshold]
    for one in stated:
        if one.force_threshold != stated[0].force_threshold:
            raise UserError(
                f"{stated[0].file} and {one.file}: unlike thresholds of reportable force"
                f" ({stated[0].force_threshold} and {one.force_threshold}); pool agencies of each"
                " threshold apart"
            )
    return tuple(sorted(partials, key=lambda p: (p.label.casefold(), p.fingerprint)))


def _alike(first: Partial, one: Partial) -> None:
    pair = f"{first.file} and {one.file}"
    if one.registry != registry_hash():
        raise UserError(
            f"{one.file}: another registry version: its outcomes and covariates are not defined as here;"
            " have all agencies and the pool use the same edition of the program"
        )
    if one.simulated != first.simulated:
        raise UserError(f"{pair}: a simulated agency and a real one; pool them apart")
    if one.question != first.question:
        raise UserError(
            f"{pair}: unlike questions; have all agencies give the same outcomes, exposure,"
            " covariates and dates"
        )
    if max(abs(a - b) for a, b in zip(one.period, first.period, strict=True)) * 30 > APART:
        raise UserError(
            f"{pair}: unlike periods ({' to '.join(first.months)} and {' to '.join(one.months)});"
            " have all agencies give the same calendar year, with --from and --to"
        )


def rests_on_force(outcome: str) -> bool:
    """Say whether an outcome means what the agency's threshold of reportable force makes it mean."""
    return any(s.startswith(FORCE_COLUMNS) for s in registry.outcome(outcome).sources)
