"""Random secrets that are shown once, and the hashes that are kept of them.

A secret has 256 random bits, so one SHA-256 is enough: there is nothing to guess. Passwords are another
matter, see ``services/passwords.py``.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets


def new_secret() -> str:
    """43 characters of URL-safe text holding 256 random bits."""
    return secrets.token_urlsafe(32)


def hash_secret(secret: str) -> str:
    """What is kept of a secret: 64 hex digits."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def is_secret(secret: str, kept: str) -> bool:
    """True when ``kept`` is the hash of ``secret``; takes the same time wherever they differ."""
    return hmac.compare_digest(hash_secret(secret), kept)
