"""Reading the files of `catalog/`: YAML into a pydantic model, with errors that name file, field and mend.

Not here: what each file means (the model lives with the code that uses it).
"""

from collections.abc import Hashable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from eval_pipeline.errors import SettingsError

ModelT = TypeVar("ModelT", bound=BaseModel)


# The parser in C where PyYAML has it: it reads the lexicons in a tenth of the time.
if TYPE_CHECKING:
    _SafeLoader = yaml.SafeLoader
else:
    _SafeLoader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _StrictLoader(_SafeLoader):
    """The safe loader, which also refuses a key that stands twice: YAML would silently take the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """Return the mapping; raises `ConstructorError` for a repeated key."""
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for position, key in enumerate(keys):
            if key in keys[:position]:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key!r} stands twice", node.value[position][0].start_mark
                )
        return super().construct_mapping(node, deep)


def load_yaml(path: Path, model: type[ModelT]) -> ModelT:
    """Return the file at `path` as a `model`.

    Raises `SettingsError` naming the file and the first field at fault.
    """
    try:
        document = yaml.load(path.read_text(encoding="utf-8"), Loader=_StrictLoader)  # noqa: S506 - a safe loader
    except FileNotFoundError as error:
        raise SettingsError(
            f"{path} is missing", "restore it, or point EVAL_PIPELINE_CATALOG at a full catalog"
        ) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} is not valid YAML: {error}", "mend the file") from error
    try:
        return model.model_validate({} if document is None else document)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the document"
        why = first["msg"].removeprefix("Value error, ")
        raise SettingsError(f"{path}: {where}: {why}", f"mend `{where}` in {path.name}") from error
