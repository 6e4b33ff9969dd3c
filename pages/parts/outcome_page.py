"""One mechanism for every outcome page: a page names its outcomes, this draws the one chosen."""

from __future__ import annotations

from functools import partial

import streamlit as st

from data import registry
from metrics import detail, result, situation, wording
from metrics.estimate import NotEstimable
from metrics.result import Comparison
from metrics.trend import Trend
from metrics.wording import citation
from pages.parts import cache, choose, downloads, figures, filters, folded, tables, workbench
from pages.parts.downloads import Offer
from pages.parts.view import View, current
from pages.print import figures as print_figures
from pages.print import frames


def render(title: str, *outcome_ids: str) -> None:
    """Draw a page of one or several outcomes for the question of the shared filters."""
    view = current()
    st.title(title)
    outcome = registry.outcome(_chosen(outcome_ids))
    st.caption(f"{outcome.definition} {outcome.note}".strip())
    comparison = cache.answer_one(view.snapshot, view.question, outcome.id)
    if comparison.lacks == "outcome":
        _not_recorded(comparison)
        return
    found = cache.agency_situation(view.snapshot, view.question, outcome.id, filters.way())
    if found.way == situation.COMPARISON:
        st.markdown(f"#### {comparison.sentence}")
        st.markdown(wording.standing(comparison))
    else:
        st.markdown(f"#### {wording.way(found, outcome.id)}")
        st.markdown(wording.pooled(comparison))
    if comparison.filtered:
        st.caption(wording.FILTERED_NOTE)
    compared = found.way == situation.COMPARISON and comparison.verdict not in (
        result.NOT_RECORDED,
        result.NO_COMPARISON,
    )
    if compared:
        _compared(comparison)
    _trend(view, outcome.id)
    if compared:
        _splits(view, comparison)
    folded.expander("How this was computed", partial(_how, view, comparison), key="how")


def _chosen(outcome_ids: tuple[str, ...]) -> str:
    if len(outcome_ids) == 1:
        return outcome_ids[0]
    return choose.one("Outcome", "outcome_" + outcome_ids[0], outcome_ids, labelled=False)


def _not_recorded(comparison: Comparison) -> None:
    st.info(comparison.sentence, icon=":material/block:")
    st.markdown(
        "Nothing is shown as zero here. To see this page filled, add the column to the export, or"
        " load a file that has it:"
    )
    st.markdown(
        "\n".join(
            f"- `{line.column}`: {line.meaning}" for line in wording.sources(comparison.outcome)
        )
    )


def _compared(comparison: Comparison) -> None:
    label = registry.outcome(comparison.outcome).label
    words = citation.sentence(comparison)
    st.subheader("The two groups")
    if figures.has_rates(comparison.cit, comparison.other):
        figure, alt = figures.rates(comparison)
        figures.show(figure, alt, key="rates")
    tables.arms(
        comparison,
        Offer(
            f"{comparison.outcome}-rates",
            f"{label}: rates of the two groups",
            words,
            partial(frames.rates, comparison),
            partial(print_figures.rates, comparison),
            outcome=comparison.outcome,
        ),
    )
    st.subheader("The difference")
    figure, alt = figures.forest(comparison)
    figures.show(figure, alt, key="forest")
    tables.show(
        tables.effects(comparison),
        "The difference, computed in several ways",
        Offer(
            f"{comparison.outcome}-difference",
            f"{label}: the difference between the groups",
            words,
            partial(frames.effects, comparison),
            partial(print_figures.forest, comparison),
            outcome=comparison.outcome,
        ),
    )
    st.markdown("\n".join(f"- {line}" for line in wording.beside(comparison)))
    st.markdown(f"**Who is in the groups.** {wording.groups(comparison)}")
    st.markdown(f"**Contamination.** {wording.contamination(comparison)}")
    st.markdown(f"**Not recorded.** {wording.missing(comparison)}")


def _trend(view: View, outcome: str) -> None:
    st.subheader("Over time")
    found = cache.outcome_trend(view.snapshot, view.question, outcome)
    if not found.months:
        st.info("No contact fits these filters; widen them.")
        return
    label = registry.outcome(outcome).label
    if isinstance(found.between, NotEstimable):
        st.markdown(wording.sparse(found))
        _months_table(found, outcome, "Months", offered=True)
        return
    events = cache.events(view.snapshot)
    figure, alt = figures.trend(found, label, events)
    figures.show(figure, alt, key="trend")
    st.caption(wording.trend_note(found))
    marked = figures.marked_events(found, events)
    if marked:
        st.caption("Marked events: " + "; ".join(marked) + ".")
    downloads.menu(
        Offer(
            f"{outcome}-trend",
            f"{label} over time",
            f"{alt} {wording.trend_note(found)}",
            partial(frames.between if found.rare else frames.months, found),
            partial(print_figures.trend, found, label, events),
            outcome=outcome,
        )
    )
    _months_table(found, outcome, alt, offered=found.rare)


def _months_table(found: Trend, outcome: str, alt: str, *, offered: bool) -> None:
    def draw() -> None:
        words = wording.trend_alt(found, registry.outcome(outcome).label)
        offer = _months(found, outcome, words) if offered else None
        tables.show(tables.months(found), alt, offer)

    folded.expander("The months as a table", draw, key="months")


def _months(found: Trend, outcome: str, words: str) -> Offer:
    label = registry.outcome(outcome).label
    return Offer(
        f"{outcome}-months",
        f"{label} by month",
        words,
        partial(frames.months, found),
        outcome=outcome,
    )


def _splits(view: View, comparison: Comparison) -> None:
    dims = detail.stratified_by(view.coverage)
    if not dims:
        return
    st.subheader("Within call groups, districts and shifts")
    st.caption(
        "Each level compared within itself, then pooled (Mantel-Haenszel). Not a ranking: levels with"
        " few contacts vary by chance."
    )
    for dim in dims:
        draw = partial(_split, view, comparison, dim)
        folded.expander(registry.covariate(dim).label, draw, key=f"split_{dim}")


def _split(view: View, comparison: Comparison, dim: str) -> None:
    split = cache.outcome_split(view.snapshot, view.question, comparison.outcome, dim)
    words = (
        f"Pooled over {split.label.lower()}:"
        f" {wording.difference(split.pooled.risk_difference, 1)} per 1,000."
        f" {wording.homogeneity(split.label, split.pooled)}"
    )
    st.markdown(words)
    title = f"{registry.outcome(comparison.outcome).label} by {split.label.lower()}"
    tables.show(
        tables.split(split, comparison.exposure),
        title,
        Offer(
            f"{comparison.outcome}-by-{split.covariate}",
            title,
            f"{title}. {words}",
            partial(frames.split, split, comparison),
            outcome=comparison.outcome,
        ),
    )


def _how(view: View, comparison: Comparison) -> None:
    st.markdown(wording.how(comparison))
    asked = view.question.only(comparison.outcome)
    st.markdown("The same from Python:")
    st.code(wording.python_call(asked), language="python")
    st.markdown("The query that counted:")
    sql = cache.counting(view.snapshot, view.question, comparison.outcome)
    st.code(sql, language="sql")
    if st.button("Open in Query the data", icon=":material/terminal:", key="how_sql"):
        workbench.open_with(sql)
    st.caption(f"Snapshot {view.snapshot.id}")
