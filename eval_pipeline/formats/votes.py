"""Thumbs and ratings in the ways that products write them: a thumb becomes -1 or 1, a rating a share of its scale.

What can be read in two ways is not read: a rating of 3 is good of 4 and bad of 10. Not here: which field of a record
holds one (`feedback.py`).
"""

import math
import re
from typing import Any

Scale = tuple[float, float]
"""Lowest and highest value that can be given."""

UP = {"up", "thumbsup", "thumbup", "like", "liked", "upvote", "upvoted", "positive", "true", "+1", "\U0001f44d"}
DOWN = {"down", "thumbsdown", "thumbdown", "dislike", "disliked", "downvote", "downvoted", "negative", "false", "-1"}
DOWN |= {"\U0001f44e"}
UP_AS_ANSWER = {"yes", "good", "helpful", "1"}
DOWN_AS_ANSWER = {"no", "bad", "unhelpful", "nothelpful", "0"}
"""Thumbs only where a vote is expected: standing alone, "no" says that there is nothing to say."""
UNDECIDED = {"neutral", "none"}

SCALES: dict[str, Scale] = {"stars": (1, 5), "starrating": (1, 5), "csat": (1, 5), "nps": (0, 10)}
"""Ratings whose name tells the scale: five stars, customer satisfaction, net promoter score."""

_DECORATION = re.compile("[\\s_\u2010\ufe0f\U0001f3fb-\U0001f3ff]|(?<=[a-z])-")
"""What does not change a word: white space, low lines, hyphens after a letter, colours of a hand."""
_NUMBER = re.compile(r"[+-]?\d{1,9}(?:[.,]\d{1,9})?")
_OF = re.compile(r"(\d{1,4}(?:[.,]\d{1,4})?)\s?(?:/|of|out of)\s?(\d{1,4})")
_RANGE = re.compile(r"(\d{1,4})\s?(?:-|\u2013|\.\.|to)\s?(\d{1,4})")


def as_number(value: Any) -> float | None:
    """Return a number, or text that is one, as a finite float; None for anything else, true and false among it."""
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        return float(value.strip().replace(",", "."))
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and math.isfinite(value) else None


def thumb(value: Any, *, is_answer: bool = True) -> int | None:
    """Return 1 for a thumb up, -1 for one down, 0 for a vote that was not cast, None for what is no thumb.

    `is_answer`: the value is given where a vote is expected, so 0, 1, yes and no are read as well. 0 is a thumb down.
    """
    if isinstance(value, bool):
        return 1 if value else -1
    number = as_number(value)
    word = _DECORATION.sub("", str(value).casefold()) if isinstance(value, str) else ""
    if number is not None:
        word = {1.0: "+1" if value == "+1" else "1", 0.0: "0", -1.0: "-1"}.get(number, "")
    if word in UP or (is_answer and word in UP_AS_ANSWER):
        return 1
    if word in DOWN or (is_answer and word in DOWN_AS_ANSWER):
        return -1
    return 0 if is_answer and word in UNDECIDED else None


def scale(highest: Any, lowest: Any = None) -> Scale | None:
    """Return the scale from `lowest` to `highest`; `highest` may hold both (`1-5`). None where they are no scale.

    A scale starts at 1, but one up to 1 starts at 0.
    """
    if isinstance(highest, str) and (said := _RANGE.fullmatch(highest.strip())):
        lowest, highest = said[1], said[2]
    top, bottom = as_number(highest), as_number(lowest)
    if top is None:
        return None
    start = bottom if bottom is not None else (1.0 if top > 1 else 0.0)
    return (start, top) if start < top else None


def rating(value: Any, of: Scale | None) -> float | None:
    """Return a rating as a share in [0, 1]: (value - lowest) / (highest - lowest). None where it cannot be told.

    Without a scale only what can be nothing else is read: text that names it (`2/5`), and a fraction between 0 and 1.
    A 0 on a scale whose start nobody named shows that it starts there; it is the lowest either way.
    """
    if isinstance(value, str) and (said := _OF.fullmatch(value.strip())):
        value, of = said[1], scale(said[2])
    number = as_number(value)
    if number is None:
        return None
    if of is None:
        return number if 0 < number < 1 else None
    lowest, highest = of
    share = 0.0 if number == 0 and lowest == 1 else (number - lowest) / (highest - lowest)
    return share if 0 <= share <= 1 else None
