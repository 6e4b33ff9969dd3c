"""The result of a cost scenario, drawn: who pays, what matters most, each part, what it rests on."""

from __future__ import annotations

from functools import partial

import streamlit as st

from data.costs import Cost
from metrics.costs import Scenario
from metrics.wording import costs as words
from pages.parts import cost_figures, downloads, figures, tables
from pages.parts.downloads import Offer
from pages.print import costs as printed


def results(found: Scenario, rows: tuple[Cost, ...], name: str) -> None:
    """Draw the result: who pays, what matters most, each part, and what it rests on."""
    st.markdown(f"#### {words.shown(words.headline(found))}")
    for text in (words.year(found), words.pockets(found), words.uncertain(found)):
        if text:
            st.markdown(words.shown(text))
    st.markdown(words.left_out(found))
    said = f"{words.headline(found)} {words.year(found)} {words.uncertain(found)}".replace("*", "")
    if found.swings:
        st.subheader("Who pays")
        figure, alt = cost_figures.payers(found)
        figures.show(figure, alt, key="payers")
        st.caption(words.shown(f"{words.PAYER_NOTE} {words.LOUISVILLE}"))
        tables.show(
            cost_figures.payer_table(found),
            alt,
            Offer(
                "cost-by-payer",
                "What the differences would come to, by payer",
                said,
                partial(printed.payer_rows, found),
                partial(printed.payers, found),
            ),
        )
        st.subheader("Which input matters most")
        figure, alt = cost_figures.swings(found)
        figures.show(figure, alt, key="swings")
        st.caption(words.SWING_NOTE)
        downloads.menu(
            Offer(
                "cost-inputs-that-matter",
                "Which input matters most",
                f"{said} {alt}",
                partial(printed.swing_rows, found),
                partial(printed.swings, found),
            )
        )
    st.subheader("Part by part")
    if text := words.margins(found):
        st.markdown(text)
    tables.show(
        cost_figures.part_table(found),
        "; ".join(words.outside(found)) or "Every part",
        Offer(
            "cost-parts",
            "What the differences would come to, part by part",
            said,
            partial(printed.part_rows, found),
        ),
    )
    st.caption(words.CARE)
    st.subheader("What it rests on")
    tables.show(cost_figures.effect_table(found), "The differences the parts rest on")
    st.markdown(words.minutes(found.basis))
    st.markdown(words.training(found.basis, rows))
    st.caption(f"{words.method(found.options)} {words.traced(found, name)}")
