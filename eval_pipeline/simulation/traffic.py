"""Sessions of a simulated product, day by day, in the JSONL form that the importer reads.

The product is the support desk of an invented shop for household goods, with a chat and a returns bot, in English and
German. Everything is decided by (seed, day, index): a longer day begins with the same sessions.
Not here: what is said (`transcript.py`), what is true (`truth.py`).
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import orjson

from eval_pipeline.simulation.cases import case_number
from eval_pipeline.simulation.draws import Draws
from eval_pipeline.simulation.people import N_CUSTOMERS, Customer, customer
from eval_pipeline.simulation.script_de import SCRIPT as GERMAN
from eval_pipeline.simulation.script_en import SCRIPT as ENGLISH
from eval_pipeline.simulation.transcript import Conversation, write_conversation
from eval_pipeline.simulation.truth import is_clarified, product_version, truth

SCRIPTS = {script.locale: script for script in (ENGLISH, GERMAN)}
ITEMS = {
    "en": ("floor lamp", "linen duvet", "cast iron pan", "standing desk", "wool rug", "tea kettle", "oak shelf"),
    "de": ("Stehlampe", "Leinendecke", "Gusspfanne", "Schreibtisch", "Wollteppich", "Teekessel", "Eichenregal"),
}
OPEN_SHARE = 0.02
"""Share of sessions without an end mark."""

FEEDBACK_RATES = {
    "thank": {"up": 0.16, "down": 0.0, "report": 0.0, "rating": 0.04},
    "follow_up": {"up": 0.1, "down": 0.01, "report": 0.0, "rating": 0.04},
    "accept": {"up": 0.03, "down": 0.02, "report": 0.0, "rating": 0.02},
    "leave": {"up": 0.01, "down": 0.06, "report": 0.01, "rating": 0.0},
    "rephrase": {"up": 0.0, "down": 0.15, "report": 0.03, "rating": 0.01},
    "complain": {"up": 0.0, "down": 0.35, "report": 0.1, "rating": 0.02},
    "rage": {"up": 0.0, "down": 0.2, "report": 0.03, "rating": 0.02},
    "ask_person": {"up": 0.0, "down": 0.1, "report": 0.05, "rating": 0.0},
}
"""Probability of each kind of feedback by how the customer took the answer; most give none."""

DAMAGES = ("no_session_id", "bad_time", "turns_not_a_list", "unknown_role")


def simulate_day(day: date, n: int, seed: int, malformed: int = 0) -> Iterator[dict[str, Any]]:
    """Yield `n` sessions that start on `day` (UTC), then `malformed` records that no importer should accept.

    The damage of a malformed record takes turns over `DAMAGES`. Raises `ValueError` for a day outside the range of
    case numbers (2020 to 2041) or more sessions than a day can hold (414,720).
    """
    for index in range(n):
        yield _session(day, index, seed)
    for number in range(malformed):
        yield _damaged(_session(day, n + number, seed), DAMAGES[number % len(DAMAGES)])


def write_traffic(folder: Path, days: Sequence[date], per_day: int, seed: int, malformed: int = 0) -> list[Path]:
    """Write one file `sessions-YYYY-MM-DD.jsonl` per day into `folder` and return their paths in the order of `days`.

    The same arguments give the same bytes. A file appears whole or not at all; an older one is replaced.
    """
    folder.mkdir(parents=True, exist_ok=True)
    return [_write_day(folder, day, per_day, seed, malformed) for day in days]


def _write_day(folder: Path, day: date, n: int, seed: int, malformed: int) -> Path:
    path = folder / f"sessions-{day.isoformat()}.jsonl"
    unfinished = path.with_suffix(".jsonl.part")
    try:
        with unfinished.open("wb") as file:
            file.writelines(
                orjson.dumps(session, option=orjson.OPT_APPEND_NEWLINE)
                for session in simulate_day(day, n, seed, malformed)
            )
        unfinished.replace(path)
    finally:
        with suppress(FileNotFoundError):
            unfinished.unlink()
    return path


def _session(day: date, index: int, seed: int) -> dict[str, Any]:
    case = case_number(day, index)
    draws = Draws("traffic", str(seed), case)
    person = customer(draws.below(N_CUSTOMERS), seed)
    script = SCRIPTS[person.locale]
    topic = draws.pick(script.topics)
    started_at = datetime.combine(day, time(), UTC) + timedelta(milliseconds=draws.below(86_400_000))
    talk = Conversation(script, _fields(day, case, person, draws), person, draws, started_at)
    write_conversation(talk, topic, truth(case, seed).category, is_clarified(case, seed))
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
        "feedback": _feedback(talk),
        "source": "simulation",
        "meta": {"topic": topic.name, "channel": draws.pick(("web", "web", "app")), "customer": person.record()},
    }
    if not draws.chance(OPEN_SHARE):
        idle = draws.between(120, 600) if talk.reaction == "leave" else draws.between(1, 6)
        session["ended_at"] = (talk.at + timedelta(seconds=idle)).isoformat(timespec="milliseconds")
    return session


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
        "order": f"QM-{draws.below(90_000) + 10_000}-{draws.pick('ABCDEFGH')}",
        "item": items[item],
        "other": items[(item + 1 + draws.below(len(items) - 1)) % len(items)],
        "total": total.replace(".", ",") if is_german else total,
        "eta": f"{due:%d.%m.%Y}" if is_german else f"{due:%m/%d/%Y}",
    }


def _feedback(talk: Conversation) -> list[dict[str, Any]]:
    rates, draws = FEEDBACK_RATES[talk.reaction], talk.draws
    given: list[dict[str, Any]] = []
    thumb = draws.unit()
    if thumb < rates["up"]:
        given.append({"kind": "thumbs", "value": 1, "turn_index": talk.answer_index})
    elif thumb < rates["up"] + rates["down"]:
        given.append({"kind": "thumbs", "value": -1, "turn_index": talk.answer_index})
    if draws.chance(rates["report"]):
        given.append({"kind": "report", "text": draws.pick(talk.script.reports).format_map(talk.fields)})
    if draws.chance(rates["rating"]):
        is_content = talk.reaction in ("thank", "follow_up", "accept")
        given.append({"kind": "rating", "value": draws.pick((0.75, 1.0) if is_content else (0.0, 0.25))})
    return given


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
