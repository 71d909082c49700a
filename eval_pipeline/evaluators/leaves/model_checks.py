"""Checks of a text by a pydantic model.

The version of such a check holds everything of the model that decides: its compiled schema, with the source of its
validators, and the version of pydantic. Names of classes, titles and descriptions decide nothing. Not here: JSON
Schema (`json_checks.py`), functions that are no validators (`session_checks.satisfies`).
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from functools import partial
from types import FunctionType, MethodType
from typing import Any

import pydantic
from pydantic import BaseModel, ValidationError

from eval_pipeline.evaluators.contract import Check, Leaf
from eval_pipeline.evaluators.leaves.session_checks import function_source
from eval_pipeline.evaluators.views import NOT_JSON, Text
from eval_pipeline.versions import canonical_json

_UNDECIDING = frozenset({"metadata", "serialization", "title", "description", "model_name", "cls_name"})
_NAMED = frozenset({"fields", "choices"})
_OF_CLASSES = frozenset({"model", "dataclass", "enum"})
_REFERENCES = frozenset({"ref", "schema_ref"})
_ADDRESS = re.compile(r" at 0x[0-9a-f]+")


@dataclass(frozen=True)
class SatisfiesModel(Leaf[Text]):
    """The text is JSON that a pydantic model accepts.

    `is_strict`: nothing is converted beyond what JSON cannot say itself, so "3" is no number, but a date may be text.
    """

    schema: str
    is_strict: bool
    _model: type[BaseModel] = field(repr=False, compare=False)

    constants = (pydantic.VERSION,)

    def holds(self, subject: Text) -> bool:
        """Return whether the text parses and the model accepts it."""
        return subject.json is not NOT_JSON and self._error(subject) is None

    def _error(self, subject: Text) -> Any:
        try:
            if self.is_strict:
                self._model.model_validate_json(subject.text, strict=True)
            else:
                self._model.model_validate(subject.json)
        except ValidationError as error:
            return error.errors(include_url=False, include_context=False, include_input=False)[0]
        return None

    @property
    def words(self) -> str:
        """The model's name."""
        return f"satisfies the model {self._model.__name__}{' strictly' if self.is_strict else ''}"

    def found(self, subject: Text) -> str:
        """Return the first complaint of the model and where it is, or the text where there is none."""
        if subject.json is NOT_JSON:
            return f"not JSON: {subject.text}"
        error = self._error(subject)
        return subject.text if error is None else f"{_pointer(error, subject.json) or 'the whole'}: {error['msg']}"

    def pointer_of(self, subject: Text) -> str | None:
        """Return where the first complaint is."""
        error = None if subject.json is NOT_JSON else self._error(subject)
        return None if error is None else _pointer(error, subject.json)


def satisfies_model(model: type[BaseModel], *, strict: bool = False) -> Check[Text]:
    """The text is JSON that the pydantic `model` accepts; `strict`: without converting, as in pydantic's strict mode.

    What the validators call beside themselves is not in the version. Raises `ValueError` for a validator whose source
    cannot stand for it: a lambda, or one that closes over variables.
    """
    model.model_rebuild()
    return SatisfiesModel(canonical_json(_Deciding().of(model.__pydantic_core_schema__)).decode(), strict, model)


class _Deciding:
    """Puts what decides in a compiled schema into plain JSON values, the same in every process."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def of(self, value: Any) -> Any:
        """Return `value` as JSON values. Raises `ValueError` for what has no stable form."""
        if isinstance(value, dict):
            return self._mapping(value)
        if isinstance(value, list | tuple):
            return [self.of(item) for item in value]
        if isinstance(value, Enum):
            return self.of(value.value)
        if value is None or isinstance(value, bool | str):
            return value
        return _of_code(value, self.of) if callable(value) else _told(value)

    def _mapping(self, schema: dict[Any, Any]) -> dict[str, Any]:
        found = {str(key): self._part(key, value) for key, value in schema.items() if key not in _UNDECIDING}
        if schema.get("type") in _OF_CLASSES:
            del found["cls"]
            called = (schema.get("post_init"), "__init__" if schema.get("custom_init") else None)
            found["called"] = [self.of(getattr(schema["cls"], name)) for name in called if name]
        return found

    def _part(self, key: Any, value: Any) -> Any:
        if key in _REFERENCES:
            return self._numbers.setdefault(value, len(self._numbers))
        if key in _NAMED and isinstance(value, dict):
            return {str(name): self.of(inner) for name, inner in value.items()}
        return _told(value) if key == "default" else self.of(value)


def _of_code(value: Any, of: Callable[[Any], Any]) -> Any:
    """Return what stands for a callable: its source, or its name where its library's version stands for it."""
    if isinstance(value, partial):
        return [_of_code(value.func, of), of(value.args), of(value.keywords)]
    function = value.__func__ if isinstance(value, MethodType) else value
    if not isinstance(function, FunctionType) or function.__module__.split(".")[0] == "pydantic":
        return getattr(function, "__qualname__", type(function).__qualname__)
    if function.__name__ == "<lambda>" or function.__closure__ is not None:
        raise ValueError(
            f"the model calls {function.__qualname__}, which has no version: write it by `def`, closing over nothing"
        )
    return function_source(function)


def _told(value: Any) -> str:
    if isinstance(value, Enum):
        return _told(value.value)
    if isinstance(value, set | frozenset):
        return f"{type(value).__name__} {sorted(map(_told, value))}"
    told = repr([value.pattern, value.flags]) if isinstance(value, re.Pattern) else repr(value)
    if _ADDRESS.search(told):
        raise ValueError(f"{told} stands in the model and has no stable form: give its class a repr of its value")
    return f"{type(value).__name__} {told}"


def _pointer(error: Any, value: Any) -> str:
    """Return the place of an error; pydantic's own steps (the alternative of a union) are left out."""
    pointer = ""
    for at, step in enumerate(error["loc"]):
        is_there = step in value if isinstance(value, dict) else isinstance(value, list) and isinstance(step, int)
        if is_there:
            value = value[step]
        if is_there or (error["type"] == "missing" and at == len(error["loc"]) - 1):
            pointer += "/" + str(step).replace("~", "~0").replace("/", "~1")
    return pointer
