"""Measures: what funders and overseers ask for, by their names, over the periods of a grant."""

import calendar
from functools import partial

import streamlit as st

from data.errors import UserError
from data.registry.measures import SETS
from metrics import fiscal, measures
from metrics.wording import marks
from metrics.wording import measures as words
from pages.parts import cache, choose, downloads, measure_tables, tables, taken
from pages.parts.view import current
from pages.print import files, output
from pages.print import measures as printed

view = current()
st.title("Measures")
set_ = choose.one("Whose measures", "set", tuple(s.id for s in SETS))

left, middle, right = st.columns(3)
with left:
    month = st.selectbox(
        "Fiscal year starts in",
        list(calendar.month_name)[1:],
        measures.year_starts_in(view.snapshot) - 1,
        key="year_starts",
        bind="query-params",
    )
year_starts = fiscal.month(str(month))
with middle:
    options = measures.baselines(view.snapshot, year_starts)
    baseline = st.selectbox(
        "Baseline year",
        list(options),
        key=f"baseline_{year_starts}",
        bind="query-params",
        placeholder="No full fiscal year",
        help="Fiscal years that the data cover whole. The command takes any two dates.",
    )
with right:
    target = st.text_input(
        "Your targets", key=f"targets_{set_}", bind="query-params", help=words.TARGETS_HELP
    )

targets: dict[str, float] = {}
try:
    targets = measures.targets(set_, (target or "").split(","))
except UserError as error:
    st.error(marks.message(error), icon=":material/error:")
try:
    found = cache.measure_report(
        view.snapshot,
        set_,
        view.question.start,
        view.question.end,
        year_starts,
        options.get(str(baseline)),
        tuple(sorted(targets.items())),
    )
except UserError as error:
    st.info(marks.message(error), icon=":material/inbox:")
    st.stop()
st.caption(words.edition(found.set))


def make(ending: str) -> bytes:
    """Write the report as a document, when someone asks for it."""
    store = view.snapshot.store
    return printed.render(ending, found, view.snapshot, store.settings, store.root)


periods = {p.label: p for p in found.periods if p.kind in (fiscal.WHOLE, fiscal.YEAR)}
# A year sets beside a baseline year; the whole period rarely does.
whole_years = [p.label for p in found.periods if p.kind == fiscal.YEAR and not p.partial]
start = list(periods).index(whole_years[-1]) if whole_years else 0
chosen = st.selectbox(
    "Period", list(periods), start, key=f"period_{year_starts}", bind="query-params"
)
period = periods.get(str(chosen), found.periods[0])
st.markdown(f"**{words.period(period)}.** {words.baseline(found, period)}")

st.subheader("What can be computed")
overview = measure_tables.overview(found, period.id)
if overview.empty:
    st.info(words.NOTHING, icon=":material/block:")
else:
    tables.show(overview, f"{found.set.label} measures, {words.period(period)}")
    st.caption(f"{words.UNDUPLICATED} {words.NOT_RECORDED} {words.INTERNAL}")
    if view.question.where:
        st.caption(words.CLEAR)
    else:
        title = f"{found.set.label} measures"
        told = "\n".join(words.lines(found))
        rows = partial(printed.rows, found)
        downloads.menu(downloads.Offer(f"measures-{set_}", title, told, rows))
        st.caption(words.FILES)
        with st.container(horizontal=True, gap="small"):
            for ending, format_ in output.FORMATS.items():
                taken.button(
                    format_.label,
                    partial(make, ending),
                    files.name(
                        view.title,
                        f"measures-{set_}",
                        (found.start, found.end),
                        found.snapshot,
                        ending,
                    ),
                    format_.mime,
                    key=f"measures_{ending}",
                    what=f"measures-{set_}",
                    view=view,
                )

lacking = measure_tables.lacking(found)
if not lacking.empty:
    st.subheader("What needs other data")
    tables.show(lacking, f"{found.set.label} measures that cannot be computed")

computed = {r.measure.id.replace("_", " "): r for r in found.results if not r.lacks}
if computed:
    st.subheader("One measure over time")
    picked = st.selectbox("Measure", list(computed), key=f"measure_{set_}", bind="query-params")
    result = computed.get(str(picked), next(iter(computed.values())))
    st.markdown(f"**{words.name(result.measure)}**")
    if year_starts > 1:
        st.caption(words.years_start(found))
    st.caption(f"{result.measure.definition} {result.measure.note}".strip())
    tables.show(measure_tables.years(result), f"{result.measure.name}, by fiscal year")
    tables.show(measure_tables.quarters(result), f"{result.measure.name}, by quarter")
    st.caption(words.LIMITS)
    kinds = measure_tables.kinds(result, period.id)
    if not kinds.empty:
        st.markdown(f"**By kind**, {words.period(period)}")
        tables.show(kinds, f"{result.measure.name}, by kind")
    for dimension in result.measure.by:
        places = measure_tables.places(result, period.id, dimension)
        if not places.empty:
            with st.expander(f"By {dimension}, {words.period(period)}"):
                tables.show(places, f"{result.measure.name}, by {dimension}")

with st.expander("What each measure counts"):
    tables.show(measure_tables.definitions(found), "Definitions of the measures")
