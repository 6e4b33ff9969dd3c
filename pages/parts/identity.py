"""Who somebody is and what they may do, from what a sign-in provider says and the settings file.

Everything here is plain values in, plain values out; ``person`` asks it on every run of a page, so a role
taken away in the settings file is gone at the next one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlparse

from data.roles import Role, most
from data.settings import Settings

AHEAD = 300
"""Seconds that a provider's clock may be ahead of ours."""


@dataclass(frozen=True)
class Person:
    """Somebody who uses the dashboard.

    ``name`` is who they are to the logs: a verified address, or the provider's own id for them. ``shown``
    is what they are called on their own screen. ``by`` says what the role comes from, ``key`` tells one
    sign-in from another; it is empty without a provider.
    """

    name: str
    role: Role
    shown: str = ""
    by: str = ""
    provider: str = ""
    key: str = ""

    @property
    def signed_in(self) -> bool:
        """True where a provider vouched for them."""
        return bool(self.key)


def recognise(claims: Mapping[str, Any], settings: Settings, now: float) -> Person | str:
    """Return who the claims of an ID token are of, or why they cannot be signed in (words).

    ``now`` is in seconds since 1970. A session is over ``session_hours`` after the token was issued
    (``iat``), whatever the browser's cookie says.
    """
    issued, subject = claims.get("iat"), str(claims.get("sub") or "")
    if isinstance(issued, bool) or not isinstance(issued, (int, float)) or not subject:
        return "The sign-in provider does not say who you are or when you signed in."
    if issued > now + AHEAD:
        return "The sign-in provider's clock and this server's do not agree."
    if now >= issued + settings.session_hours * 3600:
        return "Your session is over."
    issuer = str(claims.get("iss") or "")
    role, by = role_of(claims, settings)
    vouched = verified(claims)
    name = vouched or f"{subject} at {urlparse(issuer).hostname or 'the provider'}"
    shown = str(claims.get("name") or claims.get("preferred_username") or name)
    key = hashlib.sha256(f"{issuer}\n{subject}\n{issued}".encode()).hexdigest()
    return Person(name, role, shown, by, urlparse(issuer).hostname or issuer, key)


def role_of(claims: Mapping[str, Any], settings: Settings) -> tuple[Role, str]:
    """Return a person's role and what it comes from (``settings``, ``claim``, ``nothing``).

    Entries of ``[roles]`` with an @ are addresses, the others values of the claim ``roles_claim``: nobody
    becomes another by putting an address into a claim. Of several the role with the most rights counts.
    """
    listed = {name.casefold(): role for name, role in settings.roles}
    found: list[tuple[Role, str]] = []
    address = verified(claims).casefold()
    if address and address in listed:
        found.append((listed[address], "settings"))
    for value in values(claims, settings.roles_claim):
        word = value.casefold()
        if "@" in word:
            continue
        if word in listed:
            found.append((listed[word], "settings"))
        elif word in list(Role):
            found.append((Role(word), "claim"))
    role = most([r for r, _ in found])
    return role, next((by for r, by in found if r is role), "nothing")


def verified(claims: Mapping[str, Any]) -> str:
    """Return a person's address if the provider says that it is verified, else an empty text.

    A provider that does not say (``email_verified`` is not there) may let people type in any address
    they like: it does not count.
    """
    if claims.get("email_verified") in (True, "true") and isinstance(claims.get("email"), str):
        return str(claims["email"]).strip()
    return ""


def values(claims: Mapping[str, Any], path: str) -> tuple[str, ...]:
    """Return the texts in a claim, none where it is not there; ``a.b`` is also b in the claim a."""
    if not path:
        return ()
    found: Any = claims.get(path)
    if found is None:
        found = claims
        for part in path.split("."):
            found = found.get(part) if isinstance(found, Mapping) else None
    listed = [found] if isinstance(found, str) else found
    return tuple(v for v in listed if isinstance(v, str)) if isinstance(listed, list) else ()
