"""Words of *Compliance*: what the store holds, in the terms of the rules that are asked about.

General and cited; not legal advice. Regulations as the Code of Federal Regulations numbers them.
"""

from __future__ import annotations

from typing import NamedTuple

from metrics.compliance import Compliance, Held, Kept
from metrics.wording.handoffs import name
from metrics.wording.numbers import listed, number

INTRO = (
    "What this store holds and does not, for whoever must answer for it: records staff, the risk manager,"
    " the city attorney. Tables and counts are read from the store as it is now."
)
NOT_ADVICE = (
    "**Not legal advice.** The rules are put in general words, with where to read them; what applies to"
    " this agency, its contracts and its state is for its own counsel to say."
)
HASH_NOTE = (
    "Numbers of people, officers, contacts and reports are kept only as keyed hashes, made with a secret"
    " that lies beside the snapshots, not in them. That is a pseudonym, not anonymity: whoever has the"
    " secret and a number can find its rows again. A time, a district and a rare kind of call, with an age"
    " band, sex or race where the export has them, may also point to one person. Treat the store as"
    " confidential, whatever its columns are called."
)
LABEL_NOTE = (
    "Labels are short words as exported: districts, call codes, organisations, the agency's own levels."
    " No table has a column for a narrative. What a label may not look like is listed below."
)
REFUSED_NOTE = (
    "A header that looks as if it named a person is dropped with a notice before its values are read into"
    " the store. A key whose values look like names or numbers of a person is refused with the row only."
)
AUDIT = (
    "**Kept: who did what.** Every sign-in, load, rollback, purge, hold, file taken away, SQL statement and"
    " change of the settings is written to the audit log, with the time and who it was, in a chain in which"
    " a cut or an edit shows (`python -m data audit --verify`; the Audit page is the administrator's). Where"
    " that cannot be written, the file is not made and the load is not published. **Not kept: who looked.**"
    " Opening a page is not logged, nor is a copy of the store's files made outside the product; the web"
    " server or the operating system can log those. Without a sign-in provider everyone is the one person"
    " who runs the program."
)
MANIFEST_NOTE = (
    "The manifest stands in every exported file: as columns of a CSV, as a sheet of an Excel file, inside"
    " a picture, at the foot of a printed page. It says which data made a file; who took it stands in the"
    " audit log."
)
PRIVILEGED_NOTE = (
    "Contacts held for a claim that is privileged, or may be, are not counted here: attorney and"
    " administrator only."
)

ENTRIES = {
    "snapshot": (
        "Which data",
        "Id of the snapshot: the page can be opened on it while it is kept.",
    ),
    "data": (
        "Whether they are the same",
        "SHA-256 of the snapshot's file: two files agree or not.",
    ),
    "question": ("What was asked", "Outcomes, definition of CIT, adjusters, dates and filters."),
    "registry": ("By which definitions", "SHA-256 of every definition in force."),
    "software": ("With which version", "Name and version of the product."),
    "made": ("As of when", "Time of the snapshot, or one given, in UTC."),
    "access": ("For whom", "Internal, or made for publication with small counts withheld."),
    "agencies": ("Of whom", "Agencies whose contacts are in it."),
    "simulated": ("Real or not", "Whether the agency is an invented one."),
    "first": ("From", "First day of the contacts asked about."),
    "last": ("To", "Last day of the contacts asked about."),
}
"""What each entry of the manifest answers in an inquiry, and what it holds."""


class Rule(NamedTuple):
    """One body of rules: what it is about, what of that is here, and where to read it."""

    rule: str
    about: str
    here: str
    source: str


def rules(found: Compliance) -> tuple[Rule, ...]:
    """Return what the store holds in the terms of each body of rules."""
    made, answered = found.answers
    if not found.rows("referrals"):
        part_2 = "No referral is on record."
    else:
        part_2 = (
            f"{made:,} referrals by officers went to a provider of substance-use treatment or"
            f" detoxification; for {answered:,} the store says that the provider accepted the person, gave a"
            " service or reported back."
        )
    return (
        Rule(
            "CJIS Security Policy",
            "Protects criminal justice information: what the FBI's CJIS systems provide, such as criminal"
            " history, fingerprints, wanted-person and vehicle records, with who it is about.",
            "No column holds it: no FBI or state identification number, no criminal history, no"
            " fingerprint, no plate, no query or reply. Custody, bookings and warrants are yes, no, a code or"
            " a time from the agency's own forms. If a form's answer was copied from a CJIS reply, ask the"
            f" state's CJIS Systems Officer. On record: {found.rows('bookings'):,} bookings.",
            "FBI, CJIS Security Policy, definition of criminal justice information; 28 CFR Part 20, 20.3",
        ),
        Rule(
            "HIPAA",
            "Binds covered entities (health plans, clearinghouses, providers that bill electronically) and"
            " their business associates. A police agency is usually none of these; its clinicians, hospitals"
            " and crisis centres usually are, and may disclose to it only as the rule permits.",
            "No medical record, diagnosis or medication is accepted. What a partner reports back (accepted,"
            " first service, how a hold ended) is health information about a hashed person: the partner"
            " needs its own ground to disclose it. The store is not de-identified by the safe harbour of"
            " the rule: it holds days, times and districts.",
            "45 CFR 160.103; 45 CFR 164.512(f) and (j); 45 CFR 164.514(b)",
        ),
        Rule(
            "42 CFR Part 2",
            "Protects records of federally assisted substance-use treatment programs that would identify"
            " someone as a patient; disclosure mostly takes the patient's written consent, and using the"
            " records in a criminal matter against the patient is restricted further.",
            "Treatment records are not accepted, and no column is made for them. What an officer saw or did is"
            f" the officer's own record. {part_2} An answer of such a program may be a Part 2 record even"
            " under a hash: load it only with consent or another ground, or leave those columns out.",
            "42 U.S.C. 290dd-2; 42 CFR 2.11, 2.12, 2.31, 2.32",
        ),
        Rule(
            "State law on hold forms",
            "Each state prescribes how an officer writes down an emergency hold, and what the paper must"
            " state.",
            "Five elements are counted, as present or not, and never their text: the prescribed form, the"
            " belief of danger, its nature, what was observed, how it came to notice. A state may ask for"
            " more or other ones: compare this list with its form. On record:"
            f" {found.rows('holds'):,} holds.",
            "The state's own statute; for example Texas Health and Safety Code 573.002",
        ),
        Rule(
            "State public records and retention law",
            "Says how long an agency keeps a record, what it must disclose, and what it must seal or expunge.",
            "The store is a copy for counting, made from the agency's records and not in place of them. The"
            f" newest {found.kept_most:,} snapshots are kept; what was sealed or expunged is taken out of all"
            " of them by `python -m data purge`, unless it is under legal hold.",
            "The state's own statutes and retention schedule",
        ),
    )


def headline(found: Compliance) -> str:
    """Say in a sentence what identifies."""
    if found.identifying:
        return f"These columns look as if they identified someone: {listed(found.identifying)}."
    hashed = sum(len(t.hashed) for t in found.tables)
    return (
        f"Of {found.columns:,} columns in {len(found.tables):,} tables none is for a name, birth date,"
        f" address, phone or narrative; the {hashed:,} for a number of a person, officer, contact or report"
        " hold only a keyed hash."
    )


def rows(table: Held) -> str:
    """Return how many rows a table has, for a cell."""
    return "table not in this snapshot" if table.rows is None else f"{table.rows:,}"


def kinds(table: Held) -> str:
    """Say what kinds of columns a table has."""
    parts = [
        f"{what} {n:,}"
        for n, what in (
            (len(table.hashed), "hashed"),
            (table.coded, "listed answers"),
            (table.when, "dates or times"),
            (table.numbers, "numbers"),
            (len(table.labels), "labels"),
        )
        if n
    ]
    return ", ".join(parts) if parts else "none of its own"


def dropped(found: Compliance) -> str:
    """Say how many loads dropped columns."""
    if not found.loads:
        return "No load is on record."
    if not found.dropped:
        one = "The one load" if found.loads == 1 else f"None of {found.loads:,} loads"
        return f"{one} {'dropped no column' if found.loads == 1 else 'dropped a column'}."
    return f"{len(found.dropped):,} of {found.loads:,} loads dropped columns. Only their headers were kept."


def retention(found: Compliance) -> str:
    """Say how many snapshots are kept, and which is in use."""
    used = next((k for k in found.kept if k.in_use), None)
    text = (
        f"{_count(len(found.kept), 'snapshot')} kept; the settings keep the newest {found.kept_most:,} and"
        " the one in use (`snapshots_kept`)."
    )
    if used is not None:
        text += f" In use: the one made on {made(used)}."
    return f"{text} Older ones are deleted when a new one is published."


def made(kept: Kept) -> str:
    """Return when a snapshot was made."""
    return f"{kept.made:%-d %b %Y, %H:%M} UTC"


def size(kept: Kept) -> str:
    """Return the size of a snapshot in megabytes."""
    return f"{number(kept.size / 1_000_000, 1)} MB"


def held(found: Compliance) -> str:
    """Say how many contacts are under legal hold."""
    if isinstance(found.held, str):
        return f"How many contacts are under legal hold cannot be said: {found.held}."
    n = sum(found.held.values())
    if not n:
        return (
            "No contact is under legal hold for a reason that is shown here. `python -m data hold` puts"
            " numbers on the agency's list."
        )
    return (
        f"{_count(n, 'contact')} under legal hold for the reasons shown here: a purge leaves them alone."
        " Each counts once, under its first reason."
    )


def purged(found: Compliance) -> str:
    """Say how often the store was purged."""
    if isinstance(found.purged, str):
        return f"The purges cannot be listed: {found.purged}."
    text = (
        "The store was never purged."
        if not found.purged
        else f"{_count(len(found.purged), 'purge')} logged: that it was done, never what was removed."
    )
    if found.interrupted:
        text += " A purge is decided and not finished; the next purge or load finishes it."
    return text


def _count(n: int, noun: str) -> str:
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


def table_name(table: str) -> str:
    """Return a table's name as words."""
    return name(table)
