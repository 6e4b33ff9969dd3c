"""What is computed: statistics as pure functions on counts, and the words made of them.

Researchers begin here; docs/python.md walks through it::

    from metrics import ask, current, evaluate

    force, = evaluate(ask(["force"]), snapshot=current())
    print(force.sentence)
"""

from data.store import Snapshot, Store
from metrics.evaluate import evaluate
from metrics.question import Question, ask
from metrics.result import Comparison

__all__ = ["Comparison", "Question", "Snapshot", "Store", "ask", "current", "evaluate"]


def current(folder: str | None = None) -> Snapshot:
    """Return the snapshot in use of a store: of ``folder``, else of ``CIT_STORE``, else of one's own.

    Raises ``UserError`` if nothing is loaded there.
    """
    return Store(folder).current()
