"""The overview for those who see what may be published: the public brief's comparison, and no tile.

The six numbers are of one period beside another, and could be subtracted.
"""

from __future__ import annotations

import streamlit as st

from metrics.wording import printed, views
from pages.parts import cache, public_blocks
from pages.parts.view import View
from pages.print.brief import compared
from pages.print.document import Bullets, Figure, Heading, Note


def draw(view: View) -> None:
    """Draw the verdicts, what they rest on, and what cannot be said."""
    material = cache.published_material(view.snapshot)
    if material.period is None:
        st.info(views.NO_CONTACTS, icon=":material/inbox:")
        return
    blocks = [b for b in compared(material) if not isinstance(b, Figure)]
    unsaid = Bullets(tuple(printed.cannot_say(material.comparisons)))
    said = (Note(printed.WITHHELD_NUMBERS), Heading("CIT or not"), *blocks)
    public_blocks.draw((*said, Heading("What we cannot say"), unsaid))
