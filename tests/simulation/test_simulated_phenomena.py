import re
from collections.abc import Callable
from datetime import date
from typing import Any, get_args

import orjson
import pytest

from eval_pipeline.simulation.cases import case_number, case_of_turns
from eval_pipeline.simulation.people import customer
from eval_pipeline.simulation.phenomena import PHENOMENA, phenomena
from eval_pipeline.simulation.script import ASSISTANT_LINES, CUSTOMER_LINES, Phenomenon, Script
from eval_pipeline.simulation.traffic import SCRIPTS, write_traffic
from eval_pipeline.simulation.truth import truth
from tests.simulation.frames import SEED, is_likely

BAD_DAY = date(2026, 2, 26)
N = 3000

Record = dict[str, Any]


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> list[Record]:
    """The sessions of a day as they stand in its file."""
    [path] = write_traffic(tmp_path_factory.mktemp("traffic"), [BAD_DAY], N, SEED)
    return [orjson.loads(line) for line in path.read_bytes().splitlines()]


@pytest.fixture(scope="module")
def known(records: list[Record]) -> list[frozenset[Phenomenon]]:
    """What occurs in each of them, asked for by the case number that its transcript shows."""
    cases = [case_of_turns(record["turns"]) for record in records]
    assert cases == [case_number(BAD_DAY, index) for index in range(N)]
    return [phenomena(case, SEED) for case in cases if case is not None]


def said_after_answer(record: Record, role: str) -> list[str]:
    """What `role` said after the first request, and the assistant's question for the order, were dealt with."""
    first_result = next(i for i, turn in enumerate(record["turns"]) if turn["role"] == "tool")
    return [turn["content"] for turn in record["turns"][first_result:] if turn["role"] == role]


def is_bad_feedback(record: Record) -> bool:
    return any(given["kind"] == "report" or given["value"] < 0.5 for given in record["feedback"])


def has_tool_error(record: Record) -> bool:
    return any(turn["role"] == "tool" and '"order":' not in turn["content"] for turn in record["turns"])


def repeats_a_call_that_succeeded(record: Record) -> bool:
    done = set()
    for turn, result in zip(record["turns"], record["turns"][1:], strict=False):
        for call in turn.get("tool_calls", []):
            if (asked := str((call["name"], call["arguments"]))) in done:
                return True
            if '"order":' in result["content"]:
                done.add(asked)
    return False


def has_no_language(record: Record) -> bool:
    garbles = {line.format() for script in SCRIPTS.values() for line in script.assistant["garbles"]}
    answers = said_after_answer(record, "assistant")
    return any(answer in garbles or not answer for answer in answers[:1]) and not has_tool_error(record)


def is_in_part(record: Record) -> bool:
    category = truth(case_of_turns(record["turns"]) or "", SEED).category
    return category == "incomplete_answer" or (category == "truncated" and not has_no_language(record))


def is_declined(record: Record) -> bool:
    script = SCRIPTS[record["slices"]["locale"]]
    declining = (*script.assistant["refusals"], *(answer for _, answer in script.declined))
    said = "\n".join(said_after_answer(record, "assistant"))
    return any(is_in(line, said) for line in declining)


SEEN: dict[Phenomenon, Callable[[Record], bool]] = {
    "explicit_report": is_bad_feedback,
    "partial_completion": is_in_part,
    "refusal": is_declined,
    "tool_error": has_tool_error,
    "tool_loop": repeats_a_call_that_succeeded,
    "empty_or_garbled_answer": has_no_language,
}


@pytest.mark.parametrize("name", SEEN)
def test_what_can_be_read_off_a_file_is_what_is_said_to_occur(
    name: Phenomenon, records: list[Record], known: list[frozenset[Phenomenon]]
) -> None:
    occurs = [name in each for each in known]
    assert any(occurs)
    assert occurs == [SEEN[name](record) for record in records]


def test_every_phenomenon_has_a_meaning_and_occurs_in_many_words(
    records: list[Record], known: list[frozenset[Phenomenon]]
) -> None:
    assert set(PHENOMENA) == set(get_args(Phenomenon))
    for name in PHENOMENA:
        having = [record for record, each in zip(records, known, strict=True) if name in each]
        assert len(having) > N / 300, name
        assert {record["slices"]["locale"] for record in having} == {"en", "de"}
        assert not all(name in each for each in known)
    for name in ("frustration", "corrective_followup", "handover", "rephrasing"):
        last_words = {
            said_after_answer(record, "user")[0] for record, each in zip(records, known, strict=True) if name in each
        }
        assert len(last_words) > 15, name


def test_what_neat_typists_say_after_the_answer_is_what_is_said_to_occur(
    records: list[Record], known: list[frozenset[Phenomenon]]
) -> None:
    """The others' habits and slips of the hand cannot be read back so easily."""
    told_by_words = frozenset(get_args(Phenomenon)) & {"rephrasing", "frustration", "corrective_followup", "handover"}
    n_with_words = 0
    for record, each in zip(records, known, strict=True):
        if customer(int(record["user_id"].removeprefix("cust_")), SEED).hand == "neat":
            shown = shown_in(record)
            assert each & told_by_words == shown & told_by_words, said_after_answer(record, "user")
            n_with_words += bool(shown)
    assert n_with_words > N / 30


def shown_in(record: Record) -> set[Phenomenon]:
    """The phenomena of every scripted sentence that the customer's words after the answer hold."""
    script = SCRIPTS[record["slices"]["locale"]]
    [topic] = [topic for topic in script.topics if topic.name == record["meta"]["topic"]]
    said = "\n".join(said_after_answer(record, "user"))
    shown: set[Phenomenon] = set()
    for kind, lines in script.customer.items():
        if CUSTOMER_LINES[kind].shows and any(is_in(line, said) for line in lines):
            shown |= CUSTOMER_LINES[kind].shows
    return shown | ({"rephrasing"} if any(is_in(line, said) for line in topic.again) else set())


def is_in(template: str, said: str) -> bool:
    filled = r"[^\n]+".join(re.escape(part) for part in re.split(r"\{\w+\}", template))
    return re.search(rf"(?<!\w){filled}(?!\w)", said) is not None


def test_who_leaves_without_a_word_after_a_failure_abandons_and_who_thanks_does_not(
    records: list[Record], known: list[frozenset[Phenomenon]]
) -> None:
    n_silent_after = {True: 0, False: 0}
    for index, (record, each) in enumerate(zip(records, known, strict=True)):
        is_failure = truth(case_number(BAD_DAY, index), SEED).is_failure
        assert is_failure or "abandonment" not in each
        if not said_after_answer(record, "user"):
            n_silent_after[is_failure] += 1
            assert ("abandonment" in each) == is_failure
        if "handover" in each:
            assert "abandonment" not in each
    assert min(n_silent_after.values()) > 20


def test_the_failures_that_nobody_reacts_to_are_more_than_a_quarter(
    records: list[Record], known: list[frozenset[Phenomenon]]
) -> None:
    """Those after which the customer neither leaves unserved nor says or presses anything against the answer."""
    shown = frozenset({"abandonment", "rephrasing", "frustration", "corrective_followup", "handover"})
    failed = [
        (record, each & shown)
        for index, (record, each) in enumerate(zip(records, known, strict=True))
        if truth(case_number(BAD_DAY, index), SEED).is_failure
    ]
    puzzled = {line for script in SCRIPTS.values() for line in script.customer["nudges"]}
    n_silent = sum(not each and said_after_answer(record, "user")[0] not in puzzled for record, each in failed)
    assert is_likely(n_silent, len(failed), 0.28)


def test_good_sessions_have_near_misses_and_failures_may_show_nothing(known: list[frozenset[Phenomenon]]) -> None:
    is_failure = [truth(case_number(BAD_DAY, index), SEED).is_failure for index in range(N)]
    of_good = frozenset[Phenomenon]().union(
        *(each for each, failed in zip(known, is_failure, strict=True) if not failed)
    )
    assert of_good == {"explicit_report", "frustration", "tool_error", "refusal", "handover"}
    assert any(not each for each, failed in zip(known, is_failure, strict=True) if failed)


@pytest.mark.parametrize("script", SCRIPTS.values(), ids=SCRIPTS)
def test_a_script_has_lines_of_every_kind_and_none_twice(script: Script) -> None:
    for lines, kinds in ((script.customer, CUSTOMER_LINES), (script.assistant, ASSISTANT_LINES)):
        assert set(lines) == set(kinds)
        assert all(len(set(of_kind)) == len(of_kind) - max(0, of_kind.count("") - 1) for of_kind in lines.values())


@pytest.mark.parametrize("script", SCRIPTS.values(), ids=SCRIPTS)
def test_no_sentence_is_of_two_kinds_that_show_different_things(script: Script) -> None:
    kinds_of: dict[str, set[str]] = {}
    for kind, lines in script.customer.items():
        for line in lines:
            kinds_of.setdefault(line.lower().strip(" ."), set()).add(kind)
    shows = {line: {CUSTOMER_LINES[kind].shows for kind in kinds} for line, kinds in kinds_of.items()}
    assert {line: each for line, each in shows.items() if len(each) > 1} == {}


def test_what_is_no_case_number_has_no_phenomena() -> None:
    with pytest.raises(ValueError, match="no case number"):
        phenomena("SIM-12345678", SEED)
