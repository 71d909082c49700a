"""The turns of one simulated session: how its truth shows in what is said and done, and how the customer takes it.

A failure looks as it would in a real product; nothing in the text marks it, and many customers do not say a word
about it. Not here: what is true (`truth.py`), how answers look (`answers.py`), what customers make of them
(`reactions.py`), the words (`script_*.py`), the rest of a session (`traffic.py`).
"""

from eval_pipeline.simulation.answers import answer_well, fail
from eval_pipeline.simulation.conversation import Conversation
from eval_pipeline.simulation.draws import Draws
from eval_pipeline.simulation.novel import fail_newly
from eval_pipeline.simulation.reactions import FAILURE_REACTIONS, GOOD_REACTIONS, react


def write_conversation(
    talk: Conversation, category: str | None, is_clarified: bool, is_rude: bool, planted: str | None = None
) -> None:
    """Write the whole session into `talk`: where the answer is due a failure of `category`, or `planted`, or a good one."""
    lead = _open(talk, is_clarified)
    if is_rude:
        # Drawn apart, so that the rest of the session is what it would be without.
        lead = f"{lead} {Draws('snub', talk.fields['case']).pick(talk.script.assistant['snubs'])}"
    if planted is not None:
        fail_newly(talk, planted, lead)
    elif category is None:
        answer_well(talk, lead)
    else:
        fail(talk, category, lead)
    talk.answer_index = len(talk.turns) - 1
    talk.reaction = talk.draws.weighted(FAILURE_REACTIONS if category or planted else GOOD_REACTIONS)
    react(talk)


def _open(talk: Conversation, is_clarified: bool) -> str:
    """Write up to the request; return what the assistant says as it calls the tool."""
    talk.assistant("greetings")
    talk.customer_says(talk.draws.pick(talk.topic.asks))
    if not is_clarified:
        return talk.line("opens_case")
    talk.assistant("asks_order")
    talk.customer("gives_order")
    return talk.line("looks_up")
