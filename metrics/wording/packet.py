"""Words of the evidence packet: what it is, how to check it, what it cannot say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from data import registry
from metrics.wording.citation import INTERNAL, SIMULATED, notes
from metrics.wording.comparison import (
    CAUTION,
    CERTAINTY_WORDS,
    allowance,
    beside,
    contamination,
    missing,
    verdict,
)

if TYPE_CHECKING:
    from metrics.manifest import Manifest
    from metrics.packet import Packet, Verified
    from metrics.result import Comparison

MARK = "INTERNAL - NOT FOR PUBLICATION"
NEVER_PUBLIC = (
    "an evidence packet is internal and is never made for publication: it holds a row for each contact;"
    " leave out --access public"
)
TITLE = "Evidence packet"
INTRO = (
    "One zip file with the question, the definitions, the results and the sensitivity rows, what the data"
    " lack, the SQL and the code, and pseudonymous rows from which every number can be computed again,"
    " on another computer and without this store. Hand it to an expert together with its hash."
)
STAYS_INSIDE = (
    "Internal: it holds a row for each contact. No name, number of a person, officer or incident, or time of"
    " day is in it, but a contact that someone knows of could be recognised by its date and district."
)
NOT_PUBLIC = "The evidence packet is internal and is never made for publication."
MAKE = "Make the packet"
SAVE = "Download the packet"
NOTE_HASH = "Note this hash where the file is not kept: it shows later that nothing was changed."
WAIT = (
    "Asking every outcome in every other way takes a few seconds each; what is known is used again."
)

COLUMNS = {
    "in_question": "True for a contact of the question. The others only tell what is told from the whole"
    " store: whether an officer changed groups, and which levels are recorded at all.",
    "contact_date": "Local date of the contact.",
    "contact_at": "The date again, at midnight. Only on the day of an officer's first contact of the first"
    " group and two weeks before it: 0:00 before, 1:00 at and 2:00 after the moment of that contact.",
    "officer_key": "Running number of the primary or reporting officer in this packet only.",
    "person_key": "Running number of the person in this packet only.",
}
"""What the columns of the rows hold, where it is less than what the store holds."""


def readme(manifest: Manifest, outcomes: tuple[str, ...]) -> list[str]:
    """Return README.txt, for somebody who has never seen the program."""
    asked = ", ".join(registry.outcome(o).label.lower() for o in outcomes)
    return [
        MARK,
        "",
        "EVIDENCE PACKET: crisis contacts with and without a CIT officer",
        "",
        *(f"{label}: {value}" for label, value in notes(manifest)),
        f"Outcomes: {asked}",
        *([SIMULATED] if manifest.simulated else []),
        "",
        "WHAT THIS IS",
        "CIT is the Crisis Intervention Team program. The packet holds one question about crisis contacts,",
        "the answer, and all that is needed to compute the answer again.",
        "  question.json, manifest.json   what was asked, of which data, by which version, when",
        "  results.txt, results.json      the answer in words and in numbers (proportions, not per 1,000)",
        "  sensitivity/                   the same question asked in every other reasonable way",
        "  definitions.txt, .json         every outcome, group, covariate, column and method, with sources",
        "  data_quality.txt, .json        what was loaded, rejected, not recorded and mixed between groups",
        "  sql/                           from stored tables to counts, as it ran",
        "  code/                          the program that computes, with the versions it needs",
        "  analysis.parquet               one pseudonymous row for each contact",
        "  environment.json               the versions that computed",
        "  SHA256SUMS                     the hash of every other file",
        "",
        "HOW TO CHECK IT",
        "1. Compare the SHA-256 of the zip file with the one noted when it was made.",
        "2. Unzip it; `sha256sum --check SHA256SUMS` checks every file.",
        "3. In the folder code/, with Python 3.11 or newer:",
        "     python -m venv .venv",
        "     .venv/bin/python -m pip install -r requirements.txt",
        "     .venv/bin/python -m metrics verify-packet PACKET.zip",
        "   It checks every hash, computes every number again from analysis.parquet and compares. No store",
        "   and no network are needed. It says `identical`, or what differs first.",
        "4. Who prefers other software reads analysis.parquet with it; definitions.txt names the columns.",
        "Numbers are written to ten digits: the last digits of a computer's arithmetic differ from run to",
        "run. Where another processor differs in the tenth, by up to one part in a thousand million, this",
        "is said and is no failure.",
        "What cannot be computed again here, as the agency's own records would be needed: the data-quality",
        "statement, the text of sql/counts.sql, and that these rows are those of the store. For these the",
        "hash noted when the packet was made is the evidence.",
        "",
        "WHAT IT CANNOT SAY",
        CAUTION,
        "Every difference is an association, not the effect of the program. Officers volunteer for CIT and",
        "dispatch sends them to other calls than their colleagues; adjustment covers only what dispatch had",
        "written down, and can move a number either way. Contacts without a crisis form are not in it.",
        "Unknown and blank are never counted as no: they leave the denominator and are counted apart.",
        "A number that cannot be estimated stands as null with its reason, never as zero.",
        "The second group is not free of CIT: data_quality.txt counts where another field says it came.",
        "",
        "WHO MAY READ IT",
        f"{INTERNAL} The rows are pseudonymous, not anonymous: numbers of officers and people are",
        "running numbers made for this packet, whose key was not kept; codes, texts, times of day and all",
        "columns that the question does not read are left out. But no group size is guaranteed: who knows",
        "of a contact could find it by its date and district. Treat it as the agency's own records, and",
        "destroy it as those: what is later purged from the store is not purged from this file.",
    ]


def results(comparisons: tuple[Comparison, ...], manifest: Manifest) -> list[str]:
    """Return results.txt."""
    lines = [MARK, *([SIMULATED] if manifest.simulated else []), ""]
    for c in comparisons:
        lines += [registry.outcome(c.outcome).label, c.sentence]
        if c.cit.n and c.other.n:
            lines += [
                f"  {verdict(c)}; certainty: {CERTAINTY_WORDS[c.certainty]}",
                f"  {allowance(c)}",
                *(f"  {line}" for line in beside(c)),
                f"  {contamination(c)}",
                f"  {missing(c)}",
            ]
        lines.append("")
    return [*lines, CAUTION]


def quality(told: dict[str, Any]) -> list[str]:
    """Return data_quality.txt of the statement's facts."""
    lines = [MARK, "", "DATA QUALITY", told["asked"]]
    lines.append(
        f"The store holds {told['contacts']:,} contacts from {told['first']} to {told['last']}."
    )
    for load in told["loads"]:
        lines += ["", f"Load of {load['source']}, mapping {load['mapping']}, {load['loaded']}"]
        lines.append(
            f"  files: {load['files']}; days covered: {load['covers_from']} to {load['covers_to']}"
        )
        lines.append(
            f"  rows read: {load['rows_read']:,}; duplicates collapsed: {load['duplicates_collapsed']:,};"
            f" contacts: {load['contacts']:,}; rows rejected: {load['rejected']:,};"
            f" contacts removed: {load['removed']:,}"
        )
        lines += [
            f"  conflicting values of {c}: {n:,} contacts" for c, n in load["conflicts"].items()
        ]
        lines += [
            f"  values of {c} that the mapping does not know, kept as not recorded: {n:,} rows"
            for c, n in load["unknown_values"].items()
        ]
        lines.append(
            f"  columns never stored: {load['columns_never_stored']}; not used:"
            f" {load['columns_not_used']}"
        )
    lines += ["", "Rejected rows, by column and reason"]
    lines += [f"  {r['column'] or '(row)'}: {r['reason']}: {r['rows']:,}" for r in told["rejected"]]
    if not told["rejected"]:
        lines.append("  none")
    lines += ["", "Answers to yes/no columns: yes, no, answered unknown, blank"]
    lines += [
        f"  {a['column']}: {a['yes']:,}, {a['no']:,}, {a['unknown']:,}, {a['blank']:,}"
        for a in told["answers"]
    ]
    lines += ["", "Not recorded, and contamination, of the contacts asked about"]
    for gap in told["not_recorded"]:
        label = registry.outcome(gap["outcome"]).label
        lines += [f"  {label}: {gap['words']}", f"    {gap['contamination']}"]
    lines += ["", "Groups recorded"]
    for group in told["groups_recorded"]:
        label = registry.exposure(group["exposure"]).label
        days = f", {group['from']} to {group['to']}" if group["contacts"] else ""
        lines.append(f"  {label}: {group['contacts']:,} contacts{days}")
    lines += ["", "Outcomes not recorded by this source, and what would supply them"]
    lines += [
        f"  {registry.outcome(o['outcome']).label}: {', '.join(o['needs'])}"
        for o in told["lacking"]
    ]
    if not told["lacking"]:
        lines.append("  none")
    return lines


def written(path: str, packet: Packet) -> list[str]:
    """Say that a packet was written, and its hash."""
    return [
        f"wrote {path}: {len(packet.hashes):,} members, {len(packet.data):,} bytes; internal, not for"
        " publication",
        f"SHA-256 {packet.sha256}",
    ]


def verified(found: Verified) -> list[str]:
    """Say what was found of a packet that gives the same numbers."""
    outcomes = len(found.outcomes)
    of = f"{found.numbers:,} numbers of {outcomes} outcome{'s' if outcomes != 1 else ''}"
    if found.near:
        first = (
            f"identical: {of}, {found.near:,} of them only within 1e-9 (the furthest by"
            f" {found.largest:.0e}: last digits of the arithmetic);"
        )
    else:
        first = f"identical: {of}, each as written;"
    first += f" {found.members:,} members as hashed; SHA-256 {found.sha256}"
    return [first, *(f"note: {note}" for note in found.notes)]
