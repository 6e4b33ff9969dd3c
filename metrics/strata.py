"""Two-by-two tables per stratum out of grouped counts, and their Mantel-Haenszel pooling."""

from __future__ import annotations

from metrics import aggregate
from metrics.aggregate import Counts
from metrics.estimate import NotEstimable
from metrics.result import Stratified
from metrics.stratified import mantel_haenszel


def stratum_tables(counts: Counts, outcome: str) -> list[tuple[tuple[str, ...], list[list[int]]]]:
    """Return one 2 x 2 table per stratum: rows CIT and other, columns event and no event."""
    known = counts.frame[counts.frame[aggregate.EXPOSURE].notna()]
    found: dict[tuple[str, ...], list[list[int]]] = {}
    columns = [aggregate.EXPOSURE, *counts.by, f"n:{outcome}", f"events:{outcome}"]
    for exposed, *stratum, n, events in known[columns].itertuples(index=False, name=None):
        table = found.setdefault(tuple(stratum), [[0, 0], [0, 0]])
        row = table[0 if exposed else 1]
        row[0] += events
        row[1] += n - events
    return [(k, t) for k, t in sorted(found.items()) if sum(map(sum, t))]


def pool(by: tuple[str, ...], tables: list[list[list[int]]], empty: str) -> Stratified:
    """Pool 2 x 2 tables by Mantel-Haenszel; ``empty`` is the reason where there is no table."""
    if not tables:
        gone = NotEstimable(empty)
        return Stratified(by, gone, gone, gone, gone, 0, 0)
    pooled = mantel_haenszel(tables)
    return Stratified(
        by,
        pooled.risk_difference,
        pooled.risk_ratio,
        pooled.odds_ratio,
        pooled.homogeneity,
        pooled.strata_used,
        pooled.strata_dropped,
    )
