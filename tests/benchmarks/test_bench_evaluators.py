"""The benchmark of evaluators in small: its texts, our eight checks both ways, and what becomes of a peer."""

import json
import sys
from pathlib import Path

import pytest

from benchmarks import evaluator_peers
from benchmarks.bench_evaluators import as_leaves, differences, main, row_or_reason, through_evaluate
from benchmarks.evaluator_checks import PARAMETERS, our_checks
from benchmarks.evaluator_peers import NotMeasured, Peer
from benchmarks.evaluator_texts import texts

SOME = list(texts(400))
GOOD = json.dumps(
    {
        "answer": "Your parcel left on Tuesday [doc-12]. " + "It is on its way. " * 12,
        "order": "ORD-004711",
        "status": "shipped",
        "amount": 42.5,
        "currency": "EUR",
        "items": [{"sku": "S0001", "quantity": 1}],
    }
)
SPOILT = {
    "valid_json": GOOD + "}",
    "json_schema": GOOD.replace('"shipped"', '"lost"'),
    "regex": GOOD.replace("ORD-004711", "004711"),
    "forbidden_phrases": GOOD.replace("Your parcel", "I Guarantee it"),
    "length": GOOD.replace("It is on its way. ", ""),
    "prefix_and_suffix": "Here it is: " + GOOD,
    "number": GOOD.replace("42.5", "500.01"),
    "citation_format": GOOD.replace("[doc-12]", "[source: 12]"),
}
RUNNER = """
import json, sys
texts = [json.loads(line) for line in open(sys.argv[1])]
wants = json.load(open(sys.argv[2]))["pattern"][:4]
verdicts = ["1" * 7 + str(int(wants in text)) for text in texts]
json.dump({"version": "1.0", "wall_seconds": 2.0, "cpu_seconds": 1.0, "verdicts": verdicts}, open(sys.argv[3], "w"))
"""


@pytest.fixture
def peer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Peer:
    """A peer that needs no package, whose runner is a script of this test's."""
    monkeypatch.setattr(evaluator_peers, "CACHE", tmp_path / "cache")
    script = tmp_path / "run_it.py"
    script.write_text(RUNNER, encoding="utf-8")
    made = Peer("it", ("it==1.0",), script, 3, "what it does")
    binaries = made.environment / "bin"
    binaries.mkdir(parents=True)
    (binaries / "python").symlink_to(sys.executable)
    (made.environment / ".ready").write_text("it==1.0", encoding="utf-8")
    return made


def test_the_texts_are_the_same_for_a_seed_and_others_for_another() -> None:
    assert list(texts(400)) == SOME
    assert list(texts(50)) == SOME[:50]
    assert list(texts(400, seed=5)) != SOME


def test_most_texts_are_as_long_as_a_short_answer() -> None:
    assert sum(300 <= len(text) <= 600 for text in SOME) > 0.8 * len(SOME)


@pytest.mark.parametrize("name", list(SPOILT))
def test_each_check_fails_for_the_fault_that_it_is_named_for(name: str) -> None:
    asked = list(our_checks())
    good, spoilt = as_leaves([GOOD, SPOILT[name]]).verdicts
    assert good == "1" * 8
    assert spoilt[asked.index(name)] == "0"


def test_every_check_passes_for_some_texts_and_fails_for_others() -> None:
    for marks in zip(*as_leaves(SOME).verdicts, strict=True):
        assert 0.2 < marks.count("1") / len(marks) < 0.98


def test_leaves_and_verdict_rows_say_the_same() -> None:
    assert through_evaluate(SOME).verdicts == as_leaves(SOME).verdicts


def test_the_peers_plain_questions_say_what_our_checks_say(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(evaluator_peers.SCRIPTS))
    from exchange import questions

    asked = questions(PARAMETERS)
    assert list(asked) == list(our_checks())
    theirs = ["".join("1" if question(text) else "0" for question in asked.values()) for text in SOME]
    assert differences(as_leaves(SOME).verdicts, theirs) == 0


def test_a_peer_is_given_its_share_of_the_texts_and_its_disagreements_are_counted(peer: Peer) -> None:
    row = row_or_reason(peer, ["ORD-1", "none", "ORD-2", "not for it"], ["1" * 8] * 4)
    assert not isinstance(row, str)
    assert (row.disagreements, row.rate) == (1, 3 * 8 / 1.0)


def test_a_peer_that_fails_has_a_reason_and_no_figure(peer: Peer) -> None:
    peer.script.write_text("raise SystemExit('no such option')", encoding="utf-8")
    reason = row_or_reason(peer, ["a text"], ["1" * 8])
    assert isinstance(reason, str)
    assert reason.endswith("no such option")


def test_a_peer_that_cannot_be_installed_has_a_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluator_peers, "CACHE", tmp_path / "cache")
    monkeypatch.setenv("PATH", str(tmp_path))
    peer = Peer("it", ("it@1.0",), tmp_path / "run_it.mjs", 3, "what it does")
    assert row_or_reason(peer, ["a text"], ["1" * 8]) == "npm is not installed"


def test_an_answer_that_leaves_checks_out_is_no_figure() -> None:
    with pytest.raises(NotMeasured, match="every check"):
        differences(["11111111", "11111111"], ["11111111", "1111111"])


def test_it_prints_ours_beside_the_libraries_limits(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["bench_evaluators", "--texts", "40", "--peers"])
    main()
    printed = capsys.readouterr().out
    assert "jsonschema-rs" in printed
    assert "ours, no runner" in printed
