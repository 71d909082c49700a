"""Validations behind the patterns: what makes a string of the right shape a real card, IBAN, phone or national id.

Not here: finding the candidates (`patterns.py`). All functions are pure and take compact strings unless they say
otherwise. Sources: ISO/IEC 7812 (Luhn), ISO 13616 (IBAN), ISO 7064 (DE tax id), SSA numbering rules (SSN),
HMRC NIM39110 (NINO), the national registers for DNI/NIE, BSN and NIR.
"""

import ipaddress
from collections import Counter
from functools import lru_cache

import phonenumbers

_IBAN_LENGTHS_TEXT = (
    "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 EG29 "
    "ES24 FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 "
    "LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 "
    "PT25 QA29 RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30"
)
IBAN_LENGTHS = {entry[:2]: int(entry[2:]) for entry in _IBAN_LENGTHS_TEXT.split()}
"""Characters of an IBAN by country (ISO 13616 registry)."""

_DNI_LETTERS = "TRWAGMYFPDXBNJZSQVHLCKE"
_NINO_NOT_ISSUED = {"BG", "GB", "KN", "NK", "NT", "TN", "ZZ"}


def is_luhn(digits: str) -> bool:
    """Return whether the last digit is the Luhn check digit of the others."""
    total = 0
    for place, char in enumerate(reversed(digits)):
        number = int(char) * (2 if place % 2 else 1)
        total += number - 9 if number > 9 else number
    return total % 10 == 0


def _issuer_allows(digits: str) -> bool:
    n, two, three, four = len(digits), int(digits[:2]), int(digits[:3]), int(digits[:4])
    return (
        (digits[0] == "4" and n in (13, 16, 19))
        or ((51 <= two <= 55 or 2221 <= four <= 2720) and n == 16)
        or (two in (34, 37) and n == 15)
        or ((300 <= three <= 305 or three == 309 or two in (36, 38, 39)) and 14 <= n <= 19)
        or ((four == 6011 or 644 <= three <= 649 or two in (62, 65)) and 16 <= n <= 19)
        or (3528 <= four <= 3589 and 16 <= n <= 19)
        or (four in (1800, 2131) and n == 15)
        or ((two == 50 or 56 <= two <= 58 or four in (6304, 6759, 6761, 6762, 6763)) and 16 <= n <= 19)
    )


def is_card(digits: str) -> bool:
    """Return whether `digits` (only digits) is a payment card: an issuer's range and length, and Luhn."""
    return 13 <= len(digits) <= 19 and _issuer_allows(digits) and is_luhn(digits)


def is_said_card(digits: str) -> bool:
    """Return whether `digits`, which the text calls a card, can be one of any issuer: 12 to 19 digits and Luhn."""
    return 12 <= len(digits) <= 19 and is_luhn(digits) and len(set(digits)) > 1


def is_iban(compact: str) -> bool:
    """Return whether `compact` (no separators, any case) has its country's length and leaves 1 modulo 97."""
    iban = compact.upper()
    if IBAN_LENGTHS.get(iban[:2]) != len(iban) or not (iban.isascii() and iban.isalnum()):
        return False
    return int("".join(str(int(char, 36)) for char in iban[4:] + iban[:4])) % 97 == 1


def is_ssn(digits: str) -> bool:
    """Return whether nine digits can be a US social security number (no 000, 666 or 9xx area, no zero groups)."""
    area, group, serial = digits[:3], digits[3:5], digits[5:]
    return len(digits) == 9 and area not in ("000", "666") and area < "900" and group != "00" and serial != "0000"


def is_nino(compact: str) -> bool:
    """Return whether the prefix of a UK national insurance number (upper case) has ever been issued."""
    return compact[:2] not in _NINO_NOT_ISSUED


def is_spanish_id(compact: str) -> bool:
    """Return whether a DNI (8 digits, letter) or NIE (X, Y or Z, 7 digits, letter) ends in its check letter."""
    number = compact[:-1].translate(str.maketrans("XYZ", "012"))
    return _DNI_LETTERS[int(number) % 23] == compact[-1]


def is_bsn(digits: str) -> bool:
    """Return whether nine digits pass the Dutch eleven test."""
    weighted = sum(int(d) * w for d, w in zip(digits, (9, 8, 7, 6, 5, 4, 3, 2, -1), strict=True))
    return weighted % 11 == 0 and int(digits) > 0


def is_german_tax_id(digits: str) -> bool:
    """Return whether eleven digits are a German tax id: one digit stands two or three times, ISO 7064 mod 11,10."""
    if digits[0] == "0" or Counter(digits[:10]).most_common(1)[0][1] not in (2, 3):
        return False
    product = 10
    for char in digits[:10]:
        product = ((int(char) + product) % 10 or 10) * 2 % 11
    return (11 - product) % 10 == int(digits[10])


def is_french_nir(digits: str) -> bool:
    """Return whether fifteen digits are a French social security number: sex, month and key modulo 97."""
    month_ok = 1 <= int(digits[3:5]) <= 12 or 20 <= int(digits[3:5]) <= 42
    return digits[0] in "12" and month_ok and 97 - int(digits[:13]) % 97 == int(digits[13:])


def is_ip(text: str) -> bool:
    """Return whether `text` is an IPv4 or IPv6 address other than the unspecified one."""
    try:
        return not ipaddress.ip_address(text).is_unspecified
    except ValueError:
        return False


@lru_cache(maxsize=65536)
def phone_e164(candidate: str, regions: tuple[str, ...]) -> str | None:
    """Return the E.164 form of a valid phone number, or None.

    `candidate` is as written; one that starts with `+` or `00` is read as international, and a possible length is then
    enough; any other one as a number of the first of `regions` (ISO codes) where it is valid.
    """
    is_international = candidate.startswith(("+", "00"))
    if is_international:
        regions = ("ZZ",)
        candidate = candidate if candidate[0] == "+" else f"+{candidate[2:].lstrip(' -.')}"
    for region in regions:
        try:
            number = phonenumbers.parse(candidate, region)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number(number) or (is_international and phonenumbers.is_possible_number(number)):
            return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))
    return None
