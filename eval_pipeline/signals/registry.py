"""Which signals there are, and how `catalog/signals.yaml` turns them on and sets them.

The list is closed: a new signal is a file in this package and a line here. A signal that the catalog does not name
does not run, so that an upgrade changes no queue by itself. Not here: running them (`run.py`).
"""

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from eval_pipeline.catalog import load_yaml
from eval_pipeline.errors import SettingsError
from eval_pipeline.signals.abandonment import Abandonment, AbandonmentParameters
from eval_pipeline.signals.contract import Parameters, Signal
from eval_pipeline.signals.corrective_followup import CorrectiveFollowup, CorrectiveFollowupParameters
from eval_pipeline.signals.empty_or_garbled_answer import EmptyOrGarbledAnswer, EmptyOrGarbledAnswerParameters
from eval_pipeline.signals.explicit_report import ExplicitReport, ReportParameters
from eval_pipeline.signals.frustration import Frustration, FrustrationParameters
from eval_pipeline.signals.handover import Handover, HandoverParameters
from eval_pipeline.signals.judge_manipulation import JudgeManipulation, JudgeManipulationParameters
from eval_pipeline.signals.partial_completion import PartialCompletion, PartialCompletionParameters
from eval_pipeline.signals.reading.lexicon import Phrases, load_lexicons
from eval_pipeline.signals.refusal import Refusal, RefusalParameters
from eval_pipeline.signals.rephrasing import Rephrasing, RephrasingParameters
from eval_pipeline.signals.tool_error import ToolError, ToolErrorParameters
from eval_pipeline.signals.tool_loop import ToolLoop, ToolLoopParameters

BUILT_IN: dict[str, tuple[type[Signal], type[Parameters]]] = {
    signal.name: (signal, parameters)
    for signal, parameters in (
        (ExplicitReport, ReportParameters),
        (Abandonment, AbandonmentParameters),
        (Rephrasing, RephrasingParameters),
        (PartialCompletion, PartialCompletionParameters),
        (Frustration, FrustrationParameters),
        (CorrectiveFollowup, CorrectiveFollowupParameters),
        (ToolError, ToolErrorParameters),
        (ToolLoop, ToolLoopParameters),
        (Refusal, RefusalParameters),
        (Handover, HandoverParameters),
        (EmptyOrGarbledAnswer, EmptyOrGarbledAnswerParameters),
        (JudgeManipulation, JudgeManipulationParameters),
    )
}


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid")

    enabled: bool = True
    counts: bool = True
    parameters: dict[str, Any] = Field(default_factory=dict)


class _SignalsFile(BaseModel):
    model_config = ConfigDict(extra="forbid")

    signals: dict[str, _Entry]


def load_signals(catalog: Path) -> list[Signal]:
    """Return the enabled signals of `catalog/signals.yaml`, by name.

    Raises `SettingsError` for an unknown signal or parameter, a value out of range, or a missing file.
    """
    path = catalog / "signals.yaml"
    entries = load_yaml(path, _SignalsFile).signals
    unknown = sorted(set(entries) - set(BUILT_IN))
    if unknown:
        raise SettingsError(
            f"{path}: no signal is called {', '.join(unknown)}", f"use names among {', '.join(sorted(BUILT_IN))}"
        )
    sections = {section for signal, _ in BUILT_IN.values() for section in signal.sections}
    lexicon = load_lexicons(catalog / "lexicons", sections)
    return [_built(path, name, entry, lexicon) for name, entry in sorted(entries.items()) if entry.enabled]


def _built(path: Path, name: str, entry: _Entry, lexicon: dict[str, Phrases]) -> Signal:
    signal, parameters = BUILT_IN[name]
    try:
        values = parameters.model_validate(entry.parameters)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(["signals", name, "parameters", *(str(part) for part in first["loc"])])
        known = ", ".join(parameters.model_fields)
        raise SettingsError(f"{path}: {where}: {first['msg']}", f"mend `{where}`; {name} has {known}") from error
    return signal(values, {section: lexicon[section] for section in signal.sections}, entry.counts)
