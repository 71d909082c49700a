"""Drafts of migrations: what a person starts from who accepts a proposal for a new category.

Not here: what a migration may hold (`changes.py`).
"""

from collections.abc import Sequence

from pydantic import ValidationError

from eval_pipeline.errors import EvalPipelineError
from eval_pipeline.taxonomy.categories import Category, Taxonomy
from eval_pipeline.taxonomy.writing import as_yaml, category_values

_HEAD = """\
# A draft: mend the words, then save it as catalog/taxonomy_migrations/NNNN_{id}.yaml with the next free number.
# See what it would do: eval-pipeline taxonomy check FILE. Bring it into force: eval-pipeline taxonomy migrate.
"""


def draft_of_new_category(
    taxonomy: Taxonomy,
    id: str,
    title: str,
    definition: str,
    includes: Sequence[str],
    excludes: Sequence[str],
    examples: Sequence[str],
    owner: str,
) -> str:
    """Return the YAML text of a migration that adds a category to `taxonomy`.

    Raises `EvalPipelineError` with the mend when a field does not fit, or when the category is not told from those there.
    """
    values = {
        "id": id,
        "title": title,
        "definition": definition,
        "includes": tuple(includes),
        "excludes": tuple(excludes),
        "examples": tuple(examples),
        "owner": owner,
    }
    try:
        category = Category.model_validate(values)
        to = next_version(taxonomy.declared_version)
        Taxonomy(version=to, tie_rule=taxonomy.tie_rule, categories=(*taxonomy.categories, category))
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise EvalPipelineError(
            f"the new category does not fit{f' in `{where}`' if where else ''}: {first['msg'].removeprefix('Value error, ')}",
            "change that field; a category needs an id of its own, and a title and definition that no other has",
        ) from None
    change = {"add": {"category": category_values(category)}}
    return _HEAD.format(id=id) + as_yaml({"from": taxonomy.declared_version, "to": to, "changes": [change]})


def next_version(declared: str) -> str:
    """Return the version after `declared`: 2 after 1, 1.3 after 1.2, and x.1 after x."""
    head, _, last = declared.rpartition(".")
    if last.isdigit():
        return f"{head}.{int(last) + 1}" if head else str(int(last) + 1)
    return f"{declared}.1"
