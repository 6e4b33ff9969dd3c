"""What the audit log says of one load: that it was published, changed nothing, or was refused, and why.

Never a file's name, which may hold a person's, nor an error's own words, which may hold a value.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from data.audit.writing import local, record
from data.errors import (
    NotAllowedError,
    SnapshotError,
    StoreLockedError,
    TooManyRejectedError,
    UserError,
)

_WHY: tuple[tuple[type[BaseException], str], ...] = (
    (TooManyRejectedError, "too many rows rejected"),
    (StoreLockedError, "another load was writing"),
    (NotAllowedError, "not allowed"),
    (SnapshotError, "broke a rule of the store"),
    (UserError, "the files, the mapping or the store did not allow it; who loaded was told"),
    (KeyboardInterrupt, "stopped"),
    (BaseException, "failed"),
)


class Account:
    """The account of one load under way; ``kind`` is "load" or "simulate"."""

    def __init__(self, root: Path, kind: str, who: str | None) -> None:
        self.root, self.kind, self.who = root, kind, who or local()
        self.facts: dict[str, Any] = {}

    def add(self, **facts: Any) -> None:
        """Note what is known by now; it goes into whatever is written at the end."""
        self.facts |= facts

    def write(self, outcome: str) -> None:
        """Write how it ended, before the pointer moves; raise ``UserError`` if that cannot be done."""
        record(self.root, self.kind, self.who, outcome=outcome, **self.facts)

    @contextlib.contextmanager
    def refusals(self) -> Iterator[None]:
        """Write down what keeps the load from being published."""
        try:
            yield
        except BaseException as error:
            why = next(words for kind, words in _WHY if isinstance(error, kind))
            self.facts.pop("snapshot", None)
            # Nothing is published, whether this can be written or not.
            with contextlib.suppress(UserError):
                record(self.root, self.kind, self.who, outcome="refused", reason=why, **self.facts)
            raise
