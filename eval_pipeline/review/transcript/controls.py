"""Characters that cannot be seen, made visible: they may turn text round, hide words, or forge what a reader sees.

Shown are control and format characters, terminal escapes, tags (words hidden in plane 14), selectors that stand on no emoji,
and blanks that look like nothing. Left alone are joiners between characters of scripts and emoji that need them.
Not here: escaping of HTML (`safe_html.py`).
"""

import re

from eval_pipeline.review.transcript.safe_html import SafeHtml, escape

_BLANK = "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0"
_FORMAT = (
    "\u00ad\u0600-\u0605\u061c\u06dd\u070f\u180b-\u180f\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff0-\ufffb"
    "\U000110bd\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_NO_TEXT = "\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff"
_ALONE = "|".join(
    [
        r"(?<![^\x00-\x7f])[\u200c\u200d\ufe00-\ufe0e]",
        r"[\u200c\u200d](?![^\x00-\x7f])",
        r"(?<![^\x00-\x7f]|[0-9#*])\ufe0f",
        r"(?<=[\ufe00-\ufe0f])[\ufe00-\ufe0f]",
        r"(?<=[\u200c\u200d])[\u200c\u200d]",
    ]
)
_HIDDEN = re.compile(
    r"(?P<terminal>(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b\n]{0,200}(?:\x07|\x1b\\))"
    r"|(?P<tags>[\U000e0020-\U000e007e]{2,})"
    rf"|(?P<run>(?:[{_NO_TEXT}{_FORMAT}{_BLANK}]|{_ALONE})+)"
)
_SUSPECT = re.compile(f"[{_NO_TEXT}{_FORMAT}{_BLANK}\u200c\u200d\ufe00-\ufe0f]")
_TAG = re.compile(r"<[^<>]*>")
_SHOWN_OF_RUN = 3


def show_controls(html: str) -> str:
    """Return safe HTML with every hidden character of its text shown by name, in `<span class="control">`.

    `html` must be serialised: a `<` or `>` outside tags, or inside an attribute, is escaped.
    """
    if not _SUSPECT.search(html):
        return html
    parts, end = [], 0
    for tag in _TAG.finditer(html):
        parts += [_HIDDEN.sub(_name, html[end : tag.start()]), _HIDDEN.sub("", tag.group())]
        end = tag.end()
    return "".join([*parts, _HIDDEN.sub(_name, html[end:])])


def visible(text: str) -> SafeHtml:
    """Return any text as safe HTML, every hidden character shown by name."""
    return SafeHtml(show_controls(escape(text)))


def without_controls(text: str) -> str:
    """Return `text` for a place where no markup can stand, hidden characters named in brackets."""
    return _HIDDEN.sub(lambda found: f"[{_words(found)}]", text)


def _name(found: re.Match[str]) -> str:
    return f'<span class="control">{_words(found)}</span>'


def _words(found: re.Match[str]) -> str:
    text = found.group()
    if found["terminal"]:
        return "ESC" + "".join(c for c in text if c.isprintable())
    if found["tags"]:
        return "hidden words: " + escape("".join(chr(ord(c) - 0xE0000) for c in text))
    names = " ".join(f"U+{ord(c):04X}" for c in text[:_SHOWN_OF_RUN])
    return names if len(text) <= _SHOWN_OF_RUN else f"{names} and {len(text) - _SHOWN_OF_RUN} more"
