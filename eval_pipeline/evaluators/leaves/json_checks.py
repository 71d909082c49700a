"""Checks of a text as JSON: that it is, and that a JSON Schema accepts it.

They take any `Text`: a code block, or a tool call, whose text is its arguments. Not here: values inside JSON
(`value_checks.py`), pydantic models (`model_checks.py`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any

import jsonschema_rs
import orjson

from eval_pipeline.evaluators.contract import Check, Leaf
from eval_pipeline.evaluators.views import NOT_JSON, Text
from eval_pipeline.versions import canonical_json

_NOTES = frozenset({"title", "description", "$comment", "examples", "default", "deprecated", "readOnly", "writeOnly"})
"""Keywords of JSON Schema that decide nothing."""
_NAMED_SCHEMAS = frozenset({"properties", "patternProperties", "$defs", "definitions", "dependentSchemas"})
_VALUES = frozenset({"const", "enum"})
_EXACT = 2**53
"""Below it, every whole number is a floating point number too."""


@dataclass(frozen=True)
class ValidJson(Leaf[Text]):
    """The text is JSON, of any or of one type, as orjson reads it: RFC 8259, up to 1,024 levels and 64-bit numbers."""

    is_object: bool

    def holds(self, subject: Text) -> bool:
        """Return whether the text parses, to an object where that is asked."""
        return isinstance(subject.json, dict) if self.is_object else subject.json is not NOT_JSON

    @property
    def words(self) -> str:
        """What is asked."""
        return "is a JSON object" if self.is_object else "is valid JSON"

    def found(self, subject: Text) -> str:
        """Return the text."""
        return subject.text


@dataclass(frozen=True)
class JsonSchema(Leaf[Text]):
    """The text is JSON that a schema (draft 2020-12) accepts, the `format` of texts (date, email, uuid...) included."""

    semantics = 2
    constants = (version("jsonschema-rs"),)

    schema: str
    _validator: Any = field(init=False, repr=False, compare=False)
    _seen: tuple[Text | None, Any] = field(init=False, repr=False, compare=False, default=(None, None))

    def __post_init__(self) -> None:
        """Compile the schema; a reference to another document is refused, as it could change unseen."""
        validator = jsonschema_rs.Draft202012Validator(orjson.loads(self.schema), offline=True, validate_formats=True)
        object.__setattr__(self, "_validator", validator)

    def holds(self, subject: Text) -> bool:
        """Return whether the text parses and the schema accepts it."""
        value = subject.json
        return value is not NOT_JSON and bool(self._validator.is_valid(value))

    @property
    def words(self) -> str:
        """The schema's title, or the schema."""
        schema = orjson.loads(self.schema)
        title = schema.get("title") if isinstance(schema, dict) else None
        return f"satisfies the JSON Schema {title or self.schema}"

    def canonical(self) -> Any:
        """Return what decides: titles and descriptions do not, nor does it matter whether a limit is 1 or 1.0."""
        deciding = canonical_json(_deciding(orjson.loads(self.schema))).decode()
        return [type(self).__name__, self.semantics, {"schema": deciding}, list(self.constants)]

    def _error(self, subject: Text) -> Any:
        """Return the first complaint; it is dear, and asked for twice in a row."""
        seen, error = self._seen
        if seen is not subject:
            error = None if subject.json is NOT_JSON else next(self._validator.iter_errors(subject.json), None)
            object.__setattr__(self, "_seen", (subject, error))
        return error

    def found(self, subject: Text) -> str:
        """Return the first complaint of the schema, or the text where there is none."""
        if subject.json is NOT_JSON:
            return f"not JSON: {subject.text}"
        error = self._error(subject)
        return subject.text if error is None else f"{_pointer(error) or 'the whole'}: {error.message}"

    def pointer_of(self, subject: Text) -> str | None:
        """Return where the first complaint is."""
        error = self._error(subject)
        return None if error is None else _pointer(error)


def is_valid_json() -> Check[Text]:
    """The text is JSON of any type."""
    return ValidJson(is_object=False)


def is_json_object() -> Check[Text]:
    """The text is a JSON object; of a tool call: its arguments are one."""
    return ValidJson(is_object=True)


def satisfies_schema(schema: Mapping[str, Any] | bool) -> Check[Text]:
    """The text is JSON that `schema` (draft 2020-12, self-contained) accepts.

    `format` (date, email, uuid...) is validated, not only noted. Raises `ValueError` for a bad schema.
    """
    return JsonSchema(canonical_json(schema).decode())


def _deciding(schema: Any) -> Any:
    """Return a schema without its notes, and whole numbers as integers."""
    if isinstance(schema, list):
        return [_deciding(part) for part in schema]
    if not isinstance(schema, dict):
        return _plain(schema)
    return {key: _deciding_part(key, part) for key, part in schema.items() if key not in _NOTES}


def _deciding_part(key: str, part: Any) -> Any:
    if key in _NAMED_SCHEMAS and isinstance(part, dict):
        return {name: _deciding(inner) for name, inner in part.items()}
    return _plain(part) if key in _VALUES else _deciding(part)


def _plain(value: Any) -> Any:
    """Return a JSON value with whole numbers as integers, which JSON Schema does not tell apart."""
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    return whole(value)


def whole(value: Any) -> Any:
    """Return a whole number as an integer, and anything else as it is: as JSON, 1.0 and 1 are one value."""
    is_whole = isinstance(value, float) and value.is_integer() and abs(value) < _EXACT
    return int(value) if is_whole else value


def _pointer(error: Any) -> str:
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in error.instance_path)
