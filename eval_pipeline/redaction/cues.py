"""Finding cues in a text by plain search: a pattern is tried only where one of its literals stands.

A search for a literal costs a tenth of a scan with a pattern; most texts hold no cue at all.
Not here: which cues there are (`catalog/redaction.yaml`), what follows them (`prose_*.py`).
"""

import re
from collections.abc import Iterable, Iterator


def alternatives(words: Iterable[str]) -> str:
    """Return the pattern source of any of `words`, the longest first."""
    return "|".join(re.escape(word) for word in sorted(words, key=lambda word: (-len(word), word)))


def places_of(literals: Iterable[str], text: str) -> Iterator[int]:
    """Yield where in `text` each of `literals` begins."""
    for literal in literals:
        if literal in text:  # the operator costs a third of the method, and most literals are not there
            at = text.find(literal)
            while at >= 0:
                yield at
                at = text.find(literal, at + 1)


def _ending(cue: str) -> str:
    """Return the part of `cue` that it shares with its like: the word with a colon, else the last two words."""
    return cue[-len("name:") :] if cue.endswith(":") else " ".join(cue.split(" ")[-2:])


class Cues:
    """Cues in any case or as written, and the pattern that begins with one of them (`CUES` in `form`).

    Cues that end alike ("my name is", "her name is") are looked for only in texts that hold the ending.
    """

    def __init__(self, cues: Iterable[str], form: str, any_case: bool) -> None:
        cues = tuple(cues)
        self._any_case = any_case
        literals = [cue.lower() for cue in cues] if any_case else list(cues)
        endings = sorted({_ending(literal) for literal in literals}, key=lambda ending: (len(ending), ending))
        self._by_ending: dict[str, list[str]] = {}
        for literal in literals:
            shortest = next(ending for ending in endings if ending in literal)
            self._by_ending.setdefault(shortest, []).append(literal)
        self._pattern = re.compile(form.replace("CUES", alternatives(cues)), re.IGNORECASE if any_case else 0)

    def matches(self, text: str, lower: str) -> Iterator[re.Match[str]]:
        """Yield the matches of the pattern in `text`; `lower` is `text.lower()`."""
        if not self._any_case:
            searched = text
        elif len(lower) == len(text):
            searched = lower
        else:
            # A character that becomes two in lower case moves all places behind it.
            yield from self._pattern.finditer(text)
            return
        for ending, literals in self._by_ending.items():
            if ending in searched:
                for at in places_of(literals, searched):
                    match = self._pattern.match(text, at)
                    if match is not None:
                        yield match
