"""Whether a judge's question asks one thing that is answered by pass or fail; the reason when it does not.

A check of form, strict on purpose: a refused question costs its author one rewording, a double one spoils every
verdict. What stands in double quotation marks is a name, and is not looked into. Not here: the judge's file
(`definition.py`).
"""

import re

_QUOTED = re.compile('"[^"]*"|\u201c[^\u201d]*\u201d|\u201e[^\u201c\u201d]*[\u201c\u201d]|`[^`]*`')
_FIXED = re.compile(
    r"\b(?:terms and conditions|black and white|pros and cons|back and forth|trial and error|questions? and answers?"
    r"|whether or not|one or more|more or less|sooner or later|once and for all)\b",
    re.IGNORECASE,
)
_OPEN = re.compile(r"\W*(?:how|what|which|why|who|whom|whose|when|where)\b", re.IGNORECASE)
_JOINED = re.compile(
    r"\b(?:and|or|nor|both|plus|as well as|along with|in addition to|not only|und|oder|sowie|sowohl)\b|[&+;]",
    re.IGNORECASE,
)
_UNIT = r"(?!\s*(?:business |working |calendar )?(?:second|minute|hour|day|week|month|year|item|sentence|word|turn|%))"
_DEGREE = re.compile(
    r"\b(?:on|of) a scale\b|\bscale (?:of|from)\b|\blikert\b|\bout of \d+|\b\d+\s*/\s*(?:5|10|100)\b"
    r"|\b(?:rate|score|grade|rank) (?:the|this|each|its?|how)\b|\b(?:score|grade|rating)s? of \d"
    r"|\bhow (?:well|good|bad)\b|\bto (?:what|which) (?:degree|extent)\b"
    rf"|\b[01]\s*(?:to|-|\u2013|through)\s*(?:3|4|5|7|10|100)\b{_UNIT}|\b\d+\s*(?:stars|points)\b",
    re.IGNORECASE,
)

_QUALITIES = {
    "relevance": r"(?:ir)?relevan(?:t|ce)|on[- ]topic",
    "faithfulness": r"(?:un)?faithful(?:ness)?|(?:un)?grounded(?:ness)?|hallucinat\w+",
    "correctness": r"(?:in)?correct(?:ness)?|(?:in)?accura(?:te|cy)|factual(?:ly|ity)?",
    "completeness": r"(?:in)?complete(?:ness)?(?!\s+(?:the|an?|his|her|its|their|this|that|every|each|all)\b)",
    "tone": r"(?:im)?polite(?:ness)?|rude(?:ness)?|(?:dis)?courteous|courtesy|friendl(?:y|iness)|(?:dis)?respectful"
    r"|professional(?:ism)?|empath(?:y|etic)",
    "usefulness": r"useful(?:ness)?|useless|(?:un)?helpful(?:ness)?|actionable",
    "brevity": r"concise(?:ness)?|verbose|brevity|succinct",
    "safety": r"harmful|harmless|toxic(?:ity)?|biased|unsafe",
}
_QUALITY = {name: re.compile(rf"\b(?:{words})\b", re.IGNORECASE) for name, words in _QUALITIES.items()}


def why_not_one(question: str) -> str | None:
    """Return why `question` is not one question that pass or fail answers, or None when it is."""
    if question.count("?") != 1 or not question.endswith("?"):
        return "a judge asks one question: write one sentence that ends with the only question mark"
    if degree := why_a_degree(question):
        return degree
    plain = _unquoted(question)
    if opening := _OPEN.match(plain):
        return f"`{opening[0].strip()}` leaves the answer open: ask what is answered by yes (pass) or no (fail)"
    if joined := _JOINED.search(plain):
        return (
            f"`{joined[0]}` joins two things in one question: write a judge for each, or put a name such as "
            '"terms and conditions" in double quotation marks'
        )
    named = [found[0] for pattern in _QUALITY.values() if (found := pattern.search(plain))]
    if len(named) > 1:
        return f"`{named[0]}` stands beside `{named[1]}`, and each can fail without the other: write a judge for each"
    return None


def why_a_degree(text: str) -> str | None:
    """Return why `text` asks for a degree instead of pass or fail, or None when it does not."""
    if degree := _DEGREE.search(_unquoted(text)):
        return f"`{degree[0]}` asks for a degree: a judge says pass or fail, so state where fail begins"
    return None


def _unquoted(text: str) -> str:
    """Return `text` with names in quotation marks, and pairs that are one thing, taken out."""
    return _FIXED.sub("it", _QUOTED.sub("it", text))
