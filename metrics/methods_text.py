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
        "The headline",
        "Logistic regression on covariates known at dispatch, standardised over the contacts observed to a"
        " risk difference and a risk ratio (g-computation; Greenland 2004, Am J Epidemiol 160:301). Errors"
        " are clustered by primary officer, with bias correction (CR2; Bell & McCaffrey 2002, in the form of"
        " Kauermann & Carroll 2001, J Am Stat Assoc 96:1387) with Satterthwaite degrees of freedom for each"
        " contrast. The difference carries a MOVER interval (Zou & Donner 2008, Stat Med 27:1693); the test"
        " is a t test on the log ratio, with Holm's adjustment over the primary outcomes this source"
        " records (Holm 1979, Scand J Stat 6:65). It is refused below 4 degrees of freedom, below 10 events"
        " in a group, or where under 80% of contacts have a like in the other group. Levels with no or all"
        " events are merged, and levels that say the same as others left out; both are listed.",
    ),
    Section(
        "How robust",
        "E-value of the adjusted ratio (VanderWeele & Ding 2017, Ann Intern Med 167:268). The smallest"
        " difference these data could show: (t(1 - a/2) + t(0.8)) times the clustered error. The officer"
        " whose absence would move the result most is found by a one-step update and, where one officer"
        " dominates, by refitting without. Only a primary outcome of the unfiltered question can be *clear*.",
    ),
    Section(
        "How sure are we?",
        "The sensitivity exhibit asks the headline's question again: by every other definition of CIT (those"
        " settled after arrival also allow for officers first sent); by modified Poisson regression (Zou 2004,"
        " Am J Epidemiol 159:702); by overlap weights (Li, Morgan & Zaslavsky 2018, J Am Stat Assoc 113:390)"
        " with errors that carry the estimation of the weights; by a regression for each group; by a mixed"
        " model with a random officer intercept, averaged over officers; with errors by officer and person at"
        " once (Cameron, Gelbach & Miller 2011, J Bus Econ Stat 29:238); with officers' years of service;"
        " without mandatory arrests; leaving out each district, and the most influential officer; on contacts"
        " with every covariate; and with all unrecorded outcomes at their worst (Horowitz & Manski 2000, J Am"
        " Stat Assoc 95:77). None of these rows replaces the headline.",
    ),
    Section(
        "Within officers",
        "Officers who went once from one group to the other are compared with themselves: a linear model with"
        " officer effects (CR2) for the difference, conditional logistic regression for the odds ratio, both"
        " with calendar year and, where recorded, years of service. Officers who go back and forth, and the two"
        " weeks before an officer's first contact with CIT, are left out. Half-years around certification:"
        " Callaway & Sant'Anna 2021 (J Econometrics 225:200) with officers not yet certified as controls, and"
        " the never certified as a check; places that adopted CIT at different times in the same way. A marked"
        " date: an interrupted time series, quasi-Poisson with a season and, where neighbouring months resemble"
        " each other, Newey-West errors (Bernal, Cummins & Gasparrini 2017, Int J Epidemiol 46:348).",
    ),
    Section(
        "Who gets CIT, subgroups, places, plans",
        "Balance before and after weighting is shown as standardised differences (Austin 2009, Stat Med"
        " 28:3083). Subgroups come from one model with an interaction per covariate, tested jointly with a"
        " small-sample F (Pustejovsky & Tipton 2018, J Bus Econ Stat 36:672) and corrected for the number of"
        " covariates (Benjamini & Hochberg 1995, J R Stat Soc B 57:289); levels under 11 contacts, events or"
        " non-events in a group are withheld. Districts stand in a funnel (Spiegelhalter 2005, Stat Med"
        " 24:1185), never in a ranking. Plans use the agency's own rate, volume and design effect. Force as a"
        " scale: proportional odds, with the odds ratio at each cut where proportionality fails.",
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
