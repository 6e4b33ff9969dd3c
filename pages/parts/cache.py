"""Results computed once per snapshot and question, however many ask at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import streamlit as st

from data import events as agency_events
from data import loads, sample
from data.events import Event
from data.sandbox import pool
from data.sandbox.tables import TableOfCopy, tables
from data.store import Snapshot, Store
from metrics import (
    aggregate,
    detail,
    evaluate,
    force_scale,
    overview,
    planning,
    published,
    selection,
    situation,
    trend,
)
from metrics import certification as certifications
from metrics import claims as claimed
from metrics import costs as costing
from metrics import documentation as papers
from metrics import doubt as doubts
from metrics import duty as duties
from metrics import elements as program
from metrics import exhibit as exhibits
from metrics import funnel as funnels
from metrics import launch as launches
from metrics import liability as liabilities
from metrics import measures as funders
from metrics import packet as packets
from metrics import partners as care
from metrics import planner as planners
from metrics import resident as residents
from metrics import response as responses
from metrics import subgroups as splits
from metrics import within as withins
from metrics.estimate import NotEstimable
from metrics.event_study import EventStudy
from metrics.interrupted import Interrupted
from metrics.measure_report import Report
from metrics.question import Access, Question, primary_outcomes
from metrics.result import Comparison

_HASH: dict[str | type[Any], Callable[[Any], Any]] = {Snapshot: lambda s: s.id, Path: str}
_ENTRIES = 256


def store() -> Store:
    """Return the store in use; on the very first start, make the simulated agency."""
    found = Store()
    if found.current_id() is None:
        with st.spinner(
            "First start: making a simulated agency to show. This takes a few seconds."
        ):
            sample.ensure(found)
    return found


@st.cache_data(max_entries=_ENTRIES, hash_funcs=_HASH, show_spinner="Comparing the groups")
def answer(
    snapshot: Snapshot, question: Question, access: Access = "internal"
) -> tuple[Comparison, ...]:
    """Return the comparisons of a question."""
    return evaluate(question, access, snapshot=snapshot)


def answer_one(snapshot: Snapshot, question: Question, outcome: str) -> Comparison:
    """Return one outcome's comparison; the primary ones are computed together, once for all pages."""
    family = primary_outcomes()
    together = family if outcome in family else (outcome,)
    found = answer(snapshot, question.only(*together))
    return found[together.index(outcome)]


@st.cache_data(max_entries=_ENTRIES, hash_funcs=_HASH, show_spinner=False)
def outcome_detail(snapshot: Snapshot, question: Question, outcome: str) -> detail.Detail:
    """Return the strata of an outcome."""
    return detail.detail(question, outcome, snapshot)


@st.cache_data(max_entries=_ENTRIES, hash_funcs=_HASH, show_spinner=False)
def outcome_trend(snapshot: Snapshot, question: Question, outcome: str) -> trend.Trend:
    """Return an outcome's months with their chart."""
    return trend.trend(question, outcome, snapshot)


@st.cache_data(max_entries=_ENTRIES, hash_funcs=_HASH, show_spinner=False)
def agency_situation(
    snapshot: Snapshot, question: Question, outcome: str, way: str | None
) -> situation.Situation:
    """Return which way of looking the data call for; ``way`` overrides it."""
    found = situation.situation(question, outcome, snapshot, loads.agencies(snapshot))
    return found if way is None else replace(found, way=way)


@st.cache_data(max_entries=_ENTRIES, hash_funcs=_HASH, show_spinner=False)
def tiles(snapshot: Snapshot, question: Question, small: bool) -> tuple[overview.Tile, ...]:
    """Return the overview's tiles."""
    return overview.tiles(question, snapshot, small=small)


@st.cache_data(max_entries=_ENTRIES, hash_funcs=_HASH, show_spinner=False)
def missing(snapshot: Snapshot, question: Question) -> list[dict[str, Any]]:
    """Return what was not recorded, by month, arm and outcome."""
    return detail.missing_by_month(question, question.outcomes, snapshot)


@st.cache_data(max_entries=8, hash_funcs=_HASH, show_spinner=False)
def coverage(snapshot: Snapshot) -> aggregate.Coverage:
    """Return what the snapshot records at all."""
    return aggregate.coverage(snapshot)


@st.cache_data(max_entries=64, hash_funcs=_HASH, show_spinner=False)
def levels(snapshot: Snapshot, covariate: str) -> list[str]:
    """Return the levels a covariate takes."""
    return aggregate.levels(snapshot, covariate)


@st.cache_data(max_entries=8, hash_funcs=_HASH, show_spinner=False)
def load_records(snapshot: Snapshot) -> tuple[loads.LoadRecord, ...]:
    """Return the snapshot's loads."""
    return loads.records(snapshot)


@st.cache_data(max_entries=8, hash_funcs=_HASH, show_spinner=False)
def answers(snapshot: Snapshot) -> tuple[loads.Answers, ...]:
    """Return how the yes/no columns were answered."""
    return loads.answers(snapshot)


@st.cache_data(max_entries=8, hash_funcs=_HASH, show_spinner=False)
def events(snapshot: Snapshot) -> tuple[Event, ...]:
    """Return the agency's marked events."""
    return agency_events.events(snapshot)


@st.cache_data(max_entries=8, hash_funcs=_HASH, show_spinner=False)
def calls_with_form(snapshot: Snapshot) -> tuple[int, int] | None:
    """Return calls with a form and those that should have one; None where no calls are loaded."""
    lacking = responses.without_form(snapshot)
    return None if lacking is None else (lacking.n - lacking.events, lacking.n)


@st.cache_data(max_entries=_ENTRIES, hash_funcs=_HASH, show_spinner=False)
def outdated(snapshot: Snapshot) -> bool:
    """Say whether a snapshot was made by an earlier version."""
    return aggregate.outdated(snapshot)


@st.cache_data(max_entries=_ENTRIES, hash_funcs=_HASH, show_spinner=False)
def force_levels(snapshot: Snapshot, question: Question) -> dict[bool, dict[int, int]]:
    """Return contacts by highest force rank, for each arm."""
    return aggregate.force_levels(snapshot, question)


@st.cache_data(max_entries=_ENTRIES, hash_funcs=_HASH, show_spinner="Comparing within levels")
def subgroups(snapshot: Snapshot, question: Question, outcome: str) -> splits.Subgroups:
    """Return an outcome's difference within the levels of each covariate."""
    return splits.subgroups(question, outcome, snapshot)


@st.cache_data(max_entries=_ENTRIES, hash_funcs=_HASH, show_spinner=False)
def funnel(
    snapshot: Snapshot, question: Question, outcome: str, by: str
) -> funnels.Funnel | NotEstimable:
    """Return an outcome's funnel of districts or agencies."""
    return funnels.funnel(question, outcome, snapshot, by)


@st.cache_data(max_entries=_ENTRIES, hash_funcs=_HASH, show_spinner=False)
def plan_figures(
    snapshot: Snapshot, question: Question, outcome: str
) -> planning.Own | NotEstimable:
    """Return the agency's own figures that a plan for an outcome rests on."""
    counts = aggregate.counts(snapshot, question.only(outcome), officers=True, months=True)
    return planning.figures(counts.frame, outcome)


@st.cache_data(max_entries=_ENTRIES, hash_funcs=_HASH, show_spinner=False)
def own_shares(
    snapshot: Snapshot, question: Question
) -> dict[str, published.OwnShare | NotEstimable]:
    """Return the agency's own shares that stand beside published figures."""
    return dict(published.own(question, snapshot))


@st.cache_data(max_entries=_ENTRIES, hash_funcs=_HASH, show_spinner="Asking in every other way")
def exhibit(snapshot: Snapshot, question: Question, outcome: str) -> exhibits.Exhibit:
    """Return an outcome's sensitivity exhibit."""
    return exhibits.exhibit(question, outcome, snapshot, _context(snapshot, question, outcome))


@st.cache_resource(max_entries=8, hash_funcs=_HASH, show_spinner=False)
def _context(snapshot: Snapshot, question: Question, outcome: str) -> exhibits.Context:
    """Return an outcome's headline as fitted, which its exhibit and its doubts share."""
    return exhibits.Context.of(question, outcome, snapshot)


@st.cache_data(max_entries=4, hash_funcs=_HASH, show_spinner="Writing the packet")
def packet(snapshot: Snapshot, question: Question) -> packets.Packet:
    """Return a question's evidence packet, of the results that the pages show."""
    return packets.build(
        question,
        snapshot,
        comparisons=answer(snapshot, question),
        exhibits={o: exhibit(snapshot, question, o) for o in question.outcomes},
    )


@st.cache_data(max_entries=_ENTRIES, hash_funcs=_HASH, show_spinner=False)
def doubt(snapshot: Snapshot, question: Question, outcome: str) -> doubts.Doubt:
    """Return what could overturn an outcome's comparison."""
    comparison = answer_one(snapshot, question, outcome)
    return doubts.doubt(comparison, question, snapshot, _context(snapshot, question, outcome))


@st.cache_data(
    max_entries=_ENTRIES, hash_funcs=_HASH, show_spinner="Comparing officers before and after"
)
def within(snapshot: Snapshot, question: Question, outcome: str) -> withins.Within:
    """Return an outcome's comparison within officers."""
    return withins.within(question, outcome, snapshot)


@st.cache_data(max_entries=_ENTRIES, hash_funcs=_HASH, show_spinner=False)
def adoption(
    snapshot: Snapshot, question: Question, outcome: str, unit: str
) -> EventStudy | NotEstimable:
    """Return how an outcome changed in places that adopted CIT at different times."""
    return withins.adoption(question, outcome, snapshot, unit)


@st.cache_data(max_entries=_ENTRIES, hash_funcs=_HASH, show_spinner=False)
def launch(
    snapshot: Snapshot, question: Question, outcome: str, day: date
) -> Interrupted | NotEstimable:
    """Return how an outcome's monthly rate changed at a date."""
    return launches.launch(question, outcome, snapshot, day)


@st.cache_data(max_entries=_ENTRIES, hash_funcs=_HASH, show_spinner="Comparing the calls")
def who_gets_cit(snapshot: Snapshot, question: Question) -> selection.Selection:
    """Return how unlike the calls of the two groups are."""
    return selection.selection(question, snapshot)


@st.cache_data(
    max_entries=_ENTRIES,
    hash_funcs=_HASH,
    show_spinner="Comparing the levels of force: with a million contacts this takes about 15 seconds",
)
def scale_of_force(snapshot: Snapshot, question: Question) -> force_scale.ForceScale:
    """Return how far the levels of force differ as a whole."""
    return force_scale.force_scale(question, snapshot)


@st.cache_data(max_entries=64, hash_funcs=_HASH, show_spinner="Counting the measures")
def measure_report(
    snapshot: Snapshot,
    set_: str,
    start: date | None,
    end: date | None,
    year_starts: int,
    baseline: tuple[date, date] | None,
    targets: tuple[tuple[str, float], ...],
) -> Report:
    """Return a funder's measures over the periods of a grant."""
    return funders.report(
        set_,
        snapshot,
        start,
        end,
        year_starts=year_starts,
        baseline=baseline,
        target=dict(targets),
    )


@st.cache_data(max_entries=64, hash_funcs=_HASH, show_spinner=False)
def certification(snapshot: Snapshot, day: date, agency: str | None) -> certifications.Standing:
    """Return who is certified, due and lapsed on a day."""
    return certifications.standing(snapshot, day, agency)


@st.cache_data(max_entries=_ENTRIES, hash_funcs=_HASH, show_spinner="Counting the calls")
def response(snapshot: Snapshot, question: Question) -> responses.Response | None:
    """Return who came to calls, and how soon; None where no call is loaded."""
    return responses.response(question, snapshot)


@st.cache_data(max_entries=_ENTRIES, hash_funcs=_HASH, show_spinner=False)
def form_flags(snapshot: Snapshot, question: Question) -> dict[str, tuple[int, int]]:
    """Return what the forms' own flags say of a CIT officer, where no call is loaded."""
    return aggregate.form_flags(snapshot, question)


@st.cache_data(max_entries=64, hash_funcs=_HASH, show_spinner="Reading the records")
def scorecard(snapshot: Snapshot, day: date, agency: str | None) -> program.Scorecard:
    """Return the program elements as of a day."""
    return program.scorecard(snapshot, day, agency)


@st.cache_data(max_entries=_ENTRIES, hash_funcs=_HASH, show_spinner=False)
def partners(snapshot: Snapshot, question: Question) -> care.Partners:
    """Return what partners and care look like over the contacts of a question."""
    return care.partners(question, snapshot)


@st.cache_data(max_entries=8, hash_funcs=_HASH, show_spinner="Gathering what may be published")
def resident(snapshot: Snapshot) -> residents.Resident | NotEstimable:
    """Return the public page of a store with one agency."""
    return residents.resident(snapshot)


@st.cache_data(max_entries=64, hash_funcs=_HASH, show_spinner="Reading the roster")
def duty(
    snapshot: Snapshot, question: Question, agency: str | None
) -> duties.Duty | duties.Lacking:
    """Return who was on duty where; of the question only the dates are used."""
    return duties.duty(snapshot, question, agency)


@st.cache_data(
    max_entries=64,
    hash_funcs=_HASH,
    show_spinner="Looking for the fewest officers: this can take half a minute",
)
def train_next(
    snapshot: Snapshot, options: planners.Options, agency: str | None
) -> planners.Plan | duties.Lacking:
    """Return whom to certify next."""
    return planners.plan(snapshot, options, agency)


@st.cache_data(max_entries=_ENTRIES, hash_funcs=_HASH, show_spinner=False)
def liability(snapshot: Snapshot, question: Question) -> liabilities.Liability:
    """Return what may come back to the agency; the comparisons are those of all pages, made once."""
    compared = answer(snapshot, question.only(*liabilities.OUTCOMES))
    return liabilities.liability(question, snapshot, compared)


@st.cache_data(max_entries=_ENTRIES, hash_funcs=_HASH, show_spinner="Reading the loss runs")
def agency_claims(snapshot: Snapshot, question: Question, line: str | None) -> claimed.Claims:
    """Return the claims of a line of cover that a viewer may see, as the loss runs valued them."""
    return claimed.claims(snapshot, question, line)


@st.cache_data(max_entries=_ENTRIES, hash_funcs=_HASH, show_spinner="Counting the documents")
def documentation(snapshot: Snapshot, question: Question) -> papers.Documentation:
    """Return the documents that the contacts of a question owed, and what came of them."""
    return papers.documentation(question, snapshot)


@st.cache_data(max_entries=_ENTRIES, hash_funcs=_HASH, show_spinner="Trying the worst cases")
def conclusions(snapshot: Snapshot, question: Question) -> tuple[papers.Conclusion, ...]:
    """Return what the missing outcomes could do to each primary comparison."""
    return tuple(
        papers.conclusion(
            answer_one(snapshot, question, outcome),
            doubt(snapshot, question, outcome),
            question,
            snapshot,
        )
        for outcome in primary_outcomes()
    )


@st.cache_data(max_entries=_ENTRIES, hash_funcs=_HASH, show_spinner="Comparing the groups")
def cost_basis(snapshot: Snapshot, question: Question) -> costing.Basis:
    """Return the differences, minutes and certified officers that cost scenarios rest on."""
    return costing.basis(question, snapshot)


@st.cache_data(max_entries=8, hash_funcs=_HASH, show_spinner=False)
def analysis_tables(snapshot: Snapshot) -> dict[str, TableOfCopy]:
    """Return the tables of the copy that people's own SQL runs over, making it on first use."""
    return tables(pool.copy_of(snapshot))
