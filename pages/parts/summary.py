"""The overview's tiles and the lines under them, drawn."""

from __future__ import annotations

import streamlit as st

from metrics.overview import Tile


def tiles(found: tuple[Tile, ...]) -> None:
    """Draw the tiles, three in a row where there is room."""
    with st.grid(3, gap="small"):
        for tile in found:
            if tile.wide:
                continue
            with st.container(border=True, height="stretch", gap="xsmall"):
                if tile.value is None:
                    st.markdown(tile.label)
                    st.caption(tile.missing or "")
                else:
                    st.metric(tile.label, tile.value)
                    if tile.change:
                        st.markdown(tile.change)
                    st.caption("  \n".join(tile.details))


def lines(found: tuple[Tile, ...]) -> None:
    """Draw the lines under the tiles: what is known, and what the source cannot say."""
    for tile in found:
        if tile.wide:
            words = (*tile.details, *((tile.missing,) if tile.missing else ()))
            st.markdown(f"**{tile.label}** · {' '.join(words)}")
