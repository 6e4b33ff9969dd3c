"""What the Load page says."""

from __future__ import annotations

from collections.abc import Mapping

from metrics.change import OddMonth, Rate

INTRO = (
    "Bring in an export without a terminal: upload it, say what its columns are, check it, see what would"
    " change, publish it. Nothing is published before you say so twice, and everything can be undone."
)
PRIVACY = (
    "As soon as they are read, the files are rewritten without the columns whose headers may identify a person"
    " (names, birth dates, addresses, phones, narratives): their values are written nowhere, not even for"
    " a moment. What is left lies in the store, readable by its owner only, until you publish or discard it,"
    " for a day at most."
)
LIMIT = (
    "CSV (also gzipped), Excel and Parquet; of an Excel file its first sheet. A browser takes files up to"
    " {limit} MB. For larger ones, use the command line on the computer that has the store:"
    " python -m data load FILE --mapping NAME."
)
PERIOD = {
    False: "Add and replace: contacts in this export replace their earlier versions, all others stay.",
    True: "Replace the whole period: contacts of the same system within this export's first and last day that"
    " are no longer in it are removed. For an export that is complete for its period, so that what was sealed"
    " or expunged goes.",
}
SIMULATED = (
    "The store holds an invented agency ({n:,} contacts). Publishing replaces all of it by your own data:"
    " the two are never mixed."
)
FIRST = "This is the first load of real data: there is nothing to compare with yet."
UNCHANGED = "Nothing would change: the snapshot in use holds exactly this already."
GUESSED = "Guess, not confirmed: {reason}."
CONFIRMED = "Chosen by you."
UNMAPPED = (
    "Values that nothing is said of are stored as *not recorded*, never as *no*. They are counted again when"
    " the export is checked."
)
BLANK = (
    "A ticked box says yes; an empty one may mean no, or that nobody filled the form in. It counts as no only"
    " where another column proves that the form was filled in."
)
ODD_RULE = (
    "A month is listed when this load brings or changes it and it lies outside the three-sigma limits of the"
    " same p' charts (Laney) that the trends use: for an outcome its rate by month, for contacts each month's"
    " share of all of them. Months covered only in part, and outcomes with fewer than four events a month,"
    " are not judged. An odd month is a reason to look, not a fault."
)
RATES = (
    "Of all contacts, as recorded: a check of the data, not a comparison of groups. *Not recorded* is in"
    " neither count."
)
WAITS = "Only one load or check at a time writes to a store; another waits until it is done."
KEPT = (
    "Undoing puts an earlier snapshot in use again; nothing is deleted, so that can be undone too."
)
CONTACTS = {
    "added": "Added",
    "replaced": "Replaced: something of them changed",
    "unchanged": "In this export, unchanged",
    "vanished": "Vanished: no longer in the export, removed",
    "kept": "Not in this export, kept",
}


def rate(found: Rate | None) -> str:
    """Return a rate with its counts."""
    if found is None:
        return "not recorded by the source"
    arm = found.arm
    if not arm.n:
        return "none counted"
    return f"{arm.events:,} of {arm.n:,} ({arm.events / arm.n * 1000:,.1f} per 1,000)"


def share(found: float | None) -> str:
    """Return a share not recorded."""
    if found is None:
        return "no such column"
    if 0 < found < 0.001:
        return "under 0.1%"
    return f"{found:.1%}"


def odd(month: OddMonth) -> dict[str, str]:
    """Return one odd month as a row of its table."""
    if month.what == "contacts":
        value, limits = f"{month.value:,.0f}", f"{month.low:,.0f} to {month.high:,.0f}"
    else:
        value = f"{month.value * 1000:,.1f} per 1,000 of {month.n:,}"
        limits = f"{month.low * 1000:,.1f} to {month.high * 1000:,.1f} per 1,000"
    return {
        "Month": f"{month.month:%Y-%m}",
        "Of": month.label,
        "Is": value,
        "Limits of the chart": limits,
    }


def publishing(counts: Mapping[str, int], mapping: str, simulated: int | None) -> str:
    """Say once more what publishing does."""
    parts = [f"{counts['added']:,} contacts added"]
    if counts["replaced"]:
        parts.append(f"{counts['replaced']:,} replaced")
    if counts["vanished"]:
        parts.append(f"{counts['vanished']:,} removed")
    line = f"Publish {', '.join(parts)}, by the mapping {mapping}?"
    if simulated:
        line += f" The {simulated:,} invented contacts go."
    return line + " Everyone who uses this dashboard sees it at once."
