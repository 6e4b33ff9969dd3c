"""The columns of a mapping made on the Load page: which is which, and what their values mean."""

from __future__ import annotations

from functools import partial

import pandas as pd
import streamlit as st

from data import schema
from data.intake import draft as drafts
from data.intake import suggest
from data.intake.draft import Draft
from data.intake.profile import Profile
from data.intake.uploads import Upload
from metrics.wording import load as words
from metrics.wording.marks import shown

NONE = "(leave out)"
NOT_RECORDED = "(not recorded)"
MOST_VALUES = 40
"""Values asked for one by one; rarer ones are for the TOML file, where ``*`` takes many at once."""


def draw(upload: Upload, draft: Draft, found: dict[str, Profile]) -> None:
    """Draw the columns, then their values; every choice is kept at once."""
    _agency(upload, draft)
    st.markdown("**Which column is which**")
    st.caption("Guesses come from names and values, and are marked until you choose.")
    shown_now = [suggest.KEY, "contacts.contact_at"]
    shown_now += [t for t in draft.mapped() if t not in shown_now]
    left, right = st.columns(2)
    for place, target in enumerate(shown_now):
        with (left, right)[place % 2]:
            _column(upload, draft, found, target)
    _one_more(upload, draft, found, shown_now)
    _values(upload, draft, found)


def _agency(upload: Upload, draft: Draft) -> None:
    fields = {
        ("agency", "agency_id"): "Agency: short id (letters, digits, -)",
        ("agency", "agency_name"): "Agency: name to print",
        ("agency", "time_zone"): "Agency: time zone, such as America/Denver",
        ("mapping", "source"): "Name of the system the export comes from",
    }
    left, right = st.columns(2)
    for place, ((section, name), label) in enumerate(fields.items()):
        key = f"load_{name}_{upload.id}"
        (left, right)[place % 2].text_input(
            label,
            draft.raw.get(section, {}).get(name, ""),
            key=key,
            on_change=partial(_set_field, upload, draft, section, name, key),
        )


def _set_field(upload: Upload, draft: Draft, section: str, name: str, key: str) -> None:
    value = st.session_state[key].strip()
    if value:
        draft.raw.setdefault(section, {})[name] = value
    else:
        draft.raw.get(section, {}).pop(name, None)
    drafts.keep(upload, draft)


def _label(target: str) -> str:
    meaning = schema.column(target).meaning.rstrip(".")
    return meaning if len(meaning) <= 70 else meaning[:69].rstrip() + "…"


def _column(upload: Upload, draft: Draft, found: dict[str, Profile], target: str) -> None:
    source = draft.source(target)
    options = [NONE, *found]
    key = f"load_column_{upload.id}_{target}"
    st.selectbox(
        f"{_label(target)} ({target.split('.')[1]})",
        options,
        index=options.index(source) if source in options else 0,
        key=key,
        help=schema.column(target).meaning,
        on_change=partial(_choose, upload, draft, found, target, key),
    )
    if target in draft.guessed:
        said = draft.column(target) or {}
        time = f" With the time of day from {shown(said['time'])}." if said.get("time") else ""
        st.caption(f":material/help: {words.GUESSED.format(reason=draft.guessed[target])}{time}")
    elif source:
        st.caption(f":material/check: {words.CONFIRMED}")


def _choose(upload: Upload, draft: Draft, found: dict[str, Profile], target: str, key: str) -> None:
    chosen = st.session_state[key]
    drafts.choose(draft, found, target, None if chosen == NONE else chosen)
    drafts.keep(upload, draft)


def _one_more(upload: Upload, draft: Draft, found: dict[str, Profile], there: list[str]) -> None:
    rest = {
        suggest.reference(c): f"{_label(suggest.reference(c))} ({c.name})"
        for c in suggest.targets()
        if suggest.reference(c) not in there
    }
    with st.expander("One more of our columns"):
        target = st.selectbox(
            "Ours",
            list(rest),
            index=None,
            format_func=lambda t: rest[t],
            key=f"load_more_{upload.id}_{len(there)}",
        )
        source = st.selectbox(
            "Yours", list(found), index=None, key=f"load_more_from_{upload.id}_{len(there)}"
        )
        if st.button("Add it", key=f"load_more_add_{upload.id}") and target and source:
            drafts.choose(draft, found, target, source)
            drafts.keep(upload, draft)
            st.rerun()
        st.caption(
            "Injuries, force events, referrals and the rest have tables of their own, filled from files of"
            " their own: see docs/mappings.md."
        )


def _coded(draft: Draft) -> list[str]:
    kinds = {suggest.reference(c): c for c in suggest.targets()}
    return [t for t in draft.mapped() if kinds[t].type == "tri" or kinds[t].values]


def _values(upload: Upload, draft: Draft, found: dict[str, Profile]) -> None:
    coded = _coded(draft)
    if not coded:
        return
    st.markdown("**What the values mean**")
    st.caption(words.UNMAPPED)
    rows = []
    for target in coded:
        profile = found[str(draft.source(target))]
        left = drafts.unmapped(draft, target, profile)
        rows.append(
            {
                "Our column": target.split(".")[1],
                "Yours": profile.name,
                "Values said": len((draft.column(target) or {}).get("map", {})),
                "Not said": len(left),
                "Rows of these": sum(n for _, n in left),
            }
        )
    st.dataframe(pd.DataFrame(rows), hide_index=True, alt="Values said and not said, by column")
    chosen = st.selectbox(
        "Look at the values of",
        coded,
        index=None,
        placeholder="Choose a column to see and change them",
        format_func=_label,
        key=f"load_values_{upload.id}",
    )
    if chosen is not None:
        _of_column(upload, draft, found, chosen)


def _of_column(upload: Upload, draft: Draft, found: dict[str, Profile], target: str) -> None:
    profile = found[str(draft.source(target))]
    said = (draft.column(target) or {}).get("map", {})
    options = [NOT_RECORDED, *schema.column(target).values]
    if profile.codes is None:
        st.caption(
            "This column has too many different values to be shown; say them in the TOML file."
        )
        return
    columns = st.columns(2)
    for place, (value, n) in enumerate(profile.codes[:MOST_VALUES]):
        key = f"load_value_{upload.id}_{target}_{place}"
        code = said.get(value) or NOT_RECORDED
        columns[place % 2].selectbox(
            f"{shown(value)} ({n:,} rows)",
            options,
            index=options.index(code) if code in options else 0,
            key=key,
            on_change=partial(_mean, upload, draft, target, value, key),
        )
    if len(profile.codes) > MOST_VALUES:
        st.caption(
            f"{len(profile.codes) - MOST_VALUES} rarer values are not listed: say them in the TOML file,"
            " where \\* stands for anything."
        )
    if schema.column(target).type == "tri" and not any(v == "no" for v in said.values()):
        key = f"load_proof_{upload.id}_{target}"
        proof = (draft.column(target) or {}).get("form_filled")
        headers = [NONE, *found]
        st.selectbox(
            "Blank means no where this column is filled",
            headers,
            index=headers.index(proof) if proof in headers else 0,
            key=key,
            help=words.BLANK,
            on_change=partial(_prove, upload, draft, target, key),
        )


def _mean(upload: Upload, draft: Draft, target: str, value: str, key: str) -> None:
    chosen = st.session_state[key]
    drafts.means(draft, target, value, "" if chosen == NOT_RECORDED else chosen)
    drafts.keep(upload, draft)


def _prove(upload: Upload, draft: Draft, target: str, key: str) -> None:
    chosen = st.session_state[key]
    drafts.proved_by(draft, target, None if chosen == NONE else chosen)
    drafts.keep(upload, draft)
