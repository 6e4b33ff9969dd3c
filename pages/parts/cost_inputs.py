"""The cost set on the page: which one, its table to edit, and keeping, restoring, files.

What is edited lives in this session until it is kept; a store that cannot be written to says so, and the
page goes on with the values on the screen.
"""

from __future__ import annotations

import math
import re
from collections.abc import Hashable, Mapping
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from data import costs
from data.costs import Cost
from data.errors import UserError
from data.registry import cost_item
from data.registry.costs import KINDS, PAYERS, SHAPES
from metrics.costs import ITEMS
from metrics.wording import costs as words
from metrics.wording import marks
from pages.parts import taken
from pages.parts.person import person
from pages.parts.view import View

SHIPPED = "as shipped"
"""The set that comes with the product; no saved one can have this name."""

_ROWS, _EDIT, _READ, _NOTE = "cost_rows", "cost_edition", "cost_file_read", "cost_note"
_SOURCE = "cost_rows_of"
_MARKS = re.compile(r"([\\`*_{}\[\]<>#|~$:!])")
"""Letters that Markdown reads as more than themselves: a source is text that anyone may have typed."""
_EDITED = ("low", "likely", "high", "shape", "price_year", "payer", "kind", "source_text")


def root(view: View) -> Path:
    """Return the store folder of the snapshot in use."""
    return view.snapshot.path.parent.parent


def choose_set(view: View) -> str:
    """Draw the chooser of cost sets; return the name of the one in use."""
    options = (SHIPPED, *costs.names(root(view)))
    wanted = st.session_state.pop("cost_set_next", None)
    if wanted in options:
        st.session_state["cost_set"] = wanted
    if st.session_state.get("cost_set") not in options:
        st.session_state["cost_set"] = SHIPPED
    return str(st.selectbox("Cost set", options, key="cost_set"))


def start(view: View, name: str) -> tuple[Cost, ...]:
    """Return the rows the table starts from: the set's, or what a file brought."""
    version = "" if name == SHIPPED else next(iter(costs.history(root(view), name)), "")
    source = (str(root(view)), name, version)
    if st.session_state.get(_SOURCE) != source:
        try:
            rows = costs.defaults() if name == SHIPPED else costs.load(root(view), name)
        except UserError as error:
            st.error(marks.message(error), icon=":material/error:")
            rows = costs.defaults()
        _begin(rows)
        st.session_state[_SOURCE] = source
    return tuple(st.session_state[_ROWS])


def _begin(rows: tuple[Cost, ...]) -> None:
    """Start the table afresh: another key, so that no earlier edit is laid over it."""
    st.session_state[_ROWS] = rows
    st.session_state[_EDIT] = st.session_state.get(_EDIT, 0) + 1


def edit(base: tuple[Cost, ...]) -> tuple[Cost, ...] | None:
    """Draw both tables; return all rows as edited, or None where one cannot be used, which is said."""
    edition = st.session_state[_EDIT]
    by_id = {c.item: c for c in base}
    edited: dict[str, Cost] = {}
    for quantity, title in ((False, "Unit costs"), (True, "Quantities")):
        ids = [i for i in ITEMS if cost_item(i).quantity is quantity]
        st.markdown(f"**{title}**")
        table = st.data_editor(
            frame([by_id[i] for i in ids], quantity),
            key=f"cost_editor_{'quantities' if quantity else 'prices'}_{edition}",
            hide_index=True,
            num_rows="fixed",
            disabled=["Input", "Unit", "Caution"],
            column_config=_columns(),
            width="stretch",
            height="content",
        )
        for id_, row in zip(ids, table.to_dict("records"), strict=True):
            edited[id_] = read_row(by_id[id_], row)
    try:
        return costs.check_all((by_id | edited).values(), "the table: ")
    except UserError as error:
        st.error(marks.message(error), icon=":material/error:")
        return None


def sources(rows: tuple[Cost, ...]) -> pd.DataFrame:
    """Return where each value in use is from and what to know of it, in words."""
    return pd.DataFrame(
        [
            {
                "Input": cost_item(c.item).label,
                "Source": _MARKS.sub(r"\\\1", c.source_text),
                "Caution": cost_item(c.item).caution,
            }
            for c in rows
            if c.item in ITEMS
        ]
    )


def frame(rows: list[Cost], quantity: bool) -> pd.DataFrame:
    """Return rows as the table shows them; quantities have no price year, payer or kind."""
    found = []
    for cost in rows:
        item = cost_item(cost.item)
        row: dict[str, Any] = {"Input": item.label, "Unit": item.unit}
        row |= {f.name: getattr(cost, f.name) for f in fields(Cost) if f.name in _EDITED}
        found.append(row | {"Caution": item.caution})
    table = pd.DataFrame(found)
    for name in ("low", "likely", "high", "price_year"):
        table[name] = table[name].astype("float64")
    return table.drop(columns=["price_year", "payer", "kind"]) if quantity else table


def read_row(before: Cost, row: Mapping[Hashable, Any]) -> Cost:
    """Return a row of the table as a cost; cells that are not shown stay as they were."""
    cells = {name: _cell(row[name]) if name in row else getattr(before, name) for name in _EDITED}
    year = cells["price_year"]
    return Cost(
        item=before.item,
        low=cells["low"],
        likely=cells["likely"],
        high=cells["high"],
        shape=cells["shape"] or "",
        price_year=None if year is None else int(year),
        payer=cells["payer"],
        kind=cells["kind"],
        source_text=cells["source_text"] or "",
    )


def _cell(value: Any) -> Any:
    if value is None or (isinstance(value, float) and math.isnan(value)) or value is pd.NA:
        return None
    return value


def _columns() -> dict[str, Any]:
    column = st.column_config
    return {
        "Input": column.TextColumn(pinned=True, width="medium"),
        "low": column.NumberColumn("Low", min_value=0),
        "likely": column.NumberColumn("Likely", min_value=0),
        "high": column.NumberColumn("High", min_value=0),
        "shape": column.SelectboxColumn("Shape", options=list(SHAPES), required=True),
        "price_year": column.NumberColumn("Price year", format="%d", step=1),
        "payer": column.SelectboxColumn(
            "Who pays",
            options=list(PAYERS),
            required=True,
            format_func=lambda v: words.payer(str(v)),
        ),
        "kind": column.SelectboxColumn(
            "Kind", options=list(KINDS), required=True, format_func=lambda v: words.kind(str(v))
        ),
        "source_text": column.TextColumn("Source", width="large", required=True),
        "Caution": column.TextColumn(width="large"),
    }


def keep(view: View, name: str, rows: tuple[Cost, ...] | None) -> None:
    """Draw what keeps, restores, brings and takes away a cost set."""
    if note := st.session_state.pop(_NOTE, None):
        st.success(note, icon=":material/check:")
    agency = view.agencies[0].id if len(view.agencies) == 1 else ""
    left, right = st.columns(2)
    with left:
        _save(view, name, rows, agency)
    with right:
        _restore(view, name, agency)
    left, right = st.columns(2)
    with left:
        _upload(rows or costs.defaults())
    with right:
        if rows is not None:
            taken.button(
                "Download this cost set",
                partial(costs.to_csv, rows, "" if name == SHIPPED else name, agency),
                f"cost-set-{name.replace(' ', '-')}.csv",
                "text/csv",
                key="cost_download",
                what="unit-costs",
                access=None,
            )


def _save(view: View, name: str, rows: tuple[Cost, ...] | None, agency: str) -> None:
    wanted = st.text_input(
        "Name of the cost set",
        "" if name == SHIPPED else name,
        key=f"cost_name_{name}",
        placeholder="our-costs",
        help="The same name adds a version; another name makes another set. Small letters, digits, - and _.",
    )
    if st.button("Save", key="cost_save", disabled=rows is None) and rows is not None:
        try:
            costs.save(root(view), wanted.strip(), rows, agency, who=person().name)
        except UserError as error:
            st.error(marks.message(error), icon=":material/error:")
            return
        _reload(wanted.strip(), f"Saved as {wanted.strip()}. Earlier versions are kept.")


def _restore(view: View, name: str, agency: str) -> None:
    kept = () if name == SHIPPED else costs.history(root(view), name)[1:]
    if not kept:
        st.caption("An earlier version can be used again once a set has been saved twice.")
        return
    version = st.selectbox(
        "Earlier versions (UTC)",
        kept,
        format_func=lambda v: f"{costs.saved_at(v):%Y-%m-%d %H:%M:%S}",
        key=f"cost_version_{name}",
    )
    if st.button("Use this version again", key="cost_restore"):
        try:
            costs.restore(root(view), name, version, agency, who=person().name)
        except UserError as error:
            st.error(marks.message(error), icon=":material/error:")
            return
        _reload(name, "Restored: the earlier version is the newest now; none is lost.")


def _reload(name: str, note: str) -> None:
    st.session_state["cost_set_next"] = name
    st.session_state[_NOTE] = note
    st.session_state.pop(_SOURCE, None)
    st.rerun()


def _upload(rows: tuple[Cost, ...]) -> None:
    """Read a file once: its rows replace those in the table, the others stay."""
    file = st.file_uploader(
        "Bring a cost set (CSV)", type="csv", key="cost_file", max_upload_size=1
    )
    if file is None or st.session_state.get(_READ) == file.file_id:
        return
    st.session_state[_READ] = file.file_id
    try:
        found = costs.parse(file.getvalue(), file.name, rows)
    except UserError as error:
        st.error(marks.message(error), icon=":material/error:")
        return
    _begin(found)
    st.session_state[_NOTE] = "The file's rows are in the table now. Save them to keep them."
    st.rerun()


def factors(rows: tuple[Cost, ...]) -> tuple[tuple[int | None, float], ...]:
    """Draw what prices of each year are multiplied by; 1, no inflation, unless someone enters more."""
    used = [c for c in rows if c.item in ITEMS and not cost_item(c.item).quantity and c.entered]
    years = sorted({c.price_year for c in used}, key=lambda y: (y is None, y or 0))
    table = st.data_editor(
        pd.DataFrame(
            {
                "Price year": ["mixed years" if y is None else str(y) for y in years],
                "Multiplied by": [1.0] * len(years),
            }
        ),
        key=f"cost_factors_{'_'.join(map(str, years))}",
        hide_index=True,
        num_rows="fixed",
        disabled=["Price year"],
        column_config={
            "Multiplied by": st.column_config.NumberColumn(
                min_value=0.01, max_value=100, required=True
            )
        },
    )
    values = [1.0 if _cell(v) is None else float(v) for v in table["Multiplied by"]]
    return tuple((y, v) for y, v in zip(years, values, strict=True) if v != 1.0)
