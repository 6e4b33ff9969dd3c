"""Published figures: as printed in their sources, with nothing that has no source, and our own beside."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from data import registry
from metrics import proportions
from metrics.estimate import Estimate, NotEstimable
from metrics.evaluate import evaluate
from metrics.published import CAME, PUBLISHED, QUESTIONS, QUOTED, OwnShare, measures, own
from metrics.question import ask
from metrics.wording import told
from tests.metrics.test_words_random import CAUSAL, NO_NUMBER
from tests.stores import make_snapshot

PRINTED = {
    ("Compton et al.", "2014"): ("180 officers", "1,063", "1.70", ".026", "0.47", ".007", "2.00", ".016"),
    ("Taheri", "2016"): (".180", ".495", "-.301", ".191"),
    ("Teller et al.", "2006"): ("Akron",),
    ("Watson et al.", "2010"): ("Chicago",),
    ("Watson et al.", "2011"): ("Chicago",),
    ("Steadman et al.", "2000"): ("28%", "40%", "95%", "13%", "5%", "2%"),
    ("Rogers, McNiel & Binder", "2019"): ("Little evidence",),
    ("Seattle police", "2015-16"): ("149", "9,300"),
    ("Albuquerque police", "2018"): ("99%", "72%", "3%"),
    ("Cleveland police", "2023"): ("0.4%",),
    ("Portland police", "2020-21"): ("0.7%", "1.6%"),
}  # fmt: skip


def every_text() -> list[str]:
    texts = list(QUESTIONS)
    for entry in (*PUBLISHED, *QUOTED):
        values = (getattr(entry, f.name) for f in fields(entry))
        texts += [v for v in values if isinstance(v, str)]
    return texts


@pytest.mark.parametrize("entry", PUBLISHED, ids=lambda e: f"{e.study} {e.year}")
def test_each_figure_is_as_printed(entry: object) -> None:
    shown = f"{entry.place} {entry.figure}"  # type: ignore[attr-defined]
    for number in PRINTED[(entry.study, entry.year)]:  # type: ignore[attr-defined]
        assert number in shown


def test_all_of_them_and_no_other() -> None:
    assert {(e.study, e.year) for e in PUBLISHED} == set(PRINTED)
    assert len(PUBLISHED) == len(PRINTED)


def test_what_has_no_source_is_nowhere() -> None:
    for text in every_text():
        assert "28%" not in text or "40% and 95%" in text
        assert not re.search(r"[-−–]\s?58", text)
    fifty_eight = [q for q in QUOTED if "58" in q.number]
    assert len(fifty_eight) == 1
    assert "Neither is about arrests or force" in fifty_eight[0].about
    assert "SWAT" in fifty_eight[0].about


def test_every_figure_says_what_it_does_not_say_and_with_whom_it_was_compared() -> None:
    for entry in PUBLISHED:
        assert entry.says.endswith(".")
        assert entry.does_not_say.endswith(".")
        assert entry.source
        (line,) = [x for x in told.published(entry, NOTHING, ()) if "It does not say" in x]
        assert "*Compared with*: " in line or "*No comparison group.*" in line
    alone = {e.study for e in PUBLISHED if e.comparator is None}
    assert alone == {"Seattle police", "Albuquerque police", "Cleveland police"}


def test_no_word_of_cause() -> None:
    for text in [*every_text(), told.OWN_NOTE, told.TOLD_NOTE]:
        assert not CAUSAL.search(text), text


NOTHING = {m: NotEstimable("not recorded in these contacts") for m in measures()}


def test_measures_are_known() -> None:
    known = {o.id for o in registry.OUTCOMES} | {CAME}
    assert set(measures()) <= known
    assert {o for e in PUBLISHED for o in e.ratios} <= known


def test_own_share_counts_all_contacts(tmp_path: Path) -> None:
    snapshot = make_snapshot(tmp_path, (40, 30), (4, 2), unassigned=5)
    found = own(ask(), snapshot)
    force = found["force"]
    assert isinstance(force, OwnShare)
    assert (force.events, force.n) == (6, 75)
    assert force.rate == proportions.wilson(6, 75)
    assert found["arrest"] == NotEstimable("not recorded in these contacts")
    assert found[CAME] == NotEstimable("not recorded in these contacts")
    words = [told.own_share(found[m], m) for m in measures()]
    assert "use of force in 8.0% of contacts" in words[measures().index("force")]
    assert all("NotEstimable" not in w and not NO_NUMBER.search(w) for w in words)


def test_own_share_follows_the_question(tmp_path: Path) -> None:
    snapshot = make_snapshot(tmp_path, (40, 30), (4, 2))
    some = own(ask(where={"district": ["A"]}), snapshot)["force"]
    assert isinstance(some, OwnShare)
    assert some.n == 36
    none = own(ask(where={"district": ["A"]}, exposure="arrived"), snapshot)["force"]
    assert none == some


def test_came_is_of_contacts_where_it_was_recorded() -> None:
    share = OwnShare(CAME, 3, 4, Estimate(0.75, 0.3, 0.95))
    assert told.own_share(share, CAME) == (
        "a CIT officer came to 75.0% of contacts (95% CI 30.0% to 95.0%; 3 of 4)"
    )


def test_own_ratio_or_why_there_is_none(tmp_path: Path) -> None:
    snapshot = make_snapshot(tmp_path, (40, 40), (4, 4))
    force, arrest = evaluate(ask(["force", "arrest"]), snapshot=snapshot)
    assert "not estimated" in told.own_ratio(force)
    assert told.own_ratio(arrest) == "arrest: not recorded by this source"


def test_the_own_figure_stands_last_and_dollars_are_no_mathematics() -> None:
    shares = {**NOTHING, "force": OwnShare("force", 3, 40, Estimate(0.075, 0.02, 0.2))}
    seattle = next(e for e in PUBLISHED if e.study == "Seattle police")
    assert told.published(seattle, shares, ())[-1].startswith("**Here**: Use of force in 7.5%")
    for quoted in QUOTED:
        for line in told.quoted(quoted):
            assert not re.search(r"(?<!\\)\$", line)
