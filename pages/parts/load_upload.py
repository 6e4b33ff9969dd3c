"""The Load page's first step: files in, without what identifies, and which upload is in hand."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pandas as pd
import streamlit as st
from starlette.formparsers import MultiPartParser
from streamlit import config

from data.errors import UserError
from data.intake import jobs, profile, uploads
from data.intake.clean import KINDS
from data.intake.uploads import Upload
from data.store import Store
from metrics.wording import load as words
from metrics.wording.marks import shown

# Larger than a megabyte, an upload would wait in a file of the system's temporary folder, names and all.
MultiPartParser.spool_max_size = 0

_CHOSEN, _ROUND, _NOTICE = "load_upload", "_load_round", "_load_notice"


def notices() -> None:
    """Show what the last step did, once."""
    if notice := st.session_state.pop(_NOTICE, None):
        st.success(notice, icon=":material/check:")


def notice(text: str) -> None:
    """Have the next run of the page say this."""
    st.session_state[_NOTICE] = text


@contextmanager
def refusals() -> Iterator[None]:
    """Show what cannot be done where it was asked for; the other steps stay."""
    try:
        yield
    except UserError as error:
        st.error(str(error), icon=":material/block:")


def draw(store: Store, who: str) -> Upload | None:
    """Draw the step; return the upload in hand."""
    with refusals():
        _take_in(store, who)
    kept = uploads.listed(store)
    if not kept:
        return None
    ids = [u.id for u in kept]
    if st.session_state.get(_CHOSEN) not in ids:
        st.session_state[_CHOSEN] = ids[0]
    if len(kept) > 1:
        named = {u.id: _label(u) for u in kept}
        st.selectbox(
            "Uploads not published yet", ids, format_func=lambda id_: named[id_], key=_CHOSEN
        )
    upload = next(u for u in kept if u.id == st.session_state[_CHOSEN])
    _preview(upload)
    if st.button("Discard this upload", icon=":material/delete:", key=f"load_discard_{upload.id}"):
        jobs.discard(store, upload)
        notice("The upload and everything made of it were deleted.")
        st.rerun()
    return upload


def _take_in(store: Store, who: str) -> None:
    number = st.session_state.setdefault(_ROUND, 0)
    limit = config.get_option("server.maxUploadSize")
    files = st.file_uploader(
        "Files of one export",
        type=[k for k in KINDS if "." not in k],
        accept_multiple_files=True,
        key=f"load_files_{number}",
        help=words.LIMIT.format(limit=limit),
    )
    st.caption(words.PRIVACY)
    st.caption(words.LIMIT.format(limit=limit))
    if not files or not st.button("Read these files", type="primary", key="load_read"):
        return
    bar = st.progress(0.0, "Reading")

    def progress(name: str, rows: int) -> None:
        bar.progress(0.5, f"Reading {shown(name)}: {rows:,} rows")

    upload = uploads.receive(store, [(f.name, f) for f in files], who, progress)
    st.session_state[_CHOSEN] = upload.id
    # A new uploader: the old one would keep what was uploaded in memory.
    st.session_state[_ROUND] = number + 1
    notice(f"{upload.rows:,} rows read.")
    st.rerun()


def _label(upload: Upload) -> str:
    job = jobs.state(upload)
    names = ", ".join(f.name for f in upload.files)
    return f"{names} · {upload.made:%Y-%m-%d %H:%M} UTC · {job.status if job else 'not checked'}"


def _preview(upload: Upload) -> None:
    for file in upload.files:
        st.markdown(
            f"**{shown(file.name)}** · {file.rows:,} rows, {len(file.header)} columns kept"
            f" · uploaded {upload.made:%Y-%m-%d %H:%M} UTC by {shown(upload.who)}"
        )
    if upload.dropped:
        names = ", ".join(shown(h) for h in upload.dropped)
        st.info(
            f"Left out, because these headers may identify a person or there is none: {names}."
            " Their values were not written anywhere.",
            icon=":material/visibility_off:",
        )
    with st.expander("What the columns look like"):
        found = profile.profiles(upload)
        st.dataframe(
            pd.DataFrame([_look(p) for p in found.values()]),
            hide_index=True,
            alt="Columns of the upload",
        )
        st.caption(
            f"From the first {profile.READ:,} rows of each file. Values are shown only where a column is a"
            " short list of codes; never free text."
        )


def _look(found: profile.Profile) -> dict[str, object]:
    if found.codes is not None:
        listed = ", ".join(f"{v} ({n:,})" for v, n in found.codes[:6])
        looks = f"codes: {listed}{' ...' if len(found.codes) > 6 else ''}"
    elif found.dates is not None:
        looks = "dates with a time of day" if found.clock else "dates"
    elif found.times:
        looks = "times of day"
    else:
        looks = "many values, not shown" if found.filled else "empty"
    return {
        "Column": found.name,
        "Filled": f"{found.filled:,}",
        "Different values": f"{found.distinct:,}",
        "Looks like": looks,
    }
