"""Nothing a user can type is undocumented: commands, options and settings stand in the README."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from data.__main__ import parser
from data.dictionary import commands, options
from data.settings import Settings
from metrics.__main__ import parser as metrics_parser

ROOT = Path(__file__).parents[1]
COMMANDS = commands(parser())
METRICS = commands(metrics_parser())


@pytest.fixture(scope="module")
def readme() -> str:
    return (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", COMMANDS)
def test_every_data_command_and_option_is_in_the_readme(name: str, readme: str) -> None:
    assert f"python -m data {name}" in readme
    missing = [o for a in options(COMMANDS[name]) for o in a.option_strings if o not in readme]
    assert missing == []


@pytest.mark.parametrize("name", METRICS)
def test_every_metrics_command_and_option_is_in_the_readme(name: str, readme: str) -> None:
    assert f"python -m metrics {name}" in readme
    missing = [o for a in options(METRICS[name]) for o in a.option_strings if o not in readme]
    assert missing == []


@pytest.mark.parametrize("setting", [f.name for f in fields(Settings)])
def test_every_setting_is_in_the_readme(setting: str, readme: str) -> None:
    assert f"`{setting}`" in readme or f"{setting} =" in readme


def test_every_setting_says_what_it_does() -> None:
    assert all(f.metadata.get("doc", "").endswith(".") for f in fields(Settings))


@pytest.mark.parametrize("page", ["mappings.md", "dictionary.md"])
def test_the_readme_leads_to_the_pages(page: str, readme: str) -> None:
    assert f"docs/{page}" in readme
