"""Passwords of built-in accounts: argon2id hashes, which passwords are refused, which are the known defaults.

Not here: where hashes are stored, how fast one may guess (`slow_down.py`).
"""

import secrets
import threading
import unicodedata
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

SHORTEST, LONGEST = 12, 1000

KNOWN = ("admin", "changeme", "eval-pipeline", "letmein", "password", "reviewer", "secret", "123456")
"""What accounts are often set up with and left at. None can be chosen; a server with such an account does not start."""

_COMMON = frozenset(
    {
        *KNOWN,
        "123456789012",
        "1234567890123",
        "111111111111",
        "000000000000",
        "abcdefghijkl",
        "administrator",
        "changemechangeme",
        "changeme1234",
        "correcthorsebatterystaple",
        "iloveyouiloveyou",
        "letmeinletmein",
        "passwordpassword",
        "password1234",
        "password12345",
        "password123456",
        "passw0rd1234",
        "qwertyqwerty",
        "qwertyuiop12",
        "qwertyuiop123",
        "qwertyuiopasdf",
        "reviewer1234",
        "welcome12345",
        "welcomewelcome",
    }
)

# The defaults of argon2-cffi are the second recommendation of RFC 9106 (section 4): 64 MiB, 3 passes, 4 lanes.
_HASHER = PasswordHasher()
# Each check takes 64 MiB: many sign-ins at a time must not take the machine's memory.
_TURNS = threading.BoundedSemaphore(4)


def weakness(password: str, reviewer: str) -> str | None:
    """Return why a password is refused for `reviewer`, None when it will do (NIST SP 800-63B: length and a blocklist)."""
    plain = _normal(password).casefold()
    if not SHORTEST <= len(password) <= LONGEST:
        return f"it has {len(password)} characters; {SHORTEST} to {LONGEST} are needed"
    if plain.strip("0123456789!?.-_ ") == reviewer.casefold() or plain == reviewer.casefold():
        return "it is the name"
    if plain in _COMMON:
        return "it is one of the well-known ones"
    return "it repeats few characters" if len(set(plain)) < 4 else None


def hashed(password: str) -> str:
    """Return the argon2id hash of a password."""
    with _TURNS:
        return _HASHER.hash(_normal(password))


def matches(password_hash: str | None, password: str) -> bool:
    """Return whether `password` made the hash. For None, a person unknown, it takes as long and is never true."""
    with _TURNS:
        try:
            return _HASHER.verify(password_hash or _nobody(), _normal(password)) and password_hash is not None
        except (VerificationError, InvalidHashError):
            return False


def known_default(password_hash: str, reviewer: str) -> str | None:
    """Return the well-known password that made the hash, the person's own name among them; None when none did."""
    return next((known for known in (*KNOWN, reviewer) if matches(password_hash, known)), None)


@cache
def _nobody() -> str:
    return _HASHER.hash(secrets.token_hex())


def _normal(password: str) -> str:
    """Return the password in one form, however a keyboard composes its letters."""
    return unicodedata.normalize("NFKC", password)
