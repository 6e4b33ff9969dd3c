"""Who may see what is privileged. Asked in the layer that returns data, not only in the menu."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """What a person is here to do; whoever is not known is a viewer."""

    VIEWER = "viewer"
    ANALYST = "analyst"
    RESEARCHER = "researcher"
    ATTORNEY = "attorney"
    ADMINISTRATOR = "administrator"

    @property
    def sees_privileged(self) -> bool:
        """True for those to whom the attorney's privilege extends."""
        return self in (Role.ATTORNEY, Role.ADMINISTRATOR)
