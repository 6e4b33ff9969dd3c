"""The Load page's third step: the check, in a process of its own, watched from here or not."""

from __future__ import annotations

import time

import pandas as pd
import streamlit as st

from data.errors import UserError
from data.intake import jobs
from data.intake.jobs import Job
from data.intake.uploads import Upload
from data.store import Store
from metrics.wording import load as words
from pages.parts.load_map import Choice


def draw(store: Store, upload: Upload, choice: Choice | None) -> Job | None:
    """Draw the step; return a check that is done."""
    job = jobs.state(upload)
    if job is not None and job.under_way:
        _watch(store, upload)
        return None
    if job is not None and job.status == jobs.FAILED:
        st.error(job.error, icon=":material/error:")
    elif job is not None and job.status == jobs.STOPPED:
        st.warning(job.error, icon=":material/warning:")
    elif job is not None and job.status == jobs.CANCELLED:
        st.info("The check was cancelled. The upload is still here.", icon=":material/cancel:")
    if choice is not None:
        _ask(store, upload, choice, job)
    if job is None or job.status != jobs.CHECKED:
        return None
    _report(job)
    return job


def _ask(store: Store, upload: Upload, choice: Choice, job: Job | None) -> None:
    period = st.radio(
        "What happens to contacts that are already in the store",
        (False, True),
        index=int(bool(job and job.replace_period)),
        format_func=lambda p: words.PERIOD[p],
        key=f"load_period_{upload.id}",
    )
    agency = choice.agency
    if agency is None:
        agency = st.text_input(
            "Agency: short id, where neither the mapping nor the files name it",
            key=f"load_agency_{upload.id}",
        ).strip()
    again = "Check again" if job is not None else "Check"
    if st.button(again, type="primary" if job is None else "secondary", key="load_check"):
        given = None if choice.agency else agency or None
        jobs.start(
            store, upload, choice.text, choice.name, agency=given, replace_period=bool(period)
        )
        st.rerun()
    st.caption(
        "Checking does everything but publish, and goes on if you leave this page. " + words.WAITS
    )


@st.fragment(run_every=1.0)
def _watch(store: Store, upload: Upload) -> None:
    job = jobs.state(upload)
    if job is None or not job.under_way:
        st.rerun()
        return
    seconds = time.time() - job.started
    st.progress(
        min(job.step / max(job.steps, 1), 1.0),
        f"{job.doing} · {upload.rows:,} rows · {seconds:.0f} s",
    )
    if job.status == jobs.WAITING:
        st.info(words.WAITS, icon=":material/hourglass:")
    if st.button("Cancel", icon=":material/cancel:", key="load_cancel"):
        try:
            jobs.cancel(store, upload)
        except UserError as error:
            st.error(str(error), icon=":material/block:")
            return
        st.rerun()


def _report(job: Job) -> None:
    report = job.report or {}
    rejected: dict[str, int] = report["rejected"]
    seconds = f" It took {job.finished - job.started:.0f} seconds." if job.finished else ""
    st.success(
        f"{report['rows_read']:,} rows read, {report['contacts']:,} contacts,"
        f" {report['duplicates_collapsed']:,} duplicate rows collapsed,"
        f" {sum(rejected.values()):,} rows rejected.{seconds}",
        icon=":material/check:",
    )
    if rejected:
        st.markdown("**Rejected rows, by reason**")
        st.dataframe(
            pd.DataFrame([{"Reason": r, "Rows": n} for r, n in rejected.items()]),
            hide_index=True,
            alt="Rejected rows by reason",
        )
        listed = (job.changes or {}).get("rejected", [])
        with st.expander(f"Where they stand ({len(listed):,} shown)"):
            st.caption(
                "Rows are those of your file, counted from 1 after the header. Values are not kept."
            )
            st.dataframe(
                pd.DataFrame(
                    [{"File": f, "Row": row, "Column": c, "Reason": r} for r, f, row, c in listed]
                ),
                hide_index=True,
                alt="Rejected rows",
            )
    if unknown := report["unknown_values"]:
        st.markdown("**Values the mapping does not know, stored as not recorded**")
        st.dataframe(
            pd.DataFrame(
                [
                    {"Our column": c, "Value": v, "Rows": n}
                    for c, values in unknown.items()
                    for v, n in values.items()
                ]
            ),
            hide_index=True,
            alt="Values the mapping does not know",
        )
    for title, key in (
        ("Never stored", "dropped_columns"),
        ("Not used by the mapping", "unused_columns"),
    ):
        if report[key]:
            with st.expander(f"{title}: {len(report[key])} columns"):
                st.text(", ".join(report[key]))
