"""The editor of the SQL page: what stands in it, where it came from, and what was asked before."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

import streamlit as st

from data.sandbox import examples, log, pool, saved
from data.sandbox.session import Answer
from data.store import Snapshot
from pages.parts.person import person

TEXT, SHOWN, HISTORY = "sql_text", "sql_shown", "sql_history"
_WHO = "sql_who"
_PAGE = "pages/sql.py"


@dataclass(frozen=True)
class Shown:
    """The last statement of this session and what came of it; ``answer`` is None where it was not run."""

    entry: log.Entry
    answer: Answer | None
    plan: bool = False


def who() -> str:
    """Return whose session this is; without sign-in a name nobody else has."""
    if _WHO not in st.session_state:
        st.session_state[_WHO] = f"local-{secrets.token_hex(4)}"
    return str(st.session_state[_WHO])


def put(sql: str) -> None:
    """Put a statement into the editor; what was shown of another is taken away."""
    st.session_state[TEXT] = sql
    st.session_state.pop(SHOWN, None)


def open_with(sql: str) -> None:
    """Go to the SQL page with a statement in its editor."""
    put(sql)
    st.switch_page(_PAGE)


def ask(snapshot: Snapshot, sql: str, *, plan: bool = False) -> Shown:
    """Run a statement in the person's own worker, write it down, and keep what came of it."""
    root = snapshot.path.parent.parent
    session = pool.session(who(), snapshot)
    answer, entry = log.logged(
        root, person().name, snapshot.id, sql, lambda: session.run(sql, plan=plan)
    )
    shown = Shown(entry, answer, plan)
    st.session_state[SHOWN] = shown
    history = st.session_state.setdefault(HISTORY, [])
    history[:] = [entry, *history][:30]
    return shown


def choices(snapshot: Snapshot) -> dict[str, tuple[str, str]]:
    """Return what can be put into the editor: label -> (what it asks, the statement)."""
    root = snapshot.path.parent.parent
    found = {f"Example: {e.title}": (e.question, e.sql) for e in examples.EXAMPLES}
    for query in saved.visible(root, who()):
        whose = "shared" if query.shared else "mine"
        found[f"Saved ({whose}): {query.name}"] = ("", query.sql)
    return found
