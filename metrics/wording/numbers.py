"""Numbers as words: rates per 1,000, differences, ratios, p values. Absolute first."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date

from data import registry
from metrics.estimate import Estimate, Estimated, NotEstimable


def number(value: float, decimals: int = 0) -> str:
    """Return a number with thousands separators and a fixed number of decimals."""
    text = f"{value:,.{decimals}f}"
    return text.removeprefix("-") if float(text.replace(",", "")) == 0 else text


def rate_decimals(*rates: float | None) -> int:
    """Return how many decimals rates per 1,000 need so that the reader's own subtraction holds."""
    known = [r * 1000 for r in rates if r is not None]
    if len(known) == 2:
        shown = round(known[0]) - round(known[1])
        if shown != round(known[0] - known[1]):
            return 1
    return 1 if any(0 < r < 10 for r in known) else 0


def difference_decimals(value: Estimated) -> int:
    """Return how many decimals a difference needs so that a limit away from 0 is not printed as 0."""
    if not isinstance(value, Estimate):
        return 0
    return int(any(0 < abs(v) * 1000 < 0.5 for v in value))


def rate(value: float | None, decimals: int = 0) -> str:
    """Return a rate per 1,000, such as "18 of 1,000"."""
    return "not known" if value is None else f"{number(value * 1000, decimals)} of 1,000"


def percent(value: float | None) -> str:
    """Return a share as a percentage; never 0% or 100% for what is only near it."""
    if value is None:
        return "not known"
    if 0 < value < 0.01:
        return "under 1%"
    if 0.99 < value < 1:
        return "over 99%"
    return f"{value * 100:.0f}%"


def signed(value: float, decimals: int = 0) -> str:
    """Return a difference per 1,000 in words, such as "4 fewer"."""
    shown = number(abs(value) * 1000, decimals)
    if float(shown.replace(",", "")) == 0:
        return (
            "no more or fewer"
            if value == 0
            else f"less than {'1' if decimals == 0 else '0.1'} apart"
        )
    return f"{shown} {'fewer' if value < 0 else 'more'}"


def limit(value: float, decimals: int = 0) -> str:
    """Return a confidence limit of a difference per 1,000."""
    shown = number(abs(value) * 1000, decimals)
    if float(shown.replace(",", "")) == 0:
        return "0"
    return f"{shown} {'fewer' if value < 0 else 'more'}"


def difference(value: Estimated, decimals: int = 0) -> str:
    """Return a risk difference with its interval in words, or why there is none."""
    if isinstance(value, NotEstimable):
        return f"not estimated ({reason(value)})"
    return (
        f"{signed(value.estimate, decimals)}"
        f" (95% CI {limit(value.low, decimals)} to {limit(value.high, decimals)})"
    )


def ratio(value: Estimated) -> str:
    """Return a ratio with its interval, or why there is none."""
    if isinstance(value, NotEstimable):
        return f"not estimated ({reason(value)})"
    high = "no upper limit" if math.isinf(value.high) else f"{value.high:.2f}"
    return f"{value.estimate:.2f} (95% CI {value.low:.2f} to {high})"


def p_value(p: float | None) -> str:
    """Return a p value as journals print it."""
    if p is None:
        return "not tested"
    if p < 0.001:
        return "p < 0.001"
    return f"p = {p:.3f}" if p < 0.0995 else f"p = {p:.2f}"


def reason(value: NotEstimable) -> str:
    """Return a reason so that it fits inside a sentence."""
    text = value.reason.rstrip(".")
    return text[:1].lower() + text[1:]


def covariate_list(ids: tuple[str, ...]) -> str:
    """Return covariates as words, such as "call group and weapon reported"."""
    return listed([registry.covariate(i).label.lower() for i in ids]) if ids else "nothing"


def listed(names: Sequence[str]) -> str:
    """Return names as a list in a sentence, such as "a, b and c"; at least one."""
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def month_after(day: date) -> date:
    """Return the first day of the next month."""
    return date(day.year + day.month // 12, day.month % 12 + 1, 1)


def capital(text: str) -> str:
    """Start with a capital and leave the rest alone: CIT stays CIT."""
    return text[:1].upper() + text[1:]


def small(text: str) -> str:
    """Start without a capital, but for a word of capitals: CIT stays CIT."""
    return text if text[:3].isupper() else f"{text[:1].lower()}{text[1:]}"


def difference_cell(value: Estimated) -> str:
    """Return a difference per 1,000 with its interval, signed, for the cell of a table."""
    if isinstance(value, NotEstimable):
        return "not estimated"
    return f"{value.estimate * 1000:+.1f} ({value.low * 1000:+.1f} to {value.high * 1000:+.1f})"


def rate_cell(value: Estimated) -> str:
    """Return a rate per 1,000 with its interval, for the cell of a table."""
    if isinstance(value, NotEstimable):
        return "no contacts"
    return f"{value.estimate * 1000:.1f} ({value.low * 1000:.1f} to {value.high * 1000:.1f})"


def ratio_cell(value: Estimated) -> str:
    """Return a ratio with its interval, for the cell of a table."""
    if isinstance(value, NotEstimable):
        return "not estimated"
    return ratio(value).replace("95% CI ", "")
