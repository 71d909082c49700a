"""Typed keyed pseudonyms: the same value becomes the same token everywhere in a deployment, and only there.

Not here: where personal values are found (`patterns.py`, `keys.py`, `known.py`).
"""

import hmac
import re
import unicodedata

HEX_DIGITS = 10
"""Forty bits: below one chance in a hundred of any collision at 140,000 distinct values of one type (n^2 / 2^41).
A collision merges two people in an analysis; it never discloses anything."""

TOKEN = re.compile(rf"\[[A-Z]{{2,16}}_[0-9a-f]{{{HEX_DIGITS}}}\]")
"""What a token looks like; text that already holds tokens is left as it is there."""

BARRIER = "\x00"
"""Stands between texts that are scanned together and in place of what is already redacted; never part of a match."""

_CACHE_SIZE = 100_000


class _FoldTable(dict[int, str | None]):
    """Maps a code point to its folded form on first use (None, not "", for nothing: `str.translate` is fast then)."""

    def __missing__(self, code: int) -> str | None:
        bare = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", chr(code)).casefold()).casefold()
        self[code] = "".join(char for char in bare if char.isalnum()) or None
        return self[code]


_FOLD = _FoldTable({0: BARRIER})
NON_ASCII = re.compile(r"[^\x00-\x7f]+")


def fold(text: str) -> str:
    """Return `text` without case, accents, spacing and punctuation: the form in which values are compared.

    Characters fold one by one, and folding twice changes nothing.
    """
    if not text.isascii():
        # Only what is not ASCII goes the slow way; folding the rest of a mostly ASCII text is then fast.
        text = NON_ASCII.sub(lambda match: match[0].translate(_FOLD), text)
    return text.translate(_FOLD)


def normalise(kind: str, value: str) -> str:
    """Return the form of `value` that decides its token; mail addresses keep their punctuation, the rest is folded."""
    if kind == "EMAIL":
        return "".join(value.split()).casefold()
    return fold(value) or value


class Pseudonyms:
    """Makes tokens with one deployment's secret."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        self._cache: dict[tuple[str, str], str] = {}

    def token(self, kind: str, value: str) -> str:
        """Return `[KIND_xxxxxxxxxx]`: the first hex digits of HMAC-SHA256(secret, kind + normalised value)."""
        key = (kind, value)
        token = self._cache.get(key)
        if token is None:
            message = f"{kind}\x1f{normalise(kind, value)}".encode("utf-8", "surrogatepass")
            token = f"[{kind}_{hmac.digest(self._secret, message, 'sha256').hex()[:HEX_DIGITS]}]"
            if len(self._cache) >= _CACHE_SIZE:
                self._cache.clear()
            self._cache[key] = token
        return token
