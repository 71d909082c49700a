"""Versions and hashes: a version is what was declared plus a hash of what decides, so a key never changes meaning.

Not here: which things decide a verdict (each evaluator, judge and signal says so itself).
"""

import hashlib
from collections.abc import Mapping
from typing import Any

import orjson


def canonical_json(value: Any) -> bytes:
    """Return `value` as JSON with sorted keys: equal values give equal bytes."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)


def content_hash(value: Any, length: int = 16) -> str:
    """Return the first `length` hex digits of the SHA-256 of `value`'s canonical JSON."""
    return hashlib.sha256(canonical_json(value)).hexdigest()[:length]


def versioned(declared: str, deciding: Any) -> str:
    """Return `declared+hash`, e.g. `1+3fa9c07d`: changes exactly when `declared` or `deciding` does."""
    return f"{declared}+{content_hash(deciding, 8)}"


def unit_hash(*parts: str) -> float:
    """Return a number in [0, 1), uniform over `parts` and the same on every machine: the draw behind sampling and splits."""
    digest = hashlib.sha256("\x1f".join(parts).encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def verdict_versions(upstream: Mapping[str, str], model_version: str | None, ours: Mapping[str, str]) -> dict[str, str]:
    """Return all versions behind a verdict under one flat set of keys.

    The session's own (`upstream`) stay under their keys; ours are `model_version` and those of `ours`. An upstream key
    that is also one of ours is kept as `product_<key>`: neither hides the other.
    """
    known = dict(ours) if model_version is None else {**ours, "model_version": model_version}
    return {**{f"product_{key}" if key in known else key: value for key, value in upstream.items()}, **known}
