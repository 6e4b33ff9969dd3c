"""Cost sets: what an agency enters for costs and quantities, kept beside the snapshots as settings.

One file per save, ``costs/NAME/<time in UTC>.csv`` in the store folder, with the columns of the
dictionary's ``unit_costs``. A file is written whole or not at all and never changed: the newest is in
use, and going back to an earlier one saves it again. They are no records, so no snapshot holds them.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import math
import os
import re
import secrets
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

from filelock import FileLock, Timeout

from data import audit
from data.errors import StoreLockedError, UserError
from data.registry import costs as registry
from data.registry.costs import CostItem

COLUMNS = (
    "agency_id",
    "cost_set",
    "item",
    "low",
    "likely",
    "high",
    "shape",
    "price_year",
    "payer",
    "kind",
    "source_text",
)
"""The columns of ``unit_costs``, in order."""

MOST_BYTES = 1_000_000
LARGEST = 1e12
YEARS = range(1900, 2101)
LONGEST_SOURCE = 500

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
_STAMP = "%Y%m%dT%H%M%S%fZ"
_VERSION = re.compile(r"\d{8}T\d{12}Z")
_FORMULA = ("=", "+", "-", "@", "\t")
_VALUES = ("low", "likely", "high")


@dataclass(frozen=True)
class Cost:
    """One row of a cost set: an item of the registry with the values in use; None where empty."""

    item: str
    low: float | None
    likely: float | None
    high: float | None
    shape: str
    price_year: int | None
    payer: str | None
    kind: str | None
    source_text: str

    @property
    def entered(self) -> bool:
        """True if there is a value to draw from."""
        return self.likely is not None or self.high is not None


def default(item: CostItem) -> Cost:
    """Return an item as the product ships it."""
    low, likely, high = (
        None if v is None else float(v) for v in (item.low, item.likely, item.high)
    )
    return Cost(
        item.id,
        low,
        likely,
        high,
        item.shape,
        item.price_year,
        item.payer,
        item.kind,
        item.source,
    )


def defaults() -> tuple[Cost, ...]:
    """Return every item as the product ships it, in the order of the registry."""
    return tuple(map(default, registry.COST_ITEMS))


def digest(costs: Iterable[Cost]) -> str:
    """Return the SHA-256 of the values, sources included, whatever the order and the set's name."""
    rows = sorted((asdict(c) for c in costs), key=lambda row: str(row["item"]))
    return hashlib.sha256(json.dumps(rows, sort_keys=True).encode()).hexdigest()


def checked(cost: Cost, where: str = "") -> Cost:
    """Return the row if it can be used; raise ``UserError`` that names the place, what is wrong and why.

    A row without any value is allowed: it says that nothing was entered.
    """
    place = f"{where}{cost.item}"
    item = _known(cost.item, where)
    if cost.shape not in registry.SHAPES:
        raise UserError(f"{place}: shape must be one of: {', '.join(registry.SHAPES)}")
    if item.quantity:
        if cost.payer is not None or cost.kind is not None or cost.price_year is not None:
            raise UserError(
                f"{place}: a quantity has no payer, kind or price year; leave them empty"
            )
    else:
        if cost.payer not in registry.PAYERS:
            raise UserError(f"{place}: payer must be one of: {', '.join(registry.PAYERS)}")
        if cost.kind not in registry.KINDS:
            raise UserError(f"{place}: kind must be one of: {', '.join(registry.KINDS)}")
    if cost.price_year is not None and cost.price_year not in YEARS:
        raise UserError(f"{place}: price_year must be a year from {YEARS[0]} to {YEARS[-1]}")
    if not cost.source_text.strip():
        raise UserError(f"{place}: source_text is empty; cite a source, or write agency")
    if len(cost.source_text) > LONGEST_SOURCE:
        raise UserError(f"{place}: source_text is longer than {LONGEST_SOURCE} letters; shorten it")
    if cost.source_text.startswith(_FORMULA):
        raise UserError(
            f"{place}: source_text begins like a formula of a spreadsheet; begin with a word"
        )
    _range(cost, place)
    return cost


def _known(id_: str, where: str) -> CostItem:
    try:
        return registry.cost_item(id_)
    except UserError as error:
        raise UserError(f"{where}{error}") from None


def _range(cost: Cost, place: str) -> None:
    """Check that the values are numbers in order, and those that the shape needs."""
    values = {name: getattr(cost, name) for name in _VALUES}
    for name, value in values.items():
        if value is not None and not (math.isfinite(value) and 0 <= value <= LARGEST):
            raise UserError(f"{place}: {name} must be a number from 0 to {LARGEST:,.0f}")
    known = [(name, value) for name, value in values.items() if value is not None]
    for (one, smaller), (other, larger) in pairwise(known):
        if smaller > larger:
            raise UserError(f"{place}: {one} is above {other}; put them in order")
    given = tuple(name for name, _ in known)
    if not given:
        return
    if cost.shape == "triangular" and given != _VALUES:
        raise UserError(f"{place}: a triangular range needs low, likely and high; or choose fixed")
    if cost.shape == "fixed" and (cost.likely is None or len(set(dict(known).values())) > 1):
        raise UserError(f"{place}: a fixed value is likely alone; or choose triangular")
    if cost.shape == "lognormal":
        if given not in {_VALUES, ("low", "high"), ("likely", "high")}:
            raise UserError(
                f"{place}: a lognormal range needs low and high (5th and 95th percentile), or likely"
                " and high (median and mean)"
            )
        if min(value for _, value in known) <= 0:
            raise UserError(f"{place}: a lognormal range is above 0; enter values above 0")


def check_all(costs: Iterable[Cost], where: str = "") -> tuple[Cost, ...]:
    """Return rows that can all be used, one per item, in the order of the registry.

    Items without a row are as the product ships them. Raises ``UserError``; an item twice is one.
    """
    found: dict[str, Cost] = {}
    for cost in costs:
        if cost.item in found:
            raise UserError(f"{where}{cost.item}: stands there twice; keep one row")
        found[cost.item] = checked(cost, where)
    return tuple(found.get(i.id) or default(i) for i in registry.COST_ITEMS)


def to_csv(costs: Iterable[Cost], cost_set: str, agency: str = "") -> bytes:
    """Return a cost set as CSV in UTF-8; an empty cell is a value that is not there."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for cost in costs:
        cells = [getattr(cost, f.name) for f in fields(Cost)]
        writer.writerow([agency, cost_set, *("" if v is None else v for v in cells)])
    return text.getvalue().encode("utf-8")


def parse(content: bytes, name: str, base: Iterable[Cost] | None = None) -> tuple[Cost, ...]:
    """Read a cost set from a CSV file's content; ``name`` is what errors call it.

    Items without a row keep their values of ``base``, by default those the product ships. Raises
    ``UserError`` that names the line and the column: a missing column, an unknown item, a payer or a
    kind that is none, text where a number stands, two sets in one file.
    """
    if len(content) > MOST_BYTES:
        raise UserError(f"{name}: is larger than {MOST_BYTES:,} bytes; a cost set is a short table")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UserError(f"{name}: is not text in UTF-8; save it as CSV UTF-8") from None
    try:
        lines = list(csv.DictReader(io.StringIO(text, newline=""), strict=True))
    except csv.Error as error:
        raise UserError(f"{name}: is not a CSV file ({error}); save it as CSV UTF-8") from None
    header = set(lines[0]) if lines else set()
    lacking = [c for c in COLUMNS if c not in header]
    if lacking:
        raise UserError(f"{name}: lacks {', '.join(lacking)}; download a cost set for the columns")
    if len({row["cost_set"] for row in lines}) > 1:
        raise UserError(f"{name}: holds more than one cost_set; keep the rows of one")
    found: dict[str, Cost] = {}
    for number, row in enumerate(lines, 2):
        where = f"{name}: row {number}: "
        cost = checked(_row(row, where), where)
        if cost.item in found:
            raise UserError(f"{where}{cost.item}: stands there twice; keep one row")
        found[cost.item] = cost
    return check_all(({c.item: c for c in base or ()} | found).values())


def _row(row: dict[str, str | None], where: str) -> Cost:
    cells = {c: (row[c] or "").strip() for c in COLUMNS}
    if None in row:
        raise UserError(f"{where}has more cells than columns; put text with commas in quotes")
    values = {name: _number(cells[name], f"{where}{name}") for name in _VALUES}
    year = _number(cells["price_year"], f"{where}price_year")
    if year is not None and year % 1:
        raise UserError(f"{where}price_year must be a whole year")
    return Cost(
        item=cells["item"],
        **values,
        shape=cells["shape"],
        price_year=None if year is None else int(year),
        payer=cells["payer"] or None,
        kind=cells["kind"] or None,
        source_text=cells["source_text"],
    )


def _number(cell: str, place: str) -> float | None:
    if not cell:
        return None
    try:
        value = float(cell)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise UserError(f"{place} must be a number without letters or commas, or empty")
    return value


# --- where they are kept ---------------------------------------------------------------------------


def _folder(root: Path) -> Path:
    return root / "costs"


def check_name(name: str) -> str:
    """Return the name of a cost set; raise ``UserError`` unless it is short and plain letters."""
    if not _NAME.fullmatch(name):
        raise UserError(
            "cost set: a name is up to 40 small letters, digits, - and _, and begins with a letter or a"
            " digit; choose another"
        )
    return name


def names(root: Path) -> tuple[str, ...]:
    """Return the names of the cost sets saved in a store folder, sorted."""
    try:
        found = sorted(p.name for p in _folder(root).iterdir() if _NAME.fullmatch(p.name))
    except OSError:
        return ()
    return tuple(n for n in found if history(root, n))


def history(root: Path, name: str) -> tuple[str, ...]:
    """Return the versions of a cost set, newest first: the time of each save in UTC."""
    try:
        found = [p.stem for p in (_folder(root) / check_name(name)).glob("*.csv")]
    except OSError:
        return ()
    return tuple(sorted((v for v in found if _VERSION.fullmatch(v)), reverse=True))


def saved_at(version: str) -> datetime:
    """Return when a version was saved, in UTC."""
    return datetime.strptime(version, _STAMP).replace(tzinfo=UTC)


def load(root: Path, name: str, version: str | None = None) -> tuple[Cost, ...]:
    """Return a saved cost set, by default its newest version; raise ``UserError`` if there is none."""
    kept = history(root, name)
    if not kept or (version is not None and version not in kept):
        raise UserError(f"cost set {name}: there is no such saved version; choose another")
    path = _folder(root) / name / f"{version or kept[0]}.csv"
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from None
    return parse(content, str(path))


def save(
    root: Path,
    name: str,
    costs: Iterable[Cost],
    agency: str = "",
    now: datetime | None = None,
    who: str | None = None,
) -> str:
    """Keep a cost set as the newest version of its name and return that version.

    Nothing kept before is touched. ``who`` is named in the audit log; who runs this if None. Raises
    ``UserError`` for values that cannot be used and for a folder
    that cannot be written to, ``StoreLockedError`` while another save is under way.
    """
    rows = check_all(costs, f"cost set {check_name(name)}: ")
    folder = _folder(root) / name
    stamp = (now or datetime.now(UTC)).astimezone(UTC)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(_folder(root) / ".lock").acquire(timeout=5):
            kept = history(root, name)
            if kept:  # a clock set back does not make an older version the newest
                stamp = max(stamp, saved_at(kept[0]) + timedelta(microseconds=1))
            version = stamp.strftime(_STAMP)
            content = to_csv(rows, name, agency)
            audit.record(
                root,
                "costs",
                who or audit.local(),
                sha256=hashlib.sha256(content).hexdigest(),
                costs=sum(c != d for c, d in zip(rows, defaults(), strict=True)),
            )
            _write(folder / f"{version}.csv", content)
    except Timeout:
        raise StoreLockedError(
            f"{folder}: another save is under way; try again when it is done"
        ) from None
    except OSError as error:
        raise UserError(
            f"{folder}: cannot be written to ({error.strerror or error}); check who owns the folder."
            " Nothing was saved; download the values to keep them"
        ) from None
    return version


def _write(path: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    temporary = path.with_name(f".{path.stem}-{secrets.token_hex(4)}")
    try:
        with temporary.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    if os.name != "nt":  # Windows cannot flush a folder
        handle = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(handle)
        except OSError:  # some file systems cannot either
            pass
        finally:
            os.close(handle)


def restore(
    root: Path,
    name: str,
    version: str,
    agency: str = "",
    now: datetime | None = None,
    who: str | None = None,
) -> str:
    """Use an earlier version again: keep it as the newest and return the new version."""
    return save(root, name, load(root, name, version), agency, now, who)
