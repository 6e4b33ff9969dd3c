"""What the brief, the report and the narrative are made of: every result, computed once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from data import loads
from data.errors import UserError
from data.loads import LoadRecord
from data.roles import Right
from data.settings import Settings
from data.store import Snapshot
from metrics import aggregate, evaluate, overview, overview_lines, situation
from metrics.aggregate import Coverage
from metrics.duty import Lacking
from metrics.handoffs import Handoffs
from metrics.manifest import SHORT, Manifest, manifest
from metrics.overview import Period, Tile
from metrics.question import Access, Question
from metrics.result import Comparison
from metrics.situation import Situation
from metrics.wording import printed, time

if TYPE_CHECKING:
    from metrics.planner import Plan

LOGO_LIMIT = 500_000
_LOGOS = {b"\x89PNG": "png", b"\xff\xd8": "jpg"}


@dataclass(frozen=True)
class Material:
    """The results of one question, and whose they are.

    Where the access is public ``tiles`` is empty, and ``waits`` (of hand-offs in the period) and
    ``plan`` (whom to certify next) are None.
    """

    snapshot: Snapshot
    question: Question
    access: Access
    agency: str
    contact: str
    logo: bytes | None
    coverage: Coverage
    period: Period | None
    tiles: tuple[Tile, ...]
    comparisons: tuple[Comparison, ...]
    situation: Situation
    records: tuple[LoadRecord, ...]
    manifest: Manifest
    waits: Handoffs | None = None
    plan: Plan | Lacking | None = None

    @property
    def public(self) -> bool:
        """Whether it may leave the agency."""
        return self.access == "public"

    @property
    def compared(self) -> bool:
        """Whether two groups are compared at all: not in a small agency, nor where all are trained."""
        return self.situation.way == situation.COMPARISON

    @property
    def mark(self) -> str:
        """Who may read it."""
        return printed.MARKS[self.access]

    @property
    def span(self) -> str:
        """The days it is about, in words."""
        if self.period is None:
            return "no contacts"
        return time.span(self.period.start, self.period.end)

    @property
    def asked(self) -> str:
        """The days of the contacts compared, in words: all on record unless dates were chosen."""
        start, end = self.manifest.first, self.manifest.last
        return time.span(start, end) if start and end else "no contacts"

    @property
    def running(self) -> str:
        """What stands on every page."""
        return (
            f"{self.agency} · snapshot {self.snapshot.id} · manifest {self.manifest.digest[:SHORT]}"
        )


def gather(
    question: Question, access: Access, snapshot: Snapshot, settings: Settings, folder: Path
) -> Material:
    """Answer a question for print.

    ``folder`` is the store's: a relative ``agency_logo`` lies in it. Raises ``UserError`` for what
    :func:`metrics.evaluate.evaluate` refuses, and for a logo that cannot be read.
    """
    public = access == "public"
    if public:
        snapshot = snapshot.to_publish()
    snapshot.role.need(Right.FIGURES)
    coverage = aggregate.coverage(snapshot)
    agencies = loads.agencies(snapshot)
    about = overview.period(coverage, question)
    with ThreadPoolExecutor(2) as pool:
        answered = pool.submit(evaluate, question, access, snapshot=snapshot)
        planned = None if public else pool.submit(_plan, snapshot)
        waits = None
        if about is not None and not public:
            waits = overview_lines.waits(overview.asked_of(question, about), snapshot)
        way = situation.situation(question, "force", snapshot, agencies)
        # Counts of one period beside the other could be subtracted: not in a publication.
        small = way.way == situation.SMALL
        tiles = () if public else overview.tiles(question, snapshot, small=small)
        comparisons = answered.result()
        plan = planned.result() if planned is not None else None
    found = manifest(question, access, snapshot)
    names = [a.name for a in agencies]
    own = names[0] if len(names) == 1 else f"{len(names)} agencies"
    return Material(
        snapshot=snapshot,
        question=question,
        access=access,
        agency=settings.agency_name or own,
        contact=settings.agency_contact,
        logo=logo(settings.agency_logo, folder),
        coverage=coverage,
        period=about,
        tiles=tiles,
        comparisons=comparisons,
        situation=way,
        records=loads.records(snapshot),
        manifest=found,
        waits=waits,
        plan=plan,
    )


def _plan(snapshot: Snapshot) -> Plan | Lacking:
    from metrics import planner  # its optimiser is slow to import

    return planner.plan(snapshot)


def logo(name: str, folder: Path) -> bytes | None:
    """Return the agency's logo, a PNG or JPEG file; None where none is set."""
    if not name:
        return None
    path = Path(name) if Path(name).is_absolute() else folder / name
    try:
        found = path.read_bytes()
    except OSError as error:
        raise UserError(f"agency_logo: {path} cannot be read ({error.strerror})") from None
    if not any(found.startswith(start) for start in _LOGOS):
        raise UserError(f"agency_logo: {path} is neither PNG nor JPEG; save it as one of them")
    if len(found) > LOGO_LIMIT:
        raise UserError(f"agency_logo: {path} is over {LOGO_LIMIT // 1000} kB; make it smaller")
    return found
