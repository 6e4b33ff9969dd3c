"""A document's blocks on the screen: what a file for the web says, said here too."""

from __future__ import annotations

import re
from collections.abc import Iterable

import pandas as pd
import streamlit as st

from pages.print.document import Block, Bullets, Heading, Note, Paragraph, Table

_DOLLAR = re.compile(r"(?<!\\)\$")


def draw(blocks: Iterable[Block]) -> None:
    """Draw headings, text, lists and tables; raises ``TypeError`` for any other block."""
    for block in blocks:
        match block:
            case Heading():
                st.subheader(block.text) if block.level == 1 else st.markdown(f"#### {block.text}")
            case Paragraph():
                st.markdown(_safe(block.text))
            case Note():
                st.caption(_safe(block.text))
            case Bullets():
                st.markdown("\n".join(f"- {_safe(i)}" for i in block.items))
            case Table() if len(block.columns) > 2:
                st.markdown("\n".join(_item(row) for row in block.rows))
            case Table():
                frame = pd.DataFrame(list(block.rows), columns=list(block.columns))
                st.table(frame, border="horizontal", hide_index=True, alt=block.caption)
            case _:
                raise TypeError(f"no way to draw {type(block).__name__}")


def _item(row: tuple[str, ...]) -> str:
    """Return a wide row as an item of a list: on a telephone its columns would not fit."""
    question, answer, *rest = (_safe(cell) for cell in row)
    small = " · ".join(cell for cell in rest if cell)
    return f"- {question} **{answer}**  \n  :small[{small}]"


def _safe(text: str) -> str:
    """Keep a dollar sign of an agency's own words a dollar sign."""
    return _DOLLAR.sub(r"\\$", text)
