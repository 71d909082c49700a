"""The pages of all subjects written to a folder, Markdown beside HTML, with an index that leads to them.

Not here: what a page says (`content.py`), the same pages within the review app (`review/app/report_pages.py`).
"""

import re
from dataclasses import dataclass
from pathlib import Path

from eval_pipeline.calibration.pages.content import Page, page_of
from eval_pipeline.calibration.pages.html import index_html, page_html
from eval_pipeline.calibration.pages.markdown import page_markdown
from eval_pipeline.calibration.pages.reading import known_of, subjects
from eval_pipeline.ports import Warehouse
from eval_pipeline.versions import content_hash

SHOWN_KINDS = ("judge", "classifier")
"""Whose pages stand whole in what a run shows; those of the others are in the folder."""


@dataclass(frozen=True)
class Published:
    """What was written: the pages of `SHOWN_KINDS` as one Markdown text, the index, and how many pages there are."""

    markdown: str
    index: Path
    n_pages: int


@dataclass(frozen=True)
class ReportPages:
    """The folder in which the pages stand; each run writes them anew."""

    folder: Path

    def publish(self, warehouse: Warehouse) -> Published:
        """Write the page of every subject that was measured."""
        found = [known_of(warehouse, each["kind"], each["name"]) for each in subjects(warehouse)]
        pages = {_file_name(known.kind, known.name): page_of(known) for known in found if known is not None}
        self.folder.mkdir(parents=True, exist_ok=True)
        for name, page in pages.items():
            (self.folder / f"{name}.html").write_text(page_html(page), encoding="utf-8")
            (self.folder / f"{name}.md").write_text(page_markdown(page) + "\n", encoding="utf-8")
        index = self.folder / "index.html"
        index.write_text(
            index_html({f"{name}.html": f"{p.kind} {p.name}" for name, p in pages.items()}), encoding="utf-8"
        )
        return Published(_shown(list(pages.values())), index, len(pages))


def _shown(pages: list[Page]) -> str:
    texts = [page_markdown(page, level=2) for page in pages if page.kind in SHOWN_KINDS]
    return "\n\n".join(texts) or "nothing was measured yet"


def _file_name(kind: str, name: str) -> str:
    """Return a name for the files of a subject; one that no file system takes amiss, whatever the subject is called."""
    plain = re.sub(r"[^A-Za-z0-9_-]", "_", name)[:60]
    return f"{kind}-{plain}" if plain == name else f"{kind}-{plain}-{content_hash(name, 8)}"
