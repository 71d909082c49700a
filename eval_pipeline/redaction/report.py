"""Redacting a file line by line, for `eval-pipeline redact FILE [--spans]`: text or JSONL in, the same shape out.

Not here: reading the file and printing (`cli/`).
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from eval_pipeline.errors import RejectedRecord
from eval_pipeline.redaction.redactor import Redactor, Span


@dataclass(frozen=True)
class LineReport:
    """One line after redaction. `number` counts from 1; a rejected line has no text and says why in `problem`."""

    number: int
    text: str | None
    counts: dict[str, int] = field(default_factory=dict)
    problem: str | None = None

    def shown(self) -> list[str]:
        """Return the line as it is printed."""
        return [] if self.text is None else [self.text]


@dataclass(frozen=True)
class LineSpans:
    """What stands where in one line (characters, from 0), without the content."""

    number: int
    spans: list[Span]
    problem: str | None = None

    def shown(self) -> list[str]:
        """Return one tab-separated line a span: line, start, end, rule."""
        return [f"{self.number}\t{span.start}\t{span.end}\t{span.rule}" for span in self.spans]


def redacted_lines(redactor: Redactor, lines: Iterable[str]) -> Iterator[LineReport]:
    """Yield every line redacted, without its line end; a line that is JSON is walked by its keys.

    Each line is a record of its own: what one shows to be personal is not known in the next.
    """
    for number, line in enumerate(lines, start=1):
        try:
            redaction = redactor.redact_text(line.rstrip("\r\n"))
        except RejectedRecord as rejection:
            yield LineReport(number, None, problem=str(rejection))
            continue
        yield LineReport(number, redaction.text, redaction.counts)


def line_spans(redactor: Redactor, lines: Iterable[str]) -> Iterator[LineSpans]:
    """Yield the spans of every line as it is written (JSON keys count where they stand in quotes)."""
    for number, line in enumerate(lines, start=1):
        try:
            yield LineSpans(number, redactor.spans(line.rstrip("\r\n")))
        except RejectedRecord as rejection:
            yield LineSpans(number, [], problem=str(rejection))


def totals(reports: Iterable[LineReport]) -> dict[str, int]:
    """Return the replacements per rule over all lines."""
    total: Counter[str] = Counter()
    for report in reports:
        total.update(report.counts)
    return dict(sorted(total.items()))
