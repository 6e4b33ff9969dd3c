"""What a coordinator asks at the table every month, asked through the pages and read off them."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.pages.app import run, said
from tests.stores import simulated_store

Asked = Callable[[str], str]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    # So few officers that some nights have no CIT officer, and so many that most have.
    return simulated_store(tmp_path_factory.mktemp("table"), 6_000, officers=120)


@pytest.fixture
def asked(store: Path, monkeypatch: pytest.MonkeyPatch) -> Asked:
    def ask(page: str) -> str:
        return said(run(store, page, monkeypatch))

    return ask


def found(pattern: str, words: str) -> tuple[str, ...]:
    match = re.search(pattern, words)
    assert match, f"{pattern!r} is not on the page:\n{words[:1500]}"
    return match.groups()


def number(text: str) -> int:
    return int(text.replace(",", ""))


def test_are_we_covered(asked: Asked) -> None:
    full, days = found(
        r"On (\d+) of (\d+) days every district and shift had a CIT officer", asked("covered")
    )
    assert 0 < number(full) < number(days) <= 366


def test_who_lapses_next_month(asked: Asked) -> None:
    words = asked("certification")
    assert re.search(r"(lapses? in|lapse in) [A-Z][a-z]+ 20\d\d", words), words[:1500]
    held, due = found(
        r"(\d+) people hold a CIT certificate in date\. (\d+) of them (?:is|are) due", words
    )
    assert 0 <= number(due) <= number(held)


def test_did_cit_come_when_dispatch_knew(asked: Asked) -> None:
    came, calls = found(
        r"Did CIT come when dispatch knew\? A CIT officer came to \d+ of 100 calls"
        r" \(([\d,]+) of ([\d,]+)",
        asked("response"),
    )
    assert 0 < number(came) < number(calls)


def test_how_long_do_we_wait_at_the_hospital(asked: Asked) -> None:
    minutes, trips = found(
        r"How long do we wait at the hospital\? (\d+) minutes: half of ([\d,]+) hand-offs",
        asked("partners"),
    )
    assert 5 < number(minutes) < 300 and number(trips) > 100


def test_whom_should_we_train(asked: Asked) -> None:
    words = asked("train_next")
    closed, gaps = found(r"Certify \d+ more.* \(closes (\d+) of (\d+) gaps?\)", words)
    assert 0 < number(closed) <= number(gaps)
    # By squad, shift and district; nobody is named.
    assert not re.search(r"\bB\d{4}\b|[0-9a-f]{16}", words)
