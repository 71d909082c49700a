"""Small conversations with everything that an operator can change."""

from datetime import UTC, datetime, timedelta
from typing import Any

from eval_pipeline.sessions import Session, ToolCall, Turn

START = datetime(2026, 3, 2, 9, tzinfo=UTC)


def turn(role: Any, content: str = "", **more: Any) -> Turn:
    return Turn(role=role, content=content, **more)


def calls(name: str, arguments: Any, call_id: str | None = "c1") -> Turn:
    return turn("assistant", tool_calls=[ToolCall(id=call_id, name=name, arguments=arguments)])


def talk(*turns: Turn, session_id: str = "s-1") -> Session:
    timed = [t.model_copy(update={"at": START + timedelta(seconds=5 * i)}) for i, t in enumerate(turns)]
    return Session(session_id=session_id, started_at=START, ended_at=START + timedelta(hours=1), turns=timed)


ORDER = talk(
    turn("user", "Hello. Please tell me where my parcel is, it should have been here on Monday morning."),
    turn("assistant", "Gladly. What is the number of your order?"),
    turn("user", "It is #W2611340, and I would like to know when the lamp arrives."),
    calls("get_order", {"order_id": "#W2611340", "with": {"items": True}}),
    turn(
        "tool", '{"order_id": "#W2611340", "from": "Köln", "url": "https://shop.example.com/track"}', tool_call_id="c1"
    ),
    turn(
        "assistant",
        "You can follow it at https://shop.example.com/track as it goes. Your parcel has left the warehouse in Köln and travels to the depot near you at the moment, "
        "so that the lamp should reach you within the next two days.",
    ),
    turn("user", "Thanks, that helps."),
)
"""A session on which every operator can act."""

SMALL_TALK = talk(turn("user", "Hi"))
"""A session without an answer, a tool or a sentence."""
