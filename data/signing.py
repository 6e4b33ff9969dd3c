"""Signing what leaves a store, so that a change to it shows.

The key is made from the store's secret: the same store always signs with the same key, a backup of the
secret is a backup of the key, and there is no second file to lose. A signature proves that a file is
unchanged since it was signed by whoever holds that key; whose key it is, the reader learns once, by
comparing the fingerprint with the one the agency reads out.
"""

from __future__ import annotations

import hashlib
from typing import NamedTuple

from data.store import Store

ALGORITHM = "Ed25519"
_PURPOSE = b"cit-outcomes signing key, edition 1"
_LETTERS = 32


class Signature(NamedTuple):
    """A signature and the public key that checks it, both in hexadecimal."""

    public_key: str
    value: str

    @property
    def fingerprint(self) -> str:
        """The short name of the key."""
        return fingerprint(self.public_key)


def fingerprint(public_key: str) -> str:
    """Return the name of a public key that people compare: 32 hexadecimal letters."""
    return hashlib.sha256(bytes.fromhex(public_key)).hexdigest()[:_LETTERS]


def sign(store: Store, content: bytes) -> Signature:
    """Sign bytes with the store's key; the same bytes get the same signature each time.

    Raises ``UserError`` if the store's secret is missing or cannot be read.
    """
    # Loaded on use: most commands never sign.
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    derived = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=_PURPOSE)
    key = Ed25519PrivateKey.from_private_bytes(derived.derive(store.secret().encode("ascii")))
    return Signature(key.public_key().public_bytes_raw().hex(), key.sign(content).hex())


def holds(content: bytes, signature: Signature) -> bool:
    """Say whether a signature is that of these bytes under its public key."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(signature.public_key))
        key.verify(bytes.fromhex(signature.value), content)
    except (InvalidSignature, ValueError):
        return False
    return True
