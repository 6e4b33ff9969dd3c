"""Every file that leaves a page goes through here: made when asked for, for who may have it, and logged."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from data import audit
from data.roles import Right
from metrics.question import Question
from metrics.taken import facts
from pages.parts import cache, navigation
from pages.parts.person import person, while_allowed
from pages.parts.view import View


def button(
    label: str,
    make: Callable[[], bytes],
    name: str,
    mime: str,
    *,
    key: str,
    what: str,
    view: View | None = None,
    access: str | None = "internal",
    question: Question | None = None,
    right: Right = Right.FIGURES,
    icon: str | None = None,
) -> None:
    """Draw the button of one file.

    ``what`` says what it is, without any value of the data; ``access`` is None for what is neither the
    agency's own figures nor published. The file is made when it is fetched, by whoever may then; what
    cannot be logged is not given away.
    """
    # Fetching it runs outside the page: who, and where from, is settled now.
    root, who, page = cache.store().root, person().name, navigation.script()
    kind = name.rpartition(".")[2]
    snapshot = view.snapshot.id if view else None

    def made() -> bytes:
        content = make()
        told = facts(content, page, what, kind, access=access, snapshot=snapshot, question=question)
        audit.record(root, "export", who, **told)
        return content

    st.download_button(
        label,
        while_allowed(right, made),
        name,
        mime,
        key=key,
        icon=icon,
        on_click="ignore",
    )
