"""Run somebody's SQL where it can hurt nobody.

A statement runs in a process of its own (``worker``), over a de-identified copy that the process holds in
memory; it is only ever a subquery, with a cap on its rows; and the process is watched and killed from
outside (``session``) when it takes too long, too much memory or too much room for its answer.
"""

from data.sandbox.session import Answer, Limits, RefusedError, Session, StoppedError

__all__ = ["Answer", "Limits", "RefusedError", "Session", "StoppedError"]
