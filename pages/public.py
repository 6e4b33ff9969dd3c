"""For residents: is our police crisis program following best practice? In English and Spanish."""

from functools import partial

import streamlit as st

from data.roles import Right
from metrics.estimate import NotEstimable
from metrics.manifest import manifest
from metrics.resident import public_question
from metrics.wording import resident as words
from pages.parts import cache, public_blocks, taken
from pages.parts.view import current
from pages.print import files, resident

view = current()
st.caption(words.FOR_RESIDENTS)
lang = str(
    st.segmented_control(
        "Language / Idioma",
        list(words.LANGUAGES),
        default=words.EN,
        required=True,
        key="lang",
        bind="query-params",
        help="en: English · es: español",
    )
    or words.EN
)
st.title(words.TITLE.text(lang))
found = cache.resident(view.snapshot)
if isinstance(found, NotEstimable):
    st.info(words.SEVERAL.text(lang), icon=":material/inbox:")
    st.stop()
public_blocks.draw(resident.blocks(found, lang))

made = manifest(public_question(view.snapshot), "public", view.snapshot).made
dates = (view.coverage.first, view.coverage.last)
with st.container(horizontal=True, gap="small"):
    for code, label in zip(words.LANGUAGES, words.WEB_FILE, strict=True):
        name = files.name(found.agency, f"residents {code}", dates, view.snapshot.id, "html")
        taken.button(
            label.text(lang),
            partial(resident.html, found, code, made),
            name,
            "text/html",
            key=f"resident_{code}",
            what=f"residents-{code}",
            view=view,
            access="public",
            right=Right.PUBLISHED,
        )
st.caption(words.WEB_NOTE.text(lang))
