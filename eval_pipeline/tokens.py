"""How many tokens a text is, estimated without any model's vocabulary: the same on every machine, offline.

Each model counts by a vocabulary of its own, of tens of megabytes; budgets, limits and rates need no more than an
estimate that rather counts too many. Not here: what an endpoint charges for (it reports that itself).
"""

import re

TOKENS_VERSION = "1"
"""Raise it whenever a text comes to another count: versions of judges and evaluators that count tokens hold it."""

# A word of up to eleven plain letters, three digits, two other letters, a sign, or white space beyond one blank.
_TOKEN = re.compile(r"[A-Za-z]{1,11}|\d{1,3}|[^\W\d_A-Za-z]{1,2}|[^\w\s]|_|\s{2,}")


def estimated_tokens(text: str) -> int:
    """Return about as many tokens as a present tokeniser makes of `text`.

    Beside the vocabulary o200k, over 4,239 texts of 20 tokens or more (support sessions, prose, code), its median
    is 1.06 times the true count, and 98 of 100 lie within 0.71 and 1.33 times.
    """
    return len(_TOKEN.findall(text))
