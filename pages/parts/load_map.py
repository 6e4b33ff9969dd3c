"""The Load page's second step: a mapping that is there, or one made here from guesses."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import streamlit as st
import tomli_w

from data import audit, mapping
from data.errors import UserError
from data.intake import draft as drafts
from data.intake import profile, recognise
from data.intake.draft import Draft
from data.intake.uploads import Upload
from data.roles import Right
from data.store import Store
from metrics.wording.marks import shown
from pages.parts import load_columns, taken
from pages.parts.view import View

KNOWN, MADE = "Use a mapping that is there", "Make one from this upload"


@dataclass(frozen=True)
class Choice:
    """The mapping in hand: its name, its TOML, and whether it names its agency."""

    name: str
    text: str
    agency: str | None


def draw(store: Store, upload: Upload, who: str, view: View) -> Choice | None:
    """Draw the step; return the mapping in hand, None while there is none that can be used."""
    fits = recognise.fits(upload, store.root)
    started = drafts.kept(upload)
    usable = [f for f in fits if f.usable]
    way = st.radio(
        "How",
        (KNOWN, MADE),
        index=int(started is not None or not usable),
        horizontal=True,
        key=f"load_way_{upload.id}",
        label_visibility="collapsed",
    )
    if way == KNOWN:
        return _known(store, upload, fits)
    found = profile.profiles(upload)
    if started is None:
        started = drafts.start(upload, found, _agency(view))
        drafts.keep(upload, started)
    load_columns.draw(upload, started, found)
    return _made(store, upload, started, who)


def _known(store: Store, upload: Upload, fits: tuple[recognise.Fit, ...]) -> Choice:
    named = {f.name: f for f in fits}
    chosen = st.selectbox(
        "Mapping",
        list(named),
        format_func=lambda n: f"{named[n].title}{' (saved here)' if named[n].saved else ''}",
        key=f"load_mapping_{upload.id}",
    )
    fit = named[chosen]
    st.caption(f"Best fit first. {shown(fit.why)}.")
    raw = mapping.raw(chosen, store.root)
    if not fit.usable:
        raise UserError(f"the mapping {chosen} does not fit this upload: {fit.why}")
    if not fit.saved and not raw.get("mapping", {}).get("one_file_per_table"):
        st.caption("To change it, make one from this upload, or take its TOML and edit it.")
    text = tomli_w.dumps(raw)
    with st.expander("The mapping as a file"):
        _download(chosen, text)
    return Choice(chosen, text, raw.get("agency", {}).get("agency_id"))


def _agency(view: View) -> dict[str, str]:
    """Return what is known of the agency, unless it is the invented one."""
    if view.simulated or len(view.agencies) != 1:
        return {}
    return {"agency_id": view.agencies[0].id, "agency_name": view.agencies[0].name}


def _made(store: Store, upload: Upload, draft: Draft, who: str) -> Choice | None:
    text = draft.text()
    try:
        read = draft.mapping()
    except UserError as error:
        st.warning(f"Not complete yet: {error}", icon=":material/edit:")
        return None
    with st.expander("The mapping as a file"):
        st.caption(
            "The same file works on the command line: python -m data load FILE --mapping NAME.toml."
        )
        _download(read.name, text)
        with st.container(horizontal=True, vertical_alignment="bottom"):
            name = st.text_input(
                "Save it here as", read.name, max_chars=40, key=f"load_save_as_{upload.id}"
            )
            if st.button("Save", key=f"load_save_{upload.id}"):
                digest = hashlib.sha256(text.encode()).hexdigest()
                draft.raw["mapping"]["name"] = name
                path = mapping.save(store.root, name, draft.text())
                audit.record(store.root, "mapping", who, mapping=name, sha256=digest)
                drafts.keep(upload, draft)
                st.success(f"Saved: from now on `--mapping {path.stem}` and this page know it.")
    agency: dict[str, Any] = draft.raw.get("agency", {})
    return Choice(read.name, text, agency.get("agency_id"))


def _download(name: str, text: str) -> None:
    taken.button(
        "Download the TOML",
        text.encode,
        f"{name}.toml",
        "application/toml",
        icon=":material/download:",
        key=f"load_toml_{name}",
        what="mapping",
        access=None,
        right=Right.LOAD,
    )
    st.code(text, language="toml", height=300)
