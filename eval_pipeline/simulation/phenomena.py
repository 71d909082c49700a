"""What truly occurs in a simulated session, beside whether it failed: the yardstick of each signal.

The writing of a transcript notes what it does as it does it, so this is true by construction and rests on no detector.
Not here: whether the session failed (`truth.py`); a phenomenon may occur in a good session, and a failure may show none.
"""

from collections.abc import Mapping

from eval_pipeline.simulation.script import Phenomenon
from eval_pipeline.simulation.traffic import simulated_session

PHENOMENA: Mapping[Phenomenon, str] = {
    "explicit_report": "the customer marks the session as bad: a thumb down, a rating below the middle, or a report",
    "abandonment": "the customer leaves with his request unmet, in silence after the assistant's last word or giving up in words; who says thanks or okay last, or gets a person, does not",
    "rephrasing": "the customer makes his whole request again after an answer, in other words",
    "partial_completion": "the answer leaves out a part of what was asked for, or breaks off",
    "frustration": "the customer's words are angry or weary, whether at the answer or at the shop's terms",
    "corrective_followup": "the customer says that the answer is not what was asked for, or lacks a part, or names what was meant",
    "tool_error": "a tool reports an error, whatever comes of it",
    "tool_loop": "the same tool is called with the same arguments again although it had succeeded",
    "refusal": "the assistant declines what was asked for, with or without good reason",
    "handover": "the customer asks for a person, and is handed over",
    "empty_or_garbled_answer": "where an answer is due the assistant says nothing, or nothing that is language",
}
"""Each phenomenon and what it means."""


def phenomena(case: str, seed: int) -> frozenset[Phenomenon]:
    """Return which of `PHENOMENA` occur in the session with this case number.

    The session is written anew, as `simulate_day` writes it: about 0.1 ms. Raises `ValueError` if it is no case number.
    """
    return simulated_session(case, seed).phenomena
