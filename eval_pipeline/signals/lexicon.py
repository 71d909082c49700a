"""Word lists of the signals, read from `catalog/lexicons/`: one file per language, all of them in force together.

A phrase is plain text; case, the kind of apostrophe and the width of spaces do not matter, and it is found only as
whole words. Not here: which signal reads which section (the signal says so).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import BaseModel, ConfigDict, Field

from eval_pipeline.catalog import load_yaml
from eval_pipeline.errors import SettingsError

Phrase = str


class LexiconFile(BaseModel):
    """One language. A section that a language lacks is empty there."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    language: str = Field(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]+)*$")
    complaints: tuple[Phrase, ...] = ()
    doubts: tuple[Phrase, ...] = ()
    praise: tuple[Phrase, ...] = ()
    negations: tuple[Phrase, ...] = ()
    requests: tuple[Phrase, ...] = ()
    repeats: tuple[Phrase, ...] = ()
    acknowledgements: tuple[Phrase, ...] = ()
    stop_words: tuple[Phrase, ...] = ()
    tool_errors: tuple[Phrase, ...] = ()


SECTIONS = tuple(name for name in LexiconFile.model_fields if name != "language")


@dataclass(frozen=True)
class Phrases:
    """The phrases of one section over all languages, in two searches that agree: in bulk, and in one text."""

    phrases: tuple[Phrase, ...] = ()

    def found_in(self, texts: pd.Series, *, at_start: bool = False) -> npt.NDArray[np.bool_]:
        """Return for each text whether a phrase stands in it, or begins it.

        RE2 knows word borders of ASCII alone, so it decides on ASCII texts and only preselects the others.
        """
        hits = np.zeros(len(texts), dtype=bool)
        if not self.phrases or not len(texts):
            return hits
        array = _with_plain_apostrophes(texts)
        is_ascii = np.asarray(pc.string_is_ascii(array).to_numpy(zero_copy_only=False), dtype=bool)
        hits[is_ascii] = _matched(array.filter(pa.array(is_ascii)), self._at_start if at_start else self._anywhere)
        near = np.flatnonzero(_matched(array, self._unbounded) & ~is_ascii)
        exact = self._single_at_start.match if at_start else self._single.search
        hits[near] = [exact(array[int(i)].as_py()) is not None for i in near]
        return hits

    def search(self, text: str) -> re.Match[str] | None:
        """Return the first phrase that stands in `text`."""
        return self._single.search(text) if self.phrases else None

    @cached_property
    def _single(self) -> re.Pattern[str]:
        return re.compile(rf"(?<!\w)(?:{self._alternatives(_END)})", re.IGNORECASE)

    @cached_property
    def _single_at_start(self) -> re.Pattern[str]:
        return re.compile(rf"\W*(?:{self._alternatives(_END)})", re.IGNORECASE)

    @cached_property
    def _anywhere(self) -> str:
        return rf"\b(?:{self._alternatives(_END_IN_ASCII)})"

    @cached_property
    def _at_start(self) -> str:
        return rf"^\W*(?:{self._alternatives(_END_IN_ASCII)})"

    @cached_property
    def _unbounded(self) -> str:
        return self._alternatives("")

    def _alternatives(self, end: str) -> str:
        # Longest first, so that the quote shows the whole of what was said.
        ordered = sorted(self.phrases, key=lambda phrase: (-len(phrase), phrase))
        return "|".join(_as_pattern(phrase) + (end if phrase[-1].isalnum() else "") for phrase in ordered)


_APOSTROPHE = "['\u2019`]?"
_END = r"(?!\w)"
_END_IN_ASCII = r"\b"


def _as_pattern(phrase: Phrase) -> str:
    """Return the pattern of a phrase; it must end a word only where it ends in one (`error:` does not)."""
    words = [re.escape(word).replace("'", _APOSTROPHE) for word in phrase.split()]
    return r"\s+".join(words)


def _with_plain_apostrophes(texts: pd.Series) -> Any:
    return pc.replace_substring(pa.array(texts, type=pa.large_string()), "\u2019", "'")


def found(texts: pd.Series, pattern: str) -> npt.NDArray[np.bool_]:
    """Return for each text whether the RE2 `pattern` is found in it, without regard to case; linear in the text."""
    return _matched(pa.array(texts, type=pa.large_string()), pattern)


def _matched(array: Any, pattern: str) -> npt.NDArray[np.bool_]:
    hits = pc.match_substring_regex(array, pattern, ignore_case=True)
    return np.asarray(hits.to_numpy(zero_copy_only=False), dtype=bool)


def load_lexicons(folder: Path) -> dict[str, Phrases]:
    """Return the phrases of each section over all files of `folder`.

    Raises `SettingsError` when there is no file, or one cannot be read.
    """
    paths = sorted(folder.glob("*.yaml"))
    if not paths:
        raise SettingsError(f"{folder} holds no lexicon", "restore catalog/lexicons/en.yaml, or add a language")
    files = [load_yaml(path, LexiconFile) for path in paths]
    return {section: Phrases(_distinct(getattr(file, section) for file in files)) for section in SECTIONS}


def _distinct(lists: Iterable[tuple[Phrase, ...]]) -> tuple[Phrase, ...]:
    return tuple(sorted({phrase.strip().lower() for phrases in lists for phrase in phrases if phrase.strip()}))
