"""What came of a statement: its rows, what they cost, a quick chart, and files to take away."""

from __future__ import annotations

import io
from functools import partial

import pandas as pd
import plotly.express as px
import pyarrow as pa
import streamlit as st
from pyarrow import parquet

from data.roles import Right
from data.sandbox import Limits
from metrics.manifest import Manifest
from metrics.wording import sql as words
from pages.parts import figures, palette, taken
from pages.parts.view import current
from pages.parts.workbench import Shown
from pages.print import files

_MOST_POINTS = 2_000


def draw(shown: Shown, manifest: Manifest, limits: Limits) -> None:
    """Draw the answer, or why there is none."""
    answer = shown.answer
    if answer is None:
        st.error(
            f"{words.OUTCOMES[shown.entry.outcome]}: {shown.entry.message}", icon=":material/block:"
        )
        return
    if shown.plan:
        st.code("\n".join(answer.table["explain_value"].to_pylist()), language=None)
        return
    st.caption(words.cost(answer, limits))
    frame = answer.table.to_pandas()
    st.dataframe(frame, hide_index=True, alt=f"Answer with {answer.rows:,} rows")
    with st.container(horizontal=True):
        for label, ending, mime, make in (
            ("CSV", "csv", "text/csv", partial(_csv, frame, manifest)),
            (
                "Excel",
                "xlsx",
                "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
                partial(_excel, frame, manifest, shown.entry.sql),
            ),
            (
                "Parquet",
                "parquet",
                "application/vnd.apache.parquet",
                partial(_parquet, answer.table, manifest, shown.entry.sql),
            ),
        ):
            taken.button(
                label,
                make,
                f"query-{manifest.snapshot}.{ending}",
                mime,
                icon=":material/download:",
                key=f"sql_{ending}",
                what="answer",
                view=current(),
                right=Right.ROWS,
            )
    _chart(frame)


def _chart(frame: pd.DataFrame) -> None:
    """Offer a quick chart of two columns; nothing is computed beyond the answer itself."""
    numbers = [c for c in frame.columns if pd.api.types.is_numeric_dtype(frame[c])]
    if len(frame.columns) < 2 or not numbers or len(frame) < 2:
        return
    with st.expander("Quick chart"):
        across, up, kind = st.columns(3)
        x = across.selectbox("Across", list(frame.columns), key="sql_x")
        y = up.selectbox("Up", numbers, index=len(numbers) - 1, key="sql_y")
        drawn = kind.segmented_control(
            "Drawn as", ["bars", "line", "dots"], default="bars", key="sql_kind"
        )
        shown = frame.head(_MOST_POINTS)
        make = {"line": px.line, "dots": px.scatter}.get(str(drawn), px.bar)
        figure = make(shown, x=x, y=y, color_discrete_sequence=[palette.CIT.color])
        alt = words.chart(str(x), str(y), len(shown))
        figures.show(figure, alt, key="sql_chart")


def _tame(frame: pd.DataFrame) -> pd.DataFrame:
    """Lists and maps as text, and no name that the manifest's own columns bear."""
    own = {c: f"{c}_" for c in frame.columns if c in files.MANIFEST_COLUMNS}
    tamed = frame.rename(columns=own)
    for name in tamed.columns:
        if (
            tamed[name]
            .map(lambda v: isinstance(v, list | dict | tuple) or hasattr(v, "tolist"))
            .any()
        ):
            tamed[name] = tamed[name].map(str)
    return tamed


def _csv(frame: pd.DataFrame, manifest: Manifest) -> bytes:
    return files.csv(_tame(frame), manifest)


def _excel(frame: pd.DataFrame, manifest: Manifest, sql: str) -> bytes:
    return files.xlsx(_tame(frame), manifest, "Answer", sql, {})


def _parquet(table: pa.Table, manifest: Manifest, sql: str) -> bytes:
    told = {f"cit_{k}": str(v) for k, v in {**manifest.to_dict(), "sql": sql}.items()}
    sink = io.BytesIO()
    parquet.write_table(table.replace_schema_metadata(told), sink)
    return sink.getvalue()
