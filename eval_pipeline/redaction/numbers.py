"""Personal values that are mostly digits: cards, IBANs, phones, national ids, IP addresses.

Candidates come from a few cheap scans and count only if `checks.py` accepts them; ids whose check is weak need a word
nearby that says what they are. Order numbers, prices, times, ISO dates and bare ten-digit ids are left alone.

Not here: mail, keys and other values of letters (`patterns.py`), which calls this.
"""

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from eval_pipeline.redaction import checks
from eval_pipeline.redaction.pseudonyms import BARRIER


class Hit(NamedTuple):
    """A personal value in a text: where it stands, which rule found it, its type and the form that decides its token."""

    start: int
    end: int
    rule: str
    kind: str
    value: str


CLUSTER = re.compile(r"[0-9](?:[^0-9\n\x00]{0,3}[0-9]){5,}")
AROUND = 12
"""Characters before a cluster of digits in which an id that it belongs to may begin ("GB82 WEST 1234...")."""
GROUP = re.compile(r"[0-9]+")
SEPARATOR = re.compile(r"[ -]")
CARD_WORD = re.compile(r"\b(?:cards?|cc|visa|mastercard|amex|debit|kreditkarte)\b", re.IGNORECASE)
CARD_GAP = re.compile(r"[ .-]{0,3}")
NOT_DIGIT = re.compile(r"[^0-9]+")
PHONE = re.compile(
    r"(?<![\w.+/#=-])(?:\+|00)?\(?[0-9](?:[ ().\-/]{0,3}[0-9]){6,14}(?: ?(?:x|ext\.?) ?[0-9]{1,5})?(?!\w|[-./][0-9])"
)
WRITTEN_PHONE = re.compile(
    r"(?:1[ .-])?(?:\([2-9][0-9]{2}\) ?|[2-9][0-9]{2}[ .-])[0-9]{3}[ .-][0-9]{4}|\(?0[0-9]{1,4}\)?[ ./-][0-9][0-9 ./-]{4,11}[0-9]"
)
DATE_LIKE = re.compile(
    r"(?<![0-9])(?:[12][0-9]{3}[-./ ][01]?[0-9][-./ ][0-3]?[0-9]|[0-3]?[0-9][-./][0-3]?[0-9][-./][12][0-9]{3})(?![0-9])"
)
PHONE_WORD = re.compile(
    r"\b(?:phones?|telephone|tel|mobile|cell|cellphone|fax|sms|whatsapp|call(?:ing|ed)? (?:me|us|him|her|them|back|on|at)|"
    r"reach (?:me|us|him|her|them)|text (?:me|us)|messages? to|my number|contact number|handynummer|telefon)\b",
    re.IGNORECASE,
)
PHONE_WORD_AFTER = re.compile(r"[ (:,-]{0,3}(?:office|fax|mobile|cell|home|phone|tel)\b", re.IGNORECASE)
SSN = re.compile(r"(?<![\w-])([0-9]{3})([- ])([0-9]{2})\2([0-9]{4})(?![\w]|-[0-9])")
SSN_BARE = re.compile(r"(?<!\w)[0-9]{9}(?!\w)")
SSN_WORD = re.compile(r"\b(?:ssn|social security|social)\b", re.IGNORECASE)
BSN_WORD = re.compile(r"\b(?:bsn|burgerservicenummer|sofinummer)\b", re.IGNORECASE)
TAX_ID = re.compile(r"(?<!\w)[0-9]{2} ?[0-9]{3} ?[0-9]{3} ?[0-9]{3}(?!\w)")
TAX_WORD = re.compile(r"steuer|\b(?:tax id|idnr|tin|identifikationsnummer)", re.IGNORECASE)
NIR = re.compile(r"(?<!\w)[12] ?[0-9]{2} ?[0-9]{2} ?[0-9]{2} ?[0-9]{3} ?[0-9]{3} ?[0-9]{2}(?!\w)")
NINO = re.compile(
    r"(?<!\w)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z][ -]?[0-9]{2}[ -]?[0-9]{2}[ -]?[0-9]{2}[ -]?[A-D](?!\w)", re.IGNORECASE
)
SPANISH = re.compile(r"(?<!\w)(?:[0-9]{8}|[XYZ][0-9]{7})[- ]?[TRWAGMYFPDXBNJZSQVHLCKE](?!\w)", re.IGNORECASE)
IBAN_START = re.compile(r"(?<![^\W_])[A-Za-z]{2}[0-9]{2}(?=[ -]?[A-Za-z0-9]{3})")
IPV4 = re.compile(r"(?<![\w.])(?:[0-9]{1,3}\.){3}[0-9]{1,3}(?!\w|\.[0-9])")
IPV4_GATE = re.compile(r"\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]")
IPV6_GATE = re.compile(r":(?::|(?:[0-9A-Fa-f]{1,4}:){6})")
IPV6 = re.compile(r"(?<![\w:.])(?:[0-9A-Fa-f]{0,4}:){2,7}(?:[0-9A-Fa-f]{1,4}|(?<=::))(?![\w:])")
VERSION_WORD = re.compile(r"(?:version|release|build|\bv)[ :=]{0,2}$", re.IGNORECASE)
NEAR = 40
"""Characters before a candidate in which a telling word counts."""


def _before(text: str, start: int) -> str:
    return text[max(0, start - NEAR) : start].rpartition(BARRIER)[2]


def digits_of(text: str) -> str:
    """Return the ASCII digits of `text`."""
    return NOT_DIGIT.sub("", text)


def _cards(text: str, start: int, end: int) -> Iterator[Hit]:
    groups = [match.span() for match in GROUP.finditer(text, start, end)]
    n_left = sum(group_end - begin for begin, group_end in groups)
    for first, (begin, first_end) in enumerate(groups):
        if n_left < 12:
            return
        n_left -= first_end - begin
        if begin and text[begin - 1].isalnum():
            continue
        digits, last_end = "", begin
        for group_start, group_end in groups[first : first + 19]:
            digits += text[group_start:group_end]
            if len(digits) > 19 or not CARD_GAP.fullmatch(text, last_end, group_start):
                break
            last_end = group_end
            if len(digits) >= 12 and not text[group_end : group_end + 1].isalnum() and _is_card(text, begin, digits):
                yield Hit(begin, group_end, "card", "CARD", digits)


def _is_card(text: str, begin: int, digits: str) -> bool:
    if checks.is_card(digits):
        return True
    return checks.is_said_card(digits) and CARD_WORD.search(_before(text, begin)) is not None


class PhoneFinder:
    """Finds phones in runs of digits. The regions are ISO codes in order of preference (`catalog/redaction.yaml`)."""

    def __init__(self, regions: tuple[str, ...], context_regions: tuple[str, ...]) -> None:
        self._regions = regions
        self._context_regions = context_regions

    def __call__(self, text: str, start: int, end: int) -> Iterator[Hit]:
        """Yield the phones that begin in `text[start:end]`."""
        for match in PHONE.finditer(text, start, end):
            value = self.canonical(match[0], text, match.start(), match.end())
            if value is not None:
                yield Hit(match.start(), match.end(), "phone", "PHONE", value)
        for match in WRITTEN_PHONE.finditer(text, start, end):
            if (
                not text[match.end() : match.end() + 1].isalnum()
                and not text[match.start() - 1 : match.start()].isalnum()
            ):
                value = self.canonical(match[0], text, match.start(), match.end())
                if value is not None:
                    yield Hit(match.start(), match.end(), "phone", "PHONE", value)

    def canonical(self, candidate: str, text: str, start: int, end: int) -> str | None:
        """Return the E.164 form of `candidate`, which stands at `text[start:end]`, or None if it is no phone."""
        if DATE_LIKE.search(candidate):
            return None
        if candidate.startswith(("+", "00")):
            return checks.phone_e164(candidate, self._regions)
        if PHONE_WORD.search(_before(text, start)) or PHONE_WORD_AFTER.match(text, end):
            return checks.phone_e164(candidate, self._context_regions)
        if WRITTEN_PHONE.fullmatch(candidate) and len(digits_of(candidate)) >= 9:
            return checks.phone_e164(candidate, self._regions)
        return None

    def of_value(self, value: str) -> str:
        """Return the E.164 form of a value that is known to be a phone, or its digits."""
        return checks.phone_e164(value.strip(), self._context_regions) or digits_of(value) or value


def _national_ids(text: str, start: int, end: int) -> Iterator[Hit]:
    for match in SSN.finditer(text, start, end):
        digits = digits_of(match[0])
        if checks.is_ssn(digits):
            yield Hit(*match.span(), "us_ssn", "ID", digits)
    for match in SSN_BARE.finditer(text, start, end):
        before = _before(text, match.start())
        if SSN_WORD.search(before) and checks.is_ssn(match[0]):
            yield Hit(*match.span(), "us_ssn", "ID", match[0])
        elif BSN_WORD.search(before) and checks.is_bsn(match[0]):
            yield Hit(*match.span(), "nl_bsn", "ID", match[0])
    for match in TAX_ID.finditer(text, start, end):
        digits = digits_of(match[0])
        if TAX_WORD.search(_before(text, match.start())) and checks.is_german_tax_id(digits):
            yield Hit(*match.span(), "de_tax_id", "ID", digits)
    for match in NIR.finditer(text, start, end):
        digits = digits_of(match[0])
        if checks.is_french_nir(digits):
            yield Hit(*match.span(), "fr_nir", "ID", digits)


def _lettered_ids(text: str, start: int, end: int) -> Iterator[Hit]:
    for match in NINO.finditer(text, start, end):
        compact = SEPARATOR.sub("", match[0]).upper()
        if checks.is_nino(compact):
            yield Hit(*match.span(), "uk_nino", "ID", compact)
    for match in SPANISH.finditer(text, start, end):
        compact = SEPARATOR.sub("", match[0]).upper()
        if checks.is_spanish_id(compact):
            yield Hit(*match.span(), "es_id", "ID", compact)


def _ibans(text: str, start: int, end: int) -> Iterator[Hit]:
    for match in IBAN_START.finditer(text, start, end):
        length = checks.IBAN_LENGTHS.get(match[0][:2].upper())
        if length is None:
            continue
        compact, at = match[0], match.end()
        while len(compact) < length and at < len(text):
            step = 1 if text[at] in " -" else 0
            char = text[at + step : at + step + 1]
            if not (char.isascii() and char.isalnum()):
                break
            compact, at = compact + char, at + step + 1
        if not text[at : at + 1].isalnum() and checks.is_iban(compact):
            yield Hit(match.start(), at, "iban", "IBAN", compact.upper())


def _addresses(text: str) -> Iterator[Hit]:
    for match in IPV4.finditer(text) if IPV4_GATE.search(text) else ():
        if checks.is_ip(match[0]) and not VERSION_WORD.search(_before(text, match.start())):
            yield Hit(*match.span(), "ip", "IP", match[0])
    for match in IPV6.finditer(text) if IPV6_GATE.search(text) else ():
        if ("::" in match[0] or match[0].count(":") == 7) and len(match[0]) > 4 and checks.is_ip(match[0]):
            yield Hit(*match.span(), "ip", "IP", match[0].lower())


def number_finder(find_phones: PhoneFinder) -> Callable[[str], Iterator[Hit]]:
    """Return the function that yields every number-like personal value of a text; hits may overlap."""

    def find(text: str) -> Iterator[Hit]:
        for cluster in CLUSTER.finditer(text):
            start, end = cluster.span()
            # The end of a search is the end of the text for its lookaheads: leave them room.
            before, after = max(0, start - AROUND), end + 4
            if end - start >= 12:
                yield from _cards(text, start, end)
            yield from find_phones(text, max(0, start - 2), after)
            yield from _national_ids(text, start, after)
            yield from _lettered_ids(text, before, after)
            yield from _ibans(text, before, after)
        yield from _addresses(text)

    return find
