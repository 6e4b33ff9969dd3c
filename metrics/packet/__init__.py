"""The evidence packet: an answer with everything that is needed to check it, in one file.

:func:`build` writes it, :func:`verify` runs it again. It holds pseudonymous rows and is internal.
"""

from __future__ import annotations

from metrics.packet.build import Packet, build
from metrics.packet.check import Verified, verify

__all__ = ["Packet", "Verified", "build", "verify"]
