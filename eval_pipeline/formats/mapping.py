"""Which field or column of a file means what: the mapping that a user writes, as YAML or in one line.

    session_id: conversation            # a field or column; dots go into nested objects: metadata.session
    started_at: {const: 2026-01-31}     # the same for every record
    surface: {const: support_chat}
    slices: {locale: lang}
    timezone: Europe/Berlin             # zone of times that name none; UTC unless said

In one line: `session_id=conversation,started_at=const:2026-01-31,slices.locale=lang,timezone=Europe/Berlin`.
Not here: what a format reads when nothing is mapped (its own module).
"""

import codecs
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import yaml
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from eval_pipeline.errors import SourceError
from eval_pipeline.sessions import Role

YAML_SUFFIXES = (".yaml", ".yml")


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Place(_Model):
    """Where a value comes from: a field, one constant for all records, or the record's position in its file."""

    field: str | None = Field(default=None, min_length=1)
    const: str | int | float | None = None
    position: bool = False

    @model_validator(mode="after")
    def _one_of_three(self) -> "Place":
        if [self.field is not None, self.const is not None, self.position].count(True) != 1:
            raise ValueError("give exactly one: a field name, {const: VALUE} or {position: true}")
        return self


def _place(value: Any) -> Any:
    if isinstance(value, str):
        return {"field": value}
    if isinstance(value, dict) and "const" in value and value["const"] is not None:
        const = value["const"]
        return {**value, "const": const if isinstance(const, str | int | float) else str(const)}
    return value


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError("not a time zone; write it like Europe/Berlin or UTC") from error
    return name


def _codec(name: str) -> str:
    try:
        "a".encode(name)  # some codecs are none of text (hex); this refuses them, too
        return codecs.lookup(name).name
    except (LookupError, ValueError) as error:
        raise ValueError("not an encoding; write it like utf-8 or cp1252") from error


Mapped = Annotated[Place, BeforeValidator(_place)]


class Mapping(_Model):
    """A user's mapping. What it does not name is read as the format says; what nobody names goes to `meta`."""

    session_id: Mapped | None = None
    started_at: Mapped | None = None
    ended_at: Mapped | None = None
    user_id: Mapped | None = None
    surface: Mapped | None = None
    model_version: Mapped | None = None
    outcome: Mapped | None = None
    recorded_labels: Mapped | None = None
    feedback: Mapped | None = None
    slices: dict[str, Mapped] = Field(default_factory=dict)
    versions: dict[str, Mapped] = Field(default_factory=dict)

    turns: Mapped | None = None
    input: Mapped | None = None
    output: Mapped | None = None
    role: Mapped | None = None
    content: Mapped | None = None
    at: Mapped | None = None
    tool_calls: Mapped | None = None
    tool_call_id: Mapped | None = None
    is_error: Mapped | None = None
    reasoning: Mapped | None = None
    spans: Mapped | None = None
    roles: dict[str, Role] = Field(default_factory=dict, description="A file's word for a role, to ours")

    timezone: Annotated[str, AfterValidator(_zone)] = "UTC"
    encoding: Annotated[str, AfterValidator(_codec)] = "utf-8"

    def zone(self) -> ZoneInfo:
        """Return the zone of times that name none."""
        return ZoneInfo(self.timezone)

    def as_json(self) -> dict[str, Any]:
        """Return what was said, for storing; `Mapping.model_validate` reads it back."""
        return self.model_dump(mode="json", exclude_defaults=True)


def load_mapping(text: str) -> Mapping:
    """Return the mapping in the YAML file named `text`, or in `text` itself, written `key=value,key=value`.

    Raises `SourceError` naming the file or the key at fault, and the mend.
    """
    if text.endswith(YAML_SUFFIXES):
        return _validated(_yaml_document(Path(text)), text)
    document: dict[str, Any] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        key, separator, value = part.partition("=")
        if not separator or not key.strip() or not value.strip():
            raise SourceError(f"the mapping `{part}` is not KEY=VALUE", "write it like session_id=id,started_at=time")
        _set(document, key.strip(), value.strip())
    return _validated(document, "the mapping")


def _set(document: dict[str, Any], key: str, value: str) -> None:
    source: Any = value
    if value.startswith("const:"):
        source = {"const": value.removeprefix("const:")}
    elif value == "position:":
        source = {"position": True}
    group, separator, name = key.partition(".")
    if not separator:
        document[key] = source
    elif isinstance(present := document.setdefault(group, {}), dict):
        present[name] = source
    else:
        raise SourceError(f"the mapping names `{group}` and `{key}`", f"write either `{group}` or `{key}`")


def _yaml_document(path: Path) -> Any:
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except OSError as error:
        raise SourceError(f"{path} cannot be opened: {error.strerror}", "check the path of the mapping") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SourceError(f"{path} is not valid YAML", "mend the file; see the example in docs/formats.md") from error


def _validated(document: Any, where: str) -> Mapping:
    try:
        return Mapping.model_validate(document)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "the document"
        known = ", ".join(Mapping.model_fields)
        raise SourceError(
            f"{where}: {field}: {first['msg']}", f"mend `{field}`; what can be mapped: {known}"
        ) from error
