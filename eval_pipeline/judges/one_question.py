"""Whether a judge's question asks one thing that is answered by pass or fail; the reason when it does not.

A check of form, strict on purpose: a refused question costs its author one rewording, a double one spoils every
verdict. What stands in double quotation marks is a name: only two qualities in one such name are refused. Two deeds
that only their sense tells apart ("greet the user by name") pass. Not here: the judge's file (`definition.py`).
"""

import re

_QUOTED = re.compile('"[^"]*"|\u201c[^\u201d]*\u201d|\u201e[^\u201c\u201d]*[\u201c\u201d]')
# "without the user's consent" says of what kind a deed is; "without being rude" asks for another one.
_WITHOUT = (
    r"without (?:(?!\w+ing\b)[\w'\u2019]+ ){0,3}(?:exception|delay|doubt|fail|warning|notice|need|reason|consent|charge"
    r"|confirmation|permission|approval|authori[sz]ation|agreement|knowledge|(?:tool )?results?|evidence|proof|basis)"
    r"|ohne (?:(?!zu\b)\w+ ){0,2}(?:ausnahme|grund|zustimmung|einwilligung|best\u00e4tigung|verzug|zweifel|beleg)"
)
_FIXED = re.compile(
    r"\b(?:terms and conditions|black and white|pros and cons|back and forth|trial and error|questions? and answers?"
    r"|whether or not|one or more|more or less|sooner or later|once and for all|(?:nothing|anything|all|none) but"
    r"|also known as|he/she|she/he|s/he|his/hers?|him/her|km/h|n/a|i/o|a/b"
    rf"|{_WITHOUT})\b|^\W*(?:if|wenn|falls)\b[^,]*,\s*(?:then|dann)\b",
    re.IGNORECASE,
)
_OPEN = re.compile(r"\W*(?:how|what|which|why|who|whom|whose|when|where)\b", re.IGNORECASE)
_JOINED = re.compile(
    r"\b(?:and|or|nor|both|plus|as well(?: as)?|along with|in addition|not only|but|also|without|additionally|moreover"
    r"|furthermore|while (?:(?:also|still|not) )?(?!waiting\b)\w+ing|und|oder|sowie|sowohl|aber|ohne|sondern"
    r"|au\u00dferdem|zudem)\b|[&+;]|,\s*(?:then|yet|dann)\b|(?<=[^\W\d_])\s?/\s?(?=[^\W\d_])",
    re.IGNORECASE,
)

_QUALITIES = {
    "relevance": r"(?:ir)?relevan(?:t|ce)|on[- ]topic",
    "faithfulness": r"(?:un)?faithful(?:ness|ly)?|(?:un)?grounded(?:ness)?|hallucinat\w+",
    "correctness": r"(?:in)?correct(?:ness|ly)?|(?:in)?accura(?:te|tely|cy)|factual(?:ly|ity)?",
    "completeness": r"(?:in)?complete(?:ness)?(?!\s+(?:the|an?|his|her|its|their|this|that|every|each|all)\b)",
    "tone": r"(?:im)?polite(?:ness|ly)?|rude(?:ness|ly)?|(?:dis)?courteous(?:ly)?|courtesy|friendl(?:y|iness)"
    r"|(?:dis)?respectful(?:ly)?|professional(?:ism|ly)?|empath(?:y|etic)",
    "usefulness": r"useful(?:ness)?|useless|(?:un)?helpful(?:ness|ly)?|actionable",
    "brevity": r"concise(?:ness|ly)?|verbose|brevity|succinct",
    "safety": r"harmful|harmless|toxic(?:ity)?|biased|unsafe",
}
_QUALITY = {name: re.compile(rf"\b(?:{words})\b", re.IGNORECASE) for name, words in _QUALITIES.items()}
_ANY_QUALITY = "|".join(_QUALITIES.values())

_UNIT = r"(?!\s*(?:business |working |calendar )?(?:second|minute|hour|day|week|month|year|item|sentence|word|turn|%))"
_NUMBER = r"\d+(?:[.,]\d+)?"
_BOUND = (
    r"(?:above|below|over|under|at least|at most|(?:more|less|greater|higher|lower|better) than|exceed(?:s|ing)?|between"
    r"|>=?|<=?|=|\u2265|\u2264)"
)
# A share or a bound is a degree only of a quality or a score: a discount of 20 percent is a fact.
_SHARE = (
    rf"\b{_NUMBER}\s*(?:%|per ?cent|prozent)\s+(?:of (?:[\w']+ ){{1,4}}(?:is|are|was|were) )?"
    rf"(?:{_ANY_QUALITY}|right|true|sure|certain|confident|richtig|korrekt)\b"
    rf"|\b(?:(?<!credit )scor(?:es?|ing)|grades?|ratings?|confidence|probability|likelihood|similarity|{_ANY_QUALITY})"
    rf"\s+(?:(?:is|are|was|must be|should be)\s+)?{_BOUND}\s*(?:{_NUMBER}|(?:the|an?|its) threshold)"
    rf"|\b(?:score|grade|rating)s?(?: of|:) ?{_NUMBER}|\b(?:{_ANY_QUALITY}) of (?:0[.,]\d|\d+ ?%)"
    rf"|\b(?:scor(?:es?|ed)|graded|rated)\s+(?:an? )?{_NUMBER}|\b0[.,]\d+ or (?:above|better|higher|more)\b"
)
_DEGREE = re.compile(
    r"\b(?:on|of) a scale\b|\bscale (?:of|from)\b|\bauf einer skala\b|\blikert\b|\bout of \d+|\b\d+\s*/\s*(?:5|10|100)\b"
    r"|\b(?:rate|score|grade|rank) (?:the|this|each|its?|how)\b|\bhow (?:well|good|bad)\b"
    r"|\bto (?:what|which) (?:degree|extent)\b"
    rf"|\b[01]\s*(?:to|bis|-|\u2013|through)\s*(?:3|4|5|7|10|100)\b{_UNIT}|\b\d+\s*(?:stars|points)\b|{_SHARE}",
    re.IGNORECASE,
)


def why_not_one(question: str) -> str | None:
    """Return why `question` is not one question that pass or fail answers, or None when it is."""
    if question.count("?") != 1 or not question.endswith("?"):
        return "a judge asks one question: write one sentence that ends with the only question mark"
    plain = _unquoted(question)
    if degree := why_a_degree(question):
        return degree
    if opening := _OPEN.match(plain):
        return f"`{opening[0].strip()}` leaves the answer open: ask what is answered by yes (pass) or no (fail)"
    if joined := _JOINED.search(plain):
        return (
            f"`{joined[0].strip()}` joins two things in one question: write a judge for each, or put a name such as "
            '"terms and conditions" in double quotation marks'
        )
    return next(filter(None, map(_why_two_qualities, [plain, *_QUOTED.findall(question)])), None)


def why_a_degree(text: str) -> str | None:
    """Return why `text` asks for a degree instead of pass or fail, or None when it does not."""
    if degree := _DEGREE.search(_unquoted(text)):
        return f"`{degree[0]}` asks for a degree: a judge says pass or fail, so state where fail begins"
    return None


def _why_two_qualities(text: str) -> str | None:
    named = [found[0] for pattern in _QUALITY.values() if (found := pattern.search(text))]
    if len(named) > 1:
        return f"`{named[0]}` stands beside `{named[1]}`, and each can fail without the other: write a judge for each"
    return None


def _unquoted(text: str) -> str:
    """Return `text` with names in quotation marks, and pairs that are one thing, taken out."""
    return _FIXED.sub("it", _QUOTED.sub("it", text))
