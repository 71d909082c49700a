"""Checks of a text's format beside JSON: YAML, XML, CSV, SQL and Markdown.

Each parser tells its first complaint, with the line where it knows it. A parser meets hostile text: none builds more
than the text is long, and a text too long or too deeply nested to be parsed is not valid. Of an answer with a block
in it, ask the block: `within(ANSWERS, blocks("sql"))`. Not here: JSON (`json_checks.py`), how YAML, SQL and
Markdown are read (`yaml_faults.py`, `sql_faults.py`, `markdown_faults.py`).
"""

import csv
import io
import xml.sax.handler
import xml.sax.xmlreader
from abc import abstractmethod
from dataclasses import dataclass
from importlib.metadata import version
from typing import ClassVar, Literal, get_args

import defusedxml
import defusedxml.sax

from eval_pipeline.evaluators.contract import Check, Leaf
from eval_pipeline.evaluators.leaves.markdown_faults import MARKDOWN_CONSTANTS, markdown_fault
from eval_pipeline.evaluators.leaves.parameters import require_option
from eval_pipeline.evaluators.leaves.sql_faults import SQL_CONSTANTS, SqlKind, known_dialect, known_kinds, sql_fault
from eval_pipeline.evaluators.leaves.yaml_faults import YAML_CONSTANTS, yaml_fault
from eval_pipeline.evaluators.views import Text

MAX_CHARACTERS = 500_000
"""Characters from which on a text is not parsed, and not valid."""

Delimiter = Literal[",", ";", "\t", "|"]


class _Format(Leaf[Text]):
    """A text in a format: `fault` is the first thing wrong with it."""

    of: ClassVar[str]
    """The format, in words."""

    @abstractmethod
    def fault(self, text: str) -> str | None:
        """Return the first complaint about `text`, or None."""

    def holds(self, subject: Text) -> bool:
        """Return whether there is nothing to complain of."""
        return self._fault(subject.text) is None

    def _fault(self, text: str) -> str | None:
        if len(text) > MAX_CHARACTERS:
            return f"longer than {MAX_CHARACTERS} characters"
        return self.fault(text)

    @property
    def words(self) -> str:
        """The format."""
        return f"is valid {self.of}"

    def found(self, subject: Text) -> str:
        """Return the complaint, or the text where there is none."""
        return self._fault(subject.text) or subject.text


@dataclass(frozen=True)
class ValidYaml(_Format):
    """The text is YAML 1.1 without unknown tags, of any kind or a mapping.

    Read as a stream of events: aliases are never expanded, nothing is built. A key given twice is let pass; more
    than 100 levels are not. Plain prose is YAML too, a single string; hence `is_mapping`.
    """

    is_mapping: bool

    constants = (MAX_CHARACTERS, *YAML_CONSTANTS)

    @property
    def of(self) -> str:  # type: ignore[override]
        """The format."""
        return "YAML that is a mapping" if self.is_mapping else "YAML"

    def fault(self, text: str) -> str | None:
        """Return the first complaint."""
        return yaml_fault(text, self.is_mapping)


@dataclass(frozen=True)
class ValidXml(_Format):
    """The text is well-formed XML, read as UTF-8 whatever it declares; a declared or an external entity is refused."""

    of = "XML"
    constants = (MAX_CHARACTERS, version("defusedxml"))

    def fault(self, text: str) -> str | None:
        """Return the first complaint."""
        source = xml.sax.xmlreader.InputSource()
        source.setEncoding("utf-8")
        source.setByteStream(io.BytesIO(text.encode("utf-8", "surrogatepass")))
        parser = defusedxml.sax.make_parser()
        parser.setContentHandler(xml.sax.handler.ContentHandler())
        try:
            parser.parse(source)
        except xml.sax.SAXParseException as error:
            return f"line {error.getLineNumber()}: {error.getMessage()}"
        except defusedxml.DefusedXmlException as error:
            return f"refused: {type(error).__name__}"
        return None


@dataclass(frozen=True)
class ValidCsv(_Format):
    """The text is CSV: quotes closed, each row as wide as the first, the header's names where they are asked.

    Empty lines are passed over. Plain prose without the delimiter is CSV too, of one column; hence `columns`.
    """

    columns: tuple[str, ...]
    delimiter: Delimiter

    constants = (MAX_CHARACTERS,)

    @property
    def of(self) -> str:  # type: ignore[override]
        """The format, with its columns."""
        return f"CSV with the columns {', '.join(self.columns)}" if self.columns else "CSV"

    def fault(self, text: str) -> str | None:
        """Return the first complaint."""
        rows = csv.reader(io.StringIO(text, newline=""), delimiter=self.delimiter, strict=True)
        width: int | None = None
        try:
            for row in rows:
                if width is None and row:
                    width = len(row)
                    if self.columns and tuple(name.strip() for name in row) != self.columns:
                        return f"line {rows.line_num}: the header is {', '.join(row)}"
                if row and len(row) != width:
                    return f"line {rows.line_num}: {len(row)} fields, not {width}"
        except csv.Error as error:
            return f"line {rows.line_num}: {error}"
        return "empty" if width is None else None


@dataclass(frozen=True)
class ValidSql(_Format):
    """The text is one or more statements that sqlglot parses in a dialect, all of the kinds asked.

    sqlglot is more lenient than a database, and knows no schema. What it would only pass through unread (EXPLAIN,
    VACUUM) is not valid here. A statement is of the kind of everything in it that writes: a SELECT around a DELETE,
    or INTO a table, is not only a select.
    """

    dialect: str
    only: tuple[SqlKind, ...]

    constants = SQL_CONSTANTS

    @property
    def of(self) -> str:  # type: ignore[override]
        """The dialect and the kinds."""
        kinds = f", {' or '.join(self.only)} only" if self.only else ""
        return f"SQL{f' ({self.dialect})' if self.dialect else ''}{kinds}"

    def fault(self, text: str) -> str | None:
        """Return the first complaint."""
        return sql_fault(text, self.dialect, self.only)


@dataclass(frozen=True)
class ValidMarkdown(_Format):
    """The text is Markdown (CommonMark with tables) that reads as it was meant; see `markdown_faults` for what is."""

    of = "Markdown"
    constants = MARKDOWN_CONSTANTS

    def fault(self, text: str) -> str | None:
        """Return the first complaint."""
        return markdown_fault(text)


def is_valid_yaml() -> Check[Text]:
    """The text is YAML of any kind, see `ValidYaml`; plain prose is, too."""
    return ValidYaml(is_mapping=False)


def is_yaml_mapping() -> Check[Text]:
    """The text is YAML, and each document in it a mapping of keys to values."""
    return ValidYaml(is_mapping=True)


def is_valid_xml() -> Check[Text]:
    """The text is well-formed XML without entities of its own."""
    return ValidXml()


def is_valid_csv(*columns: str, delimiter: Delimiter = ",") -> Check[Text]:
    """The text is CSV with rows of one width; with `columns`, its first row names exactly these, in order.

    Raises `ValueError` for another delimiter than comma, semicolon, tab or bar.
    """
    require_option("delimiter", delimiter, get_args(Delimiter))
    return ValidCsv(columns, delimiter)


def is_valid_sql(dialect: str = "", *, only: tuple[SqlKind, ...] = ()) -> Check[Text]:
    """The text is SQL of a dialect that sqlglot knows ("postgres", "sqlite"; "" for what most understand).

    `only` limits the kinds of statement, as in `only=("select",)`. Raises `ValueError` for an unknown dialect or kind.
    """
    return ValidSql(known_dialect(dialect), known_kinds(only))


def is_valid_markdown() -> Check[Text]:
    """The text is Markdown without a fence left open, a broken table, link or heading; see `markdown_faults`."""
    return ValidMarkdown()
