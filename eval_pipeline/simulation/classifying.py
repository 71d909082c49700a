"""What the simulated classifier says: the true category, spoilt by known error rates.

Not here: the protocol it is asked over (`judge_endpoint.py`).
"""

import re

from eval_pipeline.simulation.cases import last_case
from eval_pipeline.simulation.judging import FINDINGS
from eval_pipeline.simulation.novel import NAMED_SHARE
from eval_pipeline.simulation.truth import truth
from eval_pipeline.versions import unit_hash

ACCURACY = 0.85
"""Share of true failures that are put into their category, of those on which the classifier does not abstain."""

ABSTAINED_SHARE = 0.08
"""Share of true failures on which it abstains; it always does so where nothing failed."""

_INTRODUCTION = re.compile(r'You are the classifier "([^"]+)"')


def is_classifier(system_message: str) -> bool:
    """Return whether the first line of a system message introduces a classifier."""
    return _INTRODUCTION.match(system_message) is not None


def classifier_reply(user_message: str, seed: int) -> dict[str, str]:
    """Return the reply about the session in `user_message`: the same for the same request."""
    case = last_case(user_message)
    known = None if case is None else truth(case, seed)
    if known is None or not known.is_failure or case is None:
        return {"critique": "I see nothing that went wrong.", "category": "abstain"}
    abstained = ABSTAINED_SHARE if known.category else 1 - NAMED_SHARE
    if unit_hash("classifier abstains", str(seed), case) < abstained:
        return {"critique": "What went wrong fits none of the categories.", "category": "abstain"}
    categories = sorted(FINDINGS)
    said = known.category
    if said is None or unit_hash("classifier errs", str(seed), case) >= ACCURACY:
        others = [category for category in categories if category != known.category]
        said = others[int(unit_hash("classifier says", str(seed), case) * len(others))]
    return {"critique": f"Turn {known.first_bad_turn}: {FINDINGS[said]}", "category": said}
