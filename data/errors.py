"""Errors a user can act on: one line that says what, where and what to do."""

from __future__ import annotations


class UserError(Exception):
    """Something the user can mend. ``str(error)`` is the one line; ``exit_code`` is for commands."""

    exit_code = 2


class StoreGoneError(UserError):
    """The store folder was there and is not within reach: a disk or network folder went away."""


class StoreLockedError(UserError):
    """Another load is writing to the store."""

    exit_code = 3


class TooManyRejectedError(UserError):
    """More rows were rejected than the limit allows; nothing was published."""

    exit_code = 4


class SnapshotError(UserError):
    """A snapshot broke a rule of the store: a defect of the product, not of the input."""

    exit_code = 1


class NotAllowedError(UserError):
    """The role of the person asking does not have the right this needs; nothing was returned."""
