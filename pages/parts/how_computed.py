"""*How this was computed*, beside every figure and table: the Python that makes it, the SQL that was run.

Both come from what the page did (``made``), so they cannot say anything else. Nothing is written until
someone opens it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pandas as pd
import streamlit as st

from data.roles import Right
from data.sandbox import alike
from metrics import recipe
from metrics.aggregate import trace
from metrics.wording import computed as words
from pages.parts import cache, folded, made, workbench
from pages.parts.view import View


def beside(what: str, frame: Callable[[], pd.DataFrame], view: View) -> None:
    """Draw it for the table that ``frame`` makes; ``what`` is unlike any other of the page."""
    folded.popover(
        "How this was computed",
        partial(_told, what, frame, view),
        key=f"computed_{what}",
        icon=":material/function:",
    )


def _told(what: str, frame: Callable[[], pd.DataFrame], view: View) -> None:
    """Draw the program and the statements."""
    try:
        how = recipe.traced_back(made.origins(), frame)
    except recipe.UntracedError:
        st.markdown(words.UNKNOWN)
        return
    st.markdown(words.PYTHON)
    st.code(recipe.program(how, view.question, view.snapshot), language="python")
    _sql(what, recipe.statements(how), view)


def _sql(what: str, statements: tuple[trace.Statement, ...], view: View) -> None:
    """Draw what the engine ran, and open what runs over the copy there."""
    if not statements:
        st.markdown(words.NO_SQL)
        return
    st.markdown(words.sql(len(statements)))
    st.markdown(words.read(s.sql for s in statements))
    st.code(trace.script(statements), language="sql", wrap_lines=True, height=320)
    if not view.snapshot.role.may(Right.ROWS):
        return
    names = {a.id for a in view.agencies} | {r.source for r in cache.load_records(view.snapshot)}
    over = alike.which(tuple(s.sql for s in statements if not s.setup), names)
    st.markdown(words.over_the_copy(len(over), len(statements)))
    with st.container(horizontal=True, gap="small"):
        for i, one in enumerate(statements, 1):
            label = words.open_(i, len(statements))
            if one.sql in over and st.button(label, key=f"open_{what}_{i}"):
                workbench.open_with(trace.laid_out(one.sql))
