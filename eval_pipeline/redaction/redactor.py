"""The redactor: what guards the door. Deterministic, versioned, fail-closed; a receipt counts, and holds no content.

Every field of a session is covered. Times, roles and origins are not touched; ids, the surface and the model version
only where something certainly personal stands in them; `user_id` always becomes a pseudonym.

Not covered: names and places in prose that neither structured data of the session nor words beside them show, values
split over two texts, and what `disguise.py`, `known.py` and `prose_*.py` list as not covered.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import phonenumbers

from eval_pipeline.catalog import load_yaml
from eval_pipeline.errors import RejectedRecord
from eval_pipeline.redaction.disguise import BASE64_RUN, DISGUISE
from eval_pipeline.redaction.fields import FieldWalk
from eval_pipeline.redaction.keys import KeyRule, KeyRules, RedactionCatalog
from eval_pipeline.redaction.known import ANY_GAP_LENGTH, LONGEST_GAP, MIN_DIGITS, MIN_LENGTH, KnownRules, KnownValues
from eval_pipeline.redaction.patterns import deciding_constants, pattern_finder, prose_finder
from eval_pipeline.redaction.prose_names import KIND, RULE, greeted_finder
from eval_pipeline.redaction.pseudonyms import HEX_DIGITS, Pseudonyms
from eval_pipeline.redaction.scan import CERTAIN_KINDS, CERTAIN_LENGTH, PATTERN_SPREAD, Scanner
from eval_pipeline.versions import versioned

RULES_VERSION = "2"
"""Raise it when code (not a pattern, a constant or the catalog) changes what is redacted."""

_UNTOUCHED = {"started_at", "ended_at", "origin"}
_CERTAIN_ONLY = {"session_id", "surface", "model_version"}
_TURN_UNTOUCHED = {"role", "at", "is_error"}
_SPAN_UNTOUCHED = {"started_at", "ended_at", "status"}
_FEEDBACK_UNTOUCHED = {"kind", "value", "turn_index", "at"}
_USER_RULE = KeyRule(rule="user_id", type="USER", spread="value", keys=("user_id",))


class Span(NamedTuple):
    """What `rule` found at `[start, end)`, in characters."""

    start: int
    end: int
    rule: str


@dataclass(frozen=True)
class Redaction:
    """Redacted fields and the receipt: replacements per rule."""

    fields: dict[str, Any]
    counts: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class TextRedaction:
    """A redacted text and the receipt: replacements per rule."""

    text: str
    counts: dict[str, int] = field(default_factory=dict)


class Redactor:
    """Replaces personal values by typed keyed pseudonyms. One instance may serve many records, one at a time."""

    def __init__(self, catalog: RedactionCatalog, secret: bytes) -> None:
        self.version = versioned(f"{RULES_VERSION}.{catalog.version}", _deciding(catalog))
        self._keys = KeyRules(catalog)
        self._known_rules = KnownRules(catalog, self._keys)
        self._pseudonyms = Pseudonyms(secret)
        spread_of_rule = {rule.rule: rule.spread for rule in reversed(catalog.key_rules)}
        self._find_greeted = greeted_finder(catalog.prose) if catalog.prose else None
        self._scanner = Scanner(
            pattern_finder(catalog, self._keys), prose_finder(catalog), self._pseudonyms, spread_of_rule
        )

    @classmethod
    def from_catalog(cls, path: Path, secret: bytes) -> "Redactor":
        """Return the redactor of the catalog file at `path` (`redaction.yaml`).

        Raises `SettingsError` if the file is missing or wrong.
        """
        return cls(load_yaml(path, RedactionCatalog), secret)

    def redact_session(self, fields: dict[str, Any]) -> Redaction:
        """Return a redacted copy of `fields`, the JSON-mode dump of a `sessions.Session`, with its receipt.

        Raises `RejectedRecord` (reason `redaction_failed`) if anything at all goes wrong.
        """

        def walk(fields_walk: FieldWalk) -> dict[str, Any]:
            copy: dict[str, Any] = {}
            for name, value in fields.items():
                _visit_field(fields_walk, copy, name, value)
            self._learn_greeted(fields_walk, fields.get("turns", ()))
            return copy

        return self._guarded(walk)

    def redact_record(self, record: Any) -> Redaction:
        """Return a redacted copy of any JSON value under `fields["record"]`, with its receipt; raises as above."""

        def walk(fields_walk: FieldWalk) -> dict[str, Any]:
            copy: dict[str, Any] = {}
            fields_walk.visit(copy, "record", record)
            return copy

        return self._guarded(walk)

    def redact_text(self, text: str) -> TextRedaction:
        """Return `text` redacted (by its keys too, if it is JSON), with its receipt; raises as above."""
        redaction = self.redact_record(text)
        return TextRedaction(redaction.fields["record"], redaction.counts)

    def spans(self, text: str) -> list[Span]:
        """Return what is personal in `text` as it stands, apart and in order; raises as `redact_session`."""
        failure = ""
        try:
            found = self._scanner.scan(text, KnownValues(self._known_rules))
            return [Span(each.start, each.end, each.rule) for each in found]
        except Exception as error:
            failure = type(error).__name__
        raise _rejected(failure)

    def _learn_greeted(self, walk: FieldWalk, turns: Iterable[dict[str, Any]]) -> None:
        """Make known whom the assistant greets; a customer's "Hi Alex" may be the assistant's own name."""
        find = self._find_greeted
        if find is None:
            return
        for turn in turns:
            content = turn.get("content")
            if turn.get("role") == "assistant" and isinstance(content, str):
                name = find(content)
                if name is not None:
                    walk.greeted(name, KIND, RULE)

    def _guarded(self, walk: Callable[[FieldWalk], dict[str, Any]]) -> Redaction:
        failure = ""
        try:
            fields_walk = FieldWalk(self._keys, self._known_rules, self._scanner, self._pseudonyms)
            copy = walk(fields_walk)
            fields_walk.finish()
            return Redaction(copy, dict(sorted(fields_walk.counts.items())))
        except Exception as error:
            failure = type(error).__name__
        # Raised here, not in the handler: the original error and its traceback could hold content.
        raise _rejected(failure)


def _rejected(failure: str) -> RejectedRecord:
    return RejectedRecord(
        reason="redaction_failed",
        detail=f"{failure} while redacting; nothing of the record is kept",
        mend="check that the record is plain JSON nested less than 100 deep; if it is, report the fault",
    )


def _deciding(catalog: RedactionCatalog) -> dict[str, Any]:
    return {
        "catalog": catalog.model_dump(mode="json"),
        "patterns": deciding_constants(),
        "disguise": [DISGUISE.pattern, BASE64_RUN.pattern],
        "known": [ANY_GAP_LENGTH, LONGEST_GAP, MIN_DIGITS, MIN_LENGTH],
        "certain": [sorted(CERTAIN_KINDS), CERTAIN_LENGTH, PATTERN_SPREAD],
        "phonenumbers": phonenumbers.__version__,
        "hex_digits": HEX_DIGITS,
    }


def _visit_field(walk: FieldWalk, copy: dict[str, Any], name: str, value: Any) -> None:
    if name in _UNTOUCHED:
        copy[name] = value
    elif name in _CERTAIN_ONLY:
        walk.visit_certain(copy, name, value)
    elif name == "user_id" and isinstance(value, str):
        walk.personal(copy, name, value, _USER_RULE, is_kind_fixed=True)
    elif name == "turns":
        copy[name] = [_visit_turn(walk, turn) for turn in value]
    elif name == "feedback":
        copy[name] = [_visit_parts(walk, each, _FEEDBACK_UNTOUCHED, set()) for each in value]
    else:
        walk.visit(copy, name, value, name)


def _visit_parts(walk: FieldWalk, source: dict[str, Any], untouched: set[str], certain: set[str]) -> dict[str, Any]:
    copy: dict[str, Any] = {}
    for name, value in source.items():
        if name in untouched:
            copy[name] = value
        elif name in certain:
            walk.visit_certain(copy, name, value)
        else:
            walk.visit(copy, name, value, name)
    return copy


def _visit_turn(walk: FieldWalk, turn: dict[str, Any]) -> dict[str, Any]:
    plain = {name: value for name, value in turn.items() if name not in ("tool_calls", "spans")}
    copy = _visit_parts(walk, plain, _TURN_UNTOUCHED, {"tool_call_id"})
    if "tool_calls" in turn:
        copy["tool_calls"] = [_visit_parts(walk, call, set(), {"id", "name"}) for call in turn["tool_calls"]]
    if "spans" in turn:
        copy["spans"] = [_visit_parts(walk, span, _SPAN_UNTOUCHED, {"kind"}) for span in turn["spans"]]
    return copy
