"""Figures that others have published, and often-quoted numbers: what each says and does not say.

Context, never a target: agencies define contacts, force and arrest in their own ways. Numbers as
printed in the sources named; the sentences are ours. What has no source is not here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from data.store import Snapshot
from metrics import aggregate, proportions
from metrics.estimate import Estimate, NotEstimable
from metrics.question import Question

CAME = "came"
"""The share of contacts that a CIT officer came to, beside the outcomes' ids."""


@dataclass(frozen=True)
class Published:
    """One published figure.

    ``comparator`` says whom it was compared with, ``None`` where nobody was. ``shares`` are the
    measures (outcome ids, or :data:`CAME`) whose own share may stand beside it, ``ratios`` the
    outcomes whose own adjusted odds ratio may.
    """

    study: str
    place: str
    year: str
    source: str
    figure: str
    says: str
    does_not_say: str
    comparator: str | None
    shares: tuple[str, ...] = ()
    ratios: tuple[str, ...] = ()


@dataclass(frozen=True)
class Quoted:
    """One often-quoted number: how it is heard, where it comes from, what it is about."""

    number: str
    heard_as: str
    origin: str
    about: str


@dataclass(frozen=True)
class OwnShare:
    """An agency's own share of contacts, both groups and neither together, with Wilson's interval."""

    measure: str
    events: int
    n: int
    rate: Estimate


PUBLISHED = (
    Published(
        study="Compton et al.",
        place="Georgia, 180 officers, 1,063 encounters",
        year="2014",
        source="Psychiatric Services 65:523",
        figure="Referral or transport: odds ratio 1.70 (p = .026). Arrest: odds ratio 0.47 (p = .007)."
        " Talking as the highest force: odds ratio 2.00 (p = .016).",
        says="Trained officers reported more referrals or transports, fewer arrests, and more"
        " encounters in which talking was the most they did. Otherwise training did not go with the level"
        " of force.",
        does_not_say="That it was the training: officers reported their own encounters, and it was not"
        " chance that decided who was trained.",
        comparator="Officers without the training, in the same departments.",
        ratios=("voluntary_care", "arrest"),
    ),
    Published(
        study="Taheri",
        place="Meta-analysis of several places",
        year="2016",
        source="Criminal Justice Policy Review 27:76",
        figure="Arrests: d = .180 (p = .495). Officer safety: d = -.301 (p = .191).",
        says="The studies that could be pooled showed neither fewer nor more arrests clearly, and the"
        " same for officers' safety.",
        does_not_say="That there is no difference: few studies, and they disagree.",
        comparator="Officers or periods without CIT, as each study had them.",
    ),
    Published(
        study="Teller et al.",
        place="Akron, Ohio",
        year="2006",
        source="Psychiatric Services 57:232",
        figure="More transports, and more voluntary ones; arrests unchanged.",
        says="After the program began, more calls ended with a transport to care.",
        does_not_say="That the program was what made the change: calls and services may have changed too.",
        comparator="The years before the program, and officers without the training.",
    ),
    Published(
        study="Watson et al.",
        place="Chicago",
        year="2010",
        source="Administration and Policy in Mental Health 37:302",
        figure="CIT officers directed more people to services.",
        says="Contacts of trained officers ended in services more often.",
        does_not_say="That arrests were fewer.",
        comparator="Officers without the training, in the same districts.",
    ),
    Published(
        study="Watson et al.",
        place="Chicago",
        year="2011",
        source="International Journal of Law and Psychiatry 34:287",
        figure="Direction to services depended on services being available.",
        says="Where services were at hand, more contacts with CIT ended in them.",
        does_not_say="What to expect where there are few services: training alone adds none.",
        comparator="Districts with fewer services.",
    ),
    Published(
        study="Steadman et al.",
        place="Birmingham, Knoxville, Memphis",
        year="2000",
        source="Psychiatric Services 51:645",
        figure="A specialised response on 28%, 40% and 95% of calls; arrests in 13%, 5% and 2%.",
        says="Three cities with three kinds of response differed in how often help came and how often"
        " people were arrested.",
        does_not_say="Why: the three cities differ in more than their response, and one of the three had"
        " CIT.",
        comparator="Each other: three cities with unlike programs.",
        shares=("arrest", CAME),
    ),
    Published(
        study="Rogers, McNiel & Binder",
        place="Review of studies",
        year="2019",
        source="Journal of the American Academy of Psychiatry and the Law 47:414",
        figure="Little evidence on objective measures of arrest, injury or force.",
        says="Most studies ask officers what they know and intend; few count what happened.",
        does_not_say="That CIT makes no difference: little evidence is not evidence of none.",
        comparator="As each study had them; many had none.",
    ),
    Published(
        study="Seattle police",
        place="Seattle",
        year="2015-16",
        source="The department's own figures; edition not confirmed",
        figure="Force in 149 of about 9,300 crisis contacts (1.6%).",
        says="How often force was used in crisis contacts in one city, in one year.",
        does_not_say="How often it would have been used without CIT.",
        comparator=None,
        shares=("force",),
    ),
    Published(
        study="Albuquerque police",
        place="Albuquerque",
        year="2018",
        source="The department's own figures; edition not confirmed",
        figure="No force in 99% of contacts; 72% transported; 3% arrested.",
        says="How crisis contacts ended in one city, in one year.",
        does_not_say="How they would have ended otherwise. Which contacts were counted matters more than"
        " anything else.",
        comparator=None,
        shares=("force", "arrest"),
    ),
    Published(
        study="Cleveland police",
        place="Cleveland",
        year="2023",
        source="The department's own figures; edition not confirmed",
        figure="Force in about 0.4% of crisis contacts.",
        says="How often force was recorded in crisis contacts in one city, in one year.",
        does_not_say="How often it would have been used without CIT, or whether force means what it means"
        " here.",
        comparator=None,
        shares=("force",),
    ),
    Published(
        study="Portland police",
        place="Portland, Oregon",
        year="2020-21",
        source="The department's own figures; edition not confirmed",
        figure="Force in 0.7% of calls flagged for mental health, in 1.6% of calls with the enhanced team.",
        says="The enhanced team is sent to harder calls, and force was recorded more often there.",
        does_not_say="That the team uses more force than others would on the same calls.",
        comparator="None that is fair: the two kinds of calls differ.",
        shares=("force",),
    ),
)
"""In the order of the studies, then of the cities; never by result."""

QUOTED = (
    Quoted(
        number="58%",
        heard_as="fewer arrests, or less force, with CIT",
        origin="Bower & Pettit 2001, FBI Law Enforcement Bulletin 70(2); and, apart from it, an advocacy"
        " sheet",
        about="In Albuquerque it is how far SWAT call-outs with a crisis part fell after CIT began, with no"
        " other city or group to compare with. On the advocacy sheet it is about arrests again after"
        " diversion. Neither is about arrests or force in contacts with CIT. The article has the number"
        " once more: in 58% of the calls mental illness was an apparent factor.",
    ),
    Quoted(
        number="$151 and $646",
        heard_as="the cost of one response without and with police",
        origin="Dee & Pyne 2022, Science Advances, on Denver's STAR program, in which clinicians and not"
        " police answer",
        about="$151 is the program's cost for each offence averted, $646 the usual cost of one minor offence."
        " Neither is the cost of an incident, and STAR is not CIT.",
    ),
)

QUESTIONS = (
    "Which contacts were counted, and who decided that a contact was a crisis?",
    "Compared with whom? A number that fell after a program began has no comparison.",
    "Had the officers chosen the training, and were they sent to the same calls?",
    "Did somebody count what happened, or did officers say what they would do?",
    "Where is it printed? A number without a study, a place and a year is not evidence.",
)
"""What to ask of any number, a good one too."""


def measures() -> tuple[str, ...]:
    """Return the measures that stand beside some published figure."""
    return tuple(dict.fromkeys(m for p in PUBLISHED for m in p.shares))


def own(question: Question, snapshot: Snapshot) -> Mapping[str, OwnShare | NotEstimable]:
    """Return the agency's own share of each of :func:`measures`, of all contacts that recorded it."""
    outcomes = tuple(m for m in measures() if m != CAME)
    # Grouped by arrival, so that one query gives both; outcomes are summed over all of it.
    asked = replace(question.only(*outcomes), exposure="arrived")
    counts = aggregate.counts(snapshot, asked)
    found = {
        m: _share(m, int(counts.frame[f"events:{m}"].sum()), int(counts.frame[f"n:{m}"].sum()))
        for m in outcomes
    }
    came, stayed = counts.total("contacts", True), counts.total("contacts", False)
    return {**found, CAME: _share(CAME, came, came + stayed)}


def _share(measure: str, events: int, n: int) -> OwnShare | NotEstimable:
    rate = proportions.wilson(events, n)
    if isinstance(rate, NotEstimable):
        return NotEstimable("not recorded in these contacts")
    return OwnShare(measure, events, n, rate)
