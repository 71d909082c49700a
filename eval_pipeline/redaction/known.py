"""Known values: what a session's structured data shows to be personal, looked for in all of the session's text.

A value is found in any case, without accents, and with any spacing or hyphenation, under these rules:
a match begins and ends at a word's edge ("Lee" is not in "sleep"); separators may be added or missing where the value
has some ("362 Spruce Street", "james_lee"), anywhere if it has 8 characters or more ("There sa" is not "Theresa"), or
between all of its characters ("J-a-m-e-s"). Everyday words and two-letter names need a capital; one letter, placeholders
and numbers of less than five digits never spread. Dates are found in the usual written forms.

Not here: which values are personal (`keys.py`, `patterns.py`).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import accumulate, compress

from eval_pipeline.redaction.keys import KeyRules, RedactionCatalog, Spread
from eval_pipeline.redaction.pseudonyms import BARRIER, fold

ANY_GAP_LENGTH = 8
"""Folded characters from which a value is found with separators anywhere in it."""
LONGEST_GAP = 8
"""Separator characters between two parts of a value, e.g. a comma, a line break and an indent."""
MANY_VALUES = 256
MIN_LENGTH = 4
MIN_DIGITS = 5
_MONTHS = [
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
]  # fmt: skip
_DATE_STYLES = ("{y}{m:02}{d:02}", "{d:02}{m:02}{y}", "{m:02}{d:02}{y}", "{d}{m}{y}", "{m}{d}{y}")


@dataclass(frozen=True)
class KnownValue:
    """One form to look for. `breaks`: the places in `folded` where the value itself has separators."""

    folded: str
    token: str
    rule: str
    needs_capital: bool = False
    breaks: frozenset[int] = frozenset()


class _SpacingTable(dict[int, int]):
    """Maps what parts two words (punctuation, signs, spaces) to a space, everything else to itself."""

    def __missing__(self, code: int) -> int:
        char = chr(code)
        self[code] = code if char.isalnum() or not char.isprintable() else ord(" ")
        return self[code]


_SPACING = _SpacingTable()


def _words(value: str) -> list[str]:
    return value.translate(_SPACING).split()


def _breaks(words: Iterable[str]) -> frozenset[int]:
    return frozenset(list(accumulate(len(fold(word)) for word in words))[:-1])


def _date_forms(value: str) -> Iterator[str]:
    try:
        day = date.fromisoformat(value.strip()[:10])
    except ValueError:
        return
    for style in _DATE_STYLES:
        yield style.format(y=day.year, m=day.month, d=day.day)
    suffix = "th" if 10 < day.day < 14 else {1: "st", 2: "nd", 3: "rd"}.get(day.day % 10, "th")
    for month in (_MONTHS[day.month - 1], _MONTHS[day.month - 1][:3]):
        for ordinal in ("", suffix):
            yield f"{month}{day.day}{ordinal}{day.year}"
            yield f"{day.day}{ordinal}{month}{day.year}"
            yield f"{day.day}{ordinal}of{month}{day.year}"
        yield f"{month}{day.day:02}{day.year}"
        yield f"{day.day:02}{month}{day.year}"


class KnownValues:
    """The known values of one session, in the forms that are looked for."""

    def __init__(self, rules: "KnownRules") -> None:
        self._rules = rules
        self._values: dict[str, KnownValue] = {}

    def __len__(self) -> int:
        return len(self._values)

    def __iter__(self) -> Iterator[KnownValue]:
        return iter(self._values.values())

    def add(self, value: str, token: str, rule: str, spread: Spread) -> None:
        """Add the forms of `value` that `spread` allows; what is too short or too common is left out."""
        for known in self._rules.forms(value, token, rule, spread):
            self._values.setdefault(known.folded, known)

    def name_words(self, value: str) -> list[str]:
        """Return the words of the whole name `value` that spread alone."""
        return self._rules.name_words(value)

    def add_exactly(self, value: str, token: str, rule: str) -> None:
        """Add `value` as it is (a pair of places, a first and a last name)."""
        words = _words(value)
        folded = fold(value)
        if len(folded) >= MIN_LENGTH:
            self._values.setdefault(folded, KnownValue(folded, token, rule, False, _breaks(words)))


class KnownRules:
    """Decides in which forms a value spreads."""

    def __init__(self, catalog: RedactionCatalog, keys: KeyRules) -> None:
        self._common = {fold(word) for word in catalog.common_words}
        self._particles = {fold(word) for word in catalog.name_particles}
        self._keys = keys

    def forms(self, value: str, token: str, rule: str, spread: Spread) -> Iterator[KnownValue]:
        """Yield what to look for, for one value."""
        if spread == "none" or self._keys.is_placeholder(value) or BARRIER in value:
            return
        words, folded = _words(value), fold(value)
        if spread == "place" and not (len(words) > 1 and any(char.isdigit() for char in folded)):
            return
        if spread == "date":
            forms = list(_date_forms(value))
            yield from (KnownValue(form, token, rule, False, frozenset(range(1, len(form)))) for form in forms)
            if forms:
                return
        if spread == "name":
            yield from self._name(words, folded, token, rule)
        elif self._is_telling(folded):
            yield KnownValue(folded, token, rule, False, _breaks(words))

    def _is_telling(self, folded: str) -> bool:
        return len(folded) >= (MIN_DIGITS if folded.isdigit() else MIN_LENGTH) and folded not in self._common

    def _name(self, words: list[str], folded: str, token: str, rule: str) -> Iterator[KnownValue]:
        if len(words) == 1:
            if len(folded) > 1 and not folded.isdigit():
                yield KnownValue(folded, token, rule, len(folded) == 2 or folded in self._common)
            return
        yield KnownValue(folded, token, rule, False, _breaks(words))

    def name_words(self, value: str) -> list[str]:
        """Return the words of a whole name that spread alone (no titles, particles, initials or numbers)."""
        words = _words(value)
        if len(words) < 2:
            return []
        return [w for w in words if len(fold(w)) > 1 and fold(w) not in self._particles and not w.isdigit()]


class _WidthTable(dict[int, int]):
    """Maps a code point to the number of characters that it folds to."""

    def __missing__(self, code: int) -> int:
        self[code] = min(len(fold(chr(code))), 255)
        return self[code]


_WIDTHS = _WidthTable()


def _origin_of_folded(text: str) -> list[int]:
    """Return, for every character of `fold(text)`, the place in `text` that it comes from."""
    widths = text.translate(_WIDTHS).encode("latin-1")
    if max(widths, default=0) < 2:
        return list(compress(range(len(text)), widths))
    return [place for place, width in enumerate(widths) for _ in range(width)]


def _is_edge(inner: str, outer: str) -> bool:
    """Return whether a value may begin or end between `inner` (its last character) and `outer` (its neighbour)."""
    if not outer.isalnum():
        return True
    if inner.isdigit() or outer.isdigit():
        return inner.isdigit() != outer.isdigit()
    return inner.lower() == inner.upper()


def _gaps_fit(known: KnownValue, origins: list[int]) -> bool:
    gaps = {k: origins[k] - origins[k - 1] - 1 for k in range(1, len(origins)) if origins[k] - origins[k - 1] > 1}
    if not gaps:
        return True
    if max(gaps.values()) > LONGEST_GAP:
        return False
    is_spelled = len(known.folded) > 2 and len(gaps) == len(known.folded) - 1
    return len(known.folded) >= ANY_GAP_LENGTH or known.breaks.issuperset(gaps) or is_spelled


def find_known(text: str, values: Iterable[KnownValue]) -> Iterator[tuple[int, int, KnownValue]]:
    """Yield `(start, end, value)` of every known value in `text`; matches may overlap."""
    folded = fold(text)
    places = list(_places(folded, list(values)))
    if not places:
        return
    origins = _origin_of_folded(text)
    for at, known in places:
        stop = at + len(known.folded)
        if _holds(text, known, origins, at, stop):
            yield origins[at], origins[stop - 1] + 1, known


def _places(folded: str, values: list[KnownValue]) -> Iterator[tuple[int, KnownValue]]:
    """Yield where in `folded` each value stands, edges unchecked."""
    by_prefix: dict[str, list[KnownValue]] = {}
    if len(values) > MANY_VALUES:
        # One look at each place instead of one search for each value: a hostile text cannot make this quadratic.
        for known in values:
            by_prefix.setdefault(known.folded[:MIN_LENGTH], []).append(known)
        values = [known for prefix, group in by_prefix.items() if len(prefix) < MIN_LENGTH for known in group]
    for known in values:
        at = folded.find(known.folded)
        while at >= 0:
            yield at, known
            at = folded.find(known.folded, at + 1)
    for at in range(len(folded) if by_prefix else 0):
        for known in by_prefix.get(folded[at : at + MIN_LENGTH], ()):
            if len(known.folded) >= MIN_LENGTH and folded.startswith(known.folded, at):
                yield at, known


def _holds(text: str, known: KnownValue, origins: list[int], begin: int, stop: int) -> bool:
    start, last = origins[begin], origins[stop - 1]
    if begin and not _is_edge(text[start], text[start - 1] if start else " "):
        return False
    if last + 1 < len(text) and not _is_edge(text[last], text[last + 1]):
        return False
    if known.needs_capital and text[start].islower():
        return False
    return last - start == stop - begin - 1 or _gaps_fit(known, origins[begin:stop])
