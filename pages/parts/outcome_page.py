"""One mechanism for every outcome page: a page names its outcome, this draws it."""

from __future__ import annotations

import streamlit as st

from data import registry
from metrics import result, wording
from metrics.detail import Detail
from metrics.result import Comparison
from pages.parts import cache, figures, tables
from pages.parts.view import View, current


def render(outcome_id: str) -> None:
    """Draw the page of one outcome for the question of the shared filters."""
    view = current()
    outcome = registry.outcome(outcome_id)
    st.title(outcome.label)
    st.caption(f"{outcome.definition} {outcome.note}".strip())
    (comparison,) = cache.answer(view.snapshot, view.question.only(outcome_id))
    if comparison.lacks == "outcome":
        _not_recorded(comparison)
        return
    st.markdown(f"#### {comparison.sentence}")
    _certainty(comparison)
    detail = cache.outcome_detail(view.snapshot, view.question, outcome_id)
    if comparison.verdict not in (result.NOT_RECORDED, result.NO_COMPARISON):
        _compared(comparison)
    _months(detail, outcome.label)
    if comparison.verdict not in (result.NOT_RECORDED, result.NO_COMPARISON):
        _splits(comparison, detail)
    _how(view, comparison, detail)


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


def _certainty(comparison: Comparison) -> None:
    st.markdown(wording.standing(comparison))
    if comparison.filtered:
        st.caption(wording.FILTERED_NOTE)


def _compared(comparison: Comparison) -> None:
    st.subheader("The two groups")
    if figures.has_rates(comparison.cit, comparison.other):
        figure, alt = figures.rates(comparison)
        st.plotly_chart(figure, config=figures.CONFIG, alt=alt, key="rates")
    tables.arms(comparison)
    st.subheader("The difference")
    figure, alt = figures.forest(comparison)
    st.plotly_chart(figure, config=figures.CONFIG, alt=alt, key="forest")
    tables.show(tables.effects(comparison), "The difference, computed in several ways")
    for line in wording.beside(comparison):
        st.markdown(f"- {line}")
    st.markdown(f"**Who is in the groups.** {wording.groups(comparison)}")
    st.markdown(f"**Contamination.** {wording.contamination(comparison)}")
    st.markdown(f"**Not recorded.** {wording.missing(comparison)}")


def _months(detail: Detail, label: str) -> None:
    st.subheader("Month by month")
    if not detail.months:
        st.info("No contact fits these filters; widen them.")
        return
    figure, alt = figures.trend(detail, label)
    st.plotly_chart(figure, config=figures.CONFIG, alt=alt, key="trend")
    st.caption(wording.trend_note(detail.months))
    with st.expander("The months as a table"):
        tables.show(tables.months(detail), alt)


def _splits(comparison: Comparison, detail: Detail) -> None:
    st.subheader("By call group, district and shift")
    st.caption(
        "Each level compared within itself, then pooled (Mantel-Haenszel). Not a ranking: levels with"
        " few contacts vary by chance."
    )
    for split in detail.splits:
        with st.expander(split.label, expanded=False):
            st.markdown(
                f"Pooled over {split.label.lower()}:"
                f" {wording.difference(split.pooled.risk_difference, 1)} per 1,000."
                f" {wording.homogeneity(split.label, split.pooled)}"
            )
            tables.show(
                tables.split(split, comparison.exposure),
                f"{registry.outcome(comparison.outcome).label} by {split.label.lower()}",
            )


def _how(view: View, comparison: Comparison, detail: Detail) -> None:
    with st.expander("How this was computed"):
        st.markdown(wording.how(comparison))
        st.markdown("The same from Python:")
        st.code(wording.python_call(view.question.only(comparison.outcome)), language="python")
        st.markdown("The query that counted:")
        st.code(detail.sql, language="sql")
        st.caption(f"Snapshot {view.snapshot.id}")
