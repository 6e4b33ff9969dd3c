"""One table of settings of a mapping's TOML file, read key by key."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from data.errors import UserError


class Section:
    """A TOML table that remembers where it stands and complains about keys nobody reads."""

    def __init__(self, where: str, raw: Any) -> None:
        self.where = where
        if not isinstance(raw, dict):
            raise UserError(f"{where}: expected a table of settings")
        self.raw = dict(raw)

    def take(self, key: str, kind: type | tuple[type, ...], default: Any = None) -> Any:
        """Return a setting and mark it as read; raise ``UserError`` if it is of another kind."""
        value = self.raw.pop(key, default)
        if value is not default and not isinstance(value, kind):
            kinds = kind if isinstance(kind, tuple) else (kind,)
            expected = " or ".join(k.__name__ for k in kinds)
            raise UserError(f"{self.where}: {key} must be {expected}")
        return value

    def strings(self, key: str) -> tuple[str, ...]:
        """Return a setting that is one text or a list of them."""
        value = self.take(key, (str, list), [])
        return (value,) if isinstance(value, str) else tuple(str(v) for v in value)

    def day(self, key: str) -> date | None:
        """Return a setting that is a day."""
        value: date | None = self.take(key, date)
        if isinstance(value, datetime):
            raise UserError(f"{self.where}: {key} is a day, such as 2016-02-01, without a time")
        return value

    def finish(self) -> None:
        """Raise ``UserError`` naming the first setting that nobody read."""
        if self.raw:
            unknown = next(iter(self.raw))
            raise UserError(f"{self.where}: unknown setting {unknown!r}; see docs/mappings.md")
