"""Tests of pages look at all of a page, what is folded away too."""

from __future__ import annotations

import pytest

from pages.parts import folded


@pytest.fixture(autouse=True)
def _unfolded(monkeypatch: pytest.MonkeyPatch) -> None:
    # But for how each number was computed, which takes long and has tests of its own.
    monkeypatch.setattr(folded, "closed_too", lambda key: not key.startswith("computed_"))
