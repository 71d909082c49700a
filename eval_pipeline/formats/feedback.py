"""What users said of the product on purpose, in the shapes that products send, becomes fields of `sessions.Feedback`.

Read alike, whatever the case and the low lines of a key: a list or one object; a word or text alone; votes, ratings
with their scale, flags, text and tags beside each other; `{type: NAME, value: VALUE}` for `{NAME: VALUE}`. Other keys
are handed back as extras; what can be read in two ways is rejected. Not here: words and scales (`votes.py`).
"""

import re
from collections.abc import Iterator
from typing import Any, get_args

from eval_pipeline.formats.contract import Fields, bad
from eval_pipeline.formats.reading import Reading
from eval_pipeline.formats.times import parse_time
from eval_pipeline.formats.votes import SCALES, Scale, as_number, rating, scale, thumb
from eval_pipeline.sessions import Feedback

FEEDBACK_NAMES: dict[str, tuple[str, ...]] = {
    "kind": ("kind", "type", "name", "key"),
    "vote": ("thumbs", "thumb", "vote", "reaction", "sentiment"),
    "for": ("thumbs_up", "like", "liked", "helpful", "is_helpful", "positive", "is_positive", "upvote"),
    "against": ("thumbs_down", "dislike", "disliked", "negative", "is_negative", "downvote"),
    "rating": ("rating", "score", "stars", "star_rating", "csat", "nps"),
    "flag": ("report", "reported", "flag", "flagged", "complaint"),
    "text": ("tags", "tag", "categories", "category", "reasons", "reason", "text", "comment", "comments", "message",
             "content", "details", "explanation"),
    "any": ("feedback", "value"),
    "highest": ("max", "scale", "out_of", "max_rating", "max_score"),
    "lowest": ("min", "min_rating", "min_score"),
    "turn_index": ("turn_index", "message_index"),
    "at": ("at", "ts", "timestamp", "created_at"),
}  # fmt: skip
"""What the keys of a piece of feedback mean. `any` holds whatever it is: a thumb, a rating or text."""

OWN_KINDS: tuple[str, ...] = get_args(Feedback.model_fields["kind"].annotation)
OWN_RANGES = {"thumbs": (-1, 1), "rating": (0, 1)}

Vote = tuple[str, float | None]
"""Kind and value of a piece of feedback."""


def feedback_fields(given: Any, where: str, reading: Reading) -> tuple[list[Fields], dict[str, Fields]]:
    """Return the pieces of feedback that `given` holds, and by place in `given` the keys that are no part of them.

    Nothing said (null, empty text, a vote not cast) gives no piece. `where` names the field in messages. Raises
    `RejectedRecord` for what cannot be read, or could be read in two ways, and for a time that is none.
    """
    pieces: list[Fields] = []
    extras: dict[str, Fields] = {}
    for index, item in enumerate(given if isinstance(given, list) else [given]):
        place = f"{where}.{index}" if isinstance(given, list) else where
        said, rest = _sorted_out(item if isinstance(item, dict) else {"feedback": item}, place)
        pieces += _pieces(said, place, reading)
        if rest:
            extras[str(index)] = rest
    return pieces, extras


def _plain(key: str) -> str:
    return re.sub(r"[\W_]", "", key).casefold()


_ROLE = {_plain(key): role for role, keys in FEEDBACK_NAMES.items() for key in keys}
_KIND_KEYS = tuple(_plain(key) for key in FEEDBACK_NAMES["kind"])
_VALUE_KEYS = ("value", "score")
_SAYS_SO_ALONE = {"for", "against", "flag"}
_SAYING = _SAYS_SO_ALONE | {"vote", "rating", "text", "any"}


def _sorted_out(item: Fields, where: str) -> tuple[Fields, Fields]:
    """Return what the known keys hold, by plain key and without nulls, and all other keys."""
    said: Fields = {}
    rest: Fields = {}
    for key, value in item.items():
        name = _plain(key)
        if name in _ROLE and name not in said:
            said[name] = value
        else:
            rest[key] = value
    if not _is_own(said):
        said, unused = _with_kind_as_name(said)
        rest |= {key: value for key, value in item.items() if _plain(key) in unused}
        if item and not any(_ROLE[name] in _SAYING for name in said):
            raise bad(
                where, "says neither thumb, rating nor text", "call it `thumbs`, `rating` with `max`, or `comment`"
            )
    present = {name: value for name, value in said.items() if value is not None and value != ""}
    return present, rest


def _is_own(said: Fields) -> bool:
    """Return whether this is our own form: one of our kinds, and a number that fits it or nothing else that says it."""
    kind, value = said.get("kind"), said.get("value")
    if kind not in OWN_KINDS or any(_ROLE[name] in _SAYING - {"text"} and name != "value" for name in said):
        return False
    if value is None:
        return True
    lowest, highest = OWN_RANGES.get(kind, (float("-inf"), float("inf")))
    has_scale = any(_ROLE[name] == "highest" for name in said)
    return not has_scale and not isinstance(value, str | bool) and lowest <= (as_number(value) or 0) <= highest


def _with_kind_as_name(said: Fields) -> tuple[Fields, set[str]]:
    """Return `{type: NAME, value: VALUE}` as `{NAME: VALUE}`, and which of such keys say nothing of the kind.

    A type alone says that it is so: `{type: thumbs_down}`.
    """
    unused = set()
    named = {name: value for name, value in said.items() if name not in _KIND_KEYS}
    has_value = any(_ROLE[name] in _SAYING - {"text"} for name in named)
    for key in [key for key in _KIND_KEYS if said.get(key) is not None]:
        name = _plain(str(said[key]))
        role = _ROLE.get(name)
        if role in _SAYING and name not in named:
            holder = next((key for key in _VALUE_KEYS if key in named), None)
            if holder is not None:
                named[name] = named.pop(holder)
            elif role in _SAYS_SO_ALONE and not has_value:
                named[name] = True
        elif role is None and not has_value and thumb(said[key], is_answer=False) is not None:
            named["thumbs"] = said[key]
        elif role not in _SAYING:
            unused.add(key)
    return named, unused


def _pieces(said: Fields, where: str, reading: Reading) -> list[Fields]:
    if _is_own(said):
        votes: list[Vote] = [(said["kind"], said.get("value"))]
    else:
        votes = list(dict.fromkeys(_votes(said, where)))
    text = _text(said, where)
    common = {"turn_index": _first(said, "turn_index"), "at": _first(said, "at")}
    if common["at"] is not None:
        common["at"] = parse_time(common["at"], reading.zone, f"{where}.at")
    # Words beside several votes belong to the first: given to each they would count more than once.
    texts = [text, *[None] * (len(votes) - 1)]
    pieces = [
        {"kind": kind, "value": value, "text": words, **common}
        for (kind, value), words in zip(votes or ([("report", None)] if text else []), texts, strict=False)
    ]
    return [{name: value for name, value in piece.items() if value is not None} for piece in pieces]


def _votes(said: Fields, where: str) -> Iterator[Vote]:
    """Yield what an object says besides words; the same may be said twice (`thumbs_up: false, thumbs_down: true`)."""
    of = _scale(said, where)
    is_against = [name for name in said if _ROLE[name] == "against"]
    for name, value in said.items():
        place = f"{where}.{name}"
        match _ROLE[name]:
            case "vote":
                yield from _cast(_thumb(value, place))
            case "for":
                vote = _thumb(value, place)
                # Where there is a field for votes against, not being for is no vote.
                yield from _cast(0 if vote < 0 and is_against else vote)
            case "against":
                yield from _cast(min(0, -_thumb(value, place)))
            case "rating":
                yield from _rated(value, of or SCALES.get(name), place)
            case "flag" if value is True or isinstance(value, str):
                yield "report", None
            case "any" if _is_vote(value, of):
                yield from _rated(value, of, where)


def _cast(vote: int) -> Iterator[Vote]:
    if vote:
        yield "thumbs", float(vote)


def _thumb(value: Any, place: str) -> int:
    vote = thumb(value)
    if vote is None:
        raise bad(place, "is no thumb", "write it as `up` or `down`, or as 1 or -1")
    return vote


def _rated(value: Any, of: Scale | None, place: str) -> Iterator[Vote]:
    """Yield a rating, or the thumb that is written in its place: a word for it, or a -1 of no scale."""
    if (share := rating(value, of)) is not None:
        yield "rating", share
    elif (vote := thumb(value, is_answer=as_number(value) is None)) is not None:
        yield from _cast(vote)
    else:
        raise bad(
            place,
            "is a number that can be read in two ways, or lies outside its scale",
            "give the scale, `{rating: 2, max: 5}`, or call it a thumb, `{thumbs: 1}`",
        )


def _is_vote(value: Any, of: Scale | None) -> bool:
    """Return whether what may be text is a thumb or a rating."""
    return thumb(value, is_answer=False) is not None or rating(value, of) is not None or as_number(value) is not None


def _scale(said: Fields, where: str) -> Scale | None:
    highest = _first(said, "highest")
    if highest is None:
        return None
    of = scale(highest, _first(said, "lowest"))
    if of is None:
        raise bad(f"{where}.max", "is no scale", "write the highest value that can be given, e.g. `max: 5`")
    return of


def _first(said: Fields, role: str) -> Any:
    return next((value for name, value in said.items() if _ROLE[name] == role), None)


def _text(said: Fields, where: str) -> str | None:
    """Return the words in an object: tags, reasons and text, in the order of the keys."""
    words: list[str] = []
    for name, value in said.items():
        role = _ROLE[name]
        is_words = role == "text" or (role == "flag" and isinstance(value, str))
        if is_words or (role == "any" and not _is_own(said) and not _is_vote(value, _scale(said, where))):
            words += _words(value, where if role == "any" else f"{where}.{name}")
    return "; ".join(words) or None


def _words(value: Any, place: str) -> Iterator[str]:
    if isinstance(value, list):
        tags = [tag for each in value for tag in _words(each, place)]
        yield from [", ".join(tags)] if tags else []
    elif isinstance(value, str | int | float):
        yield from [text] if (text := str(value).strip()) else []
    elif value is not None:
        raise bad(place, "is no text", "write what the user said as text or as a list of words")
