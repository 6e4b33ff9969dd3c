"""Words of pooled agencies: what they come to together, how far they differ, what was left out."""

from __future__ import annotations

from collections.abc import Sequence

from data import registry
from metrics.estimate import Estimate, Estimated, Interval, NotEstimable, Test, exponent
from metrics.pooling import Pooled
from metrics.pooling_agencies import Measure, Pool, PooledOutcome
from metrics.pooling_files import LOG_RATIO, Partial
from metrics.wording.numbers import (
    capital,
    difference,
    difference_cell,
    difference_decimals,
    limit,
    listed,
    number,
    p_value,
    percent,
    ratio,
    ratio_cell,
    reason,
    small,
)

INTRO = (
    "Agencies compare their own contacts at home and share the result, never rows. Here the results are"
    " put together."
)
EMPTY = (
    "No agency's file is here yet. Each agency writes one with `python -m metrics partials --out"
    " FILE.json` and sends it; give the files above, or keep them in the store with `python -m metrics"
    " pool FILE... --keep`, and the agencies' own Overview can show them too."
)
NO_LEAGUE = (
    "Agencies stand by name. They differ in the calls they get, in what counts as a contact and in who"
    " writes the form: this is no ranking, and no agency is better or worse for standing anywhere in it."
)
METHOD = (
    "Random effects: REML for the spread between agencies, Hartung-Knapp interval, never narrower than"
    " without its correction. Each agency's estimate is adjusted at home, with errors by officer (CR2)."
    " The prediction is rough: among 30 made-up agencies it held 91 to 92 of 100 others, not 95."
)
FOREST_KEY = (
    "The diamond is all agencies together, its points the 95% limits; the line under it says where the"
    " true difference of another agency like these would lie."
)
FUNNEL_NOTE = (
    "The smaller an agency, the further down it stands and the wider chance spreads it: 95 of 100 would lie"
    " between the lines if all agencies had the same true difference."
)
SHARES_NOTE = (
    "What each agency's file says of itself, in whole percents. Calls to which a CIT officer came: by"
    " dispatch, or by the form's own flag where no calls are loaded. Days covered: every district and"
    " shift had a CIT officer on duty."
)
SETTINGS_NOTE = "By the agency's own word for where it polices."
SETTING_WORDS = {
    "urban": "Urban",
    "suburban": "Suburban",
    "rural": "Rural",
    "frontier": "Frontier",
    None: "Not stated",
}
CAUTION = (
    "CIT officers volunteer and are sent by rule in every agency, so this describes what was recorded;"
    " it does not show what CIT does. Agencies that share are not a sample of all agencies."
)


def agencies(n: int) -> str:
    """Return so many agencies in words."""
    return f"{n:,} {'agency' if n == 1 else 'agencies'}"


def sentence(found: PooledOutcome, pool: Pool) -> str:
    """Say what the agencies come to together on one outcome: absolute first, then the ratio."""
    outcome = registry.outcome(found.outcome)
    pooled = found.difference.pooled
    if isinstance(pooled, NotEstimable):
        return f"{outcome.label}: nothing to pool; {reason(pooled)}."
    value = pooled.estimate
    exposure = registry.exposure(pool.question.exposure)
    told = difference(value, difference_decimals(value))
    across = "In the one agency" if found.k == 1 else f"Across {agencies(found.k)}"
    text = (
        f"{across} that shared an estimate, of 1,000 {outcome.eligible_words} {exposure.cit_arm}, beside"
        f" 1,000 {exposure.other_arm}: {told} {outcome.happened}, after allowing for what dispatch knew."
    )
    ratios = found.measures[LOG_RATIO].pooled
    if isinstance(ratios, Pooled):
        text += f" The ratio is {ratio(exponent(ratios.estimate))}; {p_value(ratios.test.p_value)}."
    return text


def standing(found: PooledOutcome) -> str:
    """Return the verdict in words, by the pooled ratio."""
    pooled = found.measures[LOG_RATIO].pooled
    if isinstance(pooled, NotEstimable) or isinstance(pooled.test, NotEstimable):
        return "not estimated"
    if pooled.test.p_value >= 0.05:
        return "no difference detected"
    return "lower with CIT" if pooled.estimate.estimate < 0 else "higher with CIT"


def spread(measure: Measure) -> str:
    """Say how far agencies differ, and where another one like them would lie."""
    pooled = measure.pooled
    if isinstance(pooled, NotEstimable) or pooled.k == 1:
        return "How far agencies differ cannot be said from one."
    parts = []
    if isinstance(pooled.i2, float):
        parts.append(
            f"Of the spread between agencies, {percent(pooled.i2)} is more than chance explains (I2)."
            if pooled.i2 > 0
            else "Agencies do not differ by more than chance explains (I2 0%)."
        )
    if isinstance(pooled.prediction, Interval):
        low, high = pooled.prediction
        decimals = difference_decimals(Estimate(low, low, high))
        if measure.name == LOG_RATIO:
            low, high = exponent(Estimate(low, low, high))[1:]
            told = f"a ratio of {low:.2f} to {high:.2f}"
        else:
            told = f"{limit(low, decimals)} to {limit(high, decimals)} per 1,000"
        parts.append(f"In another agency like these one would expect {told} (95% prediction).")
    else:
        parts.append(pooled.prediction.reason)
    return " ".join(parts)


def bound(measure: Measure) -> str:
    """Say how far the pooled estimate may lie from that of the agencies' own rows, and why."""
    off, lines = measure.off, []
    if off is not None:
        size = max(off) * (1 if measure.name == LOG_RATIO else 1000)
        unit = "of the logarithm of the ratio" if measure.name == LOG_RATIO else "per 1,000"
        lines.append(f"Rounding in the files moves the pooled figures by {_size(size)} {unit}.")
    if isinstance(measure.reach, Interval):
        low, high = measure.reach
        ends = (
            f"between {low * 1000:+.1f} and {high * 1000:+.1f} per 1,000"
            if measure.name != LOG_RATIO
            else "between ratios of {:.2f} and {:.2f}".format(
                *exponent(Estimate(low, low, high))[1:]
            )
        )
        lines.append(
            f"Had the agencies that give no estimate all lain at one end of the prediction, each as"
            f" precise as the most precise one here, the pooled figure would lie {ends}."
        )
    elif isinstance(measure.reach, NotEstimable):
        lines.append(
            "What the agencies that give no estimate would have changed cannot be bounded:"
            f" {reason(measure.reach)}."
        )
    return " ".join(lines)


def _size(value: float) -> str:
    return f"at most {value:.1g}" if value >= 1e-4 else "less than 0.0001"


def left_out(found: PooledOutcome) -> str | None:
    """Name the agencies that give no estimate of an outcome, each with its reason."""
    if not found.left_out:
        return None
    return "Without an estimate: " + "; ".join(f"{a} ({small(w)})" for a, w in found.left_out) + "."


def settings(measure: Measure) -> str:
    """Say how kinds of place compare."""
    told = []
    for s in measure.settings:
        name = SETTING_WORDS[s.setting].lower()
        if isinstance(s.pooled, Pooled):
            value = s.pooled.estimate
            told.append(f"{name} ({s.k:,}): {difference(value, difference_decimals(value))}")
        else:
            told.append(f"{name}: not pooled, {reason(s.pooled)}")
    if not told:
        return "No agency's file says whether it is urban, suburban or rural."
    test = measure.settings_differ
    ending = (
        f" Test of whether they differ: {p_value(test.p_value)}." if isinstance(test, Test) else ""
    )
    return f"Difference per 1,000, {'; '.join(told)}.{ending}"


def told(value: Estimated, measure: str) -> str:
    """Return an estimate as a cell: a difference per 1,000, or a ratio from its logarithm."""
    if isinstance(value, NotEstimable):
        return "not estimated"
    return ratio_cell(exponent(value)) if measure == LOG_RATIO else difference_cell(value)


def share(value: int | None) -> str:
    """Return a whole percent, or that it was not given."""
    return "not given" if value is None else f"{value}%"


def contacts(one: Partial) -> str:
    """Return an agency's contacts in its two groups, or that they were not given."""
    if one.contacts is None:
        return "not given"
    cit, other, _ = one.contacts
    return f"{cit:,} and {other:,}"


def forest_alt(found: PooledOutcome, pool: Pool) -> str:
    """Return the words that stand for the forest."""
    measure = found.difference
    lines = [f"{x.label}: {told(x.value, measure.name)}" for x in measure.lines]
    return (
        f"{registry.outcome(found.outcome).label}, difference per 1,000 by agency, by name."
        f" {'; '.join(lines)}. {sentence(found, pool)} {spread(measure)}"
    )


def funnel_alt(found: PooledOutcome) -> str:
    """Return the words that stand for the funnel."""
    measure = found.difference
    drawn = [x for x in measure.lines if isinstance(x.value, Estimate) and x.se]
    if not isinstance(measure.pooled, Pooled):
        return "Nothing to draw."
    middle = measure.pooled.estimate.estimate
    inside = sum(
        abs(x.value.estimate - middle) <= 1.96 * x.se
        for x in drawn
        if isinstance(x.value, Estimate) and x.se
    )
    return (
        f"Each agency's difference by its standard error, the most precise at the top: {inside:,} of"
        f" {len(drawn):,} lie within what chance alone would do around the pooled difference."
    )


def overview(pool: Pool) -> list[str]:
    """Return the lines of the Overview of an agency too small to compare, one per outcome."""
    start = "Invented agencies. " if pool.simulated else ""
    return [start + _overview(found) for found in pool.outcomes]


def _overview(found: PooledOutcome) -> str:
    label = registry.outcome(found.outcome).label
    pooled = found.difference.pooled
    if isinstance(pooled, NotEstimable) or pooled.k < 2:
        return f"{label}: too few agencies share an estimate to pool."
    value = pooled.estimate
    return (
        f"{label}, across {agencies(found.k)} sharing counts:"
        f" {difference(value, difference_decimals(value))} per 1,000 with CIT; {standing(found)}."
    )


OVERVIEW_NOTE = (
    "Pooled from what agencies share: it says what is usual elsewhere, not what happened here."
)


def lines(pool: Pool) -> list[str]:
    """Return the whole answer as lines of text."""
    found = ["Simulated data: invented agencies."] if pool.simulated else []
    found.append(f"{agencies(len(pool.partials))}, {months(pool)}.")
    for one in pool.outcomes:
        measure = one.difference
        found += [sentence(one, pool), f"  {standing(one)}; {spread(measure)}"]
        found += [f"  {line.label}: {told(line.value, measure.name)}" for line in measure.lines]
        found.append(f"  {settings(measure)}")
        found += [f"  {text}" for text in (left_out(one), bound(measure)) if text]
    found.append("Agencies, by name:")
    found += [
        f"  {label}: {SETTING_WORDS[p.setting].lower()}; CIT officer came {share(p.response)} of"
        f" {p.response_of}; days covered {share(p.days)}; key {p.fingerprint}"
        for label, p in zip(pool.labels, pool.partials, strict=True)
    ]
    return [*found, METHOD, NO_LEAGUE, CAUTION]


def source(pool: Pool, *, kept: bool) -> str:
    """Say whose files these are, and from where."""
    where = "kept in this store" if kept else "given just now"
    return f"{capital(agencies(len(pool.partials)))}, files {where}; {months(pool)}."


def months(pool: Pool) -> str:
    """Return the months the agencies' files cover."""
    spans = sorted({p.months for p in pool.partials})
    first, last = min(s[0] for s in spans), max(s[1] for s in spans)
    return f"{first} to {last}"


def written(path: str, entries: Sequence[dict[str, object]], fingerprint: str) -> list[str]:
    """Say what a partial that was written holds, and what to tell whoever receives it."""
    kinds = {
        "counts": "with counts",
        "estimate": "estimate only, counts withheld",
        "withheld": "withheld: too few",
        "not_estimated": "not estimated",
        "not_recorded": "not recorded",
    }
    told = [
        f"{small(registry.outcome(str(e['outcome'])).label)} ({kinds[str(e['standing'])]})"
        for e in entries
    ]
    return [
        f"Wrote {path}: {listed(told)}. It holds no row, no person, no officer and no small count.",
        f"Send the file; read this fingerprint of its key out over another way: {_fours(fingerprint)}",
    ]


def _fours(text: str) -> str:
    return " ".join(text[i : i + 4] for i in range(0, len(text), 4))


def i2(pooled: Pooled) -> str:
    """Return the share of the spread that is more than chance, as a cell."""
    return f"{number(100 * pooled.i2)}%" if isinstance(pooled.i2, float) else "not estimated"
