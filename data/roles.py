"""Who may see and do what. Asked in the layer that returns data, not only in the menu.

A ``Right`` is what something needs; a ``Role`` is a set of rights. A store and its snapshots carry the
role of whoever opened them: ``Snapshot.cursor`` and every call that returns rows or changes the store
ask it. The command line is an administrator, because whoever can read the store's files has them anyway.
"""

from __future__ import annotations

from enum import StrEnum

from data.errors import NotAllowedError


class Right(StrEnum):
    """What something needs of a person's role."""

    PUBLISHED = "published"
    """What may be published: small counts withheld, and whatever would give them away."""
    FIGURES = "figures"
    """The agency's own figures: every count, every filter, and the files made of them."""
    ROWS = "rows"
    """Rows: SQL over the de-identified copy, the extract, the evidence packet."""
    PRIVILEGED = "privileged"
    """Claims under the attorney's privilege, and those not marked as outside it."""
    LOAD = "load"
    """Loading, publishing and undoing."""
    ADMINISTER = "administer"
    """The audit log, and who has which role."""


class Role(StrEnum):
    """What a person is here to do; whoever is not known is a viewer."""

    VIEWER = "viewer"
    ANALYST = "analyst"
    RESEARCHER = "researcher"
    ATTORNEY = "attorney"
    ADMINISTRATOR = "administrator"

    @property
    def rights(self) -> frozenset[Right]:
        """Everything this role may."""
        return _RIGHTS[self]

    def may(self, right: Right) -> bool:
        """Say whether this role has a right."""
        return right in _RIGHTS[self]

    def need(self, right: Right) -> None:
        """Raise ``NotAllowedError`` unless this role has a right: what is refused, and whom to ask."""
        if not self.may(right):
            raise NotAllowedError(
                f"{NAMED[right]}: not for the role {self.value}; ask an administrator of this dashboard"
                f" for the role {fewest(right).value}"
            )

    @property
    def sees(self) -> tuple[Right, ...]:
        """The rights that change what data are returned: results are kept apart by them."""
        return tuple(r for r in (Right.FIGURES, Right.ROWS, Right.PRIVILEGED) if self.may(r))

    def at_most(self, other: Role) -> Role:
        """Return the one with fewer rights: what somebody asks for never exceeds what they may."""
        return min(self, other, key=lambda r: len(r.rights))

    @property
    def sees_privileged(self) -> bool:
        """True for those to whom the attorney's privilege extends."""
        return self.may(Right.PRIVILEGED)


_RIGHTS: dict[Role, frozenset[Right]] = {Role.VIEWER: frozenset({Right.PUBLISHED})}
_RIGHTS[Role.ANALYST] = _RIGHTS[Role.VIEWER] | {Right.FIGURES}
_RIGHTS[Role.RESEARCHER] = _RIGHTS[Role.ANALYST] | {Right.ROWS}
_RIGHTS[Role.ATTORNEY] = _RIGHTS[Role.RESEARCHER] | {Right.PRIVILEGED}
_RIGHTS[Role.ADMINISTRATOR] = frozenset(Right)

NAMED: dict[Right, str] = {
    Right.PUBLISHED: "what may be published",
    Right.FIGURES: "the agency's own figures",
    Right.ROWS: "rows of the data",
    Right.PRIVILEGED: "privileged claims",
    Right.LOAD: "loading and undoing",
    Right.ADMINISTER: "administration",
}
"""Each right as a refusal names it."""


def fewest(right: Right) -> Role:
    """Return the role with the fewest rights that has this one."""
    return min((r for r in Role if r.may(right)), key=lambda r: len(r.rights))


def most(roles: list[Role]) -> Role:
    """Return the role with the most rights of several; a viewer if there is none."""
    return max(roles, key=lambda r: len(r.rights), default=Role.VIEWER)
