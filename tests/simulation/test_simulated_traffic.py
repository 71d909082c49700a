import os
import re
import subprocess
import sys
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import orjson
import pytest
from pydantic import ValidationError

from eval_pipeline.sessions import Session, Turn
from eval_pipeline.simulation.cases import case_number, last_case
from eval_pipeline.simulation.traffic import ITEMS, SCRIPTS, simulate_day, write_traffic
from eval_pipeline.simulation.truth import Truth, is_clarified, product_version, truth
from tests.simulation.frames import DAY, SEED, as_session, is_likely

N = 2000
SESSIONS = [as_session(record) for record in simulate_day(DAY, N, SEED)]
TRUTHS = [truth(case_number(DAY, index), SEED) for index in range(N)]

EVERYTHING = """
import sys, hashlib, pathlib
from tests.simulation.frames import DAY, SEED, day_frame, queue_frame
from eval_pipeline.simulation.judging import judge_reply
from eval_pipeline.simulation.reviewers import simulate_reviews
from eval_pipeline.simulation.traffic import write_traffic
from eval_pipeline.simulation.truth import known_truth
[path] = write_traffic(pathlib.Path(sys.argv[1]), [DAY], 150, SEED, malformed=2)
sessions = day_frame(60)
reviews = simulate_reviews(queue_frame(sessions), sessions, ["relevance"], SEED, "1", "1")
replies = [judge_reply('You are the judge "relevance", version 1.', str(t), "", SEED) for t in sessions["turns"]]
told = path.read_text() + reviews.to_csv() + str(replies) + known_truth(sessions, SEED).to_csv()
print(hashlib.sha256(told.encode()).hexdigest())
"""


def failing(category: str) -> list[tuple[Session, Truth, int]]:
    """The sessions that fail in this way, with their truth and the index of the turn that goes wrong."""
    both = zip(SESSIONS, TRUTHS, strict=True)
    found = [(s, t, t.first_bad_turn) for s, t in both if t.category == category and t.first_bad_turn is not None]
    assert found
    return found


def is_error(turn: Turn) -> bool:
    """Whether a tool turn reports an error, marked or only in words: all good results are objects that name the order."""
    return turn.role == "tool" and '"order":' not in turn.content


def calls(turns: list[Turn]) -> list[tuple[str, str]]:
    return [(call.name, str(call.arguments)) for turn in turns for call in turn.tool_calls]


def test_everything_is_the_same_in_every_process(tmp_path: Path) -> None:
    hashes = {
        subprocess.run(
            [sys.executable, "-c", EVERYTHING, str(tmp_path / hash_seed)],
            env={**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": "."},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for hash_seed in ("1", "2")
    }
    assert len(hashes) == 1


def test_a_longer_day_begins_with_the_same_sessions_and_seeds_differ() -> None:
    assert list(simulate_day(DAY, 20, SEED)) == list(simulate_day(DAY, 30, SEED))[:20]
    assert list(simulate_day(DAY, 5, SEED)) != list(simulate_day(DAY, 5, SEED + 1))


def test_sessions_lie_in_their_day_in_the_form_of_the_importer() -> None:
    midnight = datetime.combine(DAY, datetime.min.time(), UTC)
    for session in SESSIONS:
        assert midnight <= session.started_at < midnight + timedelta(days=1)
        times = [turn.at for turn in session.turns if turn.at]
        assert times == sorted(times)
        assert len(times) == len(session.turns)
        assert session.last_seen_at() - session.started_at < timedelta(minutes=30)
        assert session.model_version == product_version(DAY)
    assert len({session.session_id for session in SESSIONS}) == N


def test_every_tool_turn_answers_the_call_before_it() -> None:
    for session in SESSIONS:
        for before, turn in zip(session.turns, session.turns[1:], strict=False):
            asked = [call.id for call in before.tool_calls]
            assert asked == ([turn.tool_call_id] if turn.role == "tool" else [])


def test_traffic_is_as_mixed_as_a_real_desk() -> None:
    assert {session.surface for session in SESSIONS} == {"support_chat", "returns_bot"}
    locales = Counter(session.slices["locale"] for session in SESSIONS)
    assert locales["de"] > N * 0.15
    assert locales["en"] > N * 0.5
    assert {session.slices["plan"] for session in SESSIONS} == {"free", "plus", "business"}
    assert 7 < sum(len(session.turns) for session in SESSIONS) / N < 10
    assert 0 < sum(session.ended_at is None for session in SESSIONS) < N * 0.05
    kinds = Counter(given.kind for session in SESSIONS for given in session.feedback)
    assert set(kinds) == {"thumbs", "rating", "report"}
    assert sum(not session.feedback for session in SESSIONS) > N / 2
    n_of_user = Counter(session.user_id for session in SESSIONS)
    assert max(n_of_user.values()) > 1


def test_users_bring_personal_data_in_words_arguments_and_results() -> None:
    for session in SESSIONS[:200]:
        results = [turn.content for turn in session.turns if turn.role == "tool" and not is_error(turn)]
        email = next(call.arguments["email"] for turn in session.turns for call in turn.tool_calls)
        assert "@example." in email
        assert all(email in result for result in results)


def test_the_last_exchange_names_the_case() -> None:
    for index, session in enumerate(SESSIONS):
        answer = max(i for i, turn in enumerate(session.turns) if turn.role == "assistant")
        user = max(i for i, turn in enumerate(session.turns[:answer]) if turn.role == "user")
        assert last_case(str(session.turns[user:])) == case_number(DAY, index)


def test_an_ignored_tool_error_is_followed_by_a_claim_of_success() -> None:
    for session, _, bad in failing("tool_error_ignored"):
        assert is_error(session.turns[bad - 1])
        assert not any(turn.role == "tool" and not is_error(turn) for turn in session.turns)
        assert not session.turns[bad].tool_calls


def test_tool_errors_of_good_sessions_are_mended() -> None:
    n_recovered = 0
    for session, known in zip(SESSIONS, TRUTHS, strict=True):
        if known.is_failure:
            continue
        results = [is_error(turn) for turn in session.turns if turn.role == "tool"]
        assert not results[-1]
        n_recovered += any(results)
        assert len(set(calls(session.turns))) >= len(calls(session.turns)) - sum(results)
    assert n_recovered > 0


def test_most_tool_errors_are_marked_and_nothing_else_is() -> None:
    tool_turns = [turn for session in SESSIONS for turn in session.turns if turn.role == "tool"]
    n_errors = sum(map(is_error, tool_turns))
    assert 0.7 * n_errors < sum(turn.is_error for turn in tool_turns) < n_errors
    assert all(is_error(turn) for turn in tool_turns if turn.is_error)


def test_a_loop_repeats_its_call() -> None:
    for session, _, bad in failing("loop"):
        assert calls(session.turns[:bad])[-1:] == calls(session.turns[bad : bad + 1])
        assert len(calls(session.turns)) >= 3
        assert len(set(calls(session.turns))) == 1


def answer_to(name: str, is_whole: bool, session: Session, index: int) -> bool:
    """Whether turn `index` holds the second part of the answer to the topic `name`, or only the first."""
    [topic] = [topic for topic in SCRIPTS[session.slices["locale"]].topics if topic.name == name]
    first, second = (
        literal(part) in session.turns[index].content for part in (topic.first_answer, topic.second_answer)
    )
    return first and second == is_whole


def literal(template: str) -> str:
    """The longest part of a template that has no field."""
    return max(re.split(r"\{\w+\}", template), key=len)


def test_a_truncated_answer_breaks_off_within_a_word_or_says_nothing_that_is_language() -> None:
    answers = [session.turns[bad].content for session, _, bad in failing("truncated")]
    garbles = {line.format() for script in SCRIPTS.values() for line in script.assistant["garbles"]}
    broken_off = [answer for answer in answers if answer and answer not in garbles]
    assert all(answer[-1].isalpha() for answer in broken_off)
    assert len(broken_off) > len(answers) - len(broken_off) > answers.count("") > 0


def test_an_answer_is_whole_or_half_or_about_another_topic_or_item() -> None:
    def is_whole(session: Session, index: int) -> bool:
        return answer_to(session.meta["topic"], True, session, index)

    for session, known in zip(SESSIONS, TRUTHS, strict=True):
        result = next((i for i, turn in enumerate(session.turns) if turn.role == "tool" and not is_error(turn)), None)
        assert known.is_failure or (result is not None and is_whole(session, result + 1))
    assert all(answer_to(s.meta["topic"], False, s, i) for s, _, i in failing("incomplete_answer"))
    other_item = [(s, i) for s, _, i in failing("wrong_answer") if answer_to(s.meta["topic"], True, s, i)]
    assert 0 < len(other_item) < len(failing("wrong_answer")) / 2
    for session, i in other_item:
        ordered = orjson.loads(session.turns[i - 1].content)["order"]["item"]
        assert ordered not in session.turns[i].content
        assert any(item in session.turns[i].content for item in ITEMS[session.slices["locale"]])


def test_the_turn_that_goes_wrong_is_the_assistants_and_moves_with_a_clarification() -> None:
    for index, (session, known) in enumerate(zip(SESSIONS, TRUTHS, strict=True)):
        if known.first_bad_turn is not None:
            assert session.turns[known.first_bad_turn].role == "assistant"
            assert session.turns[known.first_bad_turn - 1].role == "tool"
            assert known.first_bad_turn == (6 if is_clarified(case_number(DAY, index), SEED) else 4)


def test_failures_get_bad_feedback_more_often_yet_neither_always_nor_alone() -> None:
    def is_bad(session: Session) -> bool:
        return any(given.kind == "report" or given.value in (-1, 0) for given in session.feedback)

    def share(is_failure: bool) -> float:
        marks = [is_bad(s) for s, t in zip(SESSIONS, TRUTHS, strict=True) if t.is_failure == is_failure]
        return sum(marks) / len(marks)

    assert 0.1 < share(True) < 0.5
    assert 0 < share(False) < 0.1


def test_files_are_whole_named_by_day_and_the_same_bytes_again(tmp_path: Path) -> None:
    days = [DAY, date(2026, 2, 11)]
    paths = write_traffic(tmp_path / "a", days, 40, SEED)
    again = write_traffic(tmp_path / "b", days, 40, SEED)
    assert [path.name for path in paths] == ["sessions-2026-02-10.jsonl", "sessions-2026-02-11.jsonl"]
    assert [path.read_bytes() for path in paths] == [path.read_bytes() for path in again]
    assert [orjson.loads(line) for line in paths[0].read_bytes().splitlines()] == list(simulate_day(DAY, 40, SEED))
    assert sorted(paths[0].parent.iterdir()) == paths


def test_a_write_that_fails_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no case number"):
        write_traffic(tmp_path, [date(2019, 1, 1)], 10, SEED)
    assert list(tmp_path.iterdir()) == []


def test_malformed_records_come_only_when_asked_for() -> None:
    records = list(simulate_day(DAY, 10, SEED, malformed=4))
    assert len(records) == 14
    for record in records[:10]:
        as_session(record)
    for record in records[10:]:
        with pytest.raises((ValidationError, AttributeError)):
            as_session(record)


def test_open_sessions_come_at_their_rate() -> None:
    assert is_likely(sum(session.ended_at is None for session in SESSIONS), N, 0.02)
