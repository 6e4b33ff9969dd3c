"""Compliance: what the page says of the store against the schema, the loader and the store themselves."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from data import identifying, ingest, mapping, schema
from data.roles import Role
from data.store import Snapshot, Store
from metrics.compliance import compliance, kept, manifest_entries, refused, tables
from metrics.manifest import manifest
from metrics.question import ask
from metrics.wording import compliance as words
from tests.metrics.test_wording import CAUSAL
from tests.stores import simulated_store


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    return Store(simulated_store(tmp_path_factory.mktemp("compliance"), 3_000)).current()


def by_comment() -> dict[str, list[tuple[str, str]]]:
    """Read (column, type) of every table straight off the comments of the schema's text."""
    found: dict[str, list[tuple[str, str]]] = {}
    text = schema.SCHEMA_SQL.read_text()
    for table, column, kind, level in re.findall(
        r"COMMENT ON COLUMN (\w+)\.(\w+) IS '.*\[(\w+), (\w), .\]';", text
    ):
        if level != "S":
            found.setdefault(table, []).append((column, kind))
    return found


def test_every_column_an_export_can_fill_is_listed_once(snapshot: Snapshot) -> None:
    expected = by_comment()
    found = {t.table: t for t in tables(snapshot)}
    assert set(found) == set(expected)
    for name, columns in expected.items():
        held = found[name]
        assert held.columns == len(columns)
        assert held.hashed == tuple(c for c, kind in columns if kind == "key")
        apart = sum(c in ("agency_id", "source") for c, _ in columns)
        assert held.columns == apart + len(held.hashed) + len(held.labels) + held.when + (
            held.coded + held.numbers
        )


def test_no_column_would_be_refused_as_a_header(snapshot: Snapshot) -> None:
    found = compliance(snapshot)
    assert found.identifying == ()
    assert not any(identifying.identifies(c) for own in by_comment().values() for c, _ in own)
    assert "none is for a name" in words.headline(found)


def test_hashed_columns_hold_hashes_and_nothing_else(snapshot: Snapshot) -> None:
    for held in tables(snapshot):
        for column in held.hashed:
            row = (
                snapshot.cursor()
                .execute(
                    f"SELECT count(*) FROM {held.table} WHERE {column} IS NOT NULL"
                    f" AND NOT regexp_full_match({column}, '[0-9a-f]{{32}}')"
                )
                .fetchone()
            )
            assert row == (0,), f"{held.table}.{column}"


def test_rows_are_counted_in_the_file(snapshot: Snapshot) -> None:
    cursor = snapshot.cursor()
    for held in tables(snapshot):
        assert (held.rows,) == cursor.execute(f"SELECT count(*) FROM {held.table}").fetchone()


def test_what_is_refused_is_what_the_loader_refuses() -> None:
    words_, whole, phrases, _, keys = refused()
    for listed in (words_, whole, phrases):
        assert listed.words
        for header in listed.words:
            assert identifying.identifies(header), header
    assert identifying.identifies("home_address") and "address" in words_.words
    assert not identifying.identifies("district") and "district" not in words_.words
    assert "a social security number" in keys.words


def test_answers_of_treatment_programs_by_hand(snapshot: Snapshot) -> None:
    rows = (
        snapshot.cursor()
        .execute(
            "SELECT r.provider_accepted_at, r.first_service_on, CAST(r.feedback_received AS VARCHAR)"
            " FROM referrals r, service_providers p WHERE r.agency_id = p.agency_id"
            " AND r.provider_id = p.provider_id AND p.provider_kind IN ('substance_use', 'detox_sobering')"
        )
        .fetchall()
    )
    answered = sum(a is not None or s is not None or f == "yes" for a, s, f in rows)
    found = compliance(snapshot)
    assert found.answers == (len(rows), answered)
    (part_2,) = (r for r in words.rules(found) if r.rule == "42 CFR Part 2")
    if rows:
        assert f"{len(rows):,} referrals by officers" in part_2.here
    assert "not accepted" in part_2.here and "42 CFR 2.11" in part_2.source


CONTACTS = (
    "agency_id,contact_id,contact_at,force_used,Officer Name,home address\n"
    "T,1,2025-01-01 10:00,no,Zebulon Quux,12 Elm\nT,2,2025-02-01 10:00,yes,Zebulon Quux,14 Elm\n"
)


@pytest.fixture
def small(tmp_path: Path) -> Store:
    """A store of two loads; the first names people in two headers, the second has a held contact."""
    store = Store(tmp_path / "store")
    (tmp_path / "contacts.csv").write_text(CONTACTS)
    ingest.load(store, [tmp_path / "contacts.csv"], mapping.read("canonical"))
    (tmp_path / "critical_events.csv").write_text(
        "agency_id,critical_id,contact_id,kind,occurred_on,review_status,legal_hold\n"
        "T,C1,1,serious_bodily_injury,2025-01-01,open,yes\n"
    )
    ingest.load(store, [tmp_path / "critical_events.csv"], mapping.read("canonical"))
    return store


def test_dropped_headers_without_their_values(small: Store) -> None:
    found = compliance(small.current())
    assert found.loads == 2 and len(found.dropped) == 1
    assert set(found.dropped[0].headers) == {"Officer Name", "home address"}
    assert words.dropped(found).startswith("1 of 2 loads dropped columns.")
    assert "Quux" not in repr(found) and "Elm" not in repr(found)


def test_snapshots_kept_and_the_one_in_use(small: Store) -> None:
    found = kept(small)
    assert [k.id for k in found] == small.ids() and len(found) == 2
    assert [k.in_use for k in found] == [True, False]
    assert found[0].made >= found[1].made and all(k.size > 0 for k in found)
    small.rollback()
    assert [k.in_use for k in kept(small)] == [False, True]
    assert "2 snapshots kept" in words.retention(compliance(small.current()))


def test_contacts_under_hold_and_an_unreadable_list(small: Store) -> None:
    found = compliance(small.current())
    assert not isinstance(found.held, str) and sum(found.held.values()) == 1
    assert words.held(found).startswith("1 contact under legal hold")
    (small.root / "legal_holds.json").write_text("not json")
    broken = compliance(small.current())
    assert isinstance(broken.held, str)
    # Never taken for none.
    assert "cannot be said" in words.held(broken) and str(small.root) not in words.held(broken)


def test_what_is_privileged_is_not_told_to_a_viewer(small: Store, tmp_path: Path) -> None:
    (tmp_path / "claims.csv").write_text(
        "agency_id,claim_id,contact_id,line,occurred_on,resolution,privileged\n"
        "T,L1,2,law_enforcement_liability,2025-02-01,open,yes\n"
    )
    ingest.load(small, [tmp_path / "claims.csv"], mapping.read("canonical"))
    viewer, attorney = (
        compliance(small.current(), role=role) for role in (Role.VIEWER, Role.ATTORNEY)
    )
    assert not isinstance(viewer.held, str) and not isinstance(attorney.held, str)
    assert sum(viewer.held.values()) == 1 and sum(attorney.held.values()) == 2
    assert compliance(small.current()) == viewer
    assert "privileged" not in repr(viewer.held)


def test_purges_are_listed_from_the_log(small: Store, tmp_path: Path) -> None:
    from data import purge

    assert compliance(small.current()).purged == ()
    assert words.purged(compliance(small.current())) == "The store was never purged."
    (tmp_path / "sealed.csv").write_text("agency_id,contact_id\nT,1\nT,2\n")
    report = purge.purge(small, tmp_path / "sealed.csv")
    found = compliance(small.current())
    assert not isinstance(found.purged, str)
    (entry,) = found.purged
    assert (entry.removed, entry.kept_under_hold) == (1, 1) == (report.entry.removed, 1)
    assert entry.snapshots == len(report.entry.snapshots) == 2
    assert words.purged(found).startswith("1 purge logged")
    assert not found.interrupted


def test_every_entry_of_the_manifest_has_its_words(snapshot: Snapshot) -> None:
    assert set(words.ENTRIES) == set(manifest_entries())
    told = json.loads(manifest(ask(), "internal", snapshot).to_json())
    assert {"snapshot", "question", "software", "access"} <= set(told)


def test_what_the_audit_log_keeps_and_does_not_is_said() -> None:
    assert "Kept: who did what" in words.AUDIT and "Not kept: who looked" in words.AUDIT
    assert "Not legal advice" in words.NOT_ADVICE


def test_seattle_has_no_partner_records(seattle: Snapshot) -> None:
    found = compliance(seattle)
    assert found.answers == (0, 0)
    assert found.rows("contacts") == 32_906 and found.rows("holds") == 0
    assert "No referral is on record." in words.rules(found)[2].here
    assert any("birth" in h.lower() for d in found.dropped for h in d.headers)


def test_nothing_claims_a_cause(snapshot: Snapshot) -> None:
    found = compliance(snapshot)
    texts = [v for n, v in vars(words).items() if n.isupper() and isinstance(v, str)]
    texts += [part for rule in words.rules(found) for part in rule]
    texts += [words.headline(found), words.retention(found), words.held(found), words.purged(found)]
    for text in texts:
        assert not CAUSAL.search(text), text
