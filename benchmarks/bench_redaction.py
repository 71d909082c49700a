"""Measures redaction: recall and false positives per class, planted canaries, and speed beside presidio's recognisers.

Run: `.venv/bin/python benchmarks/bench_redaction.py [--data pii_sentences.jsonl]`. Without data only the canaries are
measured. A gold span counts as found if all of it is covered; a reported span is a false positive if it touches no
gold span of any class. Nothing is written; speeds are megabytes of UTF-8 per second of this process's CPU time.
"""

import argparse
import base64
import json
import random
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tldextract
from presidio_analyzer import EntityRecognizer, predefined_recognizers
from rich.console import Console
from rich.table import Table

from eval_pipeline.redaction.redactor import Redactor
from eval_pipeline.settings import PROJECT_ROOT

RECOGNISERS = ("CreditCard", "Email", "Iban", "Ip", "Phone", "UsSsn", "UkNino", "EsNif", "UsPassport", "UsLicense")
OUT_OF_REACH = {"ORGANIZATION", "TITLE", "AGE", "NRP", "DATE_TIME", "DOMAIN_NAME"}
BY_CUE = {
    "PERSON": "prose: only beside a cue",
    "STREET_ADDRESS": "prose: only with a cue",
    "GPE": "prose: only in an address",
}
KINDS = ("mail", "iban", "card", "phone", "key", "jwt", "name")
FORMS = ("plain", "base64", "url", "html entity", "zero-width", "split turns")
SURE_SCORE = 0.4
"""Presidio's weak patterns ("any nine digits") score below; its default for a finding without context is 0 to 0.3."""

Finder = Callable[[str], list[tuple[int, int, str]]]


@dataclass(frozen=True)
class Sentence:
    """A text with gold spans `(start, end, class)`."""

    text: str
    gold: list[tuple[int, int, str]]


def read_sentences(path: Path) -> list[Sentence]:
    sentences = []
    for line in path.read_text(encoding="utf-8").splitlines():
        record = json.loads(line)
        gold = [(*label["span"], label["category"]) for label in record["labels"]]
        sentences.append(Sentence(record["turns"][0]["content"], gold))
    return sentences


def presidio() -> Finder:
    """Return presidio's pattern recognisers as a finder; its list of domain suffixes is the one it ships with."""
    tldextract.tldextract.TLD_EXTRACTOR = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)
    recognisers: list[EntityRecognizer] = []
    for name in RECOGNISERS:
        made = getattr(predefined_recognizers, f"{name}Recognizer", None)
        if made is not None:
            recognisers.append(made())

    def find(text: str) -> list[tuple[int, int, str]]:
        return [
            (result.start, result.end, result.entity_type)
            for recogniser in recognisers
            for result in recogniser.analyze(text, recogniser.supported_entities, None) or []
            if result.score >= SURE_SCORE
        ]

    return find


def ours(redactor: Redactor) -> Finder:
    return lambda text: [(span.start, span.end, span.rule) for span in redactor.spans(text)]


def recall(find: Finder, sentences: list[Sentence]) -> tuple[Counter[str], Counter[str], Counter[str]]:
    """Return found gold spans per class, reported spans per rule, and those of them that touch no gold span."""
    found: Counter[str] = Counter()
    reported: Counter[str] = Counter()
    false: Counter[str] = Counter()
    for sentence in sentences:
        spans = find(sentence.text)
        covered = {place for start, end, _ in spans for place in range(start, end)}
        found.update(kind for start, end, kind in sentence.gold if covered.issuperset(range(start, end)))
        for start, end, rule in spans:
            reported[rule] += 1
            false[rule] += not any(start < gold_end and gold_start < end for gold_start, gold_end, _ in sentence.gold)
    return found, reported, false


def _luhn(body: str) -> str:
    total = sum(sum(divmod(int(c) * (2 - i % 2), 10)) for i, c in enumerate(reversed(body)))
    return body + str(-total % 10)


def _iban(rng: random.Random) -> str:
    account = "".join(rng.choices("0123456789", k=18))
    check = 98 - int(f"{account}131400") % 97
    return f"DE{check:02}{account}"


def _b64(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def canaries() -> list[tuple[str, str]]:
    """Return 40 unique `(kind, value)`."""
    rng = random.Random(40)
    made = []
    for number in range(40):
        kind = KINDS[number % len(KINDS)]
        letters = "".join(rng.choices("bcdfghklmnprstvz", k=7))
        value = {
            "mail": f"{letters}.{number}@canary-{number}.example.com",
            "iban": _iban(rng),
            "card": _luhn("4" + "".join(rng.choices("0123456789", k=14))),
            "phone": f"+1 415 {rng.randrange(201, 999)} {rng.randrange(1000, 9999)}",
            "key": "sk-" + "".join(rng.choices("abcdefghijkABCDEFGH0123456789", k=32)),
            "jwt": f"{_b64({'alg': 'HS256'})}.{_b64({'sub': letters})}.{_b64(letters * 3)}",
            "name": f"{letters.title()} {letters[::-1].title()}",
        }[kind]
        made.append((kind, value))
    return made


def in_form(value: str, form: str) -> list[str]:
    """Return the texts (turns) that carry `value` in `form`."""
    if form == "base64":
        return [base64.b64encode(value.encode()).decode()]
    if form == "url":
        return ["".join(f"%{byte:02X}" for byte in value.encode())]
    if form == "html entity":
        return ["".join(f"&#{ord(char)};" for char in value)]
    if form == "zero-width":
        return ["\u200b".join(value)]
    return [value[: len(value) // 2], value[len(value) // 2 :]] if form == "split turns" else [value]


def canary_session(kind: str, value: str, form: str) -> tuple[dict[str, Any], list[str]]:
    """Return a session that carries the canary in every kind of field, and the strings that must not be left."""
    parts = in_form(value, form)
    turns: list[dict[str, Any]] = [{"role": "user", "content": f"it is {part} thanks"} for part in parts]
    fields: dict[str, Any] = {"session_id": "canary/1", "started_at": "2025-08-01T00:00:00Z", "turns": turns}
    if kind == "name":
        first, last = value.split()
        profile = {"name": {"first_name": first, "last_name": last}}
        turns.append({"role": "tool", "content": json.dumps(profile)})
    if form != "split turns":
        call = {"id": "c", "name": "note", "arguments": {"text": parts[0], "raw": json.dumps({"deep": [parts[0]]})}}
        turns.append({"role": "assistant", "content": "", "tool_calls": [call]})
        fields |= {"meta": {"k": {parts[0]: 1}}, "feedback": [{"kind": "report", "text": parts[0]}]}
        fields |= {"outcome": {"note": parts[0]}, "slices": {"s": parts[0]}}
    return fields, parts


def canary_recall(redactor: Redactor) -> dict[str, Counter[str]]:
    """Return per form how many canaries of each kind left nothing of themselves."""
    gone: dict[str, Counter[str]] = defaultdict(Counter)
    for kind, value in canaries():
        for form in FORMS:
            fields, parts = canary_session(kind, value, form)
            left = json.dumps(redactor.redact_session(fields).fields, ensure_ascii=False)
            gone[form][kind] += not any(part in left for part in parts)
    return gone


def megabytes_per_second(work: Callable[[str], Any], texts: list[str], at_least_s: float = 1.0) -> float:
    for text in texts[:50]:
        work(text)
    done, start = 0, time.process_time()
    while time.process_time() - start < at_least_s:
        for text in texts:
            work(text)
        done += sum(len(text.encode()) for text in texts)
    return done / 1e6 / (time.process_time() - start)


def sessions_of(texts: Iterable[str], size: int = 10) -> list[dict[str, Any]]:
    texts = list(texts)
    return [
        {
            "session_id": f"bench/{start}",
            "started_at": "2025-08-01T00:00:00Z",
            "turns": [{"role": "user", "content": text} for text in texts[start : start + size]],
        }
        for start in range(0, len(texts), size)
    ]


def _share(found: int, total: int) -> str:
    return f"{found}/{total} ({found / total:.0%})"


def print_recall(console: Console, sentences: list[Sentence], finders: dict[str, Finder]) -> None:
    gold = Counter(kind for sentence in sentences for _, _, kind in sentence.gold)
    results = {name: recall(find, sentences) for name, find in finders.items()}
    table = Table("class", *[f"recall, {name}" for name in finders], "", title=f"{len(sentences)} sentences")
    for kind, total in gold.most_common():
        reach = BY_CUE.get(kind, "prose: out of reach without a model" if kind in OUT_OF_REACH else "")
        table.add_row(kind, *[_share(found[kind], total) for found, _, _ in results.values()], reach)
    console.print(table)
    for name, (_, reported, false) in results.items():
        table = Table("rule", "reported", "false positives", title=f"{name}: touches no gold span")
        for rule, n in reported.most_common():
            table.add_row(rule, str(n), str(false[rule]))
        table.add_row("all", str(reported.total()), str(false.total()))
        console.print(table)


def print_canaries(console: Console, redactor: Redactor) -> None:
    totals = Counter(kind for kind, _ in canaries())
    table = Table("form", *KINDS, "all", title=f"{totals.total()} canaries: nothing left in any field")
    for form, gone in canary_recall(redactor).items():
        cells = [f"{gone[kind]}/{totals[kind]}" for kind in KINDS]
        table.add_row(form, *cells, _share(gone.total(), totals.total()))
    console.print(table)


def print_speed(console: Console, redactor: Redactor, texts: list[str]) -> None:
    table = Table("what", "MB per CPU second", title="speed")
    table.add_row("redact_text, text by text", f"{megabytes_per_second(redactor.redact_text, texts):.2f}")
    sessions = {json.dumps(session): session for session in sessions_of(texts)}
    speed = megabytes_per_second(lambda key: redactor.redact_session(sessions[key]), list(sessions))
    table.add_row("redact_session, ten texts each", f"{speed:.2f}")
    table.add_row("presidio's pattern recognisers, text by text", f"{megabytes_per_second(presidio(), texts):.2f}")
    console.print(table)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="JSONL with gold spans; left out: canaries only")
    arguments = parser.parse_args()
    redactor = Redactor.from_catalog(PROJECT_ROOT / "catalog" / "redaction.yaml", b"benchmark")
    console = Console(width=120)
    console.print(f"redaction {redactor.version}")
    texts = [
        f"Hello, it is about my order: {value}. Please look into it, I have waited a week." for _, value in canaries()
    ]
    if arguments.data is not None:
        sentences = read_sentences(arguments.data)
        texts = [sentence.text for sentence in sentences]
        print_recall(console, sentences, {"ours": ours(redactor), "presidio": presidio()})
    print_canaries(console, redactor)
    print_speed(console, redactor, texts)


if __name__ == "__main__":
    main()
