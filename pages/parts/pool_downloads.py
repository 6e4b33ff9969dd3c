"""The files of a pool. They name every agency's own data and key, not this store's snapshot."""

from __future__ import annotations

import json

import streamlit as st

from metrics import pooling_report
from metrics.pooling_agencies import Pool, PooledOutcome
from metrics.wording import pooling as words
from pages.parts import taken
from pages.print import pool as print_pool


def menu(found: PooledOutcome, pool: Pool) -> None:
    """Draw the menu: the forest as a picture, every number as CSV or JSON, the words to copy."""
    with st.popover("Download", icon=":material/download:", type="tertiary", key="download_pool"):
        kinds = (
            ("PNG", "png", "image/png", lambda: print_pool.forest(found, pool).png()),
            ("SVG", "svg", "image/svg+xml", lambda: print_pool.forest(found, pool).svg),
            ("CSV", "csv", "text/csv", lambda: pooling_report.to_csv(pool).encode()),
            ("JSON", "json", "application/json", lambda: _json(pool)),
        )
        with st.container(horizontal=True, gap="small"):
            for label, ending, mime, make in kinds:
                taken.button(
                    label,
                    make,
                    f"pooled-agencies-{found.outcome}.{ending}",
                    mime,
                    key=f"download_pool_{ending}",
                    what="pooled-agencies",
                    access=None,
                )
        st.caption("Or copy as text:")
        text = f"{words.sentence(found, pool)} {words.spread(found.difference)} {words.CAUTION}"
        st.code(text, language=None, wrap_lines=True)


def _json(pool: Pool) -> bytes:
    text = json.dumps(pooling_report.to_dict(pool), indent=1, ensure_ascii=False, allow_nan=False)
    return text.encode()
