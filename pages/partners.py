"""Partners and care: hand-offs, referrals, holds, who comes back, and what was on scene."""

import streamlit as st

from metrics import wording
from metrics.wording import handoffs as waiting
from metrics.wording import partners as words
from pages.parts import cache, choose
from pages.parts import partners_sections as sections
from pages.parts.view import current

view = current()
st.title("Partners and care")
st.caption(words.INTRO)
found = cache.partners(view.snapshot, view.question.only())
st.markdown(f"#### {waiting.hospital(found.handoffs, found.stored['transports'])}")
st.markdown("\n".join(f"- {line}" for line in words.lines(found)))
if view.question.filtered:
    st.caption(wording.FILTERED_NOTE)
sections.DRAW[choose.one("More about", "partners_part", tuple(sections.DRAW))](found)
