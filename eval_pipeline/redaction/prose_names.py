"""Names that people say in plain words: behind "my name is", a title, or before "speaking", and in greetings and closings.

Only words with a capital count, at most three with particles ("Ana de la Cruz") behind a cue of the catalog's `prose`.
Every search stands behind its cue as a literal, and reads a bounded number of characters from there.

Not here: names that structured data shows (`keys.py`), where else a name is then found (`known.py`).
Not covered: names without a cue, names in lower case, a greeting by someone who is not the assistant.
"""

import re
from collections.abc import Callable, Iterator

from eval_pipeline.redaction.cues import Cues, alternatives, places_of
from eval_pipeline.redaction.keys import ProseRules
from eval_pipeline.redaction.numbers import Hit
from eval_pipeline.redaction.pseudonyms import BARRIER, fold

Place = tuple[int, int, int]
MAX_NAME_WORDS = 3
MAX_PARTICLES = 3
RULE = "said_name"
KIND = "NAME"
NAME_WORD = re.compile(r"[^\W\d_]{1,30}(?:['\u2019-][^\W\d_]{1,30}){0,2}(?![\w@])")
NAME_GAP = re.compile(r" {1,2}")
CUE_GAP = r"[ \t]{0,3}:?[ \t]{0,3}[*_\"'“„]{0,3}"
POSSESSIVE = ("'s", "\u2019s")
ENDS_NAME = re.compile(r"[ \t*_\"'”]{0,3}(?:[.,;:!?)\n\r\x00]|\Z)|[ \t]{1,2}(?:and|und)\b")
TITLED = r"(?<![\w.-])(CUES)\b\.?(?: (?:Dr|Prof)\.| Doktor| Professor)? (?=[^\W\d_])"
CLOSING = r"(?<!\w)(?:CUES)[,!.]? {0,2}(?:\r?\n){1,2} {0,4}(?=[^\W\d_])"
STREET_BEFORE = re.compile(r"(?<![\w])[0-9]{1,6}[A-Za-z]? (?:[\w'.-]{1,30} ){1,4}\Z|(?<=[\w,;] )[A-Z][\w'-]{1,30} \Z")
"""What stands before "Dr" where it is short for a drive: a house number and a name, or a capital within a sentence."""
LOOK_BACK = 80
GREETING_END = re.compile(r" ?(?:[,!:\u2014\u2013]|[.](?=\s))|\s*\Z")
SELF = re.compile(r"(?:I'm|I\u2019m|I am|[Ii]ch bin) (?=[^\W\d_])")
SELF_BEFORE = re.compile(
    r"(?:\A|[\n\x00]|[.!?,] )(?:(?:hi|hello|hey|hallo|good (?:morning|afternoon|evening))[,.!]? )?\Z", re.IGNORECASE
)
SELF_LITERALS = ("I'm ", "I\u2019m ", "I am ", "Ich bin ", "ich bin ")
SELF_REACH = 24
SELF_END = re.compile(r",(?= )| (?:from|calling|and I|aus|und ich)\b")
SIGNED = re.compile(r"[ ,.]{0,3}(?:[\r\n\x00]|\Z)")
CALLER = re.compile(r"(?<!\w)(?:this is|it is|it's|hier ist) (?=[^\W\d_])", re.IGNORECASE)
LABEL = re.compile(r"(?:^|(?<=[\n\r\x00>*•,;])|(?<=- ))[ \t>*]{0,4}name:[*]{0,2}[ \t]{1,6}", re.IGNORECASE)
LABEL_BESIDE = re.compile(
    r"(?:^|[\n\r,;>*]|- )[ \t>*]{0,4}(?:e-?mail|phone|tel|mobile|address|date of birth|dob|user id|adresse|telefon|geburtsdatum)\b[ \w]{0,12}:",
    re.IGNORECASE,
)
LABEL_REACH = 120
"""Characters on either side of "name:" in which another label must show that a person is meant, not a thing."""


class NameReader:
    """Reads the name that begins at a place of a text."""

    def __init__(self, rules: ProseRules) -> None:
        self._particles = frozenset(rules.particles)
        self._not_names = frozenset(fold(word) for word in rules.not_names)

    def read(self, text: str, at: int, most: int = MAX_NAME_WORDS) -> tuple[list[str], int]:
        """Return the words of the name at `text[at:]` and its end; no words if there is none."""
        words: list[str] = []
        end, n_particles, pending = at, 0, False
        while len(words) - n_particles < most and (match := NAME_WORD.match(text, at)):
            word, stop = self._bare(match[0]), match.end()
            if word in self._particles and n_particles < MAX_PARTICLES:
                n_particles, pending = n_particles + 1, True
            elif (
                not word[0].isupper() or fold(word) in self._not_names or (word == "I" and text[stop : stop + 1] != ".")
            ):
                break
            else:
                pending = False
            words.append(word)
            is_initial = len(word) == 1 and text.startswith(".", stop)
            if not pending:
                end = at + len(word) + is_initial
            gap = NAME_GAP.match(text, stop + is_initial)
            if gap is None or len(word) != len(match[0]):
                break
            at = gap.end()
        while words and words[-1] in self._particles:
            words.pop()
        return words, end

    def is_name(self, words: list[str]) -> bool:
        """Return whether `words` name someone: one of them is more than an initial."""
        return any(len(word) > 1 and word not in self._particles for word in words)

    @staticmethod
    def _bare(word: str) -> str:
        return word[:-2] if word.endswith(POSSESSIVE) else word


class _NameFinder:
    """The searches for each kind of cue; all give `(start, end, number of words)`."""

    def __init__(self, rules: ProseRules) -> None:
        self._reader = NameReader(rules)
        self._introductions = Cues(rules.introductions, rf"(?<!\w)(?:CUES)(?!\w){CUE_GAP}(?=[^\W\d_])", True)
        self._callers = tuple(word.lower() for word in rules.callers)
        self._caller_end = re.compile(rf",? (?:{alternatives(rules.callers)})\b", re.IGNORECASE)
        self._titles = Cues(rules.titles, TITLED, False)
        self._single_word_titles = frozenset(rules.single_word_titles)
        self._closings = Cues(rules.closings, CLOSING, True)

    def __call__(self, text: str, lower: str) -> Iterator[Hit]:
        for start, end, _ in self._places(text, lower):
            yield Hit(start, end, RULE, KIND, text[start:end])

    def _places(self, text: str, lower: str) -> Iterator[Place]:
        for match in self._introductions.matches(text, lower):
            yield from self._behind(match)
        if any(word in lower for word in self._callers):
            for match in CALLER.finditer(text):
                yield from self._ended(match, self._caller_end)
        for match in self._titles.matches(text, lower):
            yield from self._titled(match)
        for match in self._closings.matches(text, lower):
            yield from self._ended(match, SIGNED, 2)
        yield from self._own(text)
        if "name:" in lower:
            for match in LABEL.finditer(text):
                yield from self._labelled(match)

    def _behind(self, cue: re.Match[str], most: int = MAX_NAME_WORDS) -> Iterator[Place]:
        words, end = self._reader.read(cue.string, cue.end(), most)
        if self._reader.is_name(words):
            yield cue.end(), end, len(words)

    def _ended(self, cue: re.Match[str], ending: re.Pattern[str], least: int = 1) -> Iterator[Place]:
        for found in self._behind(cue):
            if found[2] >= least and ending.match(cue.string, found[1]):
                yield found

    def _titled(self, title: re.Match[str]) -> Iterator[Place]:
        text, start = title.string, title.start()
        if title[1] == "Dr" and STREET_BEFORE.search(text, max(0, start - LOOK_BACK), start):
            return
        for found in self._behind(title):
            # A language that writes every noun with a capital needs the end of the phrase to tell a second name.
            is_sure = title[1] not in self._single_word_titles or ENDS_NAME.match(text, found[1])
            yield from [found] if is_sure else self._behind(title, 1)

    def _own(self, text: str) -> Iterator[Place]:
        for at in places_of(SELF_LITERALS, text):
            cue = SELF.match(text, at)
            if cue is not None and text[cue.end()].isupper():
                before = text[max(0, at - SELF_REACH) : at]
                if SELF_BEFORE.search(before if at < SELF_REACH else f"-{before}"):
                    yield from self._ended(cue, SELF_END, 2)

    def _labelled(self, label: re.Match[str]) -> Iterator[Place]:
        text = label.string
        for found in self._behind(label):
            before = text[max(0, label.start() - LABEL_REACH) : label.start()].rpartition(BARRIER)[2]
            after = text[found[1] : found[1] + LABEL_REACH].partition(BARRIER)[0]
            if LABEL_BESIDE.search(before) or LABEL_BESIDE.search(after):
                yield found


def name_finder(rules: ProseRules) -> Callable[[str, str], Iterator[Hit]]:
    """Return the function that yields the names in `(text, text.lower())`; hits may overlap."""
    return _NameFinder(rules)


def greeted_finder(rules: ProseRules) -> Callable[[str], str | None]:
    """Return the function that gives the name which an assistant's text greets at its start ("Dear Mary,"), or None."""
    reader = NameReader(rules)
    greeting = re.compile(rf"\s{{0,4}}(?:{alternatives(rules.greetings)}),? (?=[^\W\d_])")

    def greeted(text: str) -> str | None:
        match = greeting.match(text)
        if match is None:
            return None
        words, end = reader.read(text, match.end())
        if reader.is_name(words) and GREETING_END.match(text, end):
            return text[match.end() : end]
        return None

    return greeted
