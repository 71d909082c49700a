"""`catalog/redaction.yaml` and what it says about a key: which values are personal because of where they stand.

Not here: how values spread from there (`known.py`), patterns in text (`patterns.py`).
"""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from eval_pipeline.redaction.pseudonyms import fold

Spread = Literal["name", "value", "place", "date", "none"]
KEEP = "NONE"
"""The type of a rule that says: not personal, whatever an outer key says."""


class KeyRule(BaseModel):
    """One rule of the catalog; its file says what the fields mean."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rule: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    type: str = Field(pattern=r"^[A-Z]{2,16}$")
    spread: Spread = "value"
    keys: tuple[str, ...] = Field(min_length=1)
    under: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()


class ProseRules(BaseModel):
    """The words by which names and addresses in plain text show; the catalog says what the fields mean."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    introductions: tuple[str, ...] = Field(min_length=1)
    callers: tuple[str, ...] = Field(min_length=1)
    titles: tuple[str, ...] = Field(min_length=1)
    single_word_titles: tuple[str, ...] = ()
    greetings: tuple[str, ...] = Field(min_length=1)
    closings: tuple[str, ...] = Field(min_length=1)
    particles: tuple[str, ...] = ()
    not_names: tuple[str, ...] = ()
    address_cues: tuple[str, ...] = Field(min_length=1)
    place_cues: tuple[str, ...] = Field(min_length=1)
    countries: tuple[str, ...] = Field(min_length=1)


class RedactionCatalog(BaseModel):
    """The content of `catalog/redaction.yaml`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: str
    key_rules: tuple[KeyRule, ...]
    placeholders: tuple[str, ...] = ()
    common_words: tuple[str, ...] = ()
    name_particles: tuple[str, ...] = ()
    phone_regions: tuple[str, ...] = ("US", "GB")
    phone_context_regions: tuple[str, ...] = ("US", "GB")
    prose: ProseRules | None = None


_NOT_KEY = re.compile(r"[^a-z0-9]+")


@lru_cache(maxsize=8192)
def key_form(key: str) -> str:
    """Return `key` as rules compare it: `firstName`, `first_name` and `First Name` are all `firstname`."""
    return _NOT_KEY.sub("", key.lower())


class _Fit:
    """One rule with its contexts in comparable form."""

    def __init__(self, rule: KeyRule) -> None:
        self.rule = rule
        self.under = {key_form(key) for key in rule.under}
        self.beside = {key_form(key) for key in rule.beside}

    def fits(self, parent: str | None, siblings: Iterable[str]) -> bool:
        if not self.under and not self.beside:
            return True
        if parent is not None and key_form(parent) in self.under:
            return True
        return not self.beside.isdisjoint(key_form(key) for key in siblings if isinstance(key, str))


class KeyRules:
    """Looks rules up by key."""

    def __init__(self, catalog: RedactionCatalog) -> None:
        self._exact: dict[str, list[_Fit]] = {}
        self._prefixes: list[tuple[str, _Fit]] = []
        for rule in catalog.key_rules:
            fit = _Fit(rule)
            for key in rule.keys:
                if key.endswith("*"):
                    self._prefixes.append((key_form(key), fit))
                else:
                    self._exact.setdefault(key_form(key), []).append(fit)
        self._by_key: dict[str, tuple[_Fit, ...]] = {}
        self._placeholders = {fold(word) for word in catalog.placeholders}

    def rule_for(self, key: str, parent: str | None, siblings: Mapping[Any, Any]) -> KeyRule | None:
        """Return the rule for the value at `key` of an object whose own key is `parent`, or None."""
        fits = self._by_key.get(key)
        if fits is None:
            fits = self._remember(key)
        for fit in fits:
            if fit.fits(parent, siblings):
                return fit.rule
        return None

    def _remember(self, key: str) -> tuple[_Fit, ...]:
        form = key_form(key)
        fits = [*self._exact.get(form, ()), *(fit for prefix, fit in self._prefixes if form.startswith(prefix))]
        if len(self._by_key) >= 8192:
            self._by_key.clear()
        self._by_key[key] = tuple(fits)
        return self._by_key[key]

    def is_placeholder(self, value: str) -> bool:
        """Return whether `value` names nobody: empty, punctuation only, or a word such as "none" or "guest"."""
        folded = fold(value)
        return not folded or folded in self._placeholders
