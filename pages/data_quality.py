"""Data quality: what was loaded, what was not recorded, and how unlike the groups really are."""

from functools import partial

import streamlit as st

from data import loads, registry
from data.registry import OUTCOMES
from metrics import wording
from metrics.wording import marks
from pages.parts import cache, downloads, figures, made, quality_tables, tables
from pages.parts.downloads import Offer
from pages.parts.view import current
from pages.print import evidence_frames as typed
from pages.print import figures as print_figures

view = current()
st.title("Data quality")

st.subheader("What was loaded")
records = cache.load_records(view.snapshot)
for number, record in enumerate(records, 1):
    with st.container(border=True):
        st.markdown(
            f"**{marks.shown(record.source)}** · {', '.join(map(marks.shown, record.files))}"
        )
        title = f"Load report of {record.source}"
        tables.show(
            quality_tables.load(record),
            title,
            Offer(f"load-{number}", title, title, partial(typed.load, record), filtered=False),
        )
        for line in wording.load_notes(record):
            st.caption(line)

rejected = made.by(loads.rejected_rows, view.snapshot)
if rejected:
    with st.expander(f"Rejected rows ({len(rejected):,} shown)"):
        st.caption("Where and why; the values themselves are not kept.")
        words = f"{len(rejected):,} rejected rows are listed; the values themselves are not kept."
        tables.show(
            quality_tables.rejected(rejected),
            "Rejected rows",
            Offer(
                "rejected-rows",
                "Rejected rows",
                words,
                partial(typed.rejected, rejected),
                filtered=False,
            ),
        )
else:
    st.caption("No row was rejected.")

st.subheader("How the yes/no questions were answered")
st.caption("Unknown is never no, and blank is never no: both leave the denominator.")
answers = cache.answers(view.snapshot)
if answers:
    title = "Answers to the yes/no columns"
    words = f"{title}. Unknown and blank are never no: both leave the denominator."
    tables.show(
        quality_tables.answers(answers),
        title,
        Offer("answers", title, words, partial(typed.answers, answers), filtered=False),
    )

st.subheader("What was not recorded, by group and month")
recorded = tuple(o.id for o in OUTCOMES if view.coverage.records_outcome(o.id))
comparisons = cache.answer(view.snapshot, view.question.only(*recorded)) if recorded else ()
if not comparisons:
    st.info("This source records no outcome yet; load an export that has one.")
else:
    title = "Outcomes not recorded, by group"
    words = "\n".join(
        f"{registry.outcome(c.outcome).label}: {wording.missing(c)}" for c in comparisons
    )
    tables.show(
        quality_tables.missing(comparisons),
        title,
        Offer("not-recorded", title, words, partial(typed.missing, comparisons)),
    )
    labels = {o.label: o.id for o in OUTCOMES if o.id in recorded}
    with_gaps = [c.outcome for c in comparisons if c.not_recorded.outcome] or [recorded[0]]
    start = list(labels.values()).index(with_gaps[0])
    chosen = st.selectbox("Month by month for", list(labels), index=start)
    asked = view.question.only(labels[chosen])
    rows = cache.missing(view.snapshot, asked)
    figure, alt = figures.missing(rows, view.question.exposure)
    figures.show(figure, alt, key="missing")
    st.caption(f"Months with fewer than {figures.FEWEST_DRAWN} contacts in a group are not drawn.")
    downloads.menu(
        Offer(
            f"{labels[chosen]}-not-recorded",
            f"{chosen}: not recorded, by month",
            f"{chosen}. {alt}",
            partial(typed.missing_months, rows, view.question.exposure),
            partial(print_figures.missing, rows, view.question.exposure),
            outcome=labels[chosen],
        )
    )
    with st.expander("The months as a table"):
        tables.show(quality_tables.missing_months(rows, view.question.exposure), alt)

    st.subheader("Contamination")
    st.markdown(wording.contamination(comparisons[0]))
    st.caption(
        "The other group is never called non-CIT: a contact whose reporting officer was not certified"
        " may still have had a CIT officer on scene."
    )

st.subheader("Not recorded by this source")
lacking = made.by(cache.coverage(view.snapshot).lacking)
if lacking:
    title = "Outcomes this source cannot support"
    words = f"{title}: {', '.join(o.label for o in lacking)}."
    tables.show(
        quality_tables.lacking(lacking),
        title,
        Offer("outcomes-lacking", title, words, partial(typed.lacking, lacking), filtered=False),
    )
else:
    st.caption("Every outcome the product knows has a source.")
