"""The errors that a user sees. Each says what is wrong, where, and how to mend it.

Not here: how they are printed (`cli/`) or stored (`quarantined_records`).
"""


class EvalPipelineError(Exception):
    """Base of every error meant for a person.

    `problem` names the thing (file, row, field) and what is wrong with it; `mend` says what to do.
    """

    def __init__(self, problem: str, mend: str) -> None:
        super().__init__(f"{problem}\n  Mend: {mend}")
        self.problem = problem
        self.mend = mend


class SettingsError(EvalPipelineError):
    """A setting, an environment variable or a catalog file is missing or wrong."""


class SourceError(EvalPipelineError):
    """A whole source (file, format, mapping) cannot be read; single bad records are quarantined instead."""


class WarehouseError(EvalPipelineError):
    """The database cannot be reached, is not migrated, or refused a write."""


class RejectedRecord(Exception):
    """One input record cannot be taken in; caught by the intake and written to `quarantined_records`.

    No part of the record's content may stand in any of the fields: the record has not been redacted.
    """

    def __init__(self, reason: str, detail: str, mend: str, field: str | None = None) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail
        self.mend = mend
        self.field = field
