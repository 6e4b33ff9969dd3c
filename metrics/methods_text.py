"""What the Methods page says of each method, with its source; the numbers come from the code itself."""

from __future__ import annotations

from typing import NamedTuple

from data import schema
from data.registry import Covariate, Exposure, Outcome


class Section(NamedTuple):
    """One heading of the Methods page and its text (Markdown)."""

    title: str
    body: str


SECTIONS = (
    Section(
        "What is counted",
        "One row is one person in one incident. Rows that repeat each other are collapsed first."
        " Contacts without a crisis form are not in the store and so not in any number here."
        " A value is yes, no, *unknown* (answered so) or blank (not recorded); neither of the last two"
        " is ever counted as no, and both leave the denominator. What a source cannot say is shown as"
        " *not recorded by this source*, never as zero.",
    ),
    Section(
        "Association, not cause",
        "CIT officers volunteer, and dispatch sends them to harder calls. So neither the crude nor an"
        " adjusted difference is the effect of the program, and adjustment can move a number either"
        " way. The crude comparison is confounded; it is shown because it can be checked by hand.",
    ),
    Section(
        "One proportion",
        "Wilson's score interval (Wilson 1927, J Am Stat Assoc 22:209); exact limits by Clopper &"
        " Pearson 1934 (Biometrika 26:404). Rates of rare events per 1,000: exact Poisson limits.",
    ),
    Section(
        "Two proportions",
        "Risk difference with Newcombe's hybrid score interval (Newcombe 1998, Stat Med 17:873,"
        " method 10); Miettinen & Nurminen's score interval is available (1985, Stat Med 4:213). Risk"
        " ratio with Koopman's score interval (1984, Biometrics 40:513). Odds ratio: conditional"
        " maximum likelihood with exact limits. Test: chi-square without continuity correction;"
        " Boschloo's exact test where an expected count is under 5.",
    ),
    Section(
        "Within strata",
        "Mantel & Haenszel 1959: risk difference (variance by Sato 1989, Biometrics 45:1323), risk"
        " ratio (Greenland & Robins 1985, Biometrics 41:55), odds ratio (Robins, Breslow & Greenland"
        " 1986, Biometrics 42:311); homogeneity by Breslow & Day's test with Tarone's correction.",
    ),
    Section(
        "Contamination",
        "A contact whose reporting officer was not certified may still have had a CIT officer on scene."
        " Such contacts are counted and shown beside each comparison; the second group is therefore"
        " never called non-CIT.",
    ),
)


def _columns(sources: tuple[str, ...]) -> str:
    return ", ".join(f"`{s}`" for s in sources)


def outcome(entry: Outcome) -> str:
    """Return one outcome's definition as a line of Markdown."""
    direction = f"{entry.better} is better" if entry.better else "neither direction is better"
    return (
        f"**{entry.label}** ({entry.family}; {direction}). {f'{entry.definition} {entry.note}'.strip()}"
        f" Among {entry.eligible_words}. Read from {_columns(entry.sources)}."
    )


def exposure(entry: Exposure) -> str:
    """Return one exposure's definition as a line of Markdown."""
    return (
        f"**{entry.label}** ({schema.WHEN[entry.when]}). {f'{entry.definition} {entry.note}'.strip()}"
        f" Read from {_columns(entry.sources)}."
    )


def covariate(entry: Covariate) -> str:
    """Return one covariate's definition as a line of Markdown."""
    use = (
        "adjusts by default"
        if entry.default_adjuster
        else ("may adjust" if entry.may_adjust else "never adjusts")
    )
    return f"**{entry.label}** ({schema.WHEN[entry.when]}; {use}). {entry.definition}"
