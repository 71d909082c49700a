"""A text checked by a pydantic model, and what of the model is in the version."""

import datetime as dt
from enum import StrEnum
from typing import Annotated, Any

import pytest
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator

from eval_pipeline.evaluators.contract import Check
from eval_pipeline.evaluators.leaves.model_checks import satisfies_model
from tests.evaluators.conversations import call, message, outcome


class Size(StrEnum):
    SMALL = "small"


class Item(BaseModel):
    """One line of an order."""

    title: str = Field(min_length=2, description="as on the shelf")
    price: float = Field(gt=0)
    size: Size = Size.SMALL


class Order(BaseModel):
    model_config = ConfigDict(extra="forbid")

    items: list[Item]
    day: dt.date | None = None
    note: int | str | None = None

    @field_validator("items")
    @classmethod
    def _has_items(cls, items: list[Item]) -> list[Item]:
        """Refuse an empty order."""
        if not items:
            raise ValueError("an order needs items")
        return items


LAMP = {"title": "lamp", "price": 3}


@pytest.mark.parametrize(
    ("order", "said", "pointer"),
    [
        ({"items": [LAMP, {**LAMP, "price": -1}]}, "/items/1/price: Input should be greater than 0", "/items/1/price"),
        ({"items": []}, "/items: Value error, an order needs items", "/items"),
        ({}, "/items: Field required", "/items"),
        ({"items": [LAMP], "a/b": 1}, "/a~1b: Extra inputs are not permitted", "/a~1b"),
        ({"items": [LAMP], "note": []}, "/note: Input should be a valid integer", "/note"),
        ([], "the whole: Input should be a valid dictionary or instance of Order", ""),
    ],
)
def test_the_first_error_and_its_place(order: Any, said: str, pointer: str) -> None:
    finding = satisfies_model(Order).judge(call(order))
    assert (finding.outcome, finding.found(), finding.pointer) == ("fail", said, pointer)


def test_a_model_accepts_and_converts_unless_strict() -> None:
    assert outcome(satisfies_model(Order), call({"items": [LAMP]})) == "pass"
    assert outcome(satisfies_model(Order), message('{"items": [{"title": "lamp", "price": "3"}]}')) == "pass"
    strict = satisfies_model(Order, strict=True)
    assert outcome(strict, message('{"items": [{"title": "lamp", "price": "3"}]}')) == "fail"
    assert outcome(strict, call({"items": [{**LAMP, "size": "small"}], "day": "2026-03-02"})) == "pass"
    assert strict.judge(message("no json")).found() == "not JSON: no json"


def _short(text: str) -> str:
    if len(text) > 3:
        raise ValueError("too long")
    return text


def _shorter(text: str) -> str:
    if len(text) > 2:
        raise ValueError("too long")
    return text


def line(**changes: Any) -> type[BaseModel]:
    """Make the class `Item` anew, with changed fields."""
    fields = {"title": (str, Field(min_length=2)), "price": (float, Field(gt=0)), "size": (Size, Size.SMALL), **changes}
    space = {name: default for name, (_, default) in fields.items()}
    space |= {"__annotations__": {name: type_ for name, (type_, _) in fields.items()}, "__module__": __name__}
    return type("Line", (BaseModel,), space)


def version_of(check: Check[Any]) -> Any:
    return check.canonical()


def test_names_titles_and_descriptions_decide_nothing() -> None:
    assert version_of(satisfies_model(line())) == version_of(satisfies_model(Item))


@pytest.mark.parametrize(
    "changes",
    [
        {"title": (str, Field(min_length=3))},
        {"title": (str, ...)},
        {"title": (Annotated[str, AfterValidator(_short)], Field(min_length=2))},
        {"price": (int, Field(gt=0))},
        {"size": (str, "small")},
        {"more": (int, 3)},
        {"model_config": (dict, ConfigDict(str_strip_whitespace=True))},
    ],
)
def test_what_decides_is_in_the_version(changes: dict[str, Any]) -> None:
    assert version_of(satisfies_model(line(**changes))) != version_of(satisfies_model(Item))


def test_the_source_of_a_validator_is_in_the_version_and_strictness_is() -> None:
    short, shorter = (line(title=(Annotated[str, AfterValidator(check)], ...)) for check in (_short, _shorter))
    assert version_of(satisfies_model(short)) != version_of(satisfies_model(shorter))
    assert version_of(satisfies_model(Item)) != version_of(satisfies_model(Item, strict=True))


def test_a_validator_that_shows_no_version_is_refused() -> None:
    limit = 3

    def closes_over(text: str) -> str:
        return text[:limit]

    for function in (closes_over, lambda text: text):
        with pytest.raises(ValueError, match="has no version"):
            satisfies_model(line(title=(Annotated[str, AfterValidator(function)], ...)))
