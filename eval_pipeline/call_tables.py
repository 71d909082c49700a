"""The tables of paid model calls: the ledger, batches under way, and the money of a day.

Not here: verdicts (`tables.py`, which names these tables too), when a call is made (`judges/asking/`).
"""

import datetime as dt

import pandas as pd

from eval_pipeline.table_model import Table, Timestamp, column


class ModelCalls(Table, key=("call_id",), append=True):
    """The ledger: one paid attempt at a model call, written as its reply arrives."""

    call_id: str = column("This attempt")
    call_key: str = column(
        "Hash of judge version, model, parameters, rendered prompt and repeat: nothing is paid twice"
    )
    attempt: int = column("Attempt within one logical call, from 1", ge=1)
    status: str = column("reply, or what went wrong: http_429, http_500, timeout, connection, ...")
    requested_at: Timestamp = column("When it was sent (UTC)")
    latency_s: float = column("Seconds until the reply or the error", ge=0)
    endpoint: str = column("Host and path it was sent to, without credentials")
    model: str = column("Model asked for")
    request: object = column("Request body: redacted transcript and the judge's prompt", sql="jsonb")
    reply: str = column("Text of the reply", nullable=True)
    finish_reason: str = column("Why the model stopped", nullable=True)
    n_prompt_tokens: pd.Int64Dtype = column("Tokens in", nullable=True, ge=0)
    n_completion_tokens: pd.Int64Dtype = column("Tokens out", nullable=True, ge=0)
    cost_usd: float = column("Cost by the price table; null when the model has no price there", nullable=True, ge=0)
    error: str = column("The error, without secrets", nullable=True)
    batch_id: str = column("Batch of the endpoint that it was part of; null for a call of its own", nullable=True)


class CallBatches(Table, key=("batch_id",)):
    """Calls handed to an endpoint's batch service, so that a later run collects what an earlier one asked."""

    batch_id: str = column("Our own id of the batch, which its metadata at the endpoint holds too")
    endpoint: str = column("Host and path it was sent to, without credentials")
    model: str = column("Model asked for")
    remote_id: str = column("The endpoint's id; null until it has answered", nullable=True)
    input_file_id: str = column("The endpoint's id of the uploaded file", nullable=True)
    status: str = column("uploading, or the endpoint's word: in_progress, completed, expired, ... or collected")
    call_keys: object = column("Keys of the calls in it", sql="jsonb")
    session_days: object = column("UTC days of the sessions that the calls are about", sql="jsonb")
    n_calls: int = column("Number of calls in it", ge=1)
    submitted_at: Timestamp = column("When it was handed over (UTC)")
    ended_at: Timestamp = column("When its results were collected (UTC)", nullable=True)
    error: str = column("What went wrong, without secrets", nullable=True)
    held_usd: float = column("US dollars of the day's budget held back for it until its results are collected", ge=0)


class CallsLeftUndone(Table, key=("session_day", "subject", "reason"), day="session_day"):
    """Calls about a day's sessions that the last run over them did not get an answer to, and why."""

    session_day: dt.date = column("UTC day of the sessions")
    subject: str = column("judge:NAME or classifier:NAME")
    reason: str = column("over_budget_run, over_budget_day, circuit_open, asked_elsewhere, batch_pending, ...")
    n_calls: int = column("Number of calls", ge=1)


class ModelSpend(Table, key=("day",)):
    """Money spent on judge calls, or held back for those under way, where a budget per day is set."""

    day: dt.date = column("UTC day on which the calls were made")
    usd: float = column("US dollars", ge=0)
