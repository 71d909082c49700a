"""Reading the files of `catalog/`: YAML into a pydantic model, with errors that name file, field and mend.

Not here: what each file means (the model lives with the code that uses it).
"""

from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from eval_pipeline.errors import SettingsError

ModelT = TypeVar("ModelT", bound=BaseModel)


def load_yaml(path: Path, model: type[ModelT]) -> ModelT:
    """Return the file at `path` as a `model`.

    Raises `SettingsError` naming the file and the first field at fault.
    """
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
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
        raise SettingsError(f"{path}: {where}: {first['msg']}", f"mend `{where}` in {path.name}") from error
