"""How a value was made: a tree of calls that can be printed as Python and says which SQL was run.

A page notes each result with the call that made it (``Call``). A table made of such results is traced
back to them by identity (``origin``), so what is printed is what was done, and neither can drift from
the other. ``program`` prints a whole program, with its imports.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import date, datetime
from enum import Enum
from pathlib import Path
from types import ModuleType
from typing import Any

from data import registry
from data.costs import Cost
from data.roles import Role
from data.store import Snapshot
from metrics import costs, planner
from metrics.aggregate.trace import Statement
from metrics.question import Question, default_adjusters

_DEEPEST = 6
"""How far down a result is searched for one of its parts."""


class UntracedError(LookupError):
    """A value that no noted result holds: how it was made cannot be said."""


@dataclass(frozen=True)
class Plain:
    """A value that is written as it is: a text, a number, a date, a question, the snapshot."""

    value: object


@dataclass(frozen=True)
class Part:
    """A part of something made: ``step`` is the Python that reaches it, such as ``.months`` or ``[0]``."""

    whole: Node
    step: str


@dataclass(frozen=True)
class Several:
    """A tuple or list of things made."""

    kind: type
    items: tuple[Node, ...]


@dataclass(frozen=True)
class Call:
    """A call, and the statements that the engine ran for it. ``function`` may be a method of a part."""

    function: Callable[..., Any] | Node
    arguments: tuple[Node, ...]
    named: tuple[tuple[str, Node], ...] = ()
    statements: Iterable[Statement] = ()


Node = Plain | Part | Several | Call


class Origins:
    """The results that a run of a page has made so far, and how."""

    def __init__(self) -> None:
        self._made: dict[int, tuple[object, Node]] = {}

    def note(self, value: object, how: Node) -> None:
        """Note how a value was made. Values that are written as they are need no note."""
        if not _is_plain(value):
            self._made[id(value)] = (value, how)

    def of(self, value: object) -> Node | None:
        """Return how a value itself was made, if it was noted."""
        found = self._made.get(id(value))
        return found[1] if found else None

    def origin(self, value: object) -> Node:
        """Return how a value was made, or what it is part of.

        Raises ``UntracedError`` if no noted result holds it.
        """
        if _is_plain(value):
            return Plain(value)
        if (found := self.of(value)) or (found := self._part(value)):
            return found
        if isinstance(value, tuple | list) and not hasattr(value, "_fields"):
            return Several(type(value), tuple(map(self.origin, value)))
        if _registered(value) or _is_flat(value):
            return Plain(value)
        raise UntracedError(f"nothing that was noted holds this {type(value).__name__}")

    def call(
        self, function: Callable[..., Any], *given: object, **named: object
    ) -> tuple[Callable[..., Any] | Node, tuple[Node, ...], tuple[tuple[str, Node], ...]]:
        """Return the parts of a ``Call``, its arguments traced back."""
        whole = getattr(function, "__self__", None)
        how: Callable[..., Any] | Node = function
        if whole is not None and not isinstance(whole, type | ModuleType):
            how = Part(self.origin(whole), f".{function.__name__}")
        return (
            how,
            tuple(map(self.origin, given)),
            tuple((k, self.origin(v)) for k, v in named.items()),
        )

    def _part(self, value: object) -> Node | None:
        """Look for a value in all that was noted, level by level, what was noted last first."""
        level = [(how, made) for made, how in reversed(self._made.values())]
        seen: set[int] = set()
        for _ in range(_DEEPEST):
            below: list[tuple[Node, object]] = []
            for how, made in level:
                for step, part in _parts(made):
                    if part is value:
                        return Part(how, step)
                    if not _is_plain(part) and id(part) not in seen:
                        seen.add(id(part))
                        below.append((Part(how, step), part))
            level = below
        return None


def _parts(value: object) -> Iterable[tuple[str, object]]:
    if isinstance(value, Mapping):
        return [(f"[{k!r}]", v) for k, v in value.items() if _is_key(k)]
    if hasattr(value, "_fields"):
        return [(f".{name}", getattr(value, name)) for name in value._fields]
    if isinstance(value, tuple | list):
        return [(f"[{i}]", v) for i, v in enumerate(value)]
    if is_dataclass(value) and not isinstance(value, type):
        return [(f".{f.name}", getattr(value, f.name)) for f in fields(value)]
    return []


def _is_key(value: object) -> bool:
    return isinstance(value, str | int | bool) or value is None


_ENTERED = (Cost, costs.Options, planner.Options)
"""What people choose or enter on a page: written as what makes it."""

_WRITTEN = (str, int, float, bool, date, Enum, type(None), Question, Snapshot)


def _is_plain(value: object) -> bool:
    return isinstance(value, _WRITTEN) or (isinstance(value, tuple | list) and not value)


def _registered(value: object) -> str | None:
    """Return how an entry of a registry is reached; None for what is none."""
    for name, entries in (
        ("outcome", registry.OUTCOMES),
        ("exposure", registry.EXPOSURES),
        ("covariate", registry.COVARIATES),
    ):
        if any(value is e for e in entries):
            return f"registry.{name}({value.id!r})"  # type: ignore[attr-defined]
    return None


def _is_declared(value: object) -> bool:
    """Say whether a value can be written as what makes it: options, or a cost, of plain fields."""
    return isinstance(value, _ENTERED) and all(
        _is_flat(getattr(value, f.name)) for f in fields(value)
    )


def _is_flat(value: object) -> bool:
    if isinstance(value, dict):
        return all(_is_key(k) and _is_flat(v) for k, v in value.items())
    if isinstance(value, tuple) and not hasattr(value, "_fields"):
        return all(map(_is_flat, value))
    return _is_plain(value) or _is_declared(value)


def statements(how: Node) -> tuple[Statement, ...]:
    """Return what the engine ran for a value, each statement once, in the order it was needed."""
    found: dict[Statement, None] = {}
    for call in calls(how):
        for statement in call.statements:
            found.setdefault(statement)
    return tuple(found)


def functions(how: Node) -> tuple[Callable[..., Any], ...]:
    """Return the functions that a value's program calls."""
    return tuple(c.function for c in calls(how) if callable(c.function))


def calls(how: Node) -> Iterable[Call]:
    """Yield the calls of a tree, those that a call needs before it."""
    if isinstance(how, Part):
        yield from calls(how.whole)
    elif isinstance(how, Several):
        for item in how.items:
            yield from calls(item)
    elif isinstance(how, Call):
        if isinstance(how.function, Plain | Part | Several | Call):
            yield from calls(how.function)
        for item in (*how.arguments, *(node for _, node in how.named)):
            yield from calls(item)
        yield how


def program(how: Node, question: Question, snapshot: Snapshot) -> str:
    """Return a whole Python program that makes a value again and calls it ``frame``.

    ``question`` is the page's own, which other questions are written by; the snapshot is named by its
    id, so that the program asks the one the page has shown.
    """
    return _Writer(question, snapshot).program(how)


class _Writer:
    """Writes one program: its imports, its variables, and the value."""

    def __init__(self, question: Question, snapshot: Snapshot) -> None:
        self._question, self._snapshot = question, snapshot
        self._imports: dict[str, str] = {}
        self._variables: dict[str, str] = {}
        self._asked = False

    def program(self, how: Node) -> str:
        whole = self._node(how, last=True)
        lines = [f"{name} = {text}" for text, name in self._variables.items()]
        if self._asked:
            lines.insert(0, f"question = {self._ask(self._question)}")
        if self._needs_snapshot:
            lines.insert(0, f"snapshot = {self._store()}.snapshot({self._snapshot.id!r})")
        by_module: dict[str, list[str]] = {}
        for name, module in sorted(self._imports.items()):
            by_module.setdefault(module, []).append(name)
        imports = [f"from {m} import {', '.join(names)}" for m, names in sorted(by_module.items())]
        return "\n".join([*imports, "", *lines, f"frame = {whole}"])

    _needs_snapshot = False

    def _store(self) -> str:
        """Write the store, opened by someone of the role that the page was shown to."""
        store, role = self._import("metrics", "Store"), self._snapshot.role
        return f"{store}()" if role is Role.ADMINISTRATOR else f"{store}(role={self._value(role)})"

    def _import(self, module: str, name: str) -> str:
        """Return the name by which something is called, importing it."""
        if self._imports.get(name, module) == module:
            self._imports[name] = module
            return name
        alias = f"{module.rpartition('.')[2]}_{name}"
        self._imports[f"{name} as {alias}"] = module
        return alias

    def _node(self, how: Node, *, last: bool = False) -> str:
        if isinstance(how, Plain):
            return self._value(how.value)
        if isinstance(how, Part):
            return self._node(how.whole) + how.step
        if isinstance(how, Several):
            items = ", ".join(map(self._node, how.items))
            if how.kind is list:
                return f"[{items}]"
            return f"({items},)" if len(how.items) == 1 else f"({items})"
        listed = [self._node(a) for a in how.arguments]
        listed += [f"{name}={self._node(a)}" for name, a in how.named]
        text = f"{self._function(how.function)}({', '.join(listed)})"
        if last:
            return text
        if text not in self._variables:
            number = len(self._variables) + 1
            self._variables[text] = "found" if number == 1 else f"found{number}"
        return self._variables[text]

    def _function(self, function: Callable[..., Any] | Node) -> str:
        if isinstance(function, Plain | Part | Several | Call):
            return self._node(function)
        first, dot, rest = function.__qualname__.partition(".")
        public = sys.modules.get("metrics")
        own = not dot and getattr(public, first, None) is function
        return self._import("metrics" if own else function.__module__, first) + dot + rest

    def _value(self, value: object) -> str:
        if isinstance(value, Snapshot):
            self._needs_snapshot = True
            return "snapshot"
        if isinstance(value, Question):
            return self._of_question(value)
        if isinstance(value, datetime):
            return f"{self._import('datetime', 'datetime')}.fromisoformat({value.isoformat()!r})"
        if isinstance(value, date):
            return f"{self._import('datetime', 'date')}.fromisoformat({value.isoformat()!r})"
        if isinstance(value, Enum):
            return f"{self._class(type(value))}.{value.name}"
        if entry := _registered(value):
            self._import("data", "registry")
            return entry
        if isinstance(value, tuple | list):
            items = ", ".join(map(self._value, value))
            if isinstance(value, list):
                return f"[{items}]"
            return f"({items},)" if len(value) == 1 else f"({items})"
        if isinstance(value, dict):
            return f"{{{', '.join(f'{k!r}: {self._value(v)}' for k, v in value.items())}}}"
        if is_dataclass(value) and not isinstance(value, type):
            said = ", ".join(
                f"{f.name}={self._value(getattr(value, f.name))}" for f in fields(value)
            )
            return f"{self._class(type(value))}({said})"
        if isinstance(value, Path):
            raise UntracedError("a path of this machine is not printed")
        return repr(value)

    def _class(self, kind: type) -> str:
        first, dot, rest = kind.__qualname__.partition(".")
        return self._import(kind.__module__, first) + dot + rest

    def _of_question(self, question: Question) -> str:
        own = self._question
        if question == own.only(*question.outcomes):
            self._asked = True
            listed = ", ".join(map(repr, question.outcomes))
            return "question" if question == own else f"question.only({listed})"
        return self._ask(question)

    def _ask(self, question: Question) -> str:
        """Write a question: by ``ask`` where that gives it, else part by part."""
        said = [repr(list(question.outcomes))]
        if question.exposure != "primary":
            said.append(f"exposure={question.exposure!r}")
        if question.adjust != default_adjusters():
            said.append(f"adjust={list(question.adjust)!r}")
        for name in ("start", "end"):
            if day := getattr(question, name):
                said.append(f"{name}={self._value(day)}")
        if question.where:
            said.append(f"where={ {dim: list(levels) for dim, levels in question.where}!r}")
        text = f"{self._import('metrics', 'ask')}({', '.join(said)})"
        return text if question.outcomes else f"{text}.only()"


def traced_back(origins: Origins, make: Callable[..., Any]) -> Call:
    """Return how a table is made: ``make`` is a function, or ``partial`` of one, of noted results."""
    arguments: Sequence[object] = getattr(make, "args", ())
    named: Mapping[str, object] = getattr(make, "keywords", {})
    return Call(*origins.call(getattr(make, "func", make), *arguments, **named))
