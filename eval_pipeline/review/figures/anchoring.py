"""How far machines move people: answers that were changed once the machines' words were shown.

Of each reading that was locked blind and then held against the machines' words, the locked answer is compared with what
stands after the reveal, apart for readings that the machine agreed with and those that it contradicted. People who only
think again change both alike; what they change more often where the machine contradicts them is its pull. The change
may be right: it was the machine's word that made them look again. Not here: which changes are stored
(`review/answers.py`), agreement between people (`agreement_reading.py`).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Any

from eval_pipeline.calibration.estimators.rates import MIN_FOR_RATE, Rate, rate
from eval_pipeline.ports import Warehouse
from eval_pipeline.review.figures.records import production_first, records

Row = Mapping[str, Any]
Words = Mapping[str, Mapping[str, Any]]

VOICES = ("most judges", "any evaluator")
STANDS = ("contradicted", "agreed with")

_STEPS = """
    select s.origin, r.session_id, r.reviewer, r.is_repeat, r.stage, r.answers ->> 'session' as answer, r.machine_words
    from evals.reviews r join evals.raw_sessions s using (session_id)
    where ((r.stage = 'blind' and r.is_blind) or r.stage = 'revealed')
      and exists (
          select 1 from evals.reviews later
          where later.session_id = r.session_id and later.reviewer = r.reviewer and later.is_repeat = r.is_repeat
            and later.stage = 'revealed' and later.revision is not null)
    order by s.origin, r.session_id, r.reviewer, r.is_repeat, r.submitted_at, r.review_id"""


@dataclass(frozen=True)
class Revealed:
    """A reading that was held against the machines' words. `locked`, `now`: pass, fail or unsure."""

    origin: str
    locked: str
    now: str
    words: Words


@dataclass(frozen=True)
class Pull:
    """Readings that a machine `stand` (see `STANDS`): how many were changed, and which way.

    `n_toward`: to what the machine says; `n_away`: to the opposite. A change to or from unsure is among `n_changed` alone.
    """

    voice: str
    stand: str
    n: int
    n_changed: int
    n_toward: int
    n_away: int
    changed: Rate


@dataclass(frozen=True)
class Anchoring:
    """What the reveal does to readings of one origin. `changed`: of all of them, whatever machines said."""

    origin: str
    n: int
    n_changed: int
    changed: Rate
    pulls: tuple[Pull, ...]


def anchoring(warehouse: Warehouse) -> list[Anchoring]:
    """Return what the reveal does, by origin, production first; nothing where nobody submitted after a reveal."""
    found = revealed_of(records(warehouse, _STEPS))
    origins = production_first([each.origin for each in found])
    return [measured(origin, [each for each in found if each.origin == origin]) for origin in origins]


def revealed_of(steps: Sequence[Mapping[Any, Any]]) -> list[Revealed]:
    """Return the readings behind `steps`: reviews in order of reading and time, `stage, answer, machine_words` among them.

    A reading without a blind answer before its first revealed one is left out: who had looked had nothing to be moved from.
    """
    found = []
    for (origin, *_), group in groupby(steps, key=itemgetter("origin", "session_id", "reviewer", "is_repeat")):
        locked, now, words = None, None, dict[str, Mapping[str, Any]]()
        for step in group:
            answer = step["answer"]
            if step["stage"] == "blind":
                locked = now = answer or locked
            elif locked is not None:
                now, words = answer or now, {**words, **step["machine_words"]}
        if locked is not None and now is not None:
            found.append(Revealed(str(origin), locked, now, words))
    return found


def measured(origin: str, readings: Sequence[Revealed]) -> Anchoring:
    """Return what the reveal did to `readings`."""
    n_changed = sum(each.locked != each.now for each in readings)
    pulls = [_pull(readings, voice, stand) for voice in VOICES for stand in STANDS]
    n = len(readings)
    return Anchoring(origin, n, n_changed, rate(n_changed, n, MIN_FOR_RATE), tuple(pulls))


def said_by(voice: str, words: Words) -> str | None:
    """Return what a voice says of the session, pass or fail; None when it says nothing.

    `most judges`: what more judges say than say the opposite. `any evaluator`: fail, where one fails; those that pass are
    folded on the page, and are no voice.
    """
    kind = "judge:" if voice == "most judges" else "evaluator:"
    said = [word.get("said") for target, word in words.items() if target.startswith(kind)]
    fails, passes = said.count("fail"), said.count("pass")
    if voice == "any evaluator":
        return "fail" if fails else None
    return None if fails == passes else "fail" if fails > passes else "pass"


def _pull(readings: Iterable[Revealed], voice: str, stand: str) -> Pull:
    heard = [(each, said_by(voice, each.words)) for each in readings if each.locked != "unsure"]
    of = [(each, said) for each, said in heard if said and (said == each.locked) == (stand == "agreed with")]
    changed = [(each, said) for each, said in of if each.now != each.locked]
    n_toward = sum(each.now == said for each, said in changed)
    n_away = sum(each.now not in (said, "unsure") for each, said in changed)
    return Pull(voice, stand, len(of), len(changed), n_toward, n_away, rate(len(changed), len(of), MIN_FOR_RATE))
