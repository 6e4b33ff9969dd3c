"""What is folded away is drawn when it is opened, and not before."""

from __future__ import annotations

from pathlib import Path

import pytest

from pages.parts import folded
from tests.pages.app import cells, run
from tests.stores import simulated_store


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return simulated_store(tmp_path_factory.mktemp("folded"), 3_000)


@pytest.mark.parametrize(
    ("key", "kind", "about"),
    [
        ("download_force-rates", "download_button", "CSV"),
        ("split_district", "cells", "District"),
        ("months", "cells", "Coverage"),
        ("how", "code", "SELECT"),
    ],
)
def test_it_is_drawn_when_it_is_opened(
    key: str, kind: str, about: str, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folded, "closed_too", lambda key: False)
    app = run(root, "force", monkeypatch)

    def drawn() -> str:
        if kind == "cells":
            return cells(app)
        return "\n".join(str(e.proto) for e in app.get(kind))

    assert about not in drawn()
    app.session_state[key] = True
    app = app.run()
    assert not app.exception and about in drawn()
    app.session_state[key] = False
    app = app.run()
    assert about not in drawn()
