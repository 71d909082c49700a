"""Planted personal values and secrets, the records that carry them, and the search that would find one anywhere.

Not here: the run that must not let one through (`test_canaries.py`).
"""

import base64
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import tuple_row

DAY = "2025-03-04"
MARK = "saltmarsh"
"""A harmless word beside every canary: where it is found, the place was stored, and the canary was there before."""


def luhn(digits: str) -> str:
    """Return `digits` with the check digit of card numbers, in groups of four."""
    doubled = [int(d) * (2 - i % 2) for i, d in enumerate(reversed(digits))]
    whole = digits + str(-sum(d - 9 if d > 9 else d for d in doubled) % 10)
    return " ".join(whole[i : i + 4] for i in range(0, len(whole), 4))


def iban(country: str, account: str) -> str:
    """Return an IBAN with its check digits."""
    number = "".join(str(int(char, 36)) for char in f"{account}{country}00")
    return f"{country}{98 - int(number) % 97:02d}{account}"


def jwt(subject: str) -> str:
    """Return a token of three parts."""
    parts = [json.dumps({"alg": "HS256"}), json.dumps({"sub": subject}), f"signature of {subject}"]
    return ".".join(base64.urlsafe_b64encode(part.encode()).decode().rstrip("=") for part in parts)


SAID = {
    "mail": "nadia.kestrel01@example.org",
    "disguised mail": "nadia.kestrel02 [at] example [dot] org",
    "phone": "+44 7911 120003",
    "card": luhn("453957876362004"),
    "iban": iban("GB", "WEST12345698765405"),
    "openai key": "sk-proj-Kestrel06abcdEFGH12345678",
    "aws key": "AKIAKESTREL07EXAMPLE",
    "github token": "ghp_kestrel08klmnopqrstuvwxyz0123456789",
    "slack token": "xoxb-1234567890-kestrel09",
    "jwt": jwt("kestrel10"),
    "private key": "MIIEkestrel11Ab",
    "url": "postgres://app:kestrel12pw@db.internal/x",
    "password": "password: kestrel13!x",
    "bearer": "Authorization: Bearer kestrel14567890abcdef",
    "ssn": "536-22-1215",
    "ip": "203.0.113.116",
}
"""What a user types."""

STRUCTURED: dict[str, dict[str, Any]] = {
    "arguments": {
        "email": "kestrel17@example.org",
        "first_name": "Quillonby",
        "phone_number": "4155550119",
        "street": "20 Larkspurrow Mews",
        "api_key": "kestrel21-not-shaped-like-a-key",
    },
    "result": {
        "customer": {"first_name": "Zephyrine", "last_name": "Oxtobary", "dob": "1961-07-24", "zip": "ZX81 4QK"},
        "iban": iban("DE", "370400440532013026"),
        "passport_number": "X1234527",
    },
    "meta": {
        "login": "kestrel28",
        "contact": [{"mobile": "+1 415 555 0129"}],
        "client_ip": "2001:db8::8a2e:370:30",
        "name": {"full_name": "Wilhelmira Thackeroy"},
    },
    "outcome": {"card_number": luhn("453957876362032")},
    "label": {"target": "session", "note": "kestrel33@example.org said so"},
}
"""What a key of structured data shows to be personal, with a shape or without."""

USER_ID = "user-kestrel34"
SESSION_ID = "chat-kestrel35@example.org"
REPORT = "kestrel36@example.org"
META_KEY = "kestrel37@example.org"
ARGUMENT_KEY = "+44 7911 120038"
SLICE = "kestrel39@example.org"
QUARANTINED = "kestrel40@example.org"
BROKEN = "kestrel41@example.org"
NOTE = "kestrel42@example.org"
RETOLD = "I am ZEPHYRINE oxtobary."
"""Known only from the tool's result, in another case."""


def planted() -> list[str]:
    """Return what must be found nowhere: the values, whole or the part of them that tells."""
    parts = {"url": "kestrel12pw", "password": "kestrel13!x", "bearer": "kestrel14567890abcdef"}
    parts["disguised mail"] = "nadia.kestrel02"
    said = [parts.get(name, value) for name, value in SAID.items()]
    structured = [text.removesuffix(" said so") for text in _texts(STRUCTURED) if text != "session"]
    others = [USER_ID, SESSION_ID, REPORT, META_KEY, ARGUMENT_KEY, SLICE, QUARANTINED, BROKEN, NOTE]
    return [*said, *structured, *others]


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    else:
        for item in value.values() if isinstance(value, dict) else value:
            yield from _texts(item)


def write_sessions(path: Path) -> None:
    """Write a file with a session that carries canaries everywhere, one that is set aside, and a line that breaks off."""
    pem = f"-----BEGIN PRIVATE KEY-----\n{SAID['private key']}\n-----END PRIVATE KEY-----"
    said = [f"{MARK}_said my {name} is {pem if name == 'private key' else value}" for name, value in SAID.items()]
    call = {
        "id": "call_1",
        "name": "find_customer",
        "arguments": {**STRUCTURED["arguments"], ARGUMENT_KEY: f"{MARK}_arguments"},
    }
    turns: list[dict[str, Any]] = [{"role": "user", "content": text} for text in [*said, f"{MARK}_retold {RETOLD}"]]
    turns += [
        {"role": "assistant", "content": "Let me look.", "tool_calls": [call]},
        {
            "role": "tool",
            "content": json.dumps({**STRUCTURED["result"], "x": f"{MARK}_result"}),
            "tool_call_id": "call_1",
        },
        {"role": "assistant", "content": f"Found it. I have written to {SAID['mail']}."},
        {"role": "user", "content": "This is wrong, that did not help at all."},
    ]
    session = {
        "session_id": SESSION_ID,
        "started_at": f"{DAY}T10:00:00Z",
        "ended_at": f"{DAY}T10:20:00Z",
        "surface": "support_chat",
        "model": "model-1",
        "user_id": USER_ID,
        "slices": {"contact": SLICE},
        "turns": [{**turn, "ts": f"{DAY}T10:{i // 4:02d}:{i % 4 * 15:02d}Z"} for i, turn in enumerate(turns)],
        "feedback": [{"kind": "report", "text": f"{MARK}_report to {REPORT}"}],
        "outcome": {**STRUCTURED["outcome"], "x": f"{MARK}_outcome"},
        "labels": [{**STRUCTURED["label"], "x": f"{MARK}_label"}],
        "meta": {**STRUCTURED["meta"], META_KEY: f"{MARK}_meta"},
    }
    bad = {**session, "session_id": "b", "turns": [{"role": "narrator", "content": QUARANTINED}], QUARANTINED: 1}
    lines = [json.dumps(session), json.dumps(bad), f'{{"session_id": "{BROKEN}', json.dumps({"email": BROKEN})]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


@dataclass(frozen=True)
class Finding:
    """Where something was found."""

    needle: str
    where: str


def search_database(url: str, needles: list[str]) -> Iterator[Finding]:
    """Yield what any column of any table of any schema holds; packed columns are unpacked."""
    with psycopg.connect(url, row_factory=tuple_row) as connection:
        tables = connection.execute(
            "SELECT table_schema, table_name FROM information_schema.tables"
            " WHERE table_type = 'BASE TABLE' AND table_schema NOT IN ('pg_catalog', 'information_schema')"
        ).fetchall()
        for schema, name in tables:
            statement = sql.SQL("SELECT * FROM {}").format(sql.Identifier(schema, name))
            for row in connection.execute(statement):
                yield from search_text(" ".join(map(_text, row)), needles, f"{schema}.{name}")


def search_files(folder: Path, needles: list[str]) -> Iterator[Finding]:
    """Yield what any file below `folder` holds, or says in its name."""
    for path in sorted(folder.rglob("*")):
        content = _text(path.read_bytes()) if path.is_file() else ""
        yield from search_text(f"{path} {content}", needles, str(path))


def search_text(text: str, needles: list[str], where: str) -> Iterator[Finding]:
    """Yield the needles that `text` holds, in any case, spaced as planted or run together."""
    low = text.casefold()
    run_together = low.replace(" ", "")
    for needle in needles:
        wanted = needle.casefold()
        if wanted in low or wanted.replace(" ", "") in run_together:
            yield Finding(needle, where)


def _text(value: Any) -> str:
    if isinstance(value, bytes | memoryview):
        try:
            return zlib.decompress(value).decode("utf-8", "replace")
        except zlib.error:
            return bytes(value).decode("utf-8", "replace")
    return value if isinstance(value, str) else json.dumps(value, default=str, ensure_ascii=False)
