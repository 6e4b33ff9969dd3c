"""Which edition of the product, and of its definitions, made something."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import tomllib
from functools import lru_cache
from pathlib import Path
from typing import Any

from data import registry

_PROJECT = Path(__file__).parents[1] / "pyproject.toml"


@lru_cache(maxsize=1)
def software() -> str:
    """Return the product's name and version."""
    project = tomllib.loads(_PROJECT.read_text(encoding="utf-8"))["project"]
    return f"{project['name']} {project['version']}"


@lru_cache(maxsize=1)
def registry_hash() -> str:
    """Return the SHA-256 of the registries' content: it moves when any definition does."""
    content = {name: plain(getattr(registry, name)) for name in registry.__all__ if name.isupper()}
    text = json.dumps(content, sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def plain(value: Any) -> Any:
    """Return a registry's entries as JSON values, in an order that does not depend on the process.

    Raises ``TypeError`` for what has no fixed text.
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, (set, frozenset)):
        return sorted(json.dumps(plain(v), sort_keys=True) for v in value)
    if isinstance(value, (list, tuple, range)):
        return [plain(v) for v in value]
    if value is None or isinstance(value, (str, int, float, bool)):
        return value
    raise TypeError(f"a registry holds a {type(value).__name__}, which has no fixed text")
