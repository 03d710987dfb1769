"""Passwords: argon2id, slow on purpose, always outside a transaction."""

from __future__ import annotations

import secrets
import threading
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from qa_engine.domain.refusal import Invalid

MIN_LENGTH = 10
MAX_LENGTH = 128
_MIN_DIFFERENT = 5
_ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz23456789"
_hasher = PasswordHasher()  # RFC 9106, second recommended option: 64 MiB, three passes
# Every computation takes 64 MiB; a flood of log-ins must not take the machine's memory.
_at_once = threading.BoundedSemaphore(4)


def hash_password(password: str) -> str:
    """The argon2id hash to keep of a password."""
    with _at_once:
        return _hasher.hash(password)


def is_password(password: str, kept: str | None) -> bool:
    """True when ``kept`` is the hash of ``password``.

    Without a hash (no such user, or one who comes by OIDC) it takes as long and is False: the time of the
    answer must not tell which log-ins exist.
    """
    with _at_once:
        try:
            _hasher.verify(kept if kept is not None else _nobodys(), password)
        except (VerificationError, InvalidHashError):
            return False
    return kept is not None


def is_outdated(kept: str) -> bool:
    """True when a hash was made with weaker settings than today's."""
    return _hasher.check_needs_rehash(kept)


def new_password() -> str:
    """A password to be used once: 16 letters and digits nobody confuses (93 random bits)."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(16))


def insist_on_strength(password: str, login: str, field: str) -> None:
    """Refuse passwords that are guessed first.

    Raises:
        Invalid: too short, too long, the log-in name itself, or hardly any different characters.
    """
    if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
        raise Invalid(
            f"密码须有 {MIN_LENGTH} 到 {MAX_LENGTH} 个字符。",
            f"Passwords have {MIN_LENGTH} to {MAX_LENGTH} characters.",
            field,
        )
    if login.casefold() in password.casefold() or len(set(password)) < _MIN_DIFFERENT:
        raise Invalid(
            f"密码不能包含登录名，且至少要有 {_MIN_DIFFERENT} 种不同的字符。",
            f"Passwords hold at least {_MIN_DIFFERENT} different characters and not the log-in name.",
            field,
        )


@cache
def _nobodys() -> str:
    return _hasher.hash(secrets.token_urlsafe())
