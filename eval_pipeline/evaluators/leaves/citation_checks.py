"""Checks of citations: that there are any, and that each one points to a document that a tool retrieved before.

A citation is what a pattern finds; its first group that took part is the id of the document. By default: `[3]`,
`[1, 2]`, `[doc_7]`, `(source: handbook)` and web addresses. Not here: whether the document says so (a judge's
question).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from eval_pipeline.evaluators.contract import Check, Leaf
from eval_pipeline.evaluators.views import NOT_JSON, Call, Message, SessionView, Text

CITATION = (
    r"\[(\d{1,3}(?: ?[,;] ?\d{1,3}){0,20})\](?!\()"
    r"|\[((?:doc|document|ref|chunk|article|kb)(?:[_:#.-]|\d)[\w:./#-]{0,80})\](?!\()"
    r"|[\[(](?:source|quelle): ?([^\[\]()\n]{1,200})[\])]"
    r"|(https?://[^\s<>()\[\]\"'`]{1,500})"
)
"""The citations that are known by default, in any case of letters."""

ID_KEYS = ("id", "doc_id", "document_id", "chunk_id", "article_id", "source", "url", "link", "href")
"""The keys under which a tool's result names a document."""

_NUMBERS = re.compile(r"[0-9]{1,3}(?: ?[,;] ?[0-9]{1,3})+")
_GIVING = ("user", "system")
_SHOWN = 5
_MAX_VALUES = 50_000
_MAX_NUMBER = 3


class _Unresolved(NamedTuple):
    answer: Message
    citation: str
    retrieved: list[str]


@dataclass(frozen=True)
class _Citing(Leaf[Any]):
    """What both checks know of citations."""

    pattern: str
    _compiled: re.Pattern[str] = field(init=False, repr=False, compare=False)

    constants = (_NUMBERS, _MAX_VALUES, _MAX_NUMBER)

    def __post_init__(self) -> None:
        """Compile the pattern. Raises `ValueError` when it is none."""
        try:
            object.__setattr__(self, "_compiled", re.compile(self.pattern, re.IGNORECASE))
        except re.error as error:
            raise ValueError(f"{self.pattern!r} is not a regular expression: {error}") from error

    def _cited(self, text: str) -> Iterator[str]:
        """Yield the ids that `text` cites, in order; a list of numbers is several."""
        for match in self._compiled.finditer(text):
            cited = match[match.lastindex] if match.lastindex else match[0]
            for each in re.split("[,;]", cited) if _NUMBERS.fullmatch(cited) else [cited]:
                name = _name(each)
                if name:
                    yield name


@dataclass(frozen=True)
class HasCitations(_Citing):
    """The text cites so many documents, each counted once."""

    at_least: int = 1

    def holds(self, subject: Text) -> bool:
        """Return whether it does."""
        return len(set(self._cited(subject.text))) >= self.at_least

    @property
    def words(self) -> str:
        """The number."""
        return f"cites {self.at_least} or more documents"

    def found(self, subject: Text) -> str:
        """Return what is cited, or the text where nothing is."""
        return ", ".join(dict.fromkeys(self._cited(subject.text))) or subject.text


@dataclass(frozen=True)
class CitesOnlyRetrieved(_Citing):
    """Each citation in an answer resolves to a document of a tool result before it.

    Documents are named by the values under `id_keys`, at any depth of a result that is JSON, and by what the pattern
    finds in any other. A number in brackets may also be the place of a document, counted from 1 in order of retrieval.
    A web address that the user or the instructions gave before may be told again.
    """

    semantics = 2

    tools: tuple[str, ...] = ()
    id_keys: tuple[str, ...] = ID_KEYS

    def holds(self, subject: SessionView) -> bool | None:
        """Return whether all do; None when nothing is cited."""
        n_cited, unresolved = self._resolve(subject)
        return unresolved is None if n_cited else None

    def _resolve(self, session: SessionView) -> tuple[int, _Unresolved | None]:
        """Return how many citations were looked at, and the first that resolves to nothing."""
        waiting = [call for call in session.calls if not self.tools or call.name in self.tools]
        documents = _Documents()
        n_cited = 0
        given: set[str] = set()
        for message in session.messages:
            if message.role in _GIVING:
                given.update(name for name in self._cited(message.text) if "://" in name)
            cited = list(self._cited(message.text)) if message.is_answer else []
            if cited:
                waiting = self._take_in(waiting, message, documents)
            for citation in cited:
                n_cited += 1
                if citation not in given and not documents.has(citation):
                    return n_cited, _Unresolved(message, citation, list(documents.names))
        return n_cited, None

    def _take_in(self, waiting: list[Call], answer: Message, documents: "_Documents") -> list[Call]:
        """Put what came back before `answer` to the documents; return the calls that are still waiting."""
        later: list[Call] = []
        for call in waiting:
            result = call.result
            if result is None or (result.turn_index or 0) > (answer.turn_index or 0):
                later.append(call)
            elif result.json is NOT_JSON:
                documents.take_names(self._cited(result.text))
            else:
                documents.take_json(result.json, frozenset(self.id_keys))
        return later

    @property
    def words(self) -> str:
        """What is asked."""
        return f"cites only documents that {' or '.join(self.tools) or 'a tool'} retrieved before"

    def found(self, subject: SessionView) -> str | None:
        """Return the citation and what was retrieved."""
        unresolved = self._resolve(subject)[1]
        if unresolved is None:
            return None
        n_more = len(unresolved.retrieved) - _SHOWN
        more = f" and {n_more} more" if n_more > 0 else ""
        return f"{unresolved.citation}; retrieved: {', '.join(unresolved.retrieved[:_SHOWN]) or 'nothing'}{more}"

    def turn_of(self, subject: SessionView) -> int | None:
        """Return the turn of the answer with the citation."""
        unresolved = self._resolve(subject)[1]
        return None if unresolved is None else unresolved.answer.turn_index

    def why_not_applicable(self, subject: SessionView) -> str:
        """Return that nothing is cited."""
        return "no answer cites anything"


class _Documents:
    """What was retrieved so far, in order: names, and how many documents they name."""

    def __init__(self) -> None:
        self.names: dict[str, None] = {}
        self._n_documents = 0

    def has(self, citation: str) -> bool:
        """Return whether `citation` is a name, or the place of a document."""
        if citation in self.names:
            return True
        is_number = citation.isdecimal() and len(citation) <= _MAX_NUMBER
        return is_number and 1 <= int(citation) <= self._n_documents

    def take_names(self, names: Iterator[str]) -> None:
        """Take in one document for each new name."""
        for name in names:
            self._n_documents += name not in self.names
            self.names[name] = None

    def take_json(self, value: Any, keys: frozenset[str]) -> None:
        """Take in one document for each object that has a new name, however many names it has."""
        for each in _objects(value):
            names = [_name(str(value)) for key, value in each.items() if key in keys and type(value) in (str, int)]
            self._n_documents += bool(names) and not all(name in self.names for name in names)
            self.names.update(dict.fromkeys(names))


def cites_only_retrieved(
    pattern: str = CITATION, *, tools: tuple[str, ...] = (), id_keys: tuple[str, ...] = ID_KEYS
) -> Check[SessionView]:
    """Each citation in an answer resolves to a document that a tool (one of `tools`, if any) retrieved before.

    `pattern` finds citations, in any case of letters; `id_keys` are the keys under which results name documents. Not
    applicable when no answer cites anything. Raises `ValueError` for a bad pattern.
    """
    return CitesOnlyRetrieved(pattern, tuple(sorted(set(tools))), tuple(sorted(set(id_keys))))


def has_citations(at_least: int = 1, pattern: str = CITATION) -> Check[Text]:
    """The text cites `at_least` different documents. Raises `ValueError` for a bad pattern, or a number below 1."""
    if at_least < 1:
        raise ValueError("has_citations(at_least) needs 1 or more")
    return HasCitations(pattern, at_least)


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    """Yield the objects within `value` in order, up to a bounded number of values looked at."""
    stack, n_seen = [value], 0
    while stack and n_seen < _MAX_VALUES:
        each = stack.pop()
        n_seen += 1
        if isinstance(each, dict):
            yield each
            stack += reversed(each.values())
        elif isinstance(each, list):
            stack += reversed(each)


def _name(text: str) -> str:
    """Return a name as names are compared: without case, punctuation behind it, and the part of an address behind #."""
    name = text.strip().casefold().rstrip(".,;:!?*_")
    return name.partition("#")[0].rstrip("/") if "://" in name else name
