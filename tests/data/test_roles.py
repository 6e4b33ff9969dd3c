"""Each role x each call that returns data or changes the store."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from data import extract, holds, ingest, loads, mapping, purge, settings
from data.errors import NotAllowedError, UserError
from data.extract import Request
from data.roles import Right, Role, fewest, most
from data.sandbox import pool
from data.store import Snapshot, Store
from metrics import aggregate, evaluate, packet
from metrics.aggregate import claims as counted
from metrics.claims import claims
from metrics.compliance import compliance
from metrics.disclosure import release
from metrics.manifest import manifest
from metrics.overview import tiles
from metrics.question import ask
from metrics.resident import public_question, resident
from pages.print import output
from tests.stores import simulated_store

ORDER = [Role.VIEWER, Role.ANALYST, Role.RESEARCHER, Role.ATTORNEY, Role.ADMINISTRATOR]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return simulated_store(tmp_path_factory.mktemp("roles"), contacts=400, officers=12)


def test_each_role_has_the_rights_of_the_one_before() -> None:
    for less, more in pairwise(ORDER):
        assert less.rights < more.rights
    assert Role.ADMINISTRATOR.rights == set(Right)
    assert Role.VIEWER.rights == {Right.PUBLISHED}


@pytest.mark.parametrize("right", Right)
def test_a_refusal_names_the_right_and_whom_to_ask_for(right: Right) -> None:
    for role in ORDER:
        if role.may(right):
            role.need(right)
            continue
        with pytest.raises(NotAllowedError) as refused:
            role.need(right)
        assert fewest(right).value in str(refused.value) and "\n" not in str(refused.value)
        assert role.value in str(refused.value)


def test_most_and_least() -> None:
    assert most([]) is Role.VIEWER
    assert most([Role.RESEARCHER, Role.ANALYST]) is Role.RESEARCHER
    assert Role.ADMINISTRATOR.at_most(Role.ANALYST) is Role.ANALYST
    assert Role.ANALYST.at_most(Role.ADMINISTRATOR) is Role.ANALYST


Call = Callable[[Snapshot, Path], object]
INTERNAL = ask(["force"])

CALLS: dict[str, tuple[Right, Call]] = {
    "cursor": (Right.FIGURES, lambda s, out: s.cursor().execute("SELECT 1").fetchall()),
    "evaluate": (Right.FIGURES, lambda s, out: evaluate(INTERNAL, snapshot=s)),
    "counts": (Right.FIGURES, lambda s, out: aggregate.counts(s, INTERNAL)),
    "coverage": (Right.FIGURES, lambda s, out: aggregate.coverage(s)),
    "levels": (Right.FIGURES, lambda s, out: aggregate.levels(s, "district")),
    "tiles": (Right.FIGURES, lambda s, out: tiles(INTERNAL, s, small=True)),
    "records": (Right.FIGURES, lambda s, out: loads.records(s)),
    "rejected": (Right.FIGURES, lambda s, out: loads.rejected_rows(s)),
    "claims": (Right.FIGURES, lambda s, out: claims(s, INTERNAL)),
    "compliance": (Right.FIGURES, lambda s, out: compliance(s)),
    "internal print": (
        Right.FIGURES,
        lambda s, out: output.gather(INTERNAL, "internal", s, s.store.settings, out),
    ),
    "extract": (Right.ROWS, lambda s, out: extract.extract(s, Request(out / "x", k=5))),
    "copy": (Right.ROWS, lambda s, out: pool.copy_of(s)),
    "sql": (Right.ROWS, lambda s, out: pool.session("somebody", s)),
    "packet": (Right.ROWS, lambda s, out: packet.build(INTERNAL, s)),
    "rollback": (Right.LOAD, lambda s, out: s.store.rollback()),
    "purge": (Right.LOAD, lambda s, out: purge.purge(s.store, dry_run=True)),
    "hold": (Right.LOAD, lambda s, out: holds.add(s.store, out / "none.csv")),
    "load": (
        Right.LOAD,
        lambda s, out: ingest.load(s.store, [out / "none.csv"], mapping.read("canonical")),
    ),
    "check": (
        Right.LOAD,
        lambda s, out: ingest.load(
            s.store, [out / "none.csv"], mapping.read("canonical"), publish=False
        ),
    ),
    "agency": (Right.PUBLISHED, lambda s, out: loads.agencies(s)),
    "outline": (Right.PUBLISHED, lambda s, out: release.outline(s)),
    "resident": (Right.PUBLISHED, lambda s, out: resident(s)),
    "public": (Right.PUBLISHED, lambda s, out: evaluate(public_question(s), "public", snapshot=s)),
    "manifest": (Right.PUBLISHED, lambda s, out: manifest(public_question(s), "public", s)),
}


@pytest.mark.parametrize("role", ORDER)
@pytest.mark.parametrize("name", CALLS)
def test_each_role_and_each_call(name: str, role: Role, root: Path, tmp_path: Path) -> None:
    right, call = CALLS[name]
    snapshot = Store(root, role).current()
    if not role.may(right):
        with pytest.raises(NotAllowedError):
            call(snapshot, tmp_path)
        return
    if role is not fewest(right):  # what it does then is tested where it is
        return
    try:
        call(snapshot, tmp_path)
    except UserError as error:  # no file, nothing earlier, too few people: but not the role
        assert not isinstance(error, NotAllowedError)
    finally:
        pool.close_all()


def test_what_may_be_published_is_the_same_for_everyone(root: Path) -> None:
    found = [Store(root, role).current() for role in ORDER]
    assert len({repr(resident(s)) for s in found}) == 1
    assert len({repr(evaluate(public_question(s), "public", snapshot=s)) for s in found}) == 1
    assert {s.to_publish().role for s in found} == {Role.ANALYST}


def test_an_outline_holds_no_count(root: Path) -> None:
    outline = release.outline(Store(root, Role.VIEWER).current())
    assert outline.contacts == 0 and set(outline.recorded.values()) <= {0, 1}


@pytest.mark.parametrize("role", ORDER)
def test_privilege_is_bounded_by_who_opened_the_snapshot(role: Role, tmp_path: Path) -> None:
    store = _with_claims(tmp_path)
    snapshot = Store(store.root, role).current()
    if not role.may(Right.FIGURES):
        with pytest.raises(NotAllowedError):
            counted.claims(snapshot, Role.ADMINISTRATOR)
        return
    # Asking as somebody else shows no more than one may see.
    assert len(counted.claims(snapshot, Role.ADMINISTRATOR)) == (2 if role.sees_privileged else 1)
    assert claims(snapshot, INTERNAL, None, Role.ADMINISTRATOR).privileged is role.sees_privileged


def _with_claims(folder: Path) -> Store:
    (folder / "contacts.csv").write_text(
        "agency_id,contact_id,contact_at\nT,1,2025-01-01 10:00\nT,2,2025-02-01 11:00\n"
    )
    (folder / "claims.csv").write_text(
        "agency_id,claim_id,contact_id,line,reported_on,privileged\n"
        "T,a,1,law_enforcement_liability,2025-03-01,no\n"
        "T,b,2,law_enforcement_liability,2025-03-02,yes\n"
    )
    store = Store(folder / "store")
    ingest.load(store, sorted(folder.glob("*.csv")), mapping.read("canonical"))
    return store


def test_settings_take_roles_and_name_what_is_wrong(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text('session_hours = 2\n[roles]\n"A@b.org" = "attorney"\nCIT = "analyst"\n')
    found = settings.read(file)
    assert found.roles == (("A@b.org", Role.ATTORNEY), ("CIT", Role.ANALYST))
    for text, what in (
        ('[roles]\n"a@b.org" = "boss"\n', "boss"),
        ('roles = "analyst"\n', "roles"),
        ("session_hours = 0\n", "session_hours"),
        ("everyone_is_administrator_without_sign_in = 1\n", "true or false"),
    ):
        file.write_text(text)
        with pytest.raises(UserError, match=what):
            settings.read(file)
