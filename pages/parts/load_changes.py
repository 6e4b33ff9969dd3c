"""The Load page's fourth step: what would change, and publishing it."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from data.intake import jobs
from data.intake.jobs import Job
from data.intake.uploads import Upload
from data.store import Snapshot, Store
from metrics.wording import load as words
from pages.parts import cache, load_upload, tables

_SURE = "load_sure"


def draw(store: Store, upload: Upload, job: Job, current: Snapshot, who: str) -> None:
    """Draw the step."""
    if not job.changed or job.changes is None:
        st.info(words.UNCHANGED, icon=":material/check:")
        return
    built = jobs.checked(store, upload, job)
    if job.before != store.current_id():
        st.warning(
            "Another load was published, or undone, since this check: check again.",
            icon=":material/warning:",
        )
        return
    found = job.changes
    if found["simulated"] is not None:
        st.info(words.SIMULATED.format(n=found["simulated"]), icon=":material/science:")
    elif job.before is None:
        st.info(words.FIRST)
    before = current if job.before and found["simulated"] is None else None
    _contacts(found["contacts"], before is not None)
    outcomes(before, built)
    _months(before, built)
    _columns(found, before is not None)
    _publish(store, upload, job, who)


def _contacts(counts: dict[str, int], compared: bool) -> None:
    shown = {k: v for k, v in counts.items() if compared or k == "added"}
    tables.show(
        pd.DataFrame([{"Contacts": words.CONTACTS[k], "": f"{n:,}"} for k, n in shown.items()]),
        "Contacts that would change",
    )


def outcomes(before: Snapshot | None, after: Snapshot) -> None:
    """Show every outcome's rate before and after."""
    st.markdown("**Outcomes, before and after**")
    st.caption(words.RATES)
    rows = []
    for change in cache.rate_changes(before, after):
        row = {"Outcome": change.label}
        if before is not None:
            row["Now"] = words.rate(change.before)
        row["After"] = words.rate(change.after)
        for name, found in (("now", change.before), ("after", change.after)):
            if name == "after" or before is not None:
                row[f"Not recorded, {name}"] = "" if found is None else f"{found.missing:,}"
        rows.append(row)
    if rows:
        tables.show(pd.DataFrame(rows), "Outcome rates before and after")
    else:
        st.caption("No outcome is recorded.")


def _months(before: Snapshot | None, built: Snapshot) -> None:
    st.markdown("**Odd months**")
    odd = cache.odd_months(before, built)
    if odd:
        st.warning(f"{len(odd)} to look at.", icon=":material/query_stats:")
        tables.show(pd.DataFrame([words.odd(m) for m in odd]), "Odd months")
    else:
        st.caption("None.")
    st.caption(words.ODD_RULE)


def _columns(found: dict[str, object], compared: bool) -> None:
    with st.expander("What is not recorded, by column"):
        rows = []
        for _, column, before, after in found["columns"]:  # type: ignore[attr-defined]
            row = {"Column": column}
            if compared:
                row["Now"] = words.share(before)
            row["In this export"] = words.share(after)
            rows.append(row)
        tables.show(pd.DataFrame(rows), "Share not recorded by column")
    if codes := found["new_codes"]:
        with st.expander(f"New values of codes ({len(codes)})"):  # type: ignore[arg-type]
            st.dataframe(
                pd.DataFrame(
                    [{"Column": c, "Value": v, "Rows": n} for _, c, v, n in codes]  # type: ignore[attr-defined]
                ),
                hide_index=True,
                alt="New values of codes",
            )
    with st.expander("Rows of every table"):
        tables.show(
            pd.DataFrame(
                [
                    {"Table": t, "Now": f"{b:,}", "After": f"{a:,}"}
                    for t, b, a in found["tables"]  # type: ignore[attr-defined]
                ]
            ),
            "Rows of every table",
        )


def _publish(store: Store, upload: Upload, job: Job, who: str) -> None:
    st.subheader("5. Publish")
    changes = job.changes or {}
    if st.session_state.get(_SURE) != job.snapshot:
        if st.button("Publish", type="primary", icon=":material/publish:", key="load_publish"):
            st.session_state[_SURE] = job.snapshot
            st.rerun()
        return
    st.warning(
        words.publishing(changes["contacts"], job.mapping, changes["simulated"]),
        icon=":material/publish:",
    )
    with st.container(horizontal=True):
        if st.button("Yes, publish", type="primary", key="load_publish_yes"):
            published = jobs.publish(store, upload, who)
            st.session_state.pop(_SURE, None)
            load_upload.notice(
                f"Published as snapshot {published.id}. The upload was deleted; you can undo this below."
            )
            st.rerun()
        if st.button("No", key="load_publish_no"):
            st.session_state.pop(_SURE, None)
            st.rerun()
