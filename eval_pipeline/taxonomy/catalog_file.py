"""Replacing `catalog/taxonomy.yaml` by the taxonomy that a migration makes. The comment at its head stays.

Not here: the text (`writing.py`).
"""

import tempfile
from itertools import takewhile
from pathlib import Path

from eval_pipeline.errors import SettingsError
from eval_pipeline.taxonomy.categories import Taxonomy, load_taxonomy
from eval_pipeline.taxonomy.writing import taxonomy_text


def bring_to(path: Path, taxonomy: Taxonomy) -> bool:
    """Make the file at `path` read as `taxonomy`, in one step; return whether it had to be written.

    Raises `SettingsError` when it cannot be.
    """
    if load_taxonomy(path).version == taxonomy.version:
        return False
    head = takewhile(lambda line: line.startswith("#"), path.read_text(encoding="utf-8").splitlines(keepends=True))
    text = "".join(head) + taxonomy_text(taxonomy)
    try:
        with tempfile.NamedTemporaryFile("w", dir=path.parent, suffix=".tmp", encoding="utf-8", delete=False) as file:
            file.write(text)
        Path(file.name).chmod(path.stat().st_mode)
        Path(file.name).replace(path)
    except OSError as error:
        raise SettingsError(
            f"{path} cannot be written: {error.strerror}", "nothing was changed; make the file writable and try again"
        ) from error
    return True
