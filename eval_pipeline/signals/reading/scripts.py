"""Which scripts a text is written in, by Unicode. Not here: languages, which share scripts."""

import unicodedata
from collections import Counter

import numpy as np
import numpy.typing as npt

from eval_pipeline.signals.reading.texts import Texts

SCRIPTS = {
    "Arabic": r"\p{Arabic}",
    "Armenian": r"\p{Armenian}",
    "Bengali": r"\p{Bengali}",
    "Chinese or Japanese": r"[\p{Han}\p{Hiragana}\p{Katakana}]",
    "Cyrillic": r"\p{Cyrillic}",
    "Devanagari": r"\p{Devanagari}",
    "Georgian": r"\p{Georgian}",
    "Greek": r"\p{Greek}",
    "Hangul": r"\p{Hangul}",
    "Hebrew": r"\p{Hebrew}",
    "Tamil": r"\p{Tamil}",
    "Thai": r"\p{Thai}",
}
"""Scripts other than Latin, as RE2 knows them."""

_BY_NAME = {
    "ARABIC": "Arabic",
    "ARMENIAN": "Armenian",
    "BENGALI": "Bengali",
    "CJK": "Chinese or Japanese",
    "HIRAGANA": "Chinese or Japanese",
    "KATAKANA": "Chinese or Japanese",
    "CYRILLIC": "Cyrillic",
    "DEVANAGARI": "Devanagari",
    "GEORGIAN": "Georgian",
    "GREEK": "Greek",
    "HANGUL": "Hangul",
    "HEBREW": "Hebrew",
    "LATIN": "Latin",
    "TAMIL": "Tamil",
    "THAI": "Thai",
}
"""Scripts by the first word of the Unicode names of their letters."""


def scripts_in(texts: Texts) -> npt.NDArray[np.int64]:
    """Return for each text the scripts of `SCRIPTS` in it, a bit each, in their order; Latin has none."""
    bits = np.zeros(len(texts), dtype=np.int64)
    others = texts.not_ascii
    for place, letters in enumerate(SCRIPTS.values()):
        bits[others.at] |= others.texts.matched(letters).astype(np.int64) << place
    return bits


def letters_by_script(text: str) -> Counter[str]:
    """Return how many letters of `text` are of each script, "other" for those of none that is known here."""
    found: Counter[str] = Counter()
    for character, count in Counter(text).items():
        if character.isalpha():
            found[_BY_NAME.get(unicodedata.name(character, "").split(" ")[0], "other")] += count
    return found
