"""What a person makes of a proposal: the draft of a migration, and the folder where drafts wait.

The catalog itself is never written: a draft is a file that a person reads, moves and migrates.
Not here: storing the decision (`review.ports.ReviewStore`), the text of a migration (`taxonomy/drafts.py`).
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from eval_pipeline.errors import EvalPipelineError
from eval_pipeline.taxonomy.categories import Taxonomy
from eval_pipeline.taxonomy.drafts import draft_of_new_category


@dataclass(frozen=True)
class NewCategory:
    """The words that a person gives a new category; the lists have an entry a line."""

    id: str
    title: str
    definition: str
    includes: Sequence[str]
    excludes: Sequence[str]
    examples: Sequence[str]
    owner: str

    def draft(self, taxonomy: Taxonomy) -> str:
        """Return the text of the migration that adds it. Raises `EvalPipelineError` with what is wrong."""
        return draft_of_new_category(
            taxonomy,
            id=self.id,
            title=self.title,
            definition=self.definition,
            includes=self.includes,
            excludes=self.excludes,
            examples=self.examples,
            owner=self.owner,
        )


def write_draft(folder: Path, category_id: str, text: str) -> Path:
    """Write a draft into `folder` and return its path; it appears whole or not at all, and an equal one is left alone.

    `category_id` is one that a category may have, so it is no path. Raises `EvalPipelineError` when it cannot be written.
    """
    path = folder / f"{category_id}.yaml"
    unfinished = path.with_suffix(".part")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            unfinished.write_text(text, encoding="utf-8")
            unfinished.replace(path)
    except OSError as error:
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)
        raise EvalPipelineError(
            f"the draft cannot be written to {folder}: {error.strerror}", "copy the text from the page into a file"
        ) from error
    return path
