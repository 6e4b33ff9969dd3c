"""Every benchmark, one entry each."""

from __future__ import annotations

from tests.bench import filters, fits, loading, served
from tests.bench.results import PRODUCT, SIZES, Entry, Part

ROWS = 1_000_000
"""Peers that hold a row per contact and a matrix of all its levels in memory are asked for no more."""
SEATTLE = (loading.SEATTLE_ROWS, 10 * loading.SEATTLE_ROWS)

ENTRIES = (
    Entry(
        "filter",
        "A filter change: grouped counts",
        "`metrics.aggregate.counts` of the four primary outcomes for 30 filters in turn, each asked once,"
        " by the default adjusters with and without officers, beside the engine's own `GROUP BY` over the"
        " same columns of `encounters` through a connection of its own, both into memory. Groups, contacts"
        " and events must be the same to the last count.",
        (Part(PRODUCT, filters.product), Part("engine", filters.engine)),
    ),
    Entry(
        "evaluation",
        "Evaluation of the four primary outcomes",
        "The product starts from the store on disk, in a process that answered another question before."
        " `evaluate` does what a page needs: one grouped query, four logits with CR2 errors by officer,"
        " standardised differences and ratios, refusals, influence, Mantel-Haenszel. *CR1 by officer* is the"
        " same model with statsmodels' correction, G/(G-1) x (N-1)/(N-p), and nothing else. Peers start from"
        " rows in memory as a data frame of categories (reading them is not timed): statsmodels `smf.logit`"
        " on every row, its formula's matrix in its time or, *design ready*, not; pyfixest `feglm` (logit)"
        " and `feols` (levels absorbed), once compiled; duckreg's compressed logit from a table of"
        " indicators, which has no errors by officer. Estimates of the exposure, and statsmodels' CR1"
        " errors, must agree to 1e-8 from 100,000 contacts on; below, the product pools levels without"
        " events where rows separate. No peer answers `evaluate` whole: it is set beside their logits.",
        (
            Part(PRODUCT, fits.product),
            Part("statsmodels", fits.statsmodels, ROWS, ("statsmodels.formula.api",)),
            Part("pyfixest", fits.pyfixest, ROWS, ("pyfixest",)),
            Part("duckreg", fits.duckreg, None, ("duckreg",)),
        ),
        inverse=True,
        agree=1e-8,
        agree_from=100_000,
    ),
    Entry(
        "page",
        "A filter change on a page",
        "A real server (`python -m pages serve`) and one visitor over its WebSocket, from the change to the"
        " end of the page's run: 12 filters on each page, none asked before on any page, then all again."
        " Beside it the engine's own grouped count, by pattern and officer, of as many filters of the kind.",
        (Part(PRODUCT, served.pages), Part("engine", served.engine)),
        sizes=(100_000, 1_000_000, 10_000_000),
    ),
    Entry(
        "cold",
        "First page after a cold start",
        "From the start of the server's process to the end of the first run of the Overview, over its"
        " WebSocket, beside `streamlit run` of a script of one line. The files are in the system's cache.",
        (Part(PRODUCT, served.cold), Part("streamlit, empty script", served.empty)),
    ),
    Entry(
        "load",
        "A load",
        "The whole load of canonical Parquet files into a new store (typed, checked, keyed, merged, analysis"
        " table, published) beside the engine reading the same files into tables of a database file."
        " A load keeps what it reads in memory, and spills nothing to disk: 10,000,000 are not asked for.",
        (Part(PRODUCT, loading.product), Part("engine", loading.engine)),
        sizes=SIZES[:3],
    ),
    Entry(
        "load_seattle",
        "A load of a real export",
        "The public Seattle export as gzipped CSV (rows, not contacts, are counted here) beside the engine"
        " reading it into a table of text. `python -m tests.bench.bench_load` prints the same.",
        (Part(PRODUCT, loading.seattle), Part("engine", loading.seattle_engine)),
        sizes=SEATTLE,
    ),
)
