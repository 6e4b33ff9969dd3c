"""The parts of *Claims*, drawn one after the other. Each says what it leaves out."""

from __future__ import annotations

from functools import partial

import streamlit as st

from metrics import wording
from metrics.claims import Claims
from metrics.estimate import NotEstimable
from metrics.triangle import MEASURES, Measure, Triangle
from metrics.wording import claims as words
from pages.parts import choose, downloads, figures, tables
from pages.parts import claims_figures as drawn
from pages.parts.downloads import Offer
from pages.parts.view import current
from pages.print import claims as printed


def _plain(text: str) -> str:
    """Return text whose dollars Markdown does not take for formulas."""
    return text.replace("$", "\\$")


def summary(found: Claims) -> None:
    """Draw it: what the claims of a line cost so far, and what is left out."""
    st.markdown(_plain(f"#### {words.headline(found)}"))
    if found.last is None:
        st.info(words.NOT_VALUED, icon=":material/block:")
    else:
        st.markdown(_plain(words.runs(found)))
        st.markdown(words.IBNR)
    for line in words.lacking(found):
        st.markdown(f"- {line}")
    st.caption(words.PRIVILEGED_SHOWN if found.privileged else words.PRIVILEGED)


def growth(found: Claims, triangle: Triangle) -> None:
    """Draw it: paid and incurred of each year by age, and the triangle as a table."""
    st.subheader("How each year's claims grew")
    measures: tuple[Measure, Measure] = ("incurred", "paid")
    for column, measure in zip(st.columns(2), measures, strict=True):
        with column:
            st.markdown(f"**{words.measure(measure)}**")
            figure, alt = drawn.growth(triangle, measure)
            figures.show(figure, alt, key=f"growth_{measure}")
            downloads.menu(
                Offer(
                    f"claims-{measure}-by-age",
                    f"{words.measure(measure)} by year of contact and age: {words.line(found.line)}",
                    f"{alt} {words.grid(triangle)} {words.NO_IBNR}",
                    partial(printed.triangle, triangle),
                    partial(printed.growth, triangle, measure),
                    filtered=False,
                )
            )
    st.caption(words.GROWTH_NOTE)
    chosen = choose.one("The triangle of", "claims_triangle", tuple(MEASURES))
    measure = next(m for m in MEASURES if m == chosen)
    alt = f"{words.measure(measure)} by year of contact and age in months"
    tables.show(
        drawn.triangle(triangle, measure),
        alt,
        Offer(
            "claims-triangle",
            f"Claims by year of contact and age: {words.line(found.line)}",
            f"{words.growth_alt(triangle, measure)} {words.grid(triangle)} {words.NO_IBNR}",
            partial(printed.triangle, triangle),
            filtered=False,
        ),
    )
    st.caption(_plain(words.grid(triangle)))


def factors(found: Claims) -> None:
    """Draw it: factors from age to age, with the caution they need."""
    st.subheader("From age to age")
    st.markdown(words.caution(found.factors))
    if found.factors:
        tables.show(
            drawn.factors(found),
            "Age-to-age factors",
            Offer(
                "age-to-age-factors",
                f"Age-to-age factors: {words.line(found.line)}",
                f"{words.caution(found.factors).replace('**', '')} {words.FACTOR_NOTE}",
                partial(printed.factors, found),
                filtered=False,
            ),
        )
        st.caption(words.FACTOR_NOTE)


def looked_back(found: Claims) -> None:
    """Draw it: how far off early valuations were in years now old enough."""
    st.subheader("How far off were early valuations?")
    lines = words.early(found)
    st.markdown(_plain("\n".join(f"- {line}" for line in lines) if found.early else lines[0]))
    if found.early:
        tables.show(
            drawn.looked_back(found),
            "Early valuations as a share of what is incurred now",
            Offer(
                "early-valuations",
                f"How far off early valuations were: {words.line(found.line)}",
                f"{' '.join(lines)} {words.EARLY_NOTE}",
                partial(printed.looked_back, found),
                filtered=False,
            ),
        )
        st.caption(words.EARLY_NOTE)


def kinds(found: Claims) -> None:
    """Draw it: claims by what is claimed for, open and closed."""
    st.subheader("What is claimed for")
    tables.show(
        drawn.groups(found.causes, "Claimed for", found.last is not None),
        "Claims by what is claimed for",
        Offer(
            "claimed-for",
            f"What is claimed for: {words.line(found.line)}",
            words.headline(found),
            partial(printed.groups, found.causes, "claimed_for", found.last is not None),
            filtered=False,
        ),
    )


def retention(found: Claims) -> None:
    """Draw it: what lies within the agency's own share."""
    st.subheader("The agency's own share")
    if found.last is None:
        st.info(words.NOT_VALUED, icon=":material/block:")
    elif isinstance(found.retention, NotEstimable):
        st.info(words.retention(found), icon=":material/block:")
    else:
        st.markdown(_plain(words.retention(found)))
        st.caption(words.RETENTION_NOTE)


def links(found: Claims) -> None:
    """Draw it: claims linked to contacts, and by group of contacts."""
    st.subheader("Claims and contacts")
    st.markdown(_plain(words.links(found)))
    tables.show(
        drawn.groups(found.links, "Claims that", found.last is not None),
        "Claims by whether they can be linked to a contact",
        Offer(
            "claims-linked",
            f"Claims linked to contacts: {words.line(found.line)}",
            f"{words.links(found)} {words.LINK_NOTE}",
            partial(printed.groups, found.links, "link", found.last is not None),
            filtered=False,
        ),
    )
    st.caption(words.LINK_NOTE)
    if found.arms:
        st.markdown("**By group of contacts**")
        tables.show(
            drawn.arms(found),
            "Linked claims by group of contacts",
            Offer(
                "claims-by-group",
                f"Linked claims by group of contacts: {words.line(found.line)}",
                words.ARM_NOTE,
                partial(printed.arms, found),
            ),
        )
        st.caption(words.ARM_NOTE)
        if current().question.filtered:
            st.caption(wording.FILTERED_NOTE)
