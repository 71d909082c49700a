"""How a customer types: neatly, in small letters, in haste, or with caps lock on, whatever the mood.

Not here: what is typed (`script_*.py`). The fields of a template are never touched: order numbers and personal data
stay what they are.
"""

import re
from collections.abc import Callable
from functools import lru_cache

from eval_pipeline.simulation.draws import Draws

HAND_SHARES = {"neat": 0.62, "small": 0.2, "hasty": 0.17, "loud": 0.01}
"""Share of customers who type in each way. Small: no capitals, apostrophes or full stop; hasty: letters swapped."""

TYPO_SHARE = 0.5
"""Share of a hasty customer's messages with a typing error."""

_FIELD = re.compile(r"(\{\w+\})")
_LONG_WORD = re.compile(r"[a-zäöüß]{5,}")


def typed(template: str, hand: str, draws: Draws) -> str:
    """Return `template` as a customer with this hand types it; only a typing error is drawn, all else is habit."""
    if hand == "hasty":
        return _with_typo(template, draws) if draws.chance(TYPO_SHARE) else template
    return _as_habit(template, hand)


@lru_cache(maxsize=8192)
def _as_habit(template: str, hand: str) -> str:
    match hand:
        case "small":
            return _outside_fields(template.replace("'", "").removesuffix("."), str.lower)
        case "loud":
            return _outside_fields(template, str.upper)
    return template


def _outside_fields(template: str, change: Callable[[str], str]) -> str:
    return "".join(part if part.startswith("{") else change(part) for part in _FIELD.split(template))


def _with_typo(template: str, draws: Draws) -> str:
    """Return `template` with two letters within one of its longer words in the wrong order."""
    words = _long_words(template)
    if not words:
        return template
    start, end = draws.pick(words)
    at = start + 1 + draws.below(end - start - 2)
    return f"{template[:at]}{template[at + 1]}{template[at]}{template[at + 2 :]}"


@lru_cache(maxsize=8192)
def _long_words(template: str) -> list[tuple[int, int]]:
    spans = []
    start = 0
    for part in _FIELD.split(template):
        if not part.startswith("{"):
            spans += [(start + found.start(), start + found.end()) for found in _LONG_WORD.finditer(part)]
        start += len(part)
    return spans
