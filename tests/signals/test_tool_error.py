"""tool_error: results that are errors by mark or by form, results that only speak of them, and recoveries."""

from typing import Any

import pytest

from tests.signals.conversations import only


def exchange(content: str, name: str = "get_order", call_id: str = "c1", **more: Any) -> list[dict[str, Any]]:
    return [
        {"role": "assistant", "tool_calls": [{"id": call_id, "name": name, "arguments": {}}]},
        {"role": "tool", "content": content, "tool_call_id": call_id, **more},
    ]


@pytest.mark.parametrize(
    ("content", "strength"),
    [
        ('{"error": "order not found", "code": 404}', 0.7),
        ('{"Success": false, "detail": "card declined"}', 0.7),
        ('[{"status": "error"}]', 0.7),
        ('{"statusCode": 503, "message": "upstream"}', 0.7),
        ('{"isError": true, "content": []}', 0.7),
        ("Error: payment does not add up", 0.6),
        ("Traceback (most recent call last):\n  File ...", 0.6),
        ("  HTTP 500 from order service", 0.6),
        ('{"error": "cut off in the midd', 0.6),
    ],
)
def test_a_result_in_the_form_of_an_error_fires(content: str, strength: float) -> None:
    row = only("tool_error", exchange(content))
    assert (row["outcome"], row["strength"], row["turn_index"]) == ("fired", strength, 1)
    assert (row["quote"], row["reason"]) == (content, "get_order failed")


@pytest.mark.parametrize(
    "content",
    [
        '{"order": "A1", "error": null, "errors": []}',
        '{"payment": {"status": "error", "code": 500}}',
        '{"code": 512, "name": "Errol"}',
        '{"status": "failed", "payment_id": "p1"}',
        '{"success": true, "error": ""}',
        "The error rate of this model is low",
        "Errors and omissions excepted",
        "",
        "[]",
        "{",
    ],
)
def test_a_result_that_only_speaks_of_errors_is_quiet(content: str) -> None:
    assert only("tool_error", exchange(content))["outcome"] == "quiet"


def test_the_mark_of_the_tool_is_surer_than_the_form() -> None:
    marked = only("tool_error", exchange("no luck", is_error=True))
    assert marked["strength"] == 0.8 > only("tool_error", exchange("Error: no luck"))["strength"]


def test_a_later_success_of_the_same_tool_weakens_it() -> None:
    failed = exchange("Error: timeout", call_id="c1")
    lasting = only("tool_error", [*failed, *exchange("{}", name="other", call_id="c2")])
    mended = only("tool_error", [*failed, *exchange('{"order": 1}', call_id="c2")])
    too_early = only("tool_error", [*exchange('{"order": 1}', call_id="c2"), *failed])
    assert lasting["strength"] == too_early["strength"] > mended["strength"] > 0
    assert mended["reason"] == "get_order failed and worked later"


def test_more_errors_are_stronger_and_stay_a_share() -> None:
    one, two, many = (only("tool_error", exchange("x", is_error=True) * n)["strength"] for n in (1, 2, 3000))
    assert one < two < many <= 1


def test_results_without_a_call_are_read_as_one_unnamed_tool() -> None:
    row = only("tool_error", [{"role": "tool", "content": "x", "is_error": True}])
    assert (row["outcome"], row["reason"]) == ("fired", "a tool failed")


def test_nothing_can_be_said_where_no_tool_answered() -> None:
    row = only("tool_error", [{"role": "user", "content": "Error: help"}])
    assert (row["outcome"], row["reason"]) == ("not_applicable", "no tool result")
