"""Walks nested data: copies it, replaces what is personal by its key, and gathers every text for one joint scan.

Texts of a record are scanned together, between barriers: one pass over a session instead of one over each string.
JSON inside a string is walked by its keys and written again if something in it changed (same values; spacing of
separators and escaping of non-ASCII characters kept, number formats normalised).

Not here: what a session's fields mean (`redactor.py`), finding values in text (`scan.py`).
"""

import json
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator
from itertools import accumulate, permutations
from typing import Any

from eval_pipeline.redaction.keys import KEEP, KeyRule, KeyRules
from eval_pipeline.redaction.known import KnownRules, KnownValues
from eval_pipeline.redaction.numbers import digits_of
from eval_pipeline.redaction.pseudonyms import BARRIER, TOKEN, Pseudonyms, fold
from eval_pipeline.redaction.scan import Found, Scanner, replaced

MAX_DEPTH = 100
SMALLEST_INT = 1000
SMALLEST_FLOAT = 1e6
"""Numbers from here on are scanned as text: a card or a phone may stand in data as a number."""

Holder = dict[Any, Any] | list[Any]


class _RepeatedKey(ValueError):
    """An object of a JSON text has a key twice: parsing would hide one of the values."""


def _object_of(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise _RepeatedKey
    return value


def parse_json(text: str) -> Any:
    """Return the object or list that `text` is in JSON, or None if it is neither (or repeats a key)."""
    if text.lstrip()[:1] not in ("{", "["):
        return None
    try:
        return json.loads(text, object_pairs_hook=_object_of)
    except (ValueError, RecursionError):
        return None


def write_json(value: Any, like: str) -> str:
    """Return `value` as JSON with the separators and the escaping that `like` uses."""
    is_spaced = '": ' in like or '", "' in like
    return json.dumps(value, ensure_ascii="\\u" in like, separators=(", ", ": ") if is_spaced else (",", ":"))


def _fits_type(value: str, kind: str) -> bool:
    """Return whether `value` can be of the type that its key says ("phone": "iPhone 15" is a product)."""
    value = TOKEN.sub("", value) if "[" in value else value
    if kind == "EMAIL":
        return "@" in value
    if kind == "PHONE":
        return len(digits_of(value)) >= 6
    return kind not in ("DOB", "ZIP", "IP") or any(char.isdigit() for char in value)


class FieldWalk:
    """The walk over one record. Visit everything, then `finish`."""

    def __init__(self, keys: KeyRules, rules: KnownRules, scanner: Scanner, pseudonyms: Pseudonyms) -> None:
        self._keys = keys
        self._scanner = scanner
        self._pseudonyms = pseudonyms
        self.known = KnownValues(rules)
        self.counts: Counter[str] = Counter()
        self._texts: list[str] = []
        self._places: list[tuple[Holder, Any]] = []
        self._certain: list[tuple[Holder, Any]] = []
        self._objects: list[dict[str, Any]] = []
        self._seen_keys: dict[str, None] = {}
        # A record names the same person again and again: what was decided of a value holds for the whole record.
        self._tokens: dict[tuple[str, str, str, str, bool], str] = {}
        self._paired: set[tuple[tuple[str, str], ...]] = set()
        self._json: list[tuple[Holder, Any, str, Any, list[Any]]] = []

    def visit(self, holder: Holder, place: Any, value: Any, parent: str | None = None) -> None:
        """Put a copy of `value` at `holder[place]` and remember what in it is to be scanned."""
        self._put(holder, place, value, parent, None, 0)

    def visit_certain(self, holder: Holder, place: Any, value: Any) -> None:
        """Like `visit`, for a field that must survive: only what is certainly personal in it will be replaced."""
        holder[place] = value
        if isinstance(value, str):
            self._certain.append((holder, place))
        elif value is not None:
            self.visit(holder, place, value)

    def personal(self, holder: Holder, place: Any, value: str, rule: KeyRule, is_kind_fixed: bool = False) -> None:
        """Put the token of `value`, personal by `rule`, at `holder[place]`, and make it a known value.

        A value that is of another type as a whole (a mail address as user id) takes that type's token, so that it is
        the same everywhere, unless `is_kind_fixed`.
        """
        holder[place] = value
        if TOKEN.fullmatch(value) or (self._keys.is_placeholder(value) and not is_kind_fixed):
            return
        self.counts[rule.rule] += 1
        decided = (value, rule.rule, rule.type, rule.spread, is_kind_fixed)
        if decided in self._tokens:
            holder[place] = self._tokens[decided]
            return
        token = self._token(value, rule.type, is_kind_fixed)
        holder[place] = self._tokens[decided] = token
        self.known.add(value, token, rule.rule, rule.spread)
        if rule.spread == "name":
            self._learn_words(value, rule.type, rule.rule)

    def greeted(self, name: str, kind: str, rule: str) -> None:
        """Make `name`, by which a text addresses someone, a known value with its words."""
        self.known.add(name, self._pseudonyms.token(kind, name), rule, "name")
        self._learn_words(name, kind, rule)

    def _learn_words(self, name: str, kind: str, rule: str) -> None:
        for word in self.known.name_words(name):
            self.known.add(word, self._pseudonyms.token(kind, word), rule, "name")

    def finish(self) -> None:
        """Scan all texts, put the redacted ones in place, rename personal keys, write changed JSON again."""
        keys = list(self._seen_keys)
        texts = [*self._texts, *keys]
        renamed: dict[str, str] = {}
        for index, text in self._scanned(texts):
            if index < len(self._places):
                holder, place = self._places[index]
                holder[place] = text
            else:
                renamed[keys[index - len(self._places)]] = text
        certain = [holder[place] for holder, place in self._certain]
        for index, text in self._scanned(certain, is_certain_only=True):
            holder, place = self._certain[index]
            holder[place] = text
        if renamed:
            for holder in self._objects:
                _rename(holder, renamed)
        for holder, place, raw, parsed, box in reversed(self._json):
            if box[0] != parsed:
                holder[renamed.get(place, place) if isinstance(holder, dict) else place] = write_json(box[0], raw)

    def _scanned(self, texts: list[str], is_certain_only: bool = False) -> Iterator[tuple[int, str]]:
        """Yield `(index, redacted)` of every text in which something was found."""
        found = self._scanner.scan(BARRIER.join(texts), self.known, is_certain_only) if texts else []
        if not found:
            return
        starts = list(accumulate((len(text) + 1 for text in texts), initial=0))
        by_text: dict[int, list[Found]] = {}
        for span in found:
            index = bisect_right(starts, span.start) - 1
            begin = starts[index]
            by_text.setdefault(index, []).append(span._replace(start=span.start - begin, end=span.end - begin))
            self.counts[span.rule] += 1
        for index, spans in by_text.items():
            yield index, replaced(texts[index], spans)

    def _token(self, value: str, kind: str, is_kind_fixed: bool) -> str:
        if not is_kind_fixed and ("@" in value or kind not in ("NAME", "ADDRESS", "DOB", "ZIP")):
            hit = self._scanner.whole(value)
            if hit is not None:
                return self._pseudonyms.token(hit.kind, hit.value)
        return self._pseudonyms.token(kind, value)

    def _put(
        self, holder: Holder, place: Any, value: Any, parent: str | None, rule: KeyRule | None, depth: int
    ) -> None:
        if isinstance(value, str):
            if rule is not None and _fits_type(value, rule.type):
                self.personal(holder, place, value, rule)
            else:
                self._text(holder, place, value, parent, depth)
        elif isinstance(value, dict):
            holder[place] = self._object(value, parent, rule, depth + 1)
        elif isinstance(value, list):
            items: list[Any] = [None] * len(value)
            holder[place] = items
            for index, item in enumerate(value):
                self._put(items, index, item, parent, rule, depth + 1)
        elif value is None or isinstance(value, bool):
            holder[place] = value
        elif isinstance(value, int | float):
            self._number(holder, place, value, rule)
        else:
            raise TypeError("not JSON")

    def _number(self, holder: Holder, place: Any, value: float, rule: KeyRule | None) -> None:
        holder[place] = value
        if rule is not None and _fits_type(str(value), rule.type):
            self.personal(holder, place, str(value), rule)
        elif abs(value) >= (SMALLEST_INT if isinstance(value, int) else SMALLEST_FLOAT):
            self._texts.append(str(value))
            self._places.append((holder, place))

    def _text(self, holder: Holder, place: Any, value: str, parent: str | None, depth: int) -> None:
        holder[place] = value
        parsed = parse_json(value)
        if parsed is None:
            self._texts.append(value)
            self._places.append((holder, place))
            return
        box: list[Any] = [None]
        self._json.append((holder, place, value, parsed, box))
        self._put(box, 0, parsed, parent, None, depth + 1)

    def _object(self, source: dict[str, Any], parent: str | None, outer: KeyRule | None, depth: int) -> dict[str, Any]:
        if depth > MAX_DEPTH:
            raise ValueError("nested too deeply")
        copy: dict[str, Any] = {}
        self._objects.append(copy)
        ruled: list[tuple[str, KeyRule]] = []
        for key, value in source.items():
            self._seen_keys[key] = None
            rule = self._keys.rule_for(key, parent, source) or outer
            if rule is not None:
                if rule.type == KEEP:
                    rule = None
                elif isinstance(value, str):
                    ruled.append((value, rule))
            self._put(copy, key, value, key, rule, depth)
        if len(ruled) > 1:
            self._pairs(ruled)
        return copy

    def _pairs(self, ruled: list[tuple[str, KeyRule]]) -> None:
        """Make what only tells together known: a first and a last name run together, a city with its postcode."""
        seen = tuple((value, rule.rule) for value, rule in ruled)
        if seen in self._paired:
            return
        self._paired.add(seen)
        for kind, spreads in (("NAME", ("name",)), ("ADDRESS", ("place", "value"))):
            values = [(v, r) for v, r in ruled if r.spread in spreads and (r.type == kind or r.type == "ZIP")]
            whole = " ".join(value for value, _ in values)
            for (first, rule), (second, other) in permutations(values[:6], 2):
                if (rule.spread == "value" and other.spread == "value") or not (fold(first) and fold(second)):
                    continue
                pair = f"{first} {second}"
                in_order = pair if pair in whole else f"{second} {first}"
                self.known.add_exactly(pair, self._pseudonyms.token(kind, in_order), rule.rule)


def _rename(holder: dict[str, Any], renamed: dict[str, str]) -> None:
    """Rename keys in place, in order; keys that become the same stay apart by a number."""
    if holder.keys().isdisjoint(renamed):
        return
    items = list(holder.items())
    holder.clear()
    for key, value in items:
        new = renamed.get(key, key)
        number = 2
        while new in holder:
            new = f"{renamed.get(key, key)}#{number}"
            number += 1
        holder[new] = value
