"""Templates and static files of the review app, loaded from this package. Every value in a template is escaped.

Static files have addresses that name their content (`/static/VERSION/app.css`), so a browser keeps them for good and a
module's import of `./other.js` is of the same version. Not here: which page shows what.
"""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

_HERE = Path(__file__).parent
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


@dataclass(frozen=True)
class StaticFile:
    """A file as it is sent."""

    content: bytes
    media_type: str


@cache
def static_files() -> dict[str, StaticFile]:
    """Return all static files by name. Nothing else can be asked for: no path is ever made from a request."""
    found = sorted(path for path in (_HERE / "static").iterdir() if path.suffix in _TYPES)
    return {path.name: StaticFile(path.read_bytes(), _TYPES[path.suffix]) for path in found}


@cache
def static_version() -> str:
    """Return a hash of all static files together."""
    parts = [f"{name}\0".encode() + file.content for name, file in static_files().items()]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:12]


def static_address(name: str) -> str:
    """Return the address of a static file; raises `KeyError` for one that is not there."""
    static_files()[name]
    return f"/static/{static_version()}/{name}"


def template(name: str) -> Template:
    """Return the template `name`."""
    return _environment().get_template(name)


@cache
def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        cache_size=-1,
    )
    made.globals["static"] = static_address
    made.filters["moment"] = _moment
    made.filters["percent"] = _percent
    return made


def _moment(value: datetime) -> str:
    """Return a time as people read it, in UTC."""
    return f"{value.astimezone(UTC):%Y-%m-%d %H:%M}"


def _percent(share: float) -> str:
    return f"{share:.0%}"
