"""The pages. Adding one is a script in this folder and one entry in ``PAGES``."""

from __future__ import annotations

from dataclasses import dataclass

from data.roles import Right


@dataclass(frozen=True)
class PageEntry:
    """One page: its script, title and icon, its section in the navigation, and what it is for.

    ``ignores_filters`` names what the page does with the shared filters if it does not apply them.
    ``needs`` is the right one must have to open it.
    """

    script: str
    title: str
    icon: str
    section: str
    help: str
    ignores_filters: str | None = None
    needs: Right = Right.FIGURES

    @property
    def path(self) -> str:
        """Path of the script from the top of the project."""
        return f"pages/{self.script}.py"


PAGES = (
    PageEntry(
        "overview",
        "Overview",
        ":material/monitoring:",
        "",
        "Six numbers for the period, and whether contacts handled by CIT officers ended differently.",
        needs=Right.PUBLISHED,
    ),
    PageEntry(
        "response",
        "Did CIT come?",
        ":material/directions_run:",
        "Program",
        "Calls as the cohort: who came, how soon, calls without a form, calls sent elsewhere.",
        ignores_filters="Calls follow the dates, the district and the shift; other filters do not"
        " apply to them.",
    ),
    PageEntry(
        "covered",
        "Are we covered?",
        ":material/shield_person:",
        "Program",
        "A CIT officer in every district on every shift, day by day: gaps behind and ahead.",
        ignores_filters="Coverage is about the roster: of the filters only the dates are applied.",
    ),
    PageEntry(
        "train_next",
        "Whom to train next",
        ":material/group_add:",
        "Program",
        "The fewest more officers to certify, by squad, shift and district, and what each number covers.",
        ignores_filters="A plan is about the days after the last day of data: the filters do not change it.",
    ),
    PageEntry(
        "certification",
        "Certification",
        ":material/badge:",
        "Program",
        "Who is in date, due within 90 days or lapsed, by squad, shift and district; who else was trained.",
        ignores_filters="Certification is about everyone employed on one day: the filters do not change it.",
    ),
    PageEntry(
        "elements",
        "Program elements",
        ":material/checklist:",
        "Program",
        "What a CIT program is made of: what the records tell, what was assessed, by whom and when.",
        ignores_filters="The elements are about the whole program on one day: the filters do not change them.",
    ),
    PageEntry(
        "partners",
        "Partners and care",
        ":material/handshake:",
        "Program",
        "Waits at the hospital, referrals to first service, holds, who comes back, clinicians on scene.",
    ),
    PageEntry(
        "public",
        "For residents",
        ":material/diversity_3:",
        "Program",
        "What a resident may read: an answer per element, and what happened to people. English and Spanish.",
        ignores_filters="What may be published is fixed: the filters do not change this page.",
        needs=Right.PUBLISHED,
    ),
    PageEntry(
        "force",
        "Use of force",
        ":material/front_hand:",
        "Outcomes",
        "Force in contacts with and without a CIT officer: rates, difference, months, districts.",
    ),
    PageEntry(
        "injuries",
        "Injuries",
        ":material/personal_injury:",
        "Outcomes",
        "Injuries of people and of officers during the contact, in contacts with and without CIT.",
    ),
    PageEntry(
        "arrest",
        "Arrest and jail diversion",
        ":material/gavel:",
        "Outcomes",
        "Arrests, jail bookings, and charges that ended in care instead of jail.",
    ),
    PageEntry(
        "care",
        "Referrals and care",
        ":material/volunteer_activism:",
        "Outcomes",
        "Care by agreement, referrals and emergency holds, in contacts with and without CIT.",
    ),
    PageEntry(
        "repeat",
        "Repeat contacts",
        ":material/replay:",
        "Outcomes",
        "Whether the same person came to police notice again within 30, 90 or 365 days.",
    ),
    PageEntry(
        "liability",
        "Liability",
        ":material/policy_alert:",
        "Liability",
        "Force, injuries, complaints and claims per 1,000 contacts, critical events, how late things come.",
        ignores_filters="Critical events, and complaints without a contact, follow the dates only: the"
        " other filters do not apply to them.",
    ),
    PageEntry(
        "claims",
        "Claims",
        ":material/request_quote:",
        "Liability",
        "What claims have cost so far, how each year's cost grew from loss run to loss run.",
        ignores_filters="Claims develop over years, so all of them are shown: the filters apply only to"
        " the table by group.",
    ),
    PageEntry(
        "costs",
        "Cost scenarios",
        ":material/payments:",
        "Liability",
        "What the differences would come to in money if they are real, with ranges, and who would pay.",
    ),
    PageEntry(
        "documentation",
        "Documentation",
        ":material/assignment:",
        "Liability",
        "Forms, reports and reviews: complete and in time, and what the missing outcomes could hide.",
    ),
    PageEntry(
        "compliance",
        "Compliance",
        ":material/policy:",
        "Liability",
        "What the store holds and does not, in the terms of the rules; retention, legal hold, purges.",
        ignores_filters="This page is about the whole store: the filters do not change it.",
    ),
    PageEntry(
        "how_sure",
        "How sure are we?",
        ":material/psychology_alt:",
        "Evidence",
        "The same question asked in every other reasonable way, and what could overturn the answer.",
    ),
    PageEntry(
        "subgroups",
        "Subgroups",
        ":material/stacked_bar_chart:",
        "Evidence",
        "Whether the difference is alike in every kind of contact, and districts beside chance.",
    ),
    PageEntry(
        "plan",
        "Plan the next evaluation",
        ":material/event_upcoming:",
        "Evidence",
        "How many months until a difference of a given size would usually show.",
    ),
    PageEntry(
        "numbers_told",
        "Numbers you will be told",
        ":material/format_quote:",
        "Evidence",
        "Published and often-quoted figures, what they say, and the agency's own beside them.",
    ),
    PageEntry(
        "who_gets_cit",
        "Who gets CIT?",
        ":material/balance:",
        "Evidence",
        "How unlike the calls of the two groups are, before and after weighting, and where they overlap.",
    ),
    PageEntry(
        "pool",
        "Pooled agencies",
        ":material/hub:",
        "Evidence",
        "What several agencies' shared results come to together, and how far agencies differ.",
        ignores_filters="These are other agencies' results: the filters do not change them.",
    ),
    PageEntry(
        "measures",
        "Measures",
        ":material/assignment_turned_in:",
        "Evidence",
        "What funders and overseers ask for, by their names: quarters, fiscal years, baseline, target.",
        ignores_filters="The measures cover the whole agency: of the filters only the dates are applied.",
    ),
    PageEntry(
        "sql",
        "Query the data",
        ":material/terminal:",
        "Evidence",
        "One SQL statement at a time over a de-identified copy: examples, saved queries, files to take away.",
        ignores_filters="The copy holds every contact: the filters do not change it.",
        needs=Right.ROWS,
    ),
    PageEntry(
        "print_it",
        "Print",
        ":material/print:",
        "Evidence",
        "The one-page brief, the full report and a narrative, as PDF, Word or HTML.",
        needs=Right.PUBLISHED,
    ),
    PageEntry(
        "data_quality",
        "Data quality",
        ":material/fact_check:",
        "Evidence",
        "What was loaded, what was not recorded, and what the two groups have in common.",
        ignores_filters="The load report covers the whole store; the figures below it follow the"
        " filters.",
    ),
    PageEntry(
        "methods",
        "Methods",
        ":material/menu_book:",
        "Evidence",
        "Every outcome, exposure and covariate as the product defines it, and how it is computed.",
        ignores_filters="This page describes definitions; the filters do not change it.",
        needs=Right.PUBLISHED,
    ),
    PageEntry(
        "dictionary",
        "Dictionary",
        ":material/dictionary:",
        "Evidence",
        "Every column: its type, meaning and values, who supplies it, and what a copy to take away has of it.",
        ignores_filters="This page describes columns; the filters do not change it.",
        needs=Right.PUBLISHED,
    ),
    PageEntry(
        "load",
        "Load data",
        ":material/upload_file:",
        "Administration",
        "Upload an export, say what its columns are, check it, publish it, undo it.",
        ignores_filters="Loading is about the whole store: the filters do not change this page.",
        needs=Right.LOAD,
    ),
    PageEntry(
        "audit",
        "Audit",
        ":material/policy:",
        "Administration",
        "Who did what and when, and whether the log of it is whole.",
        ignores_filters="The log is about the store, not about contacts: the filters do not change it.",
        needs=Right.ADMINISTER,
    ),
)
