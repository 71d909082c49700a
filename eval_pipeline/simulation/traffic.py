"""Sessions of a simulated product, day by day, in the JSONL form that the importer reads.

The product is the support desk of an invented shop for household goods, with a chat and a returns bot, in English and
German. Everything is decided by (seed, day, index): a longer day begins with the same sessions.
Not here: what is said (`transcript.py`), what is true (`truth.py`), what customers press afterwards (`feedback.py`).
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from eval_pipeline.simulation.cases import case_day, case_number
from eval_pipeline.simulation.conversation import Conversation
from eval_pipeline.simulation.draws import Draws
from eval_pipeline.simulation.feedback import feedback
from eval_pipeline.simulation.novel import FIRST_PLANTED, Plant
from eval_pipeline.simulation.people import N_CUSTOMERS, Customer, customer
from eval_pipeline.simulation.script import Phenomenon
from eval_pipeline.simulation.script_de import SCRIPT as GERMAN
from eval_pipeline.simulation.script_en import SCRIPT as ENGLISH
from eval_pipeline.simulation.transcript import write_conversation
from eval_pipeline.simulation.truth import is_clarified, is_rude, product_version, truth

SCRIPTS = {script.locale: script for script in (ENGLISH, GERMAN)}
ITEMS = {
    "en": ("floor lamp", "linen duvet", "cast iron pan", "standing desk", "wool rug", "tea kettle", "oak shelf"),
    "de": ("Stehlampe", "Leinendecke", "Gusspfanne", "Schreibtisch", "Wollteppich", "Teekessel", "Eichenregal"),
}
OPEN_SHARE = 0.02
"""Share of sessions without an end mark."""

LEFT_OPEN_SHARE = 0.15
"""Share of the sessions that came to an end in words whose window still stays open for a while."""

LETTER_CODE_SHARE = 0.15
"""Share of orders whose number is of capital letters alone."""

DAMAGES = ("no_session_id", "bad_time", "turns_not_a_list", "unknown_role")


def simulate_day(
    day: date, n: int, seed: int, malformed: int = 0, plant: Plant | None = None
) -> Iterator[dict[str, Any]]:
    """Yield `n` sessions that start on `day` (UTC), then `malformed` records that no importer should accept.

    The damage of a malformed record takes turns over `DAMAGES`. `plant`: a failure mode outside the taxonomy that takes the
    place of some sessions. Raises `ValueError` for a day outside the range of case numbers (2020 to 2041) or more sessions
    than a day can hold (400,000).
    """
    if n + malformed > FIRST_PLANTED:
        raise ValueError(f"a day holds {FIRST_PLANTED:,} sessions")
    n_planted = 0
    for index in range(n):
        if plant is not None and plant.has(day, index, seed):
            yield _session(day, plant.case_index(n_planted), seed)
            n_planted += 1
        else:
            yield _session(day, index, seed)
    for number in range(malformed):
        yield _damaged(_session(day, n + number, seed), DAMAGES[number % len(DAMAGES)])


def write_traffic(
    folder: Path, days: Sequence[date], per_day: int, seed: int, malformed: int = 0, plant: Plant | None = None
) -> list[Path]:
    """Write one file `sessions-YYYY-MM-DD.jsonl` per day into `folder` and return their paths in the order of `days`.

    The same arguments give the same bytes. A file appears whole or not at all; an older one is replaced.
    """
    folder.mkdir(parents=True, exist_ok=True)
    return [_write_day(folder, day, per_day, seed, malformed, plant) for day in days]


def _write_day(folder: Path, day: date, n: int, seed: int, malformed: int, plant: Plant | None) -> Path:
    path = folder / f"sessions-{day.isoformat()}.jsonl"
    unfinished = path.with_suffix(".jsonl.part")
    try:
        with unfinished.open("wb") as file:
            file.writelines(
                orjson.dumps(session, option=orjson.OPT_APPEND_NEWLINE)
                for session in simulate_day(day, n, seed, malformed, plant)
            )
        unfinished.replace(path)
    finally:
        with suppress(FileNotFoundError):
            unfinished.unlink()
    return path


class SimulatedSession(NamedTuple):
    """A session as it stands in the files, and what truly occurs in it (`phenomena.py`)."""

    record: dict[str, Any]
    phenomena: frozenset[Phenomenon]


def simulated_session(case: str, seed: int) -> SimulatedSession:
    """Return the session with this case number. Raises `ValueError` if it is no case number."""
    day = case_day(case)
    draws = Draws("traffic", str(seed), case)
    person = customer(draws.below(N_CUSTOMERS), seed)
    topic = draws.pick(SCRIPTS[person.locale].topics)
    started_at = datetime.combine(day, time(), UTC) + timedelta(milliseconds=draws.below(86_400_000))
    fields = {**_fields(day, case, person, draws), "about": topic.about, "rest": topic.rest}
    talk = Conversation(SCRIPTS[person.locale], topic, fields, person, draws, started_at)
    known = truth(case, seed)
    write_conversation(talk, known.category, is_clarified(case, seed), is_rude(case, seed), known.planted)
    session = {
        "session_id": f"sim-{seed}-{case.removeprefix('SIM-')}",
        "started_at": started_at.isoformat(timespec="milliseconds"),
        "domain": "retail",
        "surface": topic.surface,
        "model": product_version(day),
        "prompt_version": f"{topic.surface}/{product_version(day).removeprefix('sim-')}",
        "user_id": person.user_id,
        "slices": {"locale": person.locale, "plan": person.plan},
        "turns": talk.turns,
        "feedback": feedback(talk),
        "source": "simulation",
        "meta": {"topic": topic.name, "channel": draws.pick(("web", "web", "app")), "customer": person.record()},
    }
    if not draws.chance(OPEN_SHARE):
        session["ended_at"] = (talk.at + timedelta(seconds=_idle(talk))).isoformat(timespec="milliseconds")
    return SimulatedSession(session, frozenset(talk.phenomena))


def _idle(talk: Conversation) -> float:
    """Return how many seconds pass until the session is ended: nobody ends one that is left without a word."""
    is_left = talk.turns[-1]["role"] == "assistant" and not talk.is_over
    return talk.draws.between(120, 600) if is_left or talk.draws.chance(LEFT_OPEN_SHARE) else talk.draws.between(1, 6)


def _session(day: date, index: int, seed: int) -> dict[str, Any]:
    return simulated_session(case_number(day, index), seed).record


def _fields(day: date, case: str, person: Customer, draws: Draws) -> dict[str, str]:
    """Return the values of a template's fields."""
    due = day + timedelta(days=2 + draws.below(8))
    is_german = person.locale == "de"
    items = ITEMS[person.locale]
    item = draws.below(len(items))
    total = f"{draws.between(15, 400):.2f}"
    return {
        "case": case,
        "first": person.first,
        "last": person.last,
        "full": f"{person.first} {person.last}",
        "email": person.email,
        "phone": person.phone,
        "street": person.street,
        "town": person.town,
        "post_code": person.post_code,
        "order": _order_number(draws),
        "item": items[item],
        "other": items[(item + 1 + draws.below(len(items) - 1)) % len(items)],
        "total": total.replace(".", ",") if is_german else total,
        "eta": f"{due:%d.%m.%Y}" if is_german else f"{due:%m/%d/%Y}",
    }


def _order_number(draws: Draws) -> str:
    if draws.chance(LETTER_CODE_SHARE):
        return f"QM-{''.join(draws.pick('BCDFGHKLMPRSTVWZ') for _ in range(5))}"
    return f"QM-{draws.below(90_000) + 10_000}-{draws.pick('ABCDEFGH')}"


def _damaged(session: dict[str, Any], damage: str) -> dict[str, Any]:
    """Return `session` with the damage done to it."""
    match damage:
        case "no_session_id":
            del session["session_id"]
        case "bad_time":
            session["started_at"] = "yesterday"
        case "turns_not_a_list":
            session["turns"] = "lost"
        case "unknown_role":
            session["turns"][1]["role"] = "narrator"
    return session
