"""A session's turns read from the warehouse, no more of them than a page needs.

Not here: what is made of them (`turns.py`, `search.py`).
"""

from typing import Any

from eval_pipeline.ports import Warehouse
from eval_pipeline.review.transcript.search import Found, search
from eval_pipeline.review.transcript.turns import Window, part_for, window

_LENGTH = "select jsonb_array_length(turns) as n_turns from evals.raw_sessions where session_id = %(session_id)s"
_PART = """
    select jsonb_path_query_array(turns, '$[$first to $last]',
                                  jsonb_build_object('first', %(first)s::int, 'last', %(last)s::int)) as turns
    from evals.raw_sessions where session_id = %(session_id)s"""
_ALL = "select turns from evals.raw_sessions where session_id = %(session_id)s"


def read_window(warehouse: Warehouse, session_id: str, around: int = 0) -> Window | None:
    """Return the window of the stored session that holds turn `around` (0 is the beginning), None for no such session."""
    n_turns = _n_turns(warehouse, session_id)
    if n_turns is None:
        return None
    first, end = part_for(around, n_turns)
    turns = _first(warehouse, _PART, session_id, first=first, last=end)["turns"]
    return window(turns, around, session_id=session_id, offset=first, n_total=n_turns)


def search_stored(warehouse: Warehouse, session_id: str, query: str) -> Found | None:
    """Return where `query` stands in the stored session, None for no such session."""
    row = _first(warehouse, _ALL, session_id)
    return search(row["turns"], query) if row else None


def read_text(warehouse: Warehouse, session_id: str, index: int) -> str | None:
    """Return the whole text of a turn, its reasoning first, None for no such turn."""
    row = _first(warehouse, _PART, session_id, first=max(index, 0), last=max(index, 0))
    if not row or not row["turns"]:
        return None
    turn = row["turns"][0]
    return "\n\n".join(str(turn[name]) for name in ("reasoning", "content") if turn.get(name))


def _n_turns(warehouse: Warehouse, session_id: str) -> int | None:
    row = _first(warehouse, _LENGTH, session_id)
    return int(row["n_turns"]) if row else None


def _first(warehouse: Warehouse, statement: str, session_id: str, **values: Any) -> dict[str, Any]:
    rows = warehouse.query(statement, {"session_id": session_id, **values}).to_dict("records")
    return {str(name): value for name, value in rows[0].items()} if rows else {}
