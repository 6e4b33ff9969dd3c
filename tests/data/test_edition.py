"""The edition: a definition that changes is another registry; what has no fixed text is refused."""

from __future__ import annotations

from dataclasses import replace

import pytest

from data import registry
from data.edition import plain, registry_hash


def test_another_definition_is_another_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    before = registry_hash()
    first, *rest = registry.OUTCOMES
    monkeypatch.setattr(registry, "OUTCOMES", (replace(first, definition="Another."), *rest))
    registry_hash.cache_clear()
    try:
        assert registry_hash() != before
    finally:
        monkeypatch.undo()
        registry_hash.cache_clear()
    assert registry_hash() == before


def test_what_has_no_fixed_text_is_refused() -> None:
    assert plain(frozenset({"b", "a"})) == ['"a"', '"b"']
    with pytest.raises(TypeError, match="no fixed text"):
        plain(object())
