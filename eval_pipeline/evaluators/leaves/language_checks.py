"""Checks of the language of a text, and whether answers keep to the user's. py3langid decides, over 140 languages.

A language is its ISO 639 code ("en"). Code, addresses and pseudonyms are left out of account, and nothing past the
first `_MAX_CHARACTERS`. What is too short or too mixed to be told does not apply. The model is loaded on first use.
Not here: whether the language is used well (a judge's question).
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import version
from typing import Any, NamedTuple

from eval_pipeline.evaluators.contract import Check, Leaf
from eval_pipeline.evaluators.views import Message, SessionView, Text
from eval_pipeline.redaction.pseudonyms import TOKEN

_MAX_CHARACTERS = 500
"""The beginning of a text tells its language; each further character costs a microsecond."""

_NOT_PROSE = re.compile(rf"```.*?(?:```|\Z)|`[^`\n]*`|https?://\S+|\S{1, 64}@\S{1, 255}|{TOKEN.pattern}", re.DOTALL)
_NO_LANGUAGE = "zxx"
_CONSTANTS = (version("py3langid"), _MAX_CHARACTERS, _NOT_PROSE, _NO_LANGUAGE)


@dataclass(frozen=True)
class IsInLanguage(Leaf[Text]):
    """The text is in one of some languages, as far as its language can be told."""

    languages: tuple[str, ...]
    confidence: float
    min_letters: int

    constants = _CONSTANTS

    def holds(self, subject: Text) -> bool | None:
        """Return whether it is; None when its language cannot be told."""
        language = told_language(subject.text, self.confidence, self.min_letters)
        return None if language is None else language in self.languages

    @property
    def words(self) -> str:
        """The languages."""
        return f"is in the language {' or '.join(self.languages)}"

    def found(self, subject: Text) -> str:
        """Return the language and the text."""
        return f"{told_language(subject.text, self.confidence, self.min_letters)}: {subject.text}"

    def why_not_applicable(self, subject: Text) -> str:
        """Return that the language is not certain."""
        return "too short or too mixed to tell its language"


class _Strayed(NamedTuple):
    answer: Message
    language: str
    asked_in: str


@dataclass(frozen=True)
class AnswersInLanguageOfUser(Leaf[SessionView]):
    """Each answer is in the language in which the user last spoke, as far as both can be told."""

    confidence: float
    min_letters: int

    constants = _CONSTANTS

    def holds(self, subject: SessionView) -> bool | None:
        """Return whether no answer strays; None when no answer could be compared."""
        n_compared, strayed = self._compare(subject)
        return strayed is None if n_compared else None

    def _compare(self, session: SessionView) -> tuple[int, _Strayed | None]:
        asked_in: str | None = None
        n_compared = 0
        for message in session.conversation:
            if message.role == "assistant" and asked_in is None:
                continue
            language = told_language(message.text, self.confidence, self.min_letters)
            if message.role == "user":
                asked_in = language or asked_in
            elif language is not None and asked_in is not None:
                n_compared += 1
                if language != asked_in:
                    return n_compared, _Strayed(message, language, asked_in)
        return n_compared, None

    @property
    def words(self) -> str:
        """What is asked."""
        return "answers in the language of the user"

    def found(self, subject: SessionView) -> str | None:
        """Return both languages, and the answer."""
        strayed = self._compare(subject)[1]
        return strayed and f"{strayed.language}, asked in {strayed.asked_in}: {strayed.answer.text}"

    def turn_of(self, subject: SessionView) -> int | None:
        """Return the turn of the answer that strays."""
        strayed = self._compare(subject)[1]
        return None if strayed is None else strayed.answer.turn_index

    def why_not_applicable(self, subject: SessionView) -> str:
        """Return that nothing could be compared."""
        return "there is no answer whose language, and the user's, can be told"


def is_in_language(*languages: str, confidence: float = 0.8, min_letters: int = 10) -> Check[Text]:
    """The text is in one of `languages` (ISO 639 codes: "en", "de").

    Not applicable to a text of fewer than `min_letters` letters, or when the likeliest language is less likely than
    `confidence` (0 to 1). Raises `ValueError` for what does not look like a code.
    """
    if not languages or not all(re.fullmatch("[a-z]{2,3}", language) for language in languages):
        raise ValueError(f"give languages as ISO 639 codes, such as 'en', not {', '.join(languages) or 'none'}")
    return IsInLanguage(tuple(sorted(set(languages))), _share(confidence), min_letters)


def answers_in_language_of_user(confidence: float = 0.8, min_letters: int = 10) -> Check[SessionView]:
    """Each answer is in the language in which the user last spoke; see `is_in_language` for when that can be told."""
    return AnswersInLanguageOfUser(_share(confidence), min_letters)


def told_language(text: str, confidence: float, min_letters: int) -> str | None:
    """Return the code of the language of `text`, or None when it cannot be told."""
    language, probability = _classified(text[:_MAX_CHARACTERS], min_letters)
    return language if probability >= confidence and language != _NO_LANGUAGE else None


@lru_cache(maxsize=4096)
def _classified(text: str, min_letters: int) -> tuple[str | None, float]:
    """Return the likeliest language of a short text and its probability; assistants say many things many times."""
    prose = _NOT_PROSE.sub(" ", text)
    if sum(map(str.isalpha, prose)) < min_letters:
        return None, 0.0
    language, probability = _identifier().classify(prose)
    return str(language), float(probability)


@lru_cache(maxsize=1)
def _identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier  # type: ignore[import-untyped]

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


def _share(confidence: float) -> float:
    if not 0 <= confidence <= 1:
        raise ValueError(f"confidence lies between 0 and 1, {confidence} does not")
    return confidence
