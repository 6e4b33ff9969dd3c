"""Documents: what was owed, came, was complete and in time; and what the missing ones could hide.

A document is owed where policy asks for it. What is not yet due stands apart; where nobody can say, it
is in neither number. What the missing outcomes could do is what ``metrics.doubt`` and the sensitivity
exhibit compute: nothing is computed here a second way.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from data.store import Snapshot
from metrics import aggregate, monthly, trends
from metrics.aggregate import documentation as counted
from metrics.aggregate.documentation import BAD_HOURS
from metrics.aggregate.relation import as_date
from metrics.doubt import Doubt
from metrics.estimate import Estimate, Estimated, NotEstimable
from metrics.exhibit.context import Context
from metrics.exhibit.variants import MISSING, VARIANTS
from metrics.headline import Fitted
from metrics.partners import Element
from metrics.question import Question
from metrics.result import HIGHER, LOWER, NONE_DETECTED, Comparison
from metrics.shares import Share, quantile
from metrics.trend import FEWEST_EVENTS_A_MONTH, Trend

if TYPE_CHECKING:
    import pandas as pd

KINDS = (
    "crisis_form",
    "force_report",
    "hold_form",
    "arrest_report",
    "injury_report",
    "supervisor_review",
    "bodycam_tag",
    "referral_form",
)
"""The documents, in the order of the dictionary."""
STEPS = ("came", "complete", "in_time", "approved")
OUTCOMES = ("form_complete", "report_on_time", "hold_form_complete")
"""The registry's outcomes about documents."""

FEWEST_JUDGED = 10
"""Documents of one kind in a district with which it can be the one with the most late ones."""
FEWEST_REVIEWS = 10
"""Reviews that a median needs."""
ARMS = (True, False, None)
"""With CIT, without, and contacts whose group was not recorded."""

_COUNTS = (
    *("not_owed", "unsaid", "owed", "came", "overdue", "not_due", "undated"),
    *("complete", "incomplete", "in_time", "late", "approved", "unapproved"),
)
# Anything else in that column may be a sentence: it is counted, and not repeated.
_FIELD = re.compile(r"[a-z][a-z0-9_]{0,39}")
OTHER_FIELD = "another field"


class Kind(NamedTuple):
    """Documents of one kind; see ``metrics.aggregate.documentation.owed`` for the counts."""

    document: str
    not_owed: int
    unsaid: int
    owed: int
    n_came: int
    overdue: int
    not_due: int
    undated: int
    n_complete: int
    incomplete: int
    n_in_time: int
    late: int
    n_approved: int
    unapproved: int

    @property
    def came(self) -> Share:
        """Documents handed in, of those due; those without a word on it are in neither."""
        return Share(self.n_came, self.n_came + self.overdue, self.undated)

    @property
    def complete(self) -> Share:
        """Documents with every required field, of those due; one that has not come is not."""
        n = self.n_complete + self.incomplete
        return Share(self.n_complete, n, self.owed - self.not_due - n)

    @property
    def in_time(self) -> Share:
        """Documents handed in by the time they were due, of those due."""
        n = self.n_in_time + self.late
        return Share(self.n_in_time, n, self.owed - self.not_due - n)

    @property
    def approved(self) -> Share:
        """Documents approved, of those that came."""
        n = self.n_approved + self.unapproved
        return Share(self.n_approved, n, self.n_came - n)

    def share(self, step: str) -> Share:
        """Return one of ``STEPS``."""
        found: Share = getattr(self, step)
        return found


class Blank(NamedTuple):
    """A field and how often it was left blank, with CIT and without, of documents that say."""

    field: str
    cit: Share
    other: Share

    @property
    def both(self) -> Share:
        """Both groups together."""
        return Share(self.cit.events + self.other.events, self.cit.n + self.other.n)


class Late(NamedTuple):
    """The district and kind of document with the most that were not in time."""

    district: str
    document: str
    late: Share


@dataclass(frozen=True)
class Reports:
    """Reports on force of one group, or of all contacts.

    ``reviewed`` is of those filed; ``days`` the median from filing to review over ``timed`` of them;
    ``bad`` were reviewed before they were filed. ``findings`` are of the filed ones, most first.
    """

    n: int
    not_due: int
    filed: Share
    in_time: Share
    reviewed: Share
    days: float | NotEstimable
    timed: int
    bad: int
    findings: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Documentation:
    """Everything on the page but the comparisons. ``stored`` are rows by table, whatever the question.

    ``arms`` and ``reports`` are by group (see ``ARMS``; ``reports`` has all together as "all");
    ``districts`` are by district, the one not recorded last. ``counts`` hold the months.
    """

    stored: Mapping[str, int]
    last: date | None
    exposure: str
    kinds: tuple[Kind, ...]
    arms: Mapping[bool | None, tuple[Kind, ...]]
    districts: tuple[tuple[str | None, tuple[Kind, ...]], ...]
    months: Mapping[str, Mapping[date, Kind]]
    blanks: Mapping[str, tuple[Blank, ...]]
    reports: Mapping[bool | str | None, Reports]
    elements: Mapping[bool | None, tuple[Element, ...]]

    def kind(self, document: str) -> Kind | None:
        """Return the documents of one kind, or None where there are none."""
        return next((k for k in self.kinds if k.document == document), None)

    def trend(self, document: str, step: str) -> Trend:
        """Chart a step of one kind of document by month of the contact."""
        return _trend(self.months.get(document, {}), step)

    @property
    def most_late(self) -> Late | None:
        """Where the most documents were not in time, by number; None where none was."""
        found = [
            Late(district, k.document, Share(k.late, k.in_time.n))
            for district, kinds in self.districts
            if district is not None
            for k in kinds
            if k.late and k.in_time.n >= FEWEST_JUDGED
        ]
        return max(found, key=lambda w: (w.late.events, w.district, w.document), default=None)

    @property
    def most_blank(self) -> tuple[str, Blank] | None:
        """The kind of document and the field left blank most often, by number."""
        found = [
            (document, blank)
            for document, fields in self.blanks.items()
            for blank in fields
            if blank.field != OTHER_FIELD and blank.both.n >= FEWEST_JUDGED
        ]
        return max(found, key=lambda f: (f[1].both.events, f[0]), default=None)


@dataclass(frozen=True)
class Conclusion:
    """What the contacts whose outcome was not recorded could do to one comparison.

    ``lowest`` and ``highest`` are the adjusted difference if only those without CIT, or only those with
    it, had the outcome (the exhibit's worst cases). ``holds`` says whether the verdict stands at both;
    None where there is none to stand, or an extreme was not estimated.
    """

    comparison: Comparison
    doubt: Doubt
    lowest: Estimated
    highest: Estimated

    @property
    def holds(self) -> bool | None:
        """Whether the verdict is the same at both extremes."""
        extremes = (self.lowest, self.highest)
        if self.comparison.lacks:
            return None
        if not self.comparison.not_recorded.outcome:
            return True
        if not all(isinstance(e, Estimate) for e in extremes):
            return None
        test = {
            LOWER: lambda e: e.high < 0,
            HIGHER: lambda e: e.low > 0,
            NONE_DETECTED: lambda e: e.low <= 0 <= e.high,
        }.get(self.comparison.verdict)
        return None if test is None else all(test(e) for e in extremes)


def documentation(question: Question, snapshot: Snapshot) -> Documentation:
    """Describe the documents of the contacts of a question; its outcomes are ignored."""
    owed = counted.owed(snapshot, question)
    reports = counted.force_reports(snapshot, question)
    held = counted.hold_forms(snapshot, question)
    places: list[str | None] = [*sorted({str(d) for d in owed["district"].dropna()})]
    if owed["district"].isna().any():
        places.append(None)
    return Documentation(
        stored=counted.stored(snapshot),
        last=aggregate.coverage(snapshot).last,
        exposure=question.exposure,
        kinds=_kinds(owed),
        arms={arm: _kinds(_of(owed, arm)) for arm in ARMS},
        districts=tuple((d, _kinds(_in(owed, d))) for d in places),
        months={
            str(document): {
                as_date(day) or date.min: _kind(str(document), own)
                for day, own in rows.groupby("month", sort=True)
            }
            for document, rows in owed.groupby("document", sort=True)
        },
        blanks=_blanks(counted.blanks(snapshot, question)),
        reports={"all": _reports(reports)} | {arm: _reports(_of(reports, arm)) for arm in ARMS},
        elements={
            arm: tuple(
                Element(str(r.element), int(r.yes), int(r.no), int(r.unknown))
                for r in _of(held, arm).itertuples(index=False)
            )
            for arm in ARMS
        },
    )


def conclusion(
    comparison: Comparison, doubt: Doubt, question: Question, snapshot: Snapshot
) -> Conclusion:
    """Say what was not recorded could do to a comparison, from what is already computed of it."""
    outcome = comparison.outcome
    refused = NotEstimable("the headline is refused")
    if comparison.lacks:
        return Conclusion(comparison, doubt, refused, refused)
    context = Context(question.only(outcome), outcome, snapshot)
    if not isinstance(context.base, Fitted):
        return Conclusion(comparison, doubt, refused, refused)
    (variant,) = (v for v in VARIANTS if v.label == "Missing outcomes, worst cases")
    found = variant.run(context)
    if isinstance(found, str):
        return Conclusion(comparison, doubt, NotEstimable(found), NotEstimable(found))
    rows = {r.id: r.risk_difference for r in found if r.group == MISSING}
    return Conclusion(comparison, doubt, rows["missing_low"], rows["missing_high"])


def _of(frame: pd.DataFrame, arm: bool | None) -> pd.DataFrame:
    exposed = frame["exposed"]
    if arm is None:
        return frame[exposed.isna()]
    return frame[(exposed == arm).fillna(False).astype(bool)]


def _in(frame: pd.DataFrame, district: str | None) -> pd.DataFrame:
    own = frame["district"]
    return frame[own.isna()] if district is None else frame[(own == district).fillna(False)]


def _kinds(frame: pd.DataFrame) -> tuple[Kind, ...]:
    found = [_kind(str(name), rows) for name, rows in frame.groupby("document", sort=True)]
    place = {name: i for i, name in enumerate(KINDS)}
    return tuple(sorted(found, key=lambda k: (place.get(k.document, len(KINDS)), k.document)))


def _kind(document: str, rows: pd.DataFrame) -> Kind:
    return Kind(document, *(int(rows[c].sum()) for c in _COUNTS))


def _blanks(frame: pd.DataFrame) -> dict[str, tuple[Blank, ...]]:
    """Return the fields left blank by kind of document, most first."""
    found: dict[str, tuple[Blank, ...]] = {}
    for document, rows in frame.groupby("document", sort=True):
        whole = rows[rows["field"].isna()]
        n = {arm: int(_of(whole, arm)["n"].sum()) for arm in (True, False)}
        named = rows[rows["field"].notna()]
        fields: dict[str, dict[bool, int]] = {}
        for arm in (True, False):
            own = _of(named, arm)
            for field, count in zip(own["field"], own["n"], strict=True):
                name = str(field) if _FIELD.fullmatch(str(field)) else OTHER_FIELD
                of_field = fields.setdefault(name, {True: 0, False: 0})
                # Several fields that are not named may stand on one form: never more than all forms.
                of_field[arm] = min(of_field[arm] + int(count), n[arm])
        listed = [
            Blank(name, Share(by[True], n[True]), Share(by[False], n[False]))
            for name, by in fields.items()
        ]
        listed.sort(key=lambda b: (b.field == OTHER_FIELD, -b.both.events, b.field))
        found[str(document)] = tuple(listed)
    return found


def _said(frame: pd.DataFrame, column: str) -> Share:
    answer = frame[column]
    yes = int(frame.loc[(answer == True).fillna(False).astype(bool), "n"].sum())  # noqa: E712
    no = int(frame.loc[(answer == False).fillna(False).astype(bool), "n"].sum())  # noqa: E712
    return Share(yes, yes + no, int(frame["n"].sum()) - yes - no)


def _reports(frame: pd.DataFrame) -> Reports:
    waiting = frame["not_due"].astype(bool)
    due = frame[~waiting]
    reviewed = frame[(frame["reviewed"].notna()).astype(bool)]
    timed = frame[frame["hours"] >= 0]
    filed = frame[(frame["filed"] == True).fillna(False).astype(bool)]  # noqa: E712
    n = int(timed["n"].sum())
    middle = quantile(timed["hours"].tolist(), timed["n"].tolist(), 0.5)
    enough = n >= FEWEST_REVIEWS and middle is not None
    review, in_all = _said(reviewed, "reviewed"), int(filed["n"].sum())
    known = filed["finding"].where(filed["finding"].notna(), "not_recorded")
    findings = filed["n"].groupby(known).sum()
    return Reports(
        n=int(frame["n"].sum()),
        not_due=int(frame.loc[waiting, "n"].sum()),
        filed=_said(due, "filed"),
        in_time=_said(due, "in_time"),
        reviewed=Share(review.events, review.n, in_all - review.n),
        days=middle / 24 if enough and middle is not None else NotEstimable("too few reviews"),
        timed=n,
        bad=int(frame.loc[frame["hours"] == BAD_HOURS, "n"].sum()),
        findings=tuple(sorted(((str(k), int(v)) for k, v in findings.items()), key=_most)),
    )


def _most(item: tuple[str, int]) -> tuple[int, str]:
    return -item[1], item[0]


def _trend(months: Mapping[date, Kind], step: str) -> Trend:
    """Chart a step by month, without limits where a p' chart cannot work."""
    import pandas as pd

    if not months:
        return Trend((), NotEstimable("no such document"))
    shares = {day: kind.share(step) for day, kind in months.items()}
    rows = pd.DataFrame(
        {
            "day": list(months),
            "contacts": [k.owed for k in months.values()],
            "n": [s.n for s in shares.values()],
            "events": [s.events for s in shares.values()],
        }
    )
    first, last = min(months), max(months)
    found = monthly.months(rows, "n", "events", first, monthly.month_end(last))
    covered = [m for m in found if m.covered and m.n]
    if len(covered) < 2:
        return Trend(found, NotEstimable("fewer than two months with documents"))
    events, n = [m.events for m in covered], [m.n for m in covered]
    chart = trends.p_chart(events, n, laney=True)
    if isinstance(chart, NotEstimable):
        return Trend(found, NotEstimable(chart.reason.replace("contact", "document")))
    # Few documents without it break the chart as few with it do.
    if min(sum(events), sum(n) - sum(events)) / len(covered) < FEWEST_EVENTS_A_MONTH:
        return Trend(found, NotEstimable("too few documents a month for limits of chance"))
    return Trend(found, chart)
