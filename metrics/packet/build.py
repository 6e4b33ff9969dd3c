"""Write an evidence packet."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import NamedTuple

from data.errors import UserError
from data.roles import Right
from data.store import Snapshot
from metrics import aggregate
from metrics.evaluate import STRATIFY_BY, evaluate
from metrics.exhibit import Exhibit, exhibit
from metrics.manifest import manifest
from metrics.packet import archive, members, quality, rows
from metrics.packet.numbers import rounded, text
from metrics.question import Access, Question
from metrics.result import Comparison
from metrics.wording import packet as words

Progress = Callable[[str], None]


class Packet(NamedTuple):
    """A packet's bytes, their SHA-256, and that of every member by name."""

    data: bytes
    sha256: str
    hashes: dict[str, str]


def build(
    question: Question,
    snapshot: Snapshot,
    access: Access = "internal",
    *,
    made: datetime | None = None,
    comparisons: tuple[Comparison, ...] | None = None,
    exhibits: Mapping[str, Exhibit] | None = None,
    progress: Progress = lambda _: None,
) -> Packet:
    """Return the packet of a question: the same inputs and time make the same bytes.

    ``made`` stands in for the time the snapshot was published. ``comparisons`` and ``exhibits`` (by
    outcome) are the question's own, where they have been computed before. Raises ``UserError`` for
    public access: the packet holds rows; ``NotAllowedError`` for a role that may not see them.
    """
    snapshot.role.need(Right.ROWS)
    if access != "internal":
        raise UserError(words.NEVER_PUBLIC)
    told = manifest(question, access, snapshot, made=made)
    if comparisons is None:
        progress("comparing the groups")
        comparisons = evaluate(question, snapshot=snapshot)
    found: dict[str, bytes] = {}
    for place, outcome in enumerate(question.outcomes, 1):
        progress(f"sensitivity {place} of {len(question.outcomes)}: {outcome}")
        one = (exhibits or {}).get(outcome) or exhibit(question, outcome, snapshot)
        found |= members.sensitivity(outcome, one.to_dict())
    progress("copying the rows")
    found[rows.ROWS] = rows.write(question, snapshot)
    found |= {
        "question.json": text(question.to_dict()),
        "manifest.json": text({**told.to_dict(), "digest": told.digest}),
        "environment.json": text(members.environment()),
        "results.json": text(
            rounded(members.results(question, snapshot.id, told.simulated, comparisons))
        ),
        "results.txt": members.results_text(comparisons, told),
        "sql/counts.sql": _counts_sql(question, snapshot),
        archive.README: members.readme(told, question.outcomes),
        **members.definitions(question),
        **members.relation_sql(),
        **quality.statement(question, snapshot, comparisons),
        **members.code(),
    }
    found[archive.SUMS] = archive.sums(found)
    data = archive.pack(found, told.made)
    hashes = {name: archive.digest(found[name]) for name in sorted(found)}
    return Packet(data, archive.digest(data), hashes)


def _counts_sql(question: Question, snapshot: Snapshot) -> bytes:
    """Return the grouped queries of the strata and of the regression."""
    coverage = aggregate.coverage(snapshot)
    parts = []
    for title, wanted in (
        ("Crude rates and strata", STRATIFY_BY),
        ("Patterns of the regression (the fit also groups by officer_key)", question.adjust),
    ):
        by = tuple(c for c in wanted if coverage.records(c))
        parts.append(f"-- {title}\n{aggregate.sql(snapshot, question, by)};\n")
    return "\n".join(parts).encode()
