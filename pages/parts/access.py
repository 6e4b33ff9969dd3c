"""Where the dashboard may be served, and to whom, when nobody signs in.

Without a sign-in provider everyone who reaches the dashboard is its administrator: it is then served to
this computer only. ``python -m pages serve`` asks before a port is opened, ``dashboard.py`` on every run,
for those who start Streamlit themselves.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from data.errors import UserError
from data.settings import Settings

TOLD = "everyone_is_administrator_without_sign_in"
"""The setting that serves everyone as administrator; its name says it."""
_NEEDED = ("client_id", "client_secret", "server_metadata_url")
_SHARED = ("redirect_uri", "cookie_secret")
_SECRET = 32
_FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-Ip")


def providers() -> tuple[str, ...]:
    """Return the names of the sign-in providers in Streamlit's secrets; none where there is no ``[auth]``.

    Raises ``UserError`` if the secrets cannot be read or ``[auth]`` is not whole: what was meant to keep
    people out is never taken for nothing.
    """
    from streamlit import config
    from streamlit.auth_util import is_authlib_installed
    from streamlit.runtime.secrets import secrets_singleton

    there = [p for p in config.get_option("secrets.files") if Path(p).exists()]
    if not there:
        return ()
    if not secrets_singleton.load_if_toml_exists():
        raise UserError(f"{there[0]}: cannot be read; mend it, then start again")
    if "auth" not in secrets_singleton:
        return ()
    found = whole(secrets_singleton["auth"], there[0])
    if not is_authlib_installed():
        raise UserError("signing in needs Authlib: `pip install -r requirements.txt`")
    return found


def whole(auth: Any, where: str) -> tuple[str, ...]:
    """Return the providers of an ``[auth]`` table; raise ``UserError`` naming what is missing in it."""
    table: Mapping[str, Any] = auth if isinstance(auth, Mapping) else {}
    named = {k: v for k, v in table.items() if isinstance(v, Mapping) and k != "client_kwargs"}
    if table.get("client_id") or not named:
        named = {"default": table, **named}
    missing = [key for key in _SHARED if not table.get(key)]
    for name, keys in named.items():
        missing += [f"{name}: {key}" for key in _NEEDED if not keys.get(key)]
    if missing:
        raise UserError(f"{where}: [auth] lacks {', '.join(missing)}; add it, then start again")
    if len(str(table["cookie_secret"])) < _SECRET:
        raise UserError(
            f"{where}: [auth] cookie_secret is under {_SECRET} characters, which can be guessed; put a"
            " long random text there, then start again"
        )
    return tuple(named)


def is_loopback(host: str | None) -> bool:
    """Say whether an address or host name, with or without a port, can only be this computer."""
    name = (host or "").strip().lower()
    if name.startswith("["):
        name = name[1:].partition("]")[0]
    elif name.count(":") == 1:
        name = name.partition(":")[0]
    if name == "localhost":
        return True
    try:
        found = ipaddress.ip_address(name)
    except ValueError:
        return False
    mapped = getattr(found, "ipv4_mapped", None)
    return bool((mapped or found).is_loopback)


def hosts(address: str) -> tuple[str, ...]:
    """Return the host names a browser may ask for where the dashboard is served at an address.

    Where people sign in, it is the host they come back to. Without sign-in, and served to others in so
    many words, any.
    """
    local = ("localhost", "127.0.0.1", "::1")
    if is_loopback(address):
        named: tuple[str, ...] = ()
    elif not providers():
        return ("*",)
    else:
        named = (address,)
    if providers():
        from streamlit.runtime.secrets import secrets_singleton

        back = urlsplit(str(secrets_singleton["auth"].get("redirect_uri", ""))).hostname
        named += (back,) if back else ()
    return tuple(dict.fromkeys((*local, *named)))


def refuse_address(address: str | None, settings: Settings) -> None:
    """Raise ``UserError`` if nobody signs in and the address is not this computer's alone."""
    if providers() or settings.everyone_is_administrator_without_sign_in:
        return
    if not is_loopback(address) and not str(address or "").startswith("unix://"):
        raise UserError(
            f"address {address or 'of every network'}: without a sign-in provider the dashboard serves"
            " this computer only, because whoever reaches it is its administrator; set up [auth] in"
            f" .streamlit/secrets.toml, or serve on localhost (the setting {TOLD} = true serves everyone)"
        )


def refuse_request(headers: Mapping[str, str], remote: str | None) -> None:
    """Raise ``UserError`` unless a request comes from this computer and asks for it by name.

    A page elsewhere can point a name of its own at this computer, so the host asked for counts too; and
    what a proxy passed on may come from anywhere. ``remote`` is None for this computer.
    """
    if not headers:  # nothing came over a network: no request is without any
        return
    passed_on = any(headers.get(name) for name in _FORWARDED)
    if passed_on or not is_loopback(headers.get("Host")) or (remote and not is_loopback(remote)):
        raise UserError(
            "this dashboard has no sign-in and serves the computer it runs on only; open it there as"
            " http://localhost, or have its administrator set up sign-in"
        )
