"""One scan of a text: patterns, known values and base64, resolved and repeated until nothing more is found.

Repeating on what is left, with every hit behind a barrier, is what makes redaction idempotent: the redacted text holds
the same leftovers between the same barriers. Not here: which texts there are (`fields.py`).
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from itertools import accumulate
from typing import NamedTuple

from eval_pipeline.redaction.disguise import decoded_base64, plain_view
from eval_pipeline.redaction.keys import Spread
from eval_pipeline.redaction.known import KnownValues, find_known
from eval_pipeline.redaction.numbers import Hit
from eval_pipeline.redaction.prose_addresses import RULE as ADDRESS_RULE
from eval_pipeline.redaction.pseudonyms import BARRIER, TOKEN, Pseudonyms

CERTAIN_KINDS = frozenset({"EMAIL", "PHONE", "CARD", "IBAN", "ID", "KEY"})
CERTAIN_LENGTH = 8
"""In ids and other fields that joins depend on, only these types count, and known values of this many characters."""

PATTERN_SPREAD: dict[str, Spread] = {
    "email": "value",
    "phone": "value",
    "card": "value",
    "iban": "value",
    "us_ssn": "value",
    "street": "value",
    "labelled_user": "value",
    "labelled_id": "value",
    "labelled_dob": "date",
    "address": "value",
    "said_name": "name",
}
"""What a pattern finds is looked for in all of the session too."""


_PROSE_PLACES = frozenset({ADDRESS_RULE, "street", "labelled_zip"})
_AROUND_PARTS = " \t\r\n,;:>"


class Found(NamedTuple):
    """A span to replace, by `token`; `rule` is what found it."""

    start: int
    end: int
    rule: str
    token: str


def _masked(text: str, spans: Iterable[tuple[int, int]]) -> str:
    pieces, done = [], 0
    for start, end in spans:
        pieces += [text[done:start], BARRIER * (end - start)]
        done = end
    return "".join([*pieces, text[done:]])


def _left_beside(text: str, found: Iterable[Found]) -> list[tuple[int, str]]:
    """Return `(start, piece)` of what is left beside the spans (apart, in order), up to the nearest barriers."""
    pieces, done = [], 0
    for span in found:
        begin = max(text.rfind(BARRIER, 0, span.start) + 1, done)
        if done and begin != done:
            tail_end = text.find(BARRIER, done)
            pieces.append((done, text[done : tail_end if tail_end >= 0 else len(text)]))
        pieces.append((begin, text[begin : span.start]))
        done = span.end
    tail_end = text.find(BARRIER, done)
    pieces.append((done, text[done : tail_end if tail_end >= 0 else len(text)]))
    return [(start, piece) for start, piece in pieces if piece]


def _apart(found: Iterable[Found]) -> list[Found]:
    """Return the spans in order of place, those that overlap as one: all of them is hidden, the longest names it."""
    apart: list[Found] = []
    longest: list[int] = []
    for span in sorted(found, key=lambda f: (f.start, -f.end)):
        length = span.end - span.start
        if not apart or span.start >= apart[-1].end:
            apart.append(span)
            longest.append(length)
            continue
        end = max(span.end, apart[-1].end)
        namer = span if length > longest[-1] else apart[-1]
        apart[-1] = namer._replace(start=apart[-1].start, end=end)
        longest[-1] = max(longest[-1], length)
    return apart


def _left_to_keys(found: list[Found], plain: str, pseudonyms: Pseudonyms) -> list[Found]:
    """Return `found` with every address in prose that holds places of structured data cut to what they leave of it.

    Said and stored address then carry the same tokens. What is left counts only with a digit ("USA" alone stays).
    """
    if all(f.rule != ADDRESS_RULE for f in found):
        return found
    parts = sorted(f for f in found if f.token.startswith(("[ADDRESS_", "[ZIP_")) and f.rule not in _PROSE_PLACES)
    starts = [part.start for part in parts]
    cut: list[Found] = []
    for span in found:
        within = parts[bisect_left(starts, span.start) : bisect_left(starts, span.end)]
        if span.rule != ADDRESS_RULE or not within:
            cut.append(span)
            continue
        for begin, end in zip(
            [span.start, *(p.end for p in within)], [*(p.start for p in within), span.end], strict=True
        ):
            rest = plain[begin:end]
            if any(char.isdigit() for char in rest):
                begin += len(rest) - len(rest.lstrip(_AROUND_PARTS))
                token = pseudonyms.token("ADDRESS", rest.strip(_AROUND_PARTS))
                cut.append(Found(begin, begin + len(rest.strip(_AROUND_PARTS)), ADDRESS_RULE, token))
    return cut


class Scanner:
    """Finds what to replace in a text."""

    def __init__(
        self,
        find_patterns: Callable[[str], list[Hit]],
        find_prose: Callable[[str], list[Hit]],
        pseudonyms: Pseudonyms,
        spread_of_rule: dict[str, Spread],
    ) -> None:
        self._find_patterns = find_patterns
        self._find_prose = find_prose
        self._pseudonyms = pseudonyms
        self._spread = {**spread_of_rule, **PATTERN_SPREAD}

    def scan(self, text: str, known: KnownValues, is_certain_only: bool = False) -> list[Found]:
        """Return the spans of `text` to replace, apart and in order.

        What patterns find is added to `known`. `is_certain_only` takes only types that are hardly ever wrong.
        """
        view = plain_view(text)
        plain = view.text
        if "[" in plain:
            plain = _masked(plain, [match.span() for match in TOKEN.finditer(plain)])
        found = self._to_the_end(plain, known, is_certain_only)
        if not view.plain_starts:
            return sorted(found)
        return _apart(Found(*view.origin_span(f.start, f.end), f.rule, f.token) for f in found)

    def _to_the_end(self, plain: str, known: KnownValues, is_certain_only: bool) -> list[Found]:
        """Scan; then scan the texts (between barriers) that had hits again, without the hits, until there are none."""
        found: list[Found] = []
        rest, origins, starts = plain, [0], [0]
        while more := self._round(rest, known, is_certain_only):
            for span in more:
                at = bisect_right(starts, span.start) - 1
                shift = origins[at] - starts[at]
                found.append(span._replace(start=span.start + shift, end=span.end + shift))
            pieces = _left_beside(rest, more)
            within = [bisect_right(starts, start) - 1 for start, _ in pieces]
            origins = [start + origins[at] - starts[at] for (start, _), at in zip(pieces, within, strict=True)]
            starts = list(accumulate((len(text) + 1 for _, text in pieces[:-1]), initial=0))
            rest = BARRIER.join(text for _, text in pieces)
        return found

    def whole(self, value: str) -> Hit | None:
        """Return the pattern hit that is all of `value`, if there is one."""
        stripped = value.strip()
        return next((hit for hit in self._find_patterns(stripped) if hit.end - hit.start == len(stripped)), None)

    def _round(self, plain: str, known: KnownValues, is_certain_only: bool) -> list[Found]:
        found = self._patterns(plain, known, is_certain_only)
        if len(known):
            for start, end, value in find_known(plain, known):
                if not is_certain_only or len(value.folded) >= CERTAIN_LENGTH:
                    found.append(Found(start, end, value.rule, value.token))
        for start, end, decoded in decoded_base64(plain):
            if self._is_personal(decoded, known):
                found.append(Found(start, end, "base64", self._pseudonyms.token("ENCODED", decoded)))
        return _apart(_left_to_keys(found, plain, self._pseudonyms))

    def _patterns(self, plain: str, known: KnownValues, is_certain_only: bool) -> list[Found]:
        found = []
        for hit in self._find_patterns(plain) + ([] if is_certain_only else self._find_prose(plain)):
            if is_certain_only and hit.kind not in CERTAIN_KINDS:
                continue
            token = self._pseudonyms.token(hit.kind, hit.value)
            found.append(Found(hit.start, hit.end, hit.rule, token))
            spread = self._spread.get(hit.rule)
            if spread is not None:
                self._learn(plain[hit.start : hit.end], token, hit, spread, known)
        return found

    def _learn(self, value: str, token: str, hit: Hit, spread: Spread, known: KnownValues) -> None:
        known.add(value, token, hit.rule, spread)
        if spread == "name":
            for word in known.name_words(value):
                known.add(word, self._pseudonyms.token(hit.kind, word), hit.rule, spread)

    def _is_personal(self, decoded: str, known: KnownValues) -> bool:
        return bool(self._find_patterns(decoded) or self._find_prose(decoded)) or any(
            True for _ in find_known(decoded, known)
        )


def replaced(text: str, found: Sequence[Found]) -> str:
    """Return `text` with every span of `found` (apart, in order) replaced by its token."""
    pieces, done = [], 0
    for span in found:
        pieces += [text[done : span.start], span.token]
        done = span.end
    return "".join([*pieces, text[done:]])
