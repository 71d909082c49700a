"""Whether a text breaks off: an open block, a sentence without its end, an announcement with nothing behind it.

By form, in any script; the words that can end no sentence and those that announce come from the lexicons. Not here:
what was asked for (`asked_for.py`), how much a break weighs (`partial_completion.py`).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import NamedTuple

from eval_pipeline.signals.reading.asked_for import Counting
from eval_pipeline.signals.reading.delivered import is_item, n_items, open_fence
from eval_pipeline.signals.reading.lexicon import Phrases

SHORTEST_SENTENCE = 60
"""Characters from which a last line is a sentence and no greeting, name, label or title."""

SHORTEST_UNENDED = 400
"""Characters from which a text is expected to end its last sentence, if it ended the ones before. Shorter is chat."""

SHORTEST_CLAUSE = 40
"""Characters from which a last line that ends in a comma is no salutation or complimentary close."""

SHORTEST_DATA = 40
"""Characters from which an unfinished object counts as data and not as a stray bracket."""

_OPENERS = "([{“«„"
_COMMAS = ",、،\uff0c"
_COLONS = ":\uff1a"
_ENDS = ".!?…。\uff01\uff1f؟।॥\u06d4\u0589።។။;:\uff1b\uff1a"
_CLOSERS = "\"'”\u2019»)]}*_~`」』\uff09"
_DENSE = re.compile("[\u3040-\u9fff\uac00-\ud7af]")
_PUT = re.compile(r"[:;=8xX]['^-]?[(\[{]|[(\[]['^-]?[:;=]")  # emoticons that hold a bracket
_INNER_END = re.compile(r"[.!?…] +[A-Z\"'*(]|[。\uff01\uff1f؟।\u06d4]")
_SENTENCE_BORDER = re.compile(r"(?<=[.!?])\s")
_EMPTY_ITEM = re.compile(r"[ \t]*(?:\d{1,3}[.)]|[-*•])[ \t]*\**")
_NUMBERED = re.compile(r"[ \t]*\d")
_LAST_WORD = re.compile(r"(?:^|\s)[\"'“(*_]*([^\W\d_]+)$")


class Break(Enum):
    """In which way a text breaks off; the value says it to a person."""

    OPEN_BLOCK = "the code, data or table breaks off"
    HANGING = "the answer breaks off in the middle of a sentence"
    FEWER_THAN_SAID = "the answer announces more items than it lists"
    NOTHING_ANNOUNCED = "the answer announces something and nothing follows"
    UNCLOSED = "the last code block of the answer is not closed"
    COMMA = "the answer ends with a comma"
    UNENDED = "the last sentence of a long answer has no end"
    COLON = "the answer ends with a colon"


class Broken(NamedTuple):
    """A break, and the character that it is seen at."""

    kind: Break
    at: int


@dataclass(frozen=True)
class Breaks:
    """Finds how texts break off.

    `hanging`: words that end no sentence. `announcing`: words that say that something follows. `choosing`: words that
    say that the reader picks, where buttons may follow. `counting`: reads announced numbers.
    """

    hanging: Phrases
    announcing: Phrases
    choosing: Phrases
    counting: Counting

    def of(self, text: str) -> Broken | None:
        """Return how `text` breaks off, the surest way first; None when it does not."""
        body = text.rstrip()
        if not body:
            return None
        fence = open_fence(body)
        if fence is not None:
            is_whole = _n_open(body[fence:]) <= 0
            return Broken(Break.UNCLOSED if is_whole else Break.OPEN_BLOCK, fence)
        if is_open_data(body) or self._ends_in_half_line(body):
            return Broken(Break.OPEN_BLOCK, len(body) - 1)
        kind = self._kind_of_end(body)
        return self._fewer_than_said(body) if kind is None else Broken(kind, len(body) - 1)

    def _ends_in_half_line(self, body: str) -> bool:
        """Return whether the last line is half a table row, or an item's mark without the item."""
        before, _, line = body.rpartition("\n")
        above = before.rstrip().rpartition("\n")[2].strip()
        if line.lstrip().startswith("|"):
            return above.startswith("|") and above.endswith("|") and not line.endswith("|")
        if _EMPTY_ITEM.fullmatch(line) is None:
            return False
        is_numbered = _NUMBERED.match(line) is not None
        return any(
            is_item(other) and (_NUMBERED.match(other) is not None) == is_numbered for other in before.split("\n")
        )

    def _kind_of_end(self, body: str) -> Break | None:
        last, line = body[-1], body.rpartition("\n")[2].strip()
        if last in _COLONS:
            return self._after_colon(line)
        if last in _COMMAS:
            is_clause = len(line) >= (SHORTEST_CLAUSE // 2 if _DENSE.search(line) else SHORTEST_CLAUSE)
            return Break.COMMA if is_clause else None
        if last in _OPENERS:
            return Break.HANGING if len(line) >= SHORTEST_CLAUSE // 2 and _PUT.search(line[-3:]) is None else None
        if not last.isalpha() or line.startswith("#"):
            return None
        if self._hangs(line) or _is_left_open(line):
            return Break.HANGING
        return Break.UNENDED if _is_unended(body, line) else None

    def _after_colon(self, line: str) -> Break | None:
        sentence = _SENTENCE_BORDER.split(line)[-1]
        if len(sentence.split()) < 3 or self.choosing.search(sentence):
            return None
        return Break.NOTHING_ANNOUNCED if self.announcing.search(sentence) else Break.COLON

    def _hangs(self, line: str) -> bool:
        """Return whether the line ends in a word that cannot end a sentence; a capital is a name or a grade."""
        words = line.split()
        last = _LAST_WORD.search(line)
        if last is None or len(words) < 4:
            return False
        two = f"{words[-2]} {last.group(1)}"
        return last.group(1) in self._hanging or two.lower() in self._hanging

    @cached_property
    def _hanging(self) -> frozenset[str]:
        return frozenset(self.hanging.phrases)

    def _fewer_than_said(self, body: str) -> Broken | None:
        """Return the line that announces a number of items and is followed by a list of fewer."""
        start = 0
        lines = body.split("\n")
        for i, line in enumerate(lines):
            if line.rstrip(" *_").endswith(tuple(_COLONS)) and _opens_list(lines[i + 1 : i + 3]):
                said = self.counting.announced(line)
                if said is not None and max(1, n_items("\n".join(lines[i + 1 :]))) < said:
                    return Broken(Break.FEWER_THAN_SAID, start)
                return None  # The first list decides, so that a long text is read once.
            start += len(line) + 1
        return None


def _opens_list(lines: Sequence[str]) -> bool:
    filled = [line for line in lines if line.strip()]
    return bool(filled) and is_item(filled[0])


def _is_left_open(line: str) -> bool:
    """Return whether a parenthesis, a quotation or bold print is open at the end of a long line."""
    if len(line) < SHORTEST_SENTENCE:
        return False
    plain = _PUT.sub(" ", line)
    is_bold_open = line.count("**") % 2 == 1 and not line.startswith("** ")
    return is_bold_open or plain.count("(") > plain.count(")") or line.count("“") > line.count("”") + line.count('"')


def _is_unended(body: str, line: str) -> bool:
    """Return whether only the last sentence of a long text lacks its end."""
    if len(body) < SHORTEST_UNENDED or len(line) < SHORTEST_SENTENCE or set(line.split()[-1]) & set("/@.\\<>=_|"):
        return False
    others = [other.rstrip().rstrip(_CLOSERS) for other in body.split("\n")[:-1]]
    ended = [other[-1] in _ENDS for other in others if len(other) >= SHORTEST_SENTENCE]
    return all(ended) and (len(ended) >= 2 or len(_INNER_END.findall(line)) >= 2)


def is_open_data(body: str) -> bool:
    """Return whether the text is a JSON value that ends before its brackets close."""
    if len(body) < SHORTEST_DATA or re.match(r"\{\s*\"|\[\s*[{\"\[]", body) is None:
        return False
    return _n_open(body) > 0


_STRING = re.compile(r'"(?:[^"\\\n]|\\.)*"')


def _n_open(code: str) -> int:
    """Return how many more brackets the text opens than it closes, leaving out what stands in double quotes."""
    bare = _STRING.sub("", _PUT.sub("", code))
    return sum(bare.count(mark) for mark in "([{") - sum(bare.count(mark) for mark in ")]}")
