"""Personal values and secrets that show by their form: mail, keys and tokens, passwords, labelled and quoted values.

Every scan stands behind a literal that must be in the text, so that clean text costs little.

Not here: values of digits (`numbers.py`), names and addresses in prose (`prose_*.py`, called here), values known from structured data (`known.py`).
"""

import re
from collections.abc import Callable, Iterator

from eval_pipeline.redaction import numbers, prose_addresses, prose_names
from eval_pipeline.redaction.keys import KEEP, KeyRules, RedactionCatalog
from eval_pipeline.redaction.numbers import Hit, PhoneFinder, number_finder
from eval_pipeline.redaction.prose_addresses import address_finder
from eval_pipeline.redaction.prose_names import name_finder

MAIL_DOMAIN = re.compile(r"@((?:[^\W_](?:[\w-]{0,62})\.)+(?:xn--[a-z0-9-]{2,59}|[^\W\d_]{2,63}))", re.IGNORECASE)
MAIL_LOCAL = re.compile(r"[\w!#$%&'*+/=?^`{|}~.-]+$")
MAIL_LOCAL_EDGE = "'.`/=&?#{|}*!$%^~"
MAIL_WORD_AT = re.compile(r"[\[(] ?at ?[\])]", re.IGNORECASE)
MAIL_WORDS = re.compile(r"[\w.+-]+ ?(?:[\[(] ?at ?[\])]) ?[\w-]+(?: ?(?:[\[(] ?dot ?[\])]|\.) ?[\w-]+)+", re.IGNORECASE)
KEY_LITERALS = (
    "sk-", "sk_", "rk_", "pk_live", "AKIA", "ASIA", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "xox", "AIza",
    "glpat-", "hf_", "npm_", "SG.", "ya29.", "eyJ",
)  # fmt: skip
KEYS = re.compile(
    r"(?<![A-Za-z0-9])(?:"
    r"sk-[A-Za-z0-9_-]{16,}|[srp]k_(?:live|test)_[A-Za-z0-9]{10,}|(?:AKIA|ASIA)[0-9A-Z]{16}(?![0-9A-Za-z])"
    r"|gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}|xox[abeprs]-[A-Za-z0-9-]{10,}|AIza[0-9A-Za-z_-]{30,}"
    r"|glpat-[A-Za-z0-9_-]{16,}|hf_[A-Za-z0-9]{20,}|npm_[A-Za-z0-9]{20,}|SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}"
    r"|ya29\.[A-Za-z0-9_-]{20,}|eyJ[A-Za-z0-9_-]{8,1024}\.eyJ[A-Za-z0-9_-]{4,}(?:\.[A-Za-z0-9_-]*)?)"
)
PEM = re.compile(
    r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----[^\x00]*?(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----|(?=\x00)|\Z)"
)
BEARER = re.compile(
    r"\b(?:bearer|basic)[ :=]{1,3}(?=[A-Za-z._~+/-]{0,64}[0-9])([A-Za-z0-9._~+/-]{16,}=*)", re.IGNORECASE
)
PASSWORD = re.compile(
    r"\b(?:password|passwd|passphrase|pwd|secret|api[_ -]?key|access[_ -]?token|auth[_ -]?token|client[_ -]?secret|"
    r"secret[_ -]?access[_ -]?key)[\"']?(?: {0,2}[:=]{1,2} {0,2}[\"']?| is:? [\"']?(?=[^\s\x00]*[0-9]))([^\s\x00\"',;\[\]]{4,})",
    re.IGNORECASE,
)
PASSWORD_LITERALS = (
    "passw", "passph", "pwd", "secret", "apikey", "api_key", "api-key", "api key", "_token", "-token", "stoken", "htoken",
    "access token", "auth token",
)  # fmt: skip
URL_LOGIN = re.compile(r"\b[a-z][a-z0-9+.-]{1,20}://([^\s/@:\x00]{0,128}:[^\s/@\x00]{1,256})@", re.IGNORECASE)
SECRETS = (
    ("key", "KEY", KEYS, 0, KEY_LITERALS),
    ("private_key", "KEY", PEM, 0, ("PRIVATE KEY",)),
    ("bearer", "KEY", BEARER, 1, ("bearer", "authorization")),
    ("password", "SECRET", PASSWORD, 1, PASSWORD_LITERALS),
    ("url_login", "SECRET", URL_LOGIN, 1, ("://",)),
)
"""Rule, type, pattern, the group to replace, and literals one of which must be there before the pattern is tried."""
IGNORING_CASE = tuple(rule for rule, _, pattern, _, _ in SECRETS if pattern.flags & re.IGNORECASE)
LABELLED = (
    ("labelled_user", "USER", re.compile(r"\buser[ _]?(?:id|name)\b(?: is|:| =|=| \() ?[\"'`*]{0,3}([\w-][\w.-]{0,62}[0-9][\w-]*)", re.IGNORECASE)),
    ("labelled_zip", "ZIP", re.compile(r"\b(?:zip(?:[ -]?code)?|post(?:al )?code)\b(?: is|:| #|)[ *]{1,4}([0-9][0-9A-Z -]{1,8}[0-9A-Z]|[A-Z]{1,2}[0-9][0-9A-Z]? ?[0-9][A-Z]{2})\b", re.IGNORECASE)),
    ("labelled_dob", "DOB", re.compile(r"\b(?:d\.?o\.?b\.?|date of birth|birth ?date|birthday|born)\b(?: is| on|:)[ *]{0,4}((?:[A-Z][a-z]{2,8} [0-9]{1,2}(?:st|nd|rd|th)?,? |[0-9]{1,2}(?:st|nd|rd|th)?(?: of)? [A-Z][a-z]{2,8},? )[0-9]{4}|[0-9]{1,4}[-/.][0-9]{1,2}[-/.][0-9]{1,4})", re.IGNORECASE)),
    ("labelled_id", "ID", re.compile(r"\b(?:passport|driver'?s? licen[cs]e|driving licen[cs]e|national id|licen[cs]e plate)(?: number| no\.?| #)?(?: is|:| #|) ?((?=[A-Z-]*[0-9])[A-Z0-9][A-Z0-9-]{4,18})\b", re.IGNORECASE)),
)  # fmt: skip
LABEL_LITERALS = {
    "labelled_user": ("user id", "user_id", "userid", "username", "user name", "user_name"),
    "labelled_zip": ("zip", "postal", "postcode", "post code"),
    "labelled_dob": ("birth", "born", "dob", "d.o"),
    "labelled_id": ("passport", "licen", "national id"),
}  # fmt: skip
STREET = re.compile(
    r"(?<![\w#$.,-])[0-9]{1,5}[A-Za-z]? (?:[NSEW]\.? )?(?:[^\W\d_][\w'.-]{0,30} ){1,3}?"
    r"(?:Street|St|Avenue|Ave|Road|Rd|Lane|Ln|Drive|Dr|Court|Ct|Boulevard|Blvd|Way|Terrace|Parkway|Pkwy|Highway|Hwy|Circle)\b\.?"
    r"(?:,? {1,2}(?:Apt|Apartment|Suite|Ste|Unit|Floor|#)\.? ?[0-9A-Za-z-]{1,6}\b)?|\bP\.? ?O\.? Box [0-9]{1,6}\b"
)
STREET_LITERALS = (
    "Street", " St", " Ave", " Road", " Rd", " Lane", " Ln", " Dr", " Court", " Ct", "Boulevard", "Blvd", " Way",
    "Terrace", "Parkway", "Pkwy", "Highway", "Hwy", "Circle", "Box ",
)  # fmt: skip
QUOTED = re.compile(
    r"\\*([\"'])([A-Za-z_][\w .-]{0,40}?)\\*\1\s{0,4}:\s{0,4}(?:\\*([\"'])([^\"'\\\x00]{1,200})\\*\3|([0-9]{3,20})(?![\w.]))"
)
ANY_DIGIT = re.compile(r"[0-9]")
QUOTED_LITERALS = ('":', "':", '" :', "' :")


def _has(text: str, literals: tuple[str, ...]) -> bool:
    for literal in literals:  # noqa: SIM110 - a loop costs half of any() over a generator, and this is the hot gate
        if literal in text:
            return True
    return False


def _mails(text: str) -> Iterator[Hit]:
    for match in MAIL_DOMAIN.finditer(text):
        at = match.start()
        local = MAIL_LOCAL.search(text[max(0, at - 64) : at])
        name = local[0].lstrip(MAIL_LOCAL_EDGE) if local else ""
        if name:
            yield Hit(at - len(name), match.end(), "email", "EMAIL", f"{name}{match[0]}")


def _worded_mails(text: str) -> Iterator[Hit]:
    for match in MAIL_WORDS.finditer(text):
        value = re.sub(r" ?[\[(] ?at ?[\])] ?", "@", match[0], flags=re.IGNORECASE)
        value = re.sub(r" ?[\[(] ?dot ?[\])] ?", ".", value, flags=re.IGNORECASE)
        yield Hit(*match.span(), "email", "EMAIL", value)


def _secrets(text: str, lower: str) -> Iterator[Hit]:
    for rule, kind, pattern, group, literals in SECRETS:
        if _has(lower if rule in IGNORING_CASE else text, literals):
            for match in pattern.finditer(text):
                yield Hit(*match.span(group), rule, kind, match[group])


def _labelled(text: str, lower: str) -> Iterator[Hit]:
    for rule, kind, pattern in LABELLED:
        if _has(lower, LABEL_LITERALS[rule]):
            for match in pattern.finditer(text):
                yield Hit(*match.span(1), rule, kind, match[1])
    if _has(text, STREET_LITERALS):
        for match in STREET.finditer(text):
            yield Hit(*match.span(), "street", "ADDRESS", match[0])


def pattern_finder(catalog: RedactionCatalog, keys: KeyRules) -> Callable[[str], list[Hit]]:
    """Return the function that lists every hit of every pattern in a plain text; hits may overlap."""
    find_phones = PhoneFinder(catalog.phone_regions, catalog.phone_context_regions)
    find_numbers = number_finder(find_phones)

    def quoted(text: str) -> Iterator[Hit]:
        for match in QUOTED.finditer(text):
            rule = keys.rule_for(match[2], None, {})
            group = 4 if match[4] is not None else 5
            if rule is not None and rule.type != KEEP and not keys.is_placeholder(match[group]):
                value = find_phones.of_value(match[group]) if rule.type == "PHONE" else match[group]
                yield Hit(*match.span(group), rule.rule, rule.type, value)

    def find(text: str) -> list[Hit]:
        lower = text.lower()
        hits: list[Hit] = []
        if "@" in text:
            hits += _mails(text)
        if MAIL_WORD_AT.search(text):
            hits += _worded_mails(text)
        if ANY_DIGIT.search(text):
            hits += find_numbers(text)
            hits += _labelled(text, lower)
        hits += _secrets(text, lower)
        if _has(text, QUOTED_LITERALS):
            hits += quoted(text)
        return hits

    return find


def prose_finder(catalog: RedactionCatalog) -> Callable[[str], list[Hit]]:
    """Return the function that lists the names and addresses that plain words show in a text; hits may overlap."""
    if catalog.prose is None:
        return lambda text: []
    find_names, find_addresses = name_finder(catalog.prose), address_finder(catalog.prose)

    def find(text: str) -> list[Hit]:
        lower = text.lower()
        hits = list(find_names(text, lower))
        if ANY_DIGIT.search(text):
            hits += find_addresses(text, lower)
        return hits

    return find


def _as_version_text(value: object) -> object:
    if isinstance(value, re.Pattern):
        return [value.pattern, value.flags]
    if isinstance(value, dict):
        return {key: _as_version_text(inner) for key, inner in value.items()}
    return [_as_version_text(inner) for inner in value] if isinstance(value, tuple) else value


def deciding_constants() -> dict[str, object]:
    """Return the constants of this module and of those it calls that decide a hit, as JSON values, for the version."""
    modules = (globals(), vars(numbers), vars(prose_names), vars(prose_addresses))
    return {
        f"{m['__name__'].rpartition('.')[2]}.{n}": _as_version_text(m[n])
        for m in modules
        for n in sorted(m)
        if n.isupper() and not n.startswith("_")
    }
