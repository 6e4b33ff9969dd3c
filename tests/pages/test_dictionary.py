"""The dictionary page: every column there is, searchable, with who supplies it and what a copy has."""

from __future__ import annotations

from pathlib import Path

import pytest

from data import dictionary, encounters, schema
from metrics.wording import dictionary as words
from tests.pages.app import cells, run, said
from tests.stores import make_snapshot


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_snapshot(tmp_path_factory.mktemp("dictionary"), (20, 20), (2, 2)).path.parent.parent


def test_it_has_every_column_of_the_store() -> None:
    found = {(e.table, e.column) for e in dictionary.entries()}
    wanted = {(t.name, c.name) for t in schema.tables().values() for c in t.columns}
    assert found == wanted | {("encounters", name) for name in encounters.columns()}
    assert len(dictionary.entries()) == len(found)
    assert all(e.meaning and e.copy for e in dictionary.entries())


def test_words_are_looked_for_everywhere() -> None:
    (only,) = dictionary.looked_up("FORCE_USED", "contacts")
    assert only.column == "force_used" and only.values
    assert dictionary.looked_up("") == dictionary.entries()
    assert dictionary.looked_up("no such words at all") == ()
    both = dictionary.looked_up("restrained transports")
    assert both and all("transports" in " ".join((*e[:6], e.copy)) for e in both)


def test_the_page_says_who_supplies_a_column(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = run(root, "dictionary", monkeypatch, {"dictionary_words": "force_used"})
    assert "canonical" in cells(app)
    assert words.counted(1, len(dictionary.entries()))[-12:] in said(app)
    app = run(root, "dictionary", monkeypatch, {"dictionary_table": "claims"})
    assert words.NOT_SUPPLIED in cells(app) and dictionary.ABSENT in cells(app)
    app = run(root, "dictionary", monkeypatch, {"dictionary_words": "no such words"})
    assert words.NOTHING in said(app)
