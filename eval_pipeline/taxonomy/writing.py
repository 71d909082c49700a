"""A taxonomy, or a migration of one, as YAML that reads like a file written by hand: same order, long texts folded.

Not here: reading (`categories.py`, `changes.py`), replacing the file (`catalog_file.py`).
"""

from typing import Any

import yaml

from eval_pipeline.taxonomy.categories import Category, Taxonomy

_WIDTH = 120


def taxonomy_text(taxonomy: Taxonomy) -> str:
    """Return the file of `taxonomy`, without comments: a block for each category."""
    head = as_yaml({"version": taxonomy.declared_version, "tie_rule": taxonomy.tie_rule}).split("\ntie_rule", 1)
    blocks = [as_yaml([category_values(category)], indent=2) for category in taxonomy.categories]
    return f"{head[0]}\n\ntie_rule{head[1]}\ncategories:\n" + "\n".join(blocks)


def category_values(category: Category) -> dict[str, Any]:
    """Return a category as plain values, in the order of its fields."""
    return category.model_dump(mode="json")


def as_yaml(values: Any, indent: int = 0) -> str:
    """Return `values` as YAML, each line behind `indent` spaces; versions and other texts of digits stand in quotes."""
    text = yaml.dump(values, Dumper=_Indented, sort_keys=False, allow_unicode=True, width=_WIDTH - indent)
    return "".join(f"{' ' * indent if line.strip() else ''}{line}" for line in text.splitlines(keepends=True))


class _Indented(yaml.SafeDumper):
    """Indents the items of a list under its key, as the shipped files do."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    """A text too long for its line is folded, unless folding would change it."""
    is_folded = len(value) > _WIDTH - 30 and "\n" not in value and value == value.strip()
    if is_folded:
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=">")
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style='"' if value.isdigit() else None)


_Indented.add_representer(str, _text)
