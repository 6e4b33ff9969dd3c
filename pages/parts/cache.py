"""Every result that pages show, made once per snapshot and question."""

from __future__ import annotations

from datetime import date
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
from metrics import change as changing
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
from metrics import pooling_agencies as pools
from metrics import pooling_files as pool_files
from metrics import pooling_kept as pool_store
from metrics import resident as residents
from metrics import response as responses
from metrics import subgroups as splits
from metrics import within as withins
from metrics.estimate import NotEstimable
from metrics.event_study import EventStudy
from metrics.interrupted import Interrupted
from metrics.measure_report import Report
from metrics.question import Access, Question, primary_outcomes
from metrics.resident import public_question
from metrics.result import Comparison
from pages.parts import made
from pages.parts.once import once
from pages.parts.person import person
from pages.print import output
from pages.print.material import Material


def store() -> Store:
    """Return the store for whoever is looking; on the very first start, make the simulated agency."""
    found = Store()
    if sample.needed(found):
        with st.spinner(
            "First start: making a simulated agency to show. This takes a few seconds."
        ):
            sample.ensure(found)
    return Store(found.root, person().role)


@once(spinner="Comparing the groups")
def answer(
    snapshot: Snapshot, question: Question, access: Access = "internal"
) -> tuple[Comparison, ...]:
    """Return the comparisons of a question."""
    return made.by(evaluate, question, access, snapshot=snapshot)


def answer_one(snapshot: Snapshot, question: Question, outcome: str) -> Comparison:
    """Return one outcome's comparison; the primary ones are computed together, once for all pages."""
    family = primary_outcomes()
    together = family if outcome in family else (outcome,)
    found = answer(snapshot, question.only(*together))
    return found[together.index(outcome)]


@once()
def outcome_split(snapshot: Snapshot, question: Question, outcome: str, dim: str) -> detail.Split:
    """Return the strata of an outcome by one covariate."""
    return made.by(detail.split, question, outcome, dim, snapshot)


@once()
def counting(snapshot: Snapshot, question: Question, outcome: str) -> str:
    """Return a query that counts an outcome, to show."""
    return detail.counting(question, outcome, snapshot)


@once()
def outcome_trend(snapshot: Snapshot, question: Question, outcome: str) -> trend.Trend:
    """Return an outcome's months with their chart."""
    return made.by(trend.trend, question, outcome, snapshot)


@once()
def agency_situation(
    snapshot: Snapshot, question: Question, outcome: str, way: str | None
) -> situation.Situation:
    """Return which way of looking the data call for; ``way`` overrides it."""
    agencies = loads.agencies(snapshot)
    return made.by(situation.situation, question, outcome, snapshot, agencies, way)


@once()
def tiles(snapshot: Snapshot, question: Question, small: bool) -> tuple[overview.Tile, ...]:
    """Return the overview's tiles."""
    return made.by(overview.tiles, question, snapshot, small=small)


@once()
def missing(snapshot: Snapshot, question: Question) -> list[dict[str, Any]]:
    """Return what was not recorded, by month, arm and outcome."""
    return made.by(detail.missing_by_month, question, question.outcomes, snapshot)


@once(most=8)
def coverage(snapshot: Snapshot) -> aggregate.Coverage:
    """Return what the snapshot records at all."""
    return made.by(aggregate.coverage, snapshot)


@once(most=8)
def supplied(snapshot: Snapshot) -> frozenset[tuple[str, str, str]]:
    """Return (agency, source, ``table.column``) of every column that an export supplies."""
    return aggregate.supplied(snapshot)


@once(most=64)
def levels(snapshot: Snapshot, covariate: str) -> list[str]:
    """Return the levels a covariate takes."""
    return aggregate.levels(snapshot, covariate)


@once(most=8)
def load_records(snapshot: Snapshot) -> tuple[loads.LoadRecord, ...]:
    """Return the snapshot's loads."""
    return made.by(loads.records, snapshot)


@once(most=8)
def answers(snapshot: Snapshot) -> tuple[loads.Answers, ...]:
    """Return how the yes/no columns were answered."""
    return made.by(loads.answers, snapshot)


@once(most=8)
def events(snapshot: Snapshot) -> tuple[Event, ...]:
    """Return the agency's marked events."""
    return made.by(agency_events.events, snapshot)


@once(most=8)
def calls_with_form(snapshot: Snapshot) -> tuple[int, int] | None:
    """Return calls with a form and those that should have one; None where no calls are loaded."""
    lacking = responses.without_form(snapshot)
    return None if lacking is None else (lacking.n - lacking.events, lacking.n)


@once()
def outdated(snapshot: Snapshot) -> bool:
    """Say whether a snapshot was made by an earlier version."""
    return aggregate.outdated(snapshot)


@once()
def force_levels(snapshot: Snapshot, question: Question) -> dict[bool, dict[int, int]]:
    """Return contacts by highest force rank, for each arm."""
    return made.by(aggregate.force_levels, snapshot, question)


@once(spinner="Comparing within levels")
def subgroups(snapshot: Snapshot, question: Question, outcome: str) -> splits.Subgroups:
    """Return an outcome's difference within the levels of each covariate."""
    return made.by(splits.subgroups, question, outcome, snapshot)


@once()
def funnel(
    snapshot: Snapshot, question: Question, outcome: str, by: str
) -> funnels.Funnel | NotEstimable:
    """Return an outcome's funnel of districts or agencies."""
    return made.by(funnels.funnel, question, outcome, snapshot, by)


@once()
def plan_figures(
    snapshot: Snapshot, question: Question, outcome: str
) -> planning.Own | NotEstimable:
    """Return the agency's own figures that a plan for an outcome rests on."""
    counts = made.by(aggregate.counts, snapshot, question.only(outcome), officers=True, months=True)
    return made.by(planning.figures, counts.frame, outcome)


@once()
def own_shares(
    snapshot: Snapshot, question: Question
) -> dict[str, published.OwnShare | NotEstimable]:
    """Return the agency's own shares that stand beside published figures."""
    return dict(published.own(question, snapshot))


@once(spinner="Asking in every other way")
def exhibit(snapshot: Snapshot, question: Question, outcome: str) -> exhibits.Exhibit:
    """Return an outcome's sensitivity exhibit."""
    return made.by(
        exhibits.exhibit, question, outcome, snapshot, _context(snapshot, question, outcome)
    )


@once(most=8)
def _context(snapshot: Snapshot, question: Question, outcome: str) -> exhibits.Context:
    """Return an outcome's headline as fitted, which its exhibit and its doubts share."""
    return made.by(exhibits.Context.of, question, outcome, snapshot)


@once(most=4, spinner="Writing the packet")
def packet(snapshot: Snapshot, question: Question) -> packets.Packet:
    """Return a question's evidence packet, of the results that the pages show."""
    return packets.build(
        question,
        snapshot,
        comparisons=answer(snapshot, question),
        exhibits={o: exhibit(snapshot, question, o) for o in question.outcomes},
    )


@once()
def doubt(snapshot: Snapshot, question: Question, outcome: str) -> doubts.Doubt:
    """Return what could overturn an outcome's comparison."""
    comparison = answer_one(snapshot, question, outcome)
    return made.by(
        doubts.doubt, comparison, question, snapshot, _context(snapshot, question, outcome)
    )


@once(spinner="Comparing officers before and after")
def within(snapshot: Snapshot, question: Question, outcome: str) -> withins.Within:
    """Return an outcome's comparison within officers."""
    return made.by(withins.within, question, outcome, snapshot)


@once()
def adoption(
    snapshot: Snapshot, question: Question, outcome: str, unit: str
) -> EventStudy | NotEstimable:
    """Return how an outcome changed in places that adopted CIT at different times."""
    return made.by(withins.adoption, question, outcome, snapshot, unit)


@once()
def launch(
    snapshot: Snapshot, question: Question, outcome: str, day: date
) -> Interrupted | NotEstimable:
    """Return how an outcome's monthly rate changed at a date."""
    return made.by(launches.launch, question, outcome, snapshot, day)


@once(spinner="Comparing the calls")
def who_gets_cit(snapshot: Snapshot, question: Question) -> selection.Selection:
    """Return how unlike the calls of the two groups are."""
    return made.by(selection.selection, question, snapshot)


@once(spinner="Comparing the levels of force: with a million contacts this takes about 15 seconds")
def scale_of_force(snapshot: Snapshot, question: Question) -> force_scale.ForceScale:
    """Return how far the levels of force differ as a whole."""
    return made.by(force_scale.force_scale, question, snapshot)


@once(most=64, spinner="Counting the measures")
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
    return made.by(
        funders.report,
        set_,
        snapshot,
        start,
        end,
        year_starts=year_starts,
        baseline=baseline,
        target=dict(targets),
    )


@once(most=64)
def certification(snapshot: Snapshot, day: date, agency: str | None) -> certifications.Standing:
    """Return who is certified, due and lapsed on a day."""
    return made.by(certifications.standing, snapshot, day, agency)


@once(spinner="Counting the calls")
def response(snapshot: Snapshot, question: Question) -> responses.Response | None:
    """Return who came to calls, and how soon; None where no call is loaded."""
    return made.by(responses.response, question, snapshot)


@once()
def form_flags(snapshot: Snapshot, question: Question) -> dict[str, tuple[int, int]]:
    """Return what the forms' own flags say of a CIT officer, where no call is loaded."""
    return made.by(aggregate.form_flags, snapshot, question)


@once(most=64, spinner="Reading the records")
def scorecard(snapshot: Snapshot, day: date, agency: str | None) -> program.Scorecard:
    """Return the program elements as of a day."""
    return made.by(program.scorecard, snapshot, day, agency)


@once()
def partners(snapshot: Snapshot, question: Question) -> care.Partners:
    """Return what partners and care look like over the contacts of a question."""
    return made.by(care.partners, question, snapshot)


@once(most=8, spinner="Gathering what may be published")
def published_material(snapshot: Snapshot) -> Material:
    """Return what the public brief is made of."""
    own = snapshot.store
    return output.gather(public_question(snapshot), "public", snapshot, own.settings, own.root)


@once(most=8, spinner="Gathering what may be published")
def resident(snapshot: Snapshot) -> residents.Resident | NotEstimable:
    """Return the public page of a store with one agency."""
    return residents.resident(snapshot)


@once(most=64, spinner="Reading the roster")
def duty(
    snapshot: Snapshot, question: Question, agency: str | None
) -> duties.Duty | duties.Lacking:
    """Return who was on duty where; of the question only the dates are used."""
    return made.by(duties.duty, snapshot, question, agency)


@once(most=64, spinner="Looking for the fewest officers: this can take half a minute")
def train_next(
    snapshot: Snapshot, options: planners.Options, agency: str | None
) -> planners.Plan | duties.Lacking:
    """Return whom to certify next."""
    return made.by(planners.plan, snapshot, options, agency)


@once()
def liability(snapshot: Snapshot, question: Question) -> liabilities.Liability:
    """Return what may come back to the agency; the comparisons are those of all pages, made once."""
    compared = answer(snapshot, question.only(*liabilities.OUTCOMES))
    return made.by(liabilities.liability, question, snapshot, compared)


@once(spinner="Reading the loss runs")
def agency_claims(snapshot: Snapshot, question: Question, line: str | None) -> claimed.Claims:
    """Return the claims of a line of cover that one may see, as the loss runs valued them."""
    return made.by(claimed.claims, snapshot, question, line, snapshot.role)


@once(spinner="Counting the documents")
def documentation(snapshot: Snapshot, question: Question) -> papers.Documentation:
    """Return the documents that the contacts of a question owed, and what came of them."""
    return made.by(papers.documentation, question, snapshot)


@once(spinner="Trying the worst cases")
def conclusions(snapshot: Snapshot, question: Question) -> tuple[papers.Conclusion, ...]:
    """Return what the missing outcomes could do to each primary comparison."""
    return tuple(
        made.by(
            papers.conclusion,
            answer_one(snapshot, question, outcome),
            doubt(snapshot, question, outcome),
            question,
            snapshot,
        )
        for outcome in primary_outcomes()
    )


@once(spinner="Comparing the groups")
def cost_basis(snapshot: Snapshot, question: Question) -> costing.Basis:
    """Return the differences, minutes and certified officers that cost scenarios rest on."""
    return made.by(costing.basis, question, snapshot)


@once(most=8)
def analysis_tables(snapshot: Snapshot) -> dict[str, TableOfCopy]:
    """Return the tables of the copy that people's own SQL runs over, making it on first use."""
    return tables(pool.copy_of(snapshot))


@st.cache_data(max_entries=16, show_spinner="Putting the agencies together")
def pooled(sent: tuple[tuple[str, bytes], ...]) -> pools.Pool:
    """Return what the files of agencies come to together; raise ``UserError`` for those that do not."""
    return pools.pool(pool_files.together([pool_files.parse(data, name) for name, data in sent]))


def kept_pool(snapshot: Snapshot) -> pools.Pool | None:
    """Return what the files kept in the store come to together; None where none is kept."""
    paths = pool_store.files(snapshot.store)
    return pooled(tuple((path.name, path.read_bytes()) for path in paths)) if paths else None


@once(spinner="Counting before and after")
def rate_changes(before: Snapshot | None, after: Snapshot) -> tuple[changing.RateChange, ...]:
    """Return every outcome's rate in two snapshots."""
    return changing.rates(before, after)


@once(spinner="Looking for odd months")
def odd_months(before: Snapshot | None, after: Snapshot) -> tuple[changing.OddMonth, ...]:
    """Return the months of a snapshot that are new or changed and outside their chart's limits."""
    return changing.odd_months(before, after)
