"""Words of *Cost scenarios*. No figure without its range and its payer, and nothing here says cause.

Texts hold dollar signs as they are; ``shown`` makes them safe for a page, where two of them are a formula.
"""

from __future__ import annotations

from data import registry
from data.costs import Cost
from data.registry.costs import KINDS, PAYERS
from metrics.costs import COUNTED, Basis, Options, Part, Scenario, Spread, Swing
from metrics.estimate import Estimate, Estimated, NotEstimable
from metrics.wording.numbers import (
    capital,
    covariate_list,
    difference_cell,
    listed,
    number,
    percent,
    reason,
    small,
)

INTRO = (
    "What the differences between the groups would come to in money, and in whose budget, *if they are"
    " real*. Officers volunteer for CIT and are sent by rule, so a difference is no proof that CIT made it."
    " Unit costs are prompts, not facts: enter your own."
)
NO_TOTAL = "What is missing stands below; costs can still be entered and kept."
LOUISVILLE = (
    "Who pays matters more than the total. In Louisville $9,825 a year less went on bookings and jail; the"
    " saving was on the side of the hospitals (El-Mallakh 2014; one study, no range)."
)
PAYER_NOTE = (
    "More is a cost that goes with CIT, less a saving, in the payer's budget. A bar is the middle of the draws,"
    " a line holds nine in ten. Payers add up draw by draw; their middles need not. Who pays is a first guess:"
    " set your own below."
)
SWING_NOTE = (
    "Each input is moved from its 5th to its 95th percentile, all others at the middle: how far the total"
    " per contact, all payers together, moves with it."
)
NOT_MARGINAL = (
    "An average cost or a charge does not go away with one fewer: a jail pays its staff either way. Read such"
    " parts as what is used, not as money that could be spent elsewhere."
)
CARE = "Added care is a cost to whoever provides or pays for it, and an aim of CIT: more of it is not worse."
SHAPES_NOTE = (
    "Triangular: low, likely and high. Fixed: likely alone. Lognormal: low, likely and high are the 5th"
    " percentile, the middle and the 95th; without low, likely is the middle and high the mean. Half of all"
    " draws of a lopsided triangle lie beyond its likely value. Empty: not entered, and what rests on it is"
    " not estimable."
)
_SERIOUS = (
    ("training", ("training_hours", "training_backfill", "training_tuition")),
    ("added care", ("receiving_visit", "clinician")),
)
"""Costs whose absence the reader is told of first."""
_OF_A_YEAR = "contacts with CIT of a year"


def shown(text: str) -> str:
    """Keep Markdown from reading dollar signs as mathematics."""
    return text.replace("$", r"\$")


def amount(value: float) -> str:
    """Return a number of dollars without sign: cents under ten, three figures from a thousand on."""
    size = abs(value)
    if size < 10:
        return number(size, 2) if round(size, 2) else "0"
    if size >= 1000:
        size = float(f"{size:.3g}")
    return number(size)


def money(value: float) -> str:
    """Return dollars as more or less, such as "$12 less"."""
    text = amount(value)
    return "$0" if text == "0" else f"${text} {'more' if value > 0 else 'less'}"


def spread(value: Spread) -> str:
    """Return the middle of draws, and nine in ten of them."""
    return f"{money(value.median)} (nine draws in ten: {money(value.low)} to {money(value.high)})"


def cell(value: Spread | None) -> str:
    """Return draws for the cell of a table whose head names the currency."""
    if value is None:
        return "not counted"
    parts = [money(v).replace("$", "") for v in value[:3]]
    return f"{parts[0]} ({parts[1]} to {parts[2]})"


def payer(id_: str) -> str:
    """Return a payer in words."""
    return PAYERS.get(id_, "nobody named")


def kind(id_: str) -> str:
    """Return a kind of cost in a word."""
    return KINDS[id_].partition(":")[0].lower() if id_ in KINDS else "not said"


def _payers(found: Scenario) -> str:
    names = (payer(p.id) for p in found.payers)
    return listed([n if n.startswith("Medicaid") else small(n) for n in names])


def headline(found: Scenario) -> str:
    """Say the total per contact, with its range and who pays, or why there is none."""
    if isinstance(found.total, NotEstimable):
        return f"{capital(reason(found.total))}. {NO_TOTAL}"
    return (
        f"*If the difference is real*, a contact with CIT goes with {spread(found.total)}, for"
        f" {_payers(found)} together."
    )


def year(found: Scenario) -> str:
    """Say the total per year, and the chance of a net saving."""
    if isinstance(found.total, NotEstimable) or isinstance(found.chance, NotEstimable):
        return ""
    contacts = found.contacts_a_year
    return (
        f"Over the {number(contacts)} {_OF_A_YEAR}, *if the difference is real*:"
        f" {spread(found.total.times(contacts))}, same payers. Chance of a net saving:"
        f" **{percent(found.chance)}** of {found.options.draws:,} draws."
    )


def pockets(found: Scenario) -> str:
    """Say whose budget the parts weigh on and whose they ease, *if the difference is real*."""
    if isinstance(found.total, NotEstimable):
        return ""
    sides = (
        ("would pay more in nearly all draws", [p for p in found.payers if p.per_contact.low > 0]),
        ("would pay less in nearly all draws", [p for p in found.payers if p.per_contact.high < 0]),
        (
            "more in some draws and less in others",
            [p for p in found.payers if p.per_contact.low <= 0 <= p.per_contact.high],
        ),
    )
    told = [f"{listed([payer(p.id) for p in own])}: {what}" for what, own in sides if own]
    return f"*If the difference is real*. {'; '.join(told)}."


def uncertain(found: Scenario) -> str:
    """Name the counted differences whose interval includes zero."""
    names = list(dict.fromkeys(driver(p.driver) for p in found.counted if p.uncertain))
    if not names:
        return ""
    if len(names) == 1:
        begins, them = "The 95% interval of this difference includes zero", "it"
    else:
        begins, them = "The 95% intervals of these differences include zero", "them"
    return (
        f"{begins}: **{listed(names)}**. The data cannot tell whether there is any, so what rests on {them}"
        " may be a cost, a saving or nothing."
    )


def driver(id_: str) -> str:
    """Return what a part rests on, in words."""
    if id_ == "minutes":
        return "officer minutes"
    if id_ == "training":
        return "officers certified"
    return small(registry.outcome(id_).label)


def outside(found: Scenario) -> list[str]:
    """Return one line per part that is not in the total, with the reason."""
    return [f"{p.label}: {unspoken(p)}" for p in found.parts if p.state != COUNTED]


def unspoken(part: Part) -> str:
    """Say why a part is not in the total."""
    return f"{part.state}: {reason(NotEstimable(part.reason))}"


def left_out(found: Scenario) -> str:
    """Say how many parts are in the total and how many are not."""
    if isinstance(found.total, NotEstimable):
        return "Nothing is added up: not estimable is not zero."
    n, gone = len(found.counted), len(found.parts) - len(found.counted)
    if not gone:
        return f"All {n} parts are in the total."
    text = (
        f"{n} of {len(found.parts)} parts are in the total. The other {gone} are not: not estimable is not"
        " zero, and what is counted twice, or switched off, is left out."
    )
    there = {p.id for p in found.counted}
    gone_whole = [what for what, ids in _SERIOUS if not there & set(ids)]
    if gone_whole:
        text += f" **No cost of {' or of '.join(gone_whole)} is in it**: the total is only a part."
    return text


def margins(found: Scenario) -> str:
    """Say how many counted parts would not go away at the margin."""
    if found.options.marginal_only:
        return "Only marginal costs are in it: what goes away, or is added, with one fewer or one more."
    other = [p for p in found.counted if p.kind != "marginal"]
    if not other:
        return ""
    return f"{len(other)} of {len(found.counted)} counted parts are average costs or charges. {NOT_MARGINAL}"


def training(basis: Basis, costs: tuple[Cost, ...]) -> str:
    """Say how training is counted."""
    held = basis.certified
    if held is None or not held.rows:
        return (
            "Training is not counted: no certificate is recorded. Load `certifications.csv` (`python -m data"
            " template --out DIR` writes its header)."
        )
    entered = next(c for c in costs if c.item == "certification_years")
    if entered.entered:
        spread_over = "the years entered for a certification"
    elif held.years is None:
        spread_over = "the years a certification counts, which are not entered"
    else:
        spread_over = (
            f"{held.years:.1f} years, the median of the {held.dated:,} certificates that say when they"
            " end"
        )
    return (
        f"Training: {held.officers:,} officers held a CIT certification at some time in the period,"
        f" {held.average:.0f} on an average day; the cost of training each is spread over {spread_over}, and"
        f" over the agency's {number(basis.everywhere / basis.years)} {_OF_A_YEAR}. It is there whether or"
        " not the differences are real."
    )


def minutes(basis: Basis) -> str:
    """Say how the difference in officer minutes was made."""
    found = basis.minutes
    if isinstance(found.value, NotEstimable):
        if not found.timed_cit and not found.timed_other:
            return (
                "Officer minutes: not recorded by this source. It needs `officer_minutes` in"
                " `contacts.csv` (`python -m data template --out DIR` writes its header). Time on holds"
                " stands in, where a difference in holds is estimated."
            )
        return f"Officer minutes: not estimated ({reason(found.value)})."
    how = (
        f"after allowing for {covariate_list(found.adjusted_for)}"
        if found.adjusted_for
        else "not adjusted: a difference of means"
    )
    return (
        f"Officer minutes per contact, {how}: {minutes_cell(found.value)} with CIT. As recorded"
        f" {found.cit:.0f} in {found.timed_cit:,} contacts with CIT and {found.other:.0f} in"
        f" {found.timed_other:,} others; errors by officer."
    )


def minutes_cell(value: Estimated) -> str:
    """Return a difference in minutes with its interval, signed."""
    if isinstance(value, NotEstimable):
        return "not estimated"
    return f"{value.estimate:+.1f} ({value.low:+.1f} to {value.high:+.1f})"


def effect_cell(part_driver: str, value: Estimated) -> str:
    """Return the difference a part rests on, for a table."""
    return minutes_cell(value) if part_driver == "minutes" else difference_cell(value)


def includes_zero(value: Estimated) -> str:
    """Say whether an interval includes zero, for a table."""
    if not isinstance(value, Estimate):
        return capital(reason(value))
    return "yes: cannot tell" if value.low <= 0 <= value.high else "no"


def method(options: Options) -> str:
    """Say how the draws are made."""
    depend = (
        "All differences are drawn at the same end together, the widest that their dependence can make it"
        if options.together
        else "Differences of different outcomes are drawn independently of each other, an assumption"
    )
    factors = [f"{'mixed years' if y is None else y}: {f:g}" for y, f in options.factors if f != 1]
    prices = (
        f"Prices are multiplied by price year ({'; '.join(factors)})"
        if factors
        else "No inflation: prices are those of their own years"
    )
    return (
        f"{options.draws:,} draws, seed {options.seed}: the same inputs give the same numbers. Each"
        " difference is the adjusted one, never the crude; it is drawn from a normal of two pieces whose"
        " middle is the estimate and whose 2.5th and 97.5th percentiles are its 95% limits. Costs are drawn"
        f" by their shape. {depend}. {prices}."
    )


def input_name(found: Swing) -> str:
    """Return an input in words."""
    before, colon, id_ = found.input.partition(":")
    if not colon:
        return registry.cost_item(before).label
    if id_ == "minutes":
        return "Difference: officer minutes"
    return f"Difference: {small(registry.outcome(id_).label)}"


def payers_alt(found: Scenario) -> str:
    """Return the words that replace the figure of the payers."""
    parts = [f"{payer(p.id)}: {spread(p.per_contact)}" for p in found.payers]
    if isinstance(found.total, Spread):
        parts.append(f"all together: {spread(found.total)}")
    return f"Per contact with CIT, if the difference is real. {'; '.join(parts)}."


def swings_alt(found: Scenario) -> str:
    """Return the words that replace the figure of what matters most."""
    parts = [f"{input_name(s)}: {money(s.at_low)} to {money(s.at_high)}" for s in found.swings]
    return (
        f"Total per contact with CIT, for {_payers(found)} together, as each input moves from its 5th to its"
        f" 95th percentile. {'; '.join(parts)}."
    )


def traced(found: Scenario, cost_set: str) -> str:
    """Say which costs and inputs a result is of: the first letters of their hashes."""
    return f"Cost set {cost_set} ({found.costs[:12]}); scenario {found.digest[:12]}."
