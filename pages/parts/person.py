"""Whoever is looking: sign-in, sign-out, and the role that every page and every figure asks for."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import streamlit as st

from data import audit
from data.errors import NotAllowedError
from data.roles import Right, Role
from data.settings import Settings
from data.store import Store
from pages.parts import access
from pages.parts.identity import Person, recognise

_KEY, _REFUSED = "_person", "_refused"
# Sign-ins that ended by a sign-out, and those written down, since this server started: a cookie that was
# kept does not bring one back.
_over: set[str] = set()
_known: set[str] = set()

SIGN_IN = "Sign in"
UNKNOWN = (
    "You are signed in as a viewer: you see what may be published. Whoever looks after this dashboard can"
    " give you another role."
)


def person() -> Person:
    """Return who this run of the page is for; nobody known is a viewer."""
    found = st.session_state.get(_KEY)
    return found if isinstance(found, Person) else Person("nobody", Role.VIEWER)


def arrive() -> Person:
    """Find out who has come, on every run and before anything else is drawn or read.

    Draws the sign-in and stops where nobody is signed in. Raises ``UserError`` where nobody can be, and
    the request is not from this computer.
    """
    st.session_state.pop(_KEY, None)
    settings = Store().settings
    names = access.providers()
    if not names:
        found = _local(settings)
    else:
        claims = _claims()
        recognised = _recognised(claims, settings) if claims else ""
        if isinstance(recognised, str):
            _sign_in(names, recognised)
            st.stop()
        found = recognised
        if found.key not in _known:
            _known.add(found.key)
            _note("sign_in", found, role=found.role.value, by=found.by, provider=found.provider)
    st.session_state[_KEY] = found
    return found


def draw() -> None:
    """Draw who one is in the sidebar, and the way out."""
    found = person()
    with st.sidebar.container(key="person", gap="small"):
        if not found.signed_in:
            st.caption(f"{found.role.value.capitalize()} · on this computer, without sign-in")
            return
        st.caption(f"{_plain(found.shown)} · {found.role.value}")
        st.button("Sign out", icon=":material/logout:", key="sign_out", on_click=_leave)


def refuse(right: Right, page: str) -> None:
    """Write down that a page was refused, once in a row."""
    found = person()
    if st.session_state.get(_REFUSED) != page:
        st.session_state[_REFUSED] = page
        _note("refused", found, role=found.role.value, right=right.value, page=page)


def while_allowed(right: Right, make: Callable[[], bytes]) -> Callable[[], bytes]:
    """Return a file's maker that asks again when the file is fetched.

    A file may be fetched long after its page was drawn, without the page running again: by then the
    session may be over or the role taken away.
    """
    found = person()
    claims = _claims() if found.signed_in else {}

    def made() -> bytes:
        now = _recognised(claims, Store().settings) if claims else found
        if isinstance(now, str):
            raise NotAllowedError(f"{now} Sign in again.")
        now.role.need(right)
        return make()

    return made


def _local(settings: Settings) -> Person:
    from streamlit import config

    if not settings.everyone_is_administrator_without_sign_in:
        access.refuse_address(config.get_option("server.address"), settings)
        access.refuse_request(st.context.headers, st.context.ip_address)
    return Person(audit.local(), Role.ADMINISTRATOR)


def _claims() -> dict[str, Any]:
    """Return what the provider says of whoever is signed in; nothing where nobody is."""
    claims = dict(st.user.to_dict())
    return claims if claims.get("is_logged_in") is True else {}


def _recognised(claims: dict[str, Any], settings: Settings) -> Person | str:
    found = recognise(claims, settings, time.time())
    if isinstance(found, Person) and found.key in _over:
        return "You have signed out."
    return found


def _sign_in(names: tuple[str, ...], why: str) -> None:
    st.title(SIGN_IN)
    if why:
        st.info(why, icon=":material/lock_clock:")
    st.markdown("What an agency's crisis contacts show is for its own people. Sign in to go on.")
    for name in names:
        label = SIGN_IN if len(names) == 1 else f"{SIGN_IN} with {name}"
        st.button(
            label,
            key=f"sign_in_{name}",
            type="primary",
            icon=":material/login:",
            on_click=_go,
            args=(name,),
        )


def _go(name: str) -> None:
    st.login(None if name == "default" else name)


def _leave() -> None:
    found = _recognised(_claims(), Store().settings)
    if isinstance(found, Person):
        _over.add(found.key)
        _note("sign_out", found, role=found.role.value, reason="signed out")
    st.session_state.clear()
    st.logout()


def _note(what: str, who: Person, **facts: Any) -> None:
    audit.record(Store().root, what, who.name, **facts)


def _plain(text: str) -> str:
    """Return a name from outside as text that is never taken for Markdown."""
    return "".join(f"\\{c}" if c in r"\`*_{}[]()#+-.!|<>$:~" else c for c in text[:80])
