"""The public page: nothing small in any word of it, both languages whole, plain to read."""

from __future__ import annotations

import re
import string
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.registry.elements import ELEMENTS, GROUPS, element
from data.store import Snapshot, Store
from metrics import resident, result
from metrics.disclosure import release
from metrics.disclosure.grid import ROLLING
from metrics.elements import Assessment, Line, Minutes
from metrics.estimate import Estimate, NotEstimable
from metrics.evaluate import evaluate
from metrics.question import ask
from metrics.resident import Effect, Happened, Resident
from metrics.shares import Share
from metrics.wording import resident as words
from metrics.wording.resident import EN, ES, Both
from pages.print import document as documents
from pages.print import resident as printed
from tests.metrics.test_wording import CAUSAL
from tests.stores import make_snapshot, simulated_store

MADE = datetime(2026, 1, 15, 8, 30)

# Numbers that count nobody: shares, days and minutes, dates, telephone numbers, hours of a course.
NO_COUNT = re.compile(
    r"\d+\s?%|\d+ (in|de cada) 10+|\d+ (of|de) 100\b|(On|En) [\d,]+ (of|de) [\d,]+ (days|días)"
    r"|\d+ (minutes|minutos)|[A-Z][a-z]+ \d+, \d{4}|\d+ de [a-z]+ de \d{4}|\b(911|988)\b|oprima 2"
    r"|\d+[- ](hours?|horas|months|meses|full months|days|días)|Simulated checklist \d+"
)


def texts(found: Resident, lang: str) -> list[str]:
    """Every text of the page."""
    return list(documents.words(printed.document(found, lang, MADE)))


def small_counts(text: str, least: int) -> list[int]:
    """The numbers of a text that may be a count of 1 to least - 1."""
    rest = NO_COUNT.sub(" ", text)
    return [n for d in re.findall(r"\d[\d,]*", rest) if 0 < (n := int(d.replace(",", ""))) < least]


def syllables(word: str) -> int:
    """Count the syllables of an English word, by its groups of vowels."""
    word = re.sub(r"[^a-z]", "", word.lower())
    if not word:
        return 0
    count = len(re.findall(r"[aeiouy]+", word))
    silent = word.endswith("e") and not word.endswith(("le", "ee")) and count > 1
    past = word.endswith("ed") and not word.endswith(("ted", "ded")) and count > 1
    return max(count - (silent or past), 1)


def grade(text: str) -> float:
    """Flesch-Kincaid reading grade (Kincaid et al. 1975, Naval Technical Training 8-75)."""
    sentences = [s for s in re.split(r"[.?!:]+(?:\s|$)", text) if re.search("[A-Za-z]", s)]
    found = re.findall(r"[A-Za-z][A-Za-z'-]*", text)
    beats = sum(syllables(w) for w in found)
    return 0.39 * len(found) / len(sentences) + 11.8 * beats / len(found) - 15.59


@pytest.fixture(scope="module", params=[3_000, pytest.param(60_000, marks=pytest.mark.slow)])
def found(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Resident:
    store = simulated_store(tmp_path_factory.mktemp("resident"), request.param)
    made = resident.resident(Store(store).current())
    assert isinstance(made, Resident)
    return made


@pytest.fixture(scope="module")
def seattle_page(seattle: Snapshot) -> Resident:
    made = resident.resident(seattle)
    assert isinstance(made, Resident)
    return made


@pytest.mark.parametrize("lang", [EN, ES])
def test_no_small_count_stands_anywhere(found: Resident, lang: str) -> None:
    for text in texts(found, lang):
        assert not small_counts(text, found.threshold), text


@pytest.mark.parametrize("lang", [EN, ES])
def test_nor_on_the_page_of_seattle(seattle_page: Resident, lang: str) -> None:
    for text in texts(seattle_page, lang):
        assert not small_counts(text, seattle_page.threshold), text


def test_the_search_for_small_counts_finds_them() -> None:
    for text in ("There were 7 calls.", "3 of 40 officers", "5 personas", "1,234 and 4"):
        assert small_counts(text, 11), text


def test_what_happened_is_what_the_public_report_shows(
    found: Resident, seattle_page: Resident, seattle: Snapshot
) -> None:
    report = release.export(seattle)
    for row in seattle_page.happened:
        if row.percent is not None:
            assert report.allows(row.outcome, ROLLING)
    period = seattle_page.period
    assert period is not None
    question = ask(
        ["arrest"], exposure=release.public_exposure(seattle), start=period.start, end=period.end
    )
    (public,) = evaluate(question, "public", snapshot=seattle)
    arms = public.cit, public.other
    events, n = (sum(getattr(a, k) for a in arms) for k in ("events", "n"))
    row = next(r for r in seattle_page.happened if r.outcome == "arrest")
    assert row.percent == (200 * events + n) // (2 * n)
    assert {h.outcome for h in found.happened} == set(resident.HAPPENED)


def test_a_small_store_publishes_nothing_of_people(tmp_path: Path) -> None:
    made = resident.resident(make_snapshot(tmp_path, (60, 60), (4, 5)))
    assert isinstance(made, Resident)
    # Under 24 months: no period at all.
    assert made.period is None and made.contacts is None and not made.happened
    assert words.NO_PERIOD.text(EN) in texts(made, EN)


@pytest.mark.slow
def test_an_outcome_with_a_small_group_is_withheld(tmp_path_factory: Any) -> None:
    folder = tmp_path_factory.mktemp("few")
    snapshot = Store(simulated_store(folder, 400)).current()
    made = resident.resident(snapshot)
    assert isinstance(made, Resident)
    assert any(h.reason == resident.TOO_FEW for h in made.happened)
    said = texts(made, EN)
    assert result.WITHHELD in said
    assert words.TOO_FEW_TEXT.text(ES) in texts(made, ES)
    for lang in (EN, ES):
        assert not [t for t in texts(made, lang) if small_counts(t, made.threshold)]


def test_seattle_is_told_as_it_is(seattle_page: Resident) -> None:
    assert {a.answer for a in seattle_page.answers} == {resident.NOT_RECORDED}
    said = texts(seattle_page, EN)
    assert said.count("Not recorded.") == len(ELEMENTS)
    assert not any(h.reason == resident.TOO_FEW and h.percent for h in seattle_page.happened)


def every_text() -> dict[str, Both]:
    """Every text of the page's words in both languages, wherever it is kept."""
    made: dict[str, Both] = {}

    def walk(name: str, value: Any) -> None:
        if isinstance(value, Both):
            made[name] = value
        elif isinstance(value, dict):
            for key, inner in value.items():
                walk(f"{name}[{key}]", inner)
        elif isinstance(value, tuple):
            for place, inner in enumerate(value):
                walk(f"{name}[{place}]", inner)

    for name, value in vars(words).items():
        walk(name, value)
    for e in ELEMENTS:
        made[f"{e.id}.question"] = Both(e.question, e.question_es)
        made[f"{e.id}.label"] = Both(e.label, e.label_es)
    for g in GROUPS:
        made[f"group {g.id}"] = Both(g.label, g.label_es)
    return made


def _parts(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("name", sorted(every_text()))
def test_every_english_text_has_its_spanish(name: str) -> None:
    both = every_text()[name]
    assert both.en.strip() and both.es.strip()
    assert both.en != both.es or both.en in ("No.",)
    assert _parts(both.en) == _parts(both.es)
    assert both.es.count("¿") == both.es.count("?") == both.en.count("?")
    assert both.en.count("*") == both.es.count("*")
    assert set(re.findall(r"\d+", both.en)) <= set(re.findall(r"\d+", both.es)) | {"911"}


def test_no_english_text_is_left_on_the_spanish_page(found: Resident) -> None:
    spanish = set(texts(found, ES))
    english = {t for t in texts(found, EN) if re.search("[a-z]{3}", t)}
    assert not spanish & english


def test_every_word_has_a_reader(found: Resident) -> None:
    """Every code an answer can take has its words."""
    for unit, level in words.LEVELS:
        told = resident.Told(unit, resident.SOME if level in ("most", "some") else level, 5)
        for lang in (EN, ES):
            assert words.told(told, lang)
    kinds = {e.computed for e in ELEMENTS if e.computed}
    assert set(words.RECORDS) == kinds
    assert set(words.HAPPENED_ROWS) == set(resident.HAPPENED)


def test_numbers_and_days_are_written_as_the_language_does() -> None:
    assert words.number(1234567, EN) == words.number(1234567, ES) == "1,234,567"
    assert words.percent(78, EN) == "78%" and words.percent(78, ES) == "78\N{NO-BREAK SPACE}%"
    assert words.day(date(2026, 3, 5), EN) == "March 5, 2026"
    assert words.day(date(2026, 3, 5), ES) == "5 de marzo de 2026"


def test_the_english_is_at_a_reading_grade_of_nine_or_less(
    found: Resident, seattle_page: Resident
) -> None:
    for page in (found, seattle_page):
        # A name and the agency's instrument are not ours; a cell of a table is a sentence.
        own = [t for t in texts(page, EN) if page.agency not in t and "checklist" not in t]
        whole = " ".join(t if t.endswith((".", "?", "!")) else f"{t}." for t in own)
        assert grade(whole) <= 9
    for name, both in every_text().items():
        text = re.sub(r"\{\w+\}", "it", both.en)
        if len(text.split()) >= 12:
            assert grade(text) <= 10, (name, grade(text))
    assert grade("The cat sat on the mat.") < 1
    assert (
        grade("Interdisciplinary considerations necessitate organisational reconfiguration.") > 12
    )


def test_nothing_says_cause() -> None:
    for name, both in every_text().items():
        assert not CAUSAL.search(both.en), name
        assert not re.search(r"reduc|debido a|gracias a |caus[aó]|evit", both.es), name


@given(
    st.integers(0, 400),
    st.integers(0, 400),
    st.integers(5, 20),
    st.sampled_from(["people", "calls"]),
)
def test_a_share_is_never_told_with_its_count(hits: int, rest: int, least: int, unit: str) -> None:
    told = resident.tell(Share(hits, hits + rest), unit, least)
    if hits + rest < least:
        assert told is None
        return
    if unit == "calls" and (0 < hits < least or 0 < rest < least):
        assert told is None
        return
    assert told is not None and (told.hits, told.of) == (0, 0)
    share = hits / (hits + rest)
    assert told.level != resident.SOME or abs(told.tenths / 10 - share) <= 0.0500001
    assert (told.level == resident.ALL) == (rest == 0)
    assert (told.level == resident.NONE) == (hits == 0)
    for lang in (EN, ES):
        assert not small_counts(words.told(told, lang), least)


def test_answers_follow_the_fixed_rule() -> None:
    line = Line(element("telecommunicators_trained"), (), Share(95, 100))
    day = date(2026, 1, 1)
    assert resident.answer(line, day, 11).answer == resident.YES
    for hits, answer in ((94, resident.PARTLY), (5, resident.PARTLY), (4, resident.NO)):
        told = resident.answer(replace(line, value=Share(hits, 100)), day, 11)
        assert told.answer == answer
    few = resident.answer(replace(line, value=Share(9, 10)), day, 11)
    assert few.answer == resident.TOO_FEW and "Too few" in words.answer(few, EN)


def test_the_records_answer_before_a_self_rating() -> None:
    met = Assessment("telecommunicators_trained", date(2025, 1, 1), "met", "List 1", "self", "D-9")
    line = Line(element("telecommunicators_trained"), (met,), Share(50, 100))
    assert resident.answer(line, date(2026, 1, 1), 11).answer == resident.PARTLY
    lacking = replace(line, value=NotEstimable("not recorded"))
    told = resident.answer(lacking, date(2026, 1, 1), 11)
    assert told.answer == resident.YES and told.as_of == date(2025, 1, 1)
    assert words.how(told, EN) == "We checked this ourselves, with List 1"
    assert "D-9" not in words.how(told, EN)
    planned = replace(lacking, history=(met._replace(status="planned"),))
    said = resident.answer(planned, date(2026, 1, 1), 11)
    assert said.answer == resident.NO
    assert words.answer(said, ES) == "No, pero está previsto."


def test_minutes_are_rounded_and_need_enough_trips() -> None:
    assert resident.tell(Minutes(62, 10, 0), resident.MINUTES, 11) is None
    told = resident.tell(Minutes(62.4, 400, 3), resident.MINUTES, 11)
    assert told is not None and told.minutes == 60


def test_only_a_clear_adjusted_difference_is_told(seattle: Snapshot) -> None:
    comparisons = evaluate(resident.public_question(seattle), "public", snapshot=seattle)
    for effect in resident.effects(comparisons):
        (of,) = (c for c in comparisons if c.outcome == effect.outcome)
        assert of.certainty == result.CLEAR and isinstance(of.adjusted.risk_ratio, Estimate)
        assert effect.lower == (of.adjusted.risk_ratio.estimate < 1)
    doubted = tuple(replace(c, certainty=result.NOT_SURE) for c in comparisons)
    assert resident.effects(doubted) == ()
    hidden = tuple(replace(c, withheld=result.WITHHELD) for c in comparisons)
    assert resident.effects(hidden) == ()


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (Happened("force", 12, None), "12%"),
        (Happened("force", 0, None), "fewer than 1 in 100"),
        (Happened("force", 0, None, any=False), "not once"),
        (Happened("force", 100, None), "more than 99 in 100"),
        (Happened("force", None, resident.TOO_FEW), result.WITHHELD),
        (Happened("force", None, resident.NOT_RECORDED), "not recorded"),
    ],
)
def test_how_often_something_happened_has_words_at_both_ends(row: Happened, said: str) -> None:
    assert words.happened(row, EN) == said
    assert words.happened(row, ES)


def test_effects_have_words_in_both_languages(found: Resident) -> None:
    for effect in (
        Effect("force", True, None, None, True, False),
        Effect("arrest", False, 12, 9, False, True),
    ):
        for lang in (EN, ES):
            lines = words.effects(replace(found, effects=(effect,)), lang)
            assert words.EFFECT_CAUTION.text(lang) in lines
            assert (words.EFFECT_MIXED.text(lang) in lines) == effect.mixed
            assert not any(small_counts(line, 11) for line in lines)
    assert words.effects(replace(found, effects=()), EN) == [words.EFFECT_NONE.text(EN)]
