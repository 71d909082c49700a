"""Addresses that people write in plain words, whole: street, apartment, place, postcode and country.

What makes a run of words an address is a strong sign: an apartment behind a house number ("31 Rua Igreja 25, Apt. 4"), a
military post ("PSC 12, Box 34, APO AE 09012"), a street word of another language with a house number, or the words
"address is" or "lives at" right before it. Lines that follow belong to it if they end in a postcode or a country.

Not here: streets that English names show ("12 Oak Street", `patterns.py`), places without a street.
Every search stands behind a literal and reads a bounded number of characters from there.
"""

import re
from collections.abc import Callable, Iterator

from eval_pipeline.redaction.cues import Cues, places_of
from eval_pipeline.redaction.keys import ProseRules
from eval_pipeline.redaction.numbers import Hit
from eval_pipeline.redaction.pseudonyms import BARRIER, fold

RULE = "address"
KIND = "ADDRESS"
REACH = 100
"""Characters before an apartment in which its street may begin, and after it in which its postcode may stand."""
WORD = r"[^\W\d_][\w'\u2019.-]{0,30}"
SMALL = r"(?:de|del|della|di|da|do|dos|das|du|des|la|le|el|van|von|der|den|het|i|w|u|út|utca|útja|tér|tee|ul|al|rue|rua)\b\.?"
WORDS = re.compile(r"(?<!\w)[^\W\d_][\w'\u2019.-]*")
SMALL_WORD = re.compile(SMALL)
LINE = r"[ \t]{0,6},?[ \t]{0,6}(?:\r?\n[ \t>]{0,8}){0,2},?[ \t]{0,4}"
UNIT = re.compile(r"\b(Apt|Apartment|Suite|Unit|Flat|Wohnung)\.? (?:No\.? ?|#)?[0-9]{1,5}[A-Za-z]?\b")
UNIT_LITERALS = ("Ap", "Suite", "Unit", "Flat", "Wohnung")
HEAD = re.compile(
    rf"(?<![\w#$€£.,/:-])[0-9]{{1,6}}[A-Za-z]? (?:[0-9]{{1,5}} )?(?:(?:{SMALL}|{WORD}) ){{0,5}}?{WORD}(?: [0-9]{{1,5}}[A-Za-z]?\.?)?({LINE})\Z"
)
HOME = re.compile(r"[0-9][0-9A-Za-z]* (?:[^\n]*[^\W\d_]) [0-9]{1,5}[A-Za-z]?\.?\s*,?\s*\Z")
MILITARY = re.compile(
    r"\b(?:(?:PSC|CMR|Unit) [0-9]{1,5},? {1,2}Box [0-9]{1,5}|USN?S [A-Z][a-z]{2,20})[,\s]{1,4}[AFD]PO,? A[AEP] [0-9]{5}(?:-[0-9]{4})?\b",
    re.IGNORECASE,
)
MILITARY_LITERALS = ("po a", "po, a")
TAIL_STEP = re.compile(
    r"[ \t>]{0,8}(?:,[ \t]{0,4})?(?:(?:\r?\n[ \t>]{0,8}){1,2},?[ \t]{0,4})?(?:(?P<code>[0-9]{4,6})(?![\w-])|(?P<word>\(?[^\W\d_][\w'\u2019-]{0,30}\)?))"
)
MAX_PLACE_WORDS = 9
SECOND = re.compile(rf"{LINE}(?:Apt|Apartment|Suite|Unit|Flat)\.? [0-9]{{1,5}}\b")
STREET_FIRST = re.compile(
    r"(?:Rue|Rua|Calle|Avenida|Avda\.|ul\.) "
    r"(?:(?:de|del|della|di|da|do|dos|das|du|des|la|le|el|l'|d') ?){0,3}(?:[^\W\d_][\w'\u2019-]{1,30} ){1,3}[0-9]{1,5}[A-Za-z]?(?![\w:%-])"
)
STREET_FIRST_LITERALS = ("Ru", "Calle ", "Av", "ul. ")
STREET_LAST = re.compile(r"(?:straße|strasse|str\.|gasse|allee) [0-9]{1,4}[a-z]?(?![\w:%])", re.IGNORECASE)
STREET_LAST_LITERALS = ("straße ", "strasse ", "str. ", "gasse ", "allee ")
STREET_NAME = re.compile(r"(?<![\w-])[^\W\d_](?:[\w-]{0,30}|[\w-]{0,30}(?: |-))\Z")
HOUSE_BEFORE = re.compile(r"(?<![\w#$.,/:-])[0-9]{1,5},? \Z")
STREET_PLACE = re.compile(r", [0-9]{5} [^\W\d_][\w-]{1,30}")
BARE = r"[^\W\d_][\w'\u2019-]{0,30}"
STREET_END = r"(?=[ ]?[,.;!?\n\r\x00]|\s*\Z)"
NUMBER_FIRST = re.compile(
    rf"[0-9]{{1,6}}[A-Za-z]? (?:[0-9]{{1,5}} )?(?:{SMALL} ){{0,2}}{BARE}(?: (?:{SMALL}|{BARE})){{0,4}}?"
    rf"(?: [0-9]{{1,5}}[A-Za-z]?\b\.?(?!\w)|{STREET_END})"
)
NUMBER_LAST = re.compile(rf"{BARE}(?: (?:{SMALL}|{BARE})){{0,3}}? [0-9]{{1,4}}[A-Za-z]?\b{STREET_END}")
DAY = re.compile(r"[0-3]?[0-9] (?:April|May|June|August)\b")
NOT_POSTAL = re.compile(r"(?:mail|ip|mac|web|url|wallet|site|link|internet)[ -]{0,2}\Z", re.IGNORECASE)


def _is_cut(text: str, stop: int) -> bool:
    """Return whether a word or a number goes on at `stop`, where the search ended."""
    return text[stop - 1 : stop].isalnum() and text[stop : stop + 1].isalnum()


class AddressReader:
    """Finds where an address ends, and those that a unit or a cue shows."""

    def __init__(self, rules: ProseRules) -> None:
        self._not_names = frozenset(fold(word) for word in rules.not_names)
        self._countries = {tuple(fold(word) for word in name.split()) for name in rules.countries}
        self._longest_country = max(len(words) for words in self._countries)

    def end(self, text: str, at: int) -> int:
        """Return where the address ends whose street ends at `at`: behind a postcode or country, if it goes that far."""
        stop = min(len(text), at + REACH)
        barrier = text.find(BARRIER, at, stop)
        stop = barrier if barrier >= 0 else stop
        while second := SECOND.match(text, at, stop):
            at = second.end()
        place = STREET_PLACE.match(text, at, stop)
        return self._tail(text, place.end() if place and not _is_cut(text, place.end()) else at, stop)

    def _tail(self, text: str, at: int, stop: int) -> int:
        """Return the end of the postcode or the country that the capital words at `at` lead to, else `at`."""
        words: list[str] = []
        best = place = at
        while len(words) < MAX_PLACE_WORDS and (step := TAIL_STEP.match(text, place, stop)):
            place = step.end()
            if _is_cut(text, place):
                return best
            if step["code"] is not None:
                return place if words else best
            word = step["word"]
            if not self.is_clean(word) and not SMALL_WORD.fullmatch(word):
                break
            words.append(fold(word))
            if any(tuple(words[-n:]) in self._countries for n in range(1, self._longest_country + 1)):
                best = place
        return best

    def is_clean(self, words: str) -> bool:
        """Return whether `words` begin with capitals but for small words of streets, and none is one that names nothing."""
        large = [word for word in WORDS.findall(words) if not SMALL_WORD.fullmatch(word)]
        return bool(large) and all(word[0].isupper() and fold(word) not in self._not_names for word in large)

    def with_unit(self, text: str) -> Iterator[tuple[int, int]]:
        """Yield the addresses with an apartment behind the street."""
        for unit in (UNIT.match(text, at) for at in places_of(UNIT_LITERALS, text)):
            if unit is None:
                continue
            begin = max(text.rfind(BARRIER, 0, unit.start()) + 1, unit.start() - REACH)
            head = HEAD.search(text, begin, unit.start())
            if head is None or not self.is_clean(head[0]):
                continue
            end = self.end(text, unit.end())
            is_apart = "," in head[1] or "\n" in head[1] or HOME.search(head[0]) is not None
            if unit[1] in ("Apt", "Apartment", "Wohnung") or is_apart or end > unit.end():
                yield head.start(), end

    def street_first(self, text: str) -> Iterator[tuple[int, int]]:
        """Yield the addresses whose street word comes first ("Rua Igreja 25")."""
        for match in (STREET_FIRST.match(text, at) for at in places_of(STREET_FIRST_LITERALS, text)):
            if match is None or text[match.start() - 1 : match.start()].isalnum() or not self.is_clean(match[0]):
                continue
            house = HOUSE_BEFORE.search(text, max(0, match.start() - 8), match.start())
            yield house.start() if house else match.start(), self.end(text, match.end())

    def street_last(self, text: str, lower: str) -> Iterator[tuple[int, int]]:
        """Yield the addresses whose street word ends the street ("Lindenstraße 12")."""
        for at in places_of(STREET_LAST_LITERALS, lower if len(lower) == len(text) else text):
            match = STREET_LAST.match(text, at)
            if match is None:
                continue
            name = STREET_NAME.search(text, max(0, at - 33), at)
            start = name.start() if name else at
            if (
                name is not None
                and text[start].isupper()
                and not text[start - 1 : start].isalnum()
                and self.is_clean(text[start : match.end()])
            ):
                yield start, self.end(text, match.end())

    def behind(self, text: str, at: int, forms: tuple[re.Pattern[str], ...]) -> tuple[int, int] | None:
        """Return the address in one of `forms` that begins at `at`, right behind words that announce one."""
        for form in forms:
            match = form.match(text, at, min(len(text), at + REACH))
            if match is None or _is_cut(text, match.end()) or DAY.match(match[0]):
                continue
            if self.is_clean(match[0]):
                return match.start(), self.end(text, match.end())
        return None


def address_finder(rules: ProseRules) -> Callable[[str, str], Iterator[Hit]]:
    """Return the function that yields the addresses in `(text, text.lower())`, a text with a digit; hits may overlap."""
    reader = AddressReader(rules)
    form = r"(?<!\w)(?:CUES):?[*]{0,2}\s{1,8}(?=\w)"
    homes = Cues(rules.address_cues, form, True), (NUMBER_FIRST, NUMBER_LAST)
    goals = Cues(rules.place_cues, form, True), (NUMBER_FIRST,)

    def announced(text: str, lower: str) -> Iterator[tuple[int, int]]:
        for cues, forms in (homes, goals):
            for match in cues.matches(text, lower):
                if not NOT_POSTAL.search(text, max(0, match.start() - 12), match.start()):
                    found = reader.behind(text, match.end(), forms)
                    if found is not None:
                        yield found

    def find(text: str, lower: str) -> Iterator[Hit]:
        spans = [*reader.with_unit(text), *reader.street_first(text), *reader.street_last(text, lower)]
        if any(literal in lower for literal in MILITARY_LITERALS):
            spans += [match.span() for match in MILITARY.finditer(text)]
        spans += announced(text, lower)
        for start, end in spans:
            yield Hit(start, end, RULE, KIND, text[start:end])

    return find
