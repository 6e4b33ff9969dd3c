"""The parts of *Partners and care*, drawn one at a time. Each says which file would fill it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import streamlit as st

from metrics.partners import Partners
from metrics.wording import handoffs as waiting
from metrics.wording import partners as words
from pages.parts import downloads, figures, tables
from pages.parts import partners_figures as drawn
from pages.parts.downloads import Offer
from pages.print import partners as printed


def _there(stored: int, count: int, what: str, *files: str) -> bool:
    """Say whether there is something to draw; where not, name the files, or that the filters leave none."""
    if not stored:
        st.info(waiting.lacking(*files), icon=":material/block:")
    elif not count:
        st.info(waiting.nothing(what), icon=":material/block:")
    return bool(stored and count)


def hand_offs(found: Partners) -> None:
    """Draw it: How long hand-offs take, what facilities promised, and whom they turned away."""
    waits, stored = found.handoffs, found.stored
    st.subheader("How long the hand-off takes")
    if _there(stored["transports"], waits.trips, "trip", "transports", "service_providers"):
        st.markdown(waiting.waits_left(waits))
        if drawn.timed(waits):
            figure, alt = drawn.waits(waits)
            figures.show(figure, alt, key="waits")
            st.caption(waiting.WAIT_NOTE)
            downloads.menu(
                Offer(
                    "waits",
                    "How long the hand-off takes, by facility",
                    f"{waiting.hospital(waits, stored['transports'])} {alt}",
                    partial(printed.facilities, waits),
                    partial(printed.waits, waits),
                )
            )
        if not stored["service_providers"]:
            st.caption(f"Hours, drop-off and targets: {waiting.lacking('service_providers')}")
        tables.show(drawn.facilities(waits), "Waits, by facility")
        st.subheader("Hours and drop-off")
        title = "Hours, drop-off and turned away, by facility"
        quoted = f"{title}. {waiting.turned_away(waits)}"
        tables.show(
            drawn.promises(waits),
            title,
            Offer("facilities", title, quoted, partial(printed.facilities, waits)),
        )
        st.subheader("The median by month, at hospitals")
        if any(month.median is not None for month in waits.months):
            figure, alt = drawn.months(waits)
            figures.show(figure, alt, key="months")
            st.caption(waiting.MONTH_NOTE)
            downloads.menu(
                Offer(
                    "waits-by-month",
                    "Median wait at hospitals, by month",
                    f"{alt} {waiting.MONTH_NOTE}",
                    partial(printed.month_waits, waits),
                    partial(printed.months, waits),
                )
            )
        else:
            st.markdown(waiting.months_alt(waits))
        st.subheader("Turned away")
        st.markdown(waiting.turned_away(waits))
        if waits.turned_away.events:
            tables.show(
                drawn.refusals(waits),
                "Trips turned away, by facility and reason",
                Offer(
                    "turned-away",
                    "Turned away, by facility and reason",
                    f"{waiting.turned_away(waits)} {waiting.AWAY_NOTE}",
                    partial(printed.facilities, waits),
                ),
            )
        st.caption(waiting.AWAY_NOTE)


def referrals(found: Partners) -> None:
    """Draw it: Referrals from made to a first service."""
    st.subheader("From referral to first service")
    made = found.referrals
    if _there(
        found.stored["referrals"], made.whole.made, "referral", "referrals", "service_providers"
    ):
        st.markdown(words.unfollowed(made))
        figure, alt = drawn.chain(made)
        figures.show(figure, alt, key="chain")
        st.caption(words.CHAIN_NOTE)
        downloads.menu(
            Offer(
                "referral-chain",
                "From referral to first service",
                f"{alt} {words.CHAIN_NOTE}",
                partial(printed.chains, made.answers),
                partial(printed.chain, made),
            )
        )
        for title, what, rows, first in (
            ("By the person's answer", "answer", made.answers, "Answer"),
            ("By kind of referral", "kind", made.kinds, "Referral"),
            ("By provider", "provider", made.providers, "Provider"),
        ):
            st.subheader(title)
            tables.show(
                drawn.chains(rows, first, kinds=what == "provider"),
                title,
                Offer(
                    f"referrals-by-{what}",
                    f"Referrals {title.lower()}",
                    f"{words.unfollowed(made)} {words.CHAIN_NOTE}",
                    partial(printed.chains, rows),
                ),
            )
        st.caption(words.PROVIDER_NOTE)


def holds(found: Partners) -> None:
    """Draw it: Hold forms, how holds ended, restraint on the way."""
    st.subheader("What the hold form says")
    held = found.holds
    if _there(found.stored["holds"], held.n, "hold", "holds"):
        st.markdown(words.holds_left(held))
        tables.show(
            drawn.elements(held),
            "What the hold form must state",
            Offer(
                "hold-forms",
                "What the hold form says",
                f"{words.held(held, held.n)} {words.FORM_NOTE}",
                partial(printed.holds, held),
            ),
        )
        st.caption(words.FORM_NOTE)
        st.subheader("How holds ended")
        tables.show(
            drawn.outcomes(held),
            "Holds by the facility's decision",
            Offer(
                "hold-outcomes",
                "How holds ended",
                words.UPHELD_NOTE,
                partial(printed.hold_outcomes, held),
            ),
        )
        st.caption(words.UPHELD_NOTE)
    st.subheader("Restrained on the way")
    st.markdown(words.restrained(held, found.stored["transports"]))
    if held.restraint:
        tables.show(
            drawn.restraint(held),
            "Involuntary trips by restraint",
            Offer(
                "restraint",
                "Restrained on the way",
                f"{words.restrained(held, found.stored['transports'])} {words.RESTRAINT_NOTE}",
                partial(printed.restraint, held),
            ),
        )
        st.caption(words.RESTRAINT_NOTE)


def repeat_contacts(found: Partners) -> None:
    """Draw it: Who comes back, and when."""
    st.subheader("Who comes back, and when")
    if not found.returns.curve.n:
        st.info(words.no_person(found), icon=":material/block:")
    else:
        st.markdown(words.followed(found))
        if found.returns.horizon:
            figure, alt = drawn.came_back(found)
            figures.show(figure, alt, key="came_back")
        else:
            alt = words.returns_alt(found)
        tables.show(
            drawn.returned(found),
            alt,
            Offer(
                "repeat-contacts",
                "Who comes back, and when",
                f"{words.came_back(found).replace('**', '')} {words.RETURN_NOTE}",
                partial(printed.returned, found),
                partial(printed.came_back, found) if found.returns.horizon else None,
            ),
        )
        st.caption(words.RETURN_NOTE)
        if found.returns.groups:
            st.subheader("By who handled the first contact")
            st.caption(words.GROUP_NOTE)
            tables.show(
                drawn.groups(found),
                "People met again, by who handled the first contact",
                Offer(
                    "repeat-contacts-by-group",
                    "Who comes back, by who handled the first contact",
                    words.GROUP_NOTE,
                    partial(printed.groups, found),
                ),
            )


def on_scene(found: Partners) -> None:
    """Draw it: Clinicians on scene, and techniques on the form."""
    st.subheader("Clinician on scene")
    st.markdown(words.clinician(found))
    st.caption(words.CLINICIAN_NOTE)
    st.subheader("Techniques recorded on the form")
    if found.techniques:
        st.markdown(words.ticked(found))
        tables.show(
            drawn.techniques(found),
            "Techniques recorded on the form",
            Offer(
                "techniques",
                "Techniques recorded on the form",
                f"{words.ticked(found)} {words.TECHNIQUE_NOTE}",
                partial(printed.techniques, found),
            ),
        )
        st.caption(words.TECHNIQUE_NOTE)
    else:
        st.info(words.ticked(found), icon=":material/block:")


DRAW: dict[str, Callable[[Partners], None]] = {
    "hand_offs": hand_offs,
    "referrals": referrals,
    "holds": holds,
    "repeat_contacts": repeat_contacts,
    "on_scene": on_scene,
}
"""What draws each part, by the id that stands in the address."""
