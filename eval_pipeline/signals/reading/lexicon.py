"""Word lists of the signals, read from `catalog/lexicons/`: one file per language, all of them in force together.

A phrase is plain text; case, the kind of apostrophe and the width of spaces do not matter, and it is found only as
whole words. Not here: which signal reads which section (the signal says so).
"""

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field

from eval_pipeline.catalog import load_yaml
from eval_pipeline.errors import SettingsError
from eval_pipeline.signals.reading.texts import Texts

Phrase = str


class LexiconFile(BaseModel):
    """One language: besides its name, sections of phrases. A section that a language lacks is empty there."""

    model_config = ConfigDict(extra="allow", frozen=True)
    __pydantic_extra__: dict[str, tuple[Phrase, ...]]

    language: str = Field(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]+)*$")

    @property
    def sections(self) -> dict[str, tuple[Phrase, ...]]:
        """The phrases by section."""
        return self.__pydantic_extra__


@dataclass(frozen=True)
class Phrases:
    """The phrases of one section over all languages, in two searches that agree: in bulk, and in one text."""

    phrases: tuple[Phrase, ...] = ()

    def found_in(self, texts: Texts, *, at_start: bool = False) -> npt.NDArray[np.bool_]:
        """Return for each text whether a phrase stands in it, or begins it.

        RE2 knows word borders of ASCII alone, so it decides on ASCII texts and only preselects the others.
        """
        hits = np.zeros(len(texts), dtype=bool)
        if not self.phrases or not len(texts):
            return hits
        hits[texts.ascii.at] = texts.ascii.texts.matched_by_any(self._at_start if at_start else self._anywhere)
        others = texts.not_ascii
        near = others.at[others.texts.matched_by_any(self._unbounded)]
        exact = self._single_at_start.match if at_start else self._single.search
        hits[near] = [exact(texts.values[i]) is not None for i in near]
        return hits

    def search(self, text: str) -> re.Match[str] | None:
        """Return the first phrase that stands in `text`."""
        return self._single.search(text) if self.phrases else None

    def every(self, text: str) -> list[re.Match[str]]:
        """Return all phrases that stand in `text`, without overlap."""
        return list(self._single.finditer(text)) if self.phrases else []

    def blanked(self, text: str) -> str:
        """Return `text` with spaces in the place of each phrase, so that what stands elsewhere keeps its place."""
        return self._single.sub(lambda match: " " * len(match.group()), text) if self.phrases else text

    @cached_property
    def values(self) -> dict[str, int]:
        """The numbers of entries like `three = 3`, by word; other entries have none."""
        pairs = [entry.partition("=") for entry in self.phrases]
        return {word.strip(): int(value) for word, _, value in pairs if value.strip().isdecimal()}

    @cached_property
    def _single(self) -> re.Pattern[str]:
        return re.compile(rf"(?<!\w)(?:{'|'.join(self._alternatives(_END))})", re.IGNORECASE)

    @cached_property
    def _single_at_start(self) -> re.Pattern[str]:
        return re.compile(rf"\W*(?:{'|'.join(self._alternatives(_END))})", re.IGNORECASE)

    @cached_property
    def _anywhere(self) -> tuple[str, ...]:
        return tuple(rf"\b(?:{part})" for part in _parted(self._alternatives(_END_IN_ASCII)))

    @cached_property
    def _at_start(self) -> tuple[str, ...]:
        return tuple(rf"^\W*(?:{part})" for part in _parted(self._alternatives(_END_IN_ASCII)))

    @cached_property
    def _unbounded(self) -> tuple[str, ...]:
        return tuple(_parted(self._alternatives("")))

    def _alternatives(self, end: str) -> list[str]:
        # Longest first, so that the quote shows the whole of what was said.
        ordered = sorted(self.phrases, key=lambda phrase: (-len(phrase), phrase))
        return [_as_pattern(phrase) + (end if phrase[-1].isalnum() else "") for phrase in ordered]


LONGEST_PATTERN = 8000
"""Characters of one alternation. RE2 gives up its automaton for a much longer one, and is ten times slower without."""

_APOSTROPHE = "['\u2019`]?"
_END = r"(?!\w)"
_END_IN_ASCII = r"\b"


def _parted(alternatives: Iterable[str]) -> Iterator[str]:
    """Yield alternations of about `LONGEST_PATTERN` characters that together have all `alternatives`."""
    part: list[str] = []
    for alternative in alternatives:
        if part and sum(map(len, part)) + len(alternative) > LONGEST_PATTERN:
            yield "|".join(part)
            part = []
        part.append(alternative)
    if part:
        yield "|".join(part)


def _as_pattern(phrase: Phrase) -> str:
    """Return the pattern of a phrase; it must end a word only where it ends in one (`error:` does not)."""
    words = [re.escape(word).replace("'", _APOSTROPHE) for word in phrase.split()]
    return r"\s+".join(words)


def load_lexicons(folder: Path, sections: Iterable[str]) -> dict[str, Phrases]:
    """Return the phrases of each of `sections` over all files of `folder`.

    Raises `SettingsError` when there is no file, one cannot be read, or one has a section that nothing reads.
    """
    paths = sorted(folder.glob("*.yaml"))
    if not paths:
        raise SettingsError(f"{folder} holds no lexicon", "restore catalog/lexicons/en.yaml, or add a language")
    known = sorted(set(sections))
    files = [_loaded(path, known) for path in paths]
    return {section: Phrases(_distinct(file.get(section, ()) for file in files)) for section in known}


def _loaded(path: Path, known: Collection[str]) -> dict[str, tuple[Phrase, ...]]:
    sections = load_yaml(path, LexiconFile).sections
    unknown = sorted(set(sections) - set(known))
    if unknown:
        raise SettingsError(f"{path}: no signal reads {', '.join(unknown)}", f"use sections among {', '.join(known)}")
    return sections


def _distinct(lists: Iterable[tuple[Phrase, ...]]) -> tuple[Phrase, ...]:
    return tuple(sorted({phrase.strip().lower() for phrases in lists for phrase in phrases if phrase.strip()}))
