"""Labels as they stand in words: what came from a file is shown letter by letter, never obeyed.

Words are Markdown on the pages and a small part of it in print. A label of an agency (a district, a
squad, an event) may hold any letter; put into words through :func:`shown` it is only ever itself.
"""

from __future__ import annotations

import re

_JOINER = "\u2060"
"""Invisible, and of no width: what Markdown finds after it has read the marks is broken by it."""

_ALWAYS = re.compile(r"([\\`*_\[\]<~$])")
_ENTITY = re.compile(r"&(?=#?\w+;)")
# A colour, an icon or an emoji begins with a colon and a letter; a link needs no marks at all.
_NAMED = re.compile(r":(?=[A-Za-z+\[])")
_BARE_LINK = re.compile(r":(?=//)|(?<=\bwww)(?=\.)", re.IGNORECASE)
_AT_START = re.compile(r"^(\s*)([#>]|[-+](?=\s|$)|-(?=-)|\d+(?=[.)](?:\s|$)))")
_HIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u061c\u202a-\u202e\u2060-\u2069\ufeff]+")
_PRIVATE = 0xF0000
_KEPT = re.compile(f"[{chr(_PRIVATE)}-{chr(_PRIVATE + 127)}]")
_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")


def visible(text: str) -> str:
    """Return text without control characters and those that turn the direction of writing."""
    return _HIDDEN.sub(" ", text)


def shown(label: str) -> str:
    """Return a label as Markdown that reads as the label itself; a plain one comes back unchanged."""
    text = _ALWAYS.sub(r"\\\1", visible(label))
    text = _ENTITY.sub(r"\\&", text)
    text = _NAMED.sub(rf"\\:{_JOINER}", text)
    text = _BARE_LINK.sub(lambda m: m[0] + _JOINER, text)
    return _AT_START.sub(_first, text)


def _first(found: re.Match[str]) -> str:
    """Keep the first letters of a label from beginning a list, a heading or a picture."""
    space, mark = found.groups()
    return f"{space}{mark}{_JOINER}" if mark.isdigit() else f"{space}\\{mark}"


def read(text: str) -> str:
    """Return words with every label in them as it was: the inverse of :func:`shown`."""
    return bare(kept(text))


def kept(text: str) -> str:
    """Return words whose escaped letters no search for marks can find; :func:`bare` shows them again."""
    return _ESCAPED.sub(lambda m: chr(_PRIVATE + ord(m[1])), text.replace(_JOINER, ""))


def bare(text: str) -> str:
    """Return what :func:`kept` hid, without the backslashes."""
    return _KEPT.sub(lambda m: chr(ord(m[0]) - _PRIVATE), text)


_CODE = re.compile(r"(`[^`\n]+`)")


def message(error: object) -> str:
    """Return an error as Markdown: what it names stands letter by letter, commands in it as code."""
    parts = _CODE.split(visible(str(error)))
    return "".join(p if i % 2 else shown(p) for i, p in enumerate(parts))
