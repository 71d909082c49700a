"""OpenAI's Batch API: files of requests in, files of answers out.

Not here: which calls stand in a batch and what is remembered of it (`eval_pipeline.judges.asking.batch_submitting`).
"""

import re
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from itertools import pairwise
from typing import Any, BinaryIO, TypeVar, cast

import httpx2
import openai
import orjson
from openai import DefaultHttpxClient, OpenAI
from openai.types import Batch

from eval_pipeline.judges.asking.batches import EndpointError, FileGoneError, RemoteBatch
from eval_pipeline.judges.asking.pacing import is_passing, wait_before_retry
from eval_pipeline.ports import Attempt, JudgeRequest
from resources.judge_attempts import Cleaner, answered_attempt, failed_attempt, is_about_form
from resources.judge_bodies import FORMS, PATHS, Api, Form, body_of, form_of, request_of

Result = TypeVar("Result")

MARK = "eval_pipeline_batch"
"""Key of the metadata under which the endpoint keeps our own id of a batch."""

_TRIES = 4
_BACKOFF_S = 0.5
_MAX_BACKOFF_S = 20.0
_LONGEST_WAIT_S = 60.0
"""An endpoint that asks to be left alone for longer is left to a later run."""

_TIMEOUT_S = 60.0
_FILE_TIMEOUT_S = 600.0
_BLOCK_BYTES = 2**20
_IN_MEMORY_BYTES = 32 * 2**20
_PAGE = 100
_MAX_LISTED = 2_000
_ENDED = frozenset({"completed", "failed", "expired", "cancelled"})
_CODE = re.compile(r"[a-z0-9_]{1,40}")
_NEXT_FORM: Mapping[str, Form] = {f"batch_no_{form}": weaker for form, weaker in pairwise(FORMS)}
"""Status of a line that asked for JSON in a form that the endpoint does not know, to the form to try instead."""

_UNSURE = ("timeout", "connection", "bad_body", "http_408", "http_5")
"""What may have been done although no answer says so."""


class OpenAIBatchModel:
    """`batches.BatchModel` over the files and batches of any endpoint that has them, for one of the two APIs.

    JSON is asked for by schema, or in the form that the endpoint is known to take. Passing errors are tried again a few times, but not the creation of a batch when it may
    have succeeded. The client follows no redirect.
    """

    def __init__(
        self,
        api_key: str,
        base_url: str,
        endpoint: str,
        api: Api,
        forms: dict[str, Form] | None = None,
        *,
        is_proxied: bool = True,
    ) -> None:
        """`endpoint` is how the ledger names it; `is_proxied` says whether the environment's proxies are used.

        `forms` holds, by model, the form in which JSON is asked for, as far as it is known not to be the strictest.
        """
        self._endpoint = endpoint
        self._forms = {} if forms is None else forms
        self._forms_asked: dict[str, Form] = {}
        self._api: Api = api
        self._cleaner = Cleaner(api_key)
        self._client = OpenAI(
            api_key=api_key or "none",
            base_url=base_url,
            max_retries=0,
            timeout=_TIMEOUT_S,
            http_client=DefaultHttpxClient(follow_redirects=False, trust_env=is_proxied),
        )

    @property
    def endpoint(self) -> str:
        """Host and path, without credentials: as the ledger names it."""
        return self._endpoint

    def close(self) -> None:
        """Release the connections."""
        self._client.close()

    def line(self, request: JudgeRequest, last: Attempt | None = None) -> bytes:
        """Return the line of a file that asks `request`, ended. `last` is what its last line in a batch came to."""
        form = self._forms.get(request.model, FORMS[0])
        if last is not None and last.status in _NEXT_FORM:
            form = self._forms[request.model] = max(form, _NEXT_FORM[last.status], key=FORMS.index)
        line = {
            "custom_id": request.call_key,
            "method": "POST",
            "url": "/v1" + PATHS[self._api],
            "body": body_of(request, self._api, form),
        }
        return orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE)

    def upload(self, name: str, lines: BinaryIO) -> str:
        """Upload a file of lines and return its id."""

        def send() -> str:
            lines.seek(0)
            sent = self._client.files.create(file=(name, lines), purpose="batch", timeout=_FILE_TIMEOUT_S)
            return _checked(sent).id

        return self._tried("upload a file of calls", send)

    def create(self, batch_id: str, input_file_id: str) -> RemoteBatch:
        """Begin a batch that carries our own `batch_id`. Never tried again when it may have begun."""
        # The client types the paths it knows; ours come from the same table as the lines.
        path = cast(Any, "/v1" + PATHS[self._api])

        def send() -> Batch:
            begun = self._client.batches.create(
                input_file_id=input_file_id, endpoint=path, completion_window="24h", metadata={MARK: batch_id}
            )
            return _checked(begun)

        return _remote(self._tried("begin a batch", send, is_repeatable=False))

    def find(self, batch_id: str) -> RemoteBatch | None:
        """Return the batch that carries our own `batch_id`, of the newest some thousand; None when there is none."""

        def search() -> Batch | None:
            for number, batch in enumerate(self._client.batches.list(limit=_PAGE)):
                if (_checked(batch).metadata or {}).get(MARK) == batch_id:
                    return batch
                if number >= _MAX_LISTED:
                    break
            return None

        found = self._tried("list batches", search)
        return None if found is None else _remote(found)

    def look(self, remote_id: str) -> RemoteBatch | None:
        """Return a batch by the endpoint's id; None when the endpoint does not know it."""
        found = self._tried("look at a batch", lambda: self._or_none(self._retrieved, remote_id))
        return None if found is None else _remote(found)

    def answers(self, batch: RemoteBatch) -> Iterator[tuple[str, Attempt]]:
        """Yield call key and attempt for each line of an ended batch's files; damaged lines are passed over.

        Raises `FileGoneError` after the answers of the files that are there.
        """
        gone: list[str] = []
        for file_id in batch.file_ids:
            for line in self._lines(file_id, gone):
                key = line.get("custom_id")
                if isinstance(key, str):
                    yield key, self._freed(self._attempt(line, batch.seconds), line, batch.input_file_id)
        if gone:
            raise FileGoneError(f"{self._endpoint} does not know its file {', '.join(gone)}", "ask with the same key")

    def requests(self, input_file_id: str) -> Iterator[JudgeRequest]:
        """Yield what a batch was asked, read back from its file; nothing when the endpoint has it no more."""
        for line in self._lines(input_file_id, []):
            if isinstance(line.get("custom_id"), str) and isinstance(line.get("body"), dict):
                yield request_of(line["custom_id"], line["body"])

    def _freed(self, attempt: Attempt, line: dict[str, Any], input_file_id: str) -> Attempt:
        """Return an attempt that failed for its form as one that was never made, for a weaker form may do."""
        if not attempt.status.startswith("http_") or not is_about_form(_as_error(line["response"])):
            return attempt
        if input_file_id not in self._forms_asked:
            bodies = (asked["body"] for asked in self._lines(input_file_id, []) if isinstance(asked.get("body"), dict))
            self._forms_asked[input_file_id] = form_of(next(bodies, {}))
        status = f"batch_no_{self._forms_asked[input_file_id]}"
        return replace(attempt, status=status) if status in _NEXT_FORM else attempt

    def _retrieved(self, remote_id: str) -> Batch:
        return _checked(self._client.batches.retrieve(remote_id))

    def _attempt(self, line: dict[str, Any], latency_s: float) -> Attempt:
        response, error = line.get("response"), line.get("error")
        if isinstance(response, dict) and response.get("status_code") == 200:
            return answered_attempt(orjson.dumps(response.get("body")), latency_s, self._cleaner)
        if isinstance(response, dict) and isinstance(response.get("status_code"), int):
            said = self._cleaner.error(f"in a batch: {response.get('body')}")
            return Attempt(f"http_{response['status_code']}", latency_s, error=said)
        code = str(error.get("code")) if isinstance(error, dict) else "no_answer"
        code = code.removeprefix("batch_") if _CODE.fullmatch(code) else "unknown"
        return Attempt(f"batch_{code}", latency_s, error=self._cleaner.error(f"in a batch: {error}"))

    def _lines(self, file_id: str, gone: list[str]) -> Iterator[dict[str, Any]]:
        """Yield the lines of a file; one that the endpoint does not know is added to `gone`."""
        with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES) as file:

            def download() -> bool:
                file.seek(0)
                file.truncate()
                with self._streamed(file_id) as blocks:
                    for block in blocks:
                        file.write(block)
                return True

            if not self._tried("read a file of a batch", lambda: self._or_none(download)):
                gone.append(file_id)
                return
            file.seek(0)
            for text in file:
                try:
                    line = orjson.loads(text)
                except orjson.JSONDecodeError:
                    continue
                if isinstance(line, dict):
                    yield line

    @contextmanager
    def _streamed(self, file_id: str) -> Iterator[Iterator[bytes]]:
        with self._client.files.with_streaming_response.content(file_id, timeout=_FILE_TIMEOUT_S) as response:
            yield response.iter_bytes(_BLOCK_BYTES)

    def _or_none(self, work: Callable[..., Result], *arguments: Any) -> Result | None:
        try:
            return work(*arguments)
        except openai.NotFoundError:
            return None

    def _tried(self, what: str, work: Callable[[], Result], *, is_repeatable: bool = True) -> Result:
        """Return what `work` returns, tried again while it fails with errors that pass. Raises `EndpointError`."""
        for number in range(1, _TRIES + 1):
            try:
                return work()
            except (openai.OpenAIError, OSError, _NoDocumentError) as error:
                attempt = self._failed(error)
                is_unsure = not is_repeatable and attempt.status.startswith(_UNSURE)
                wait = wait_before_retry(what, number, attempt, _BACKOFF_S, _MAX_BACKOFF_S)
                if number == _TRIES or is_unsure or not is_passing(attempt) or wait > _LONGEST_WAIT_S:
                    raise self._told(what, attempt, is_unsure) from None
                time.sleep(wait)
        raise AssertionError("the last try returns or raises")

    def _failed(self, error: Exception) -> Attempt:
        if isinstance(error, _NoDocumentError):
            return Attempt("bad_body", 0.0, error=self._cleaner.error(str(error)))
        return failed_attempt(error, 0.0, self._cleaner)

    def _told(self, what: str, attempt: Attempt, is_unsure: bool) -> EndpointError:
        return EndpointError(
            f"{self._endpoint} did not {what}: {attempt.status}: {attempt.error}",
            "check the key, and that the endpoint offers files and batches; nothing paid is lost, so run it again",
            is_passing=is_passing(attempt),
            is_unsure=is_unsure,
        )


class _NoDocumentError(Exception):
    """An answer with status 200 that is not what was asked for, such as the page of a proxy."""


def _checked(document: Result) -> Result:
    # The client passes on whatever came, typed as what it should be.
    if not isinstance(getattr(document, "id", None), str):
        raise _NoDocumentError(f"not a document of the API: {str(document)[:200]}")
    return document


def _as_error(response: dict[str, Any]) -> openai.APIStatusError:
    """Return the error that the answer of a line would have been, had it been asked at once."""
    request = httpx2.Request("POST", "http://batch")
    answer = httpx2.Response(response["status_code"], json=response.get("body"), request=request)
    return openai.APIStatusError("in a batch", response=answer, body=None)


def _remote(batch: Batch) -> RemoteBatch:
    ended = (batch.completed_at, batch.failed_at, batch.expired_at, batch.cancelled_at)
    ended_at = next((at for at in ended if at), None)
    errors = [f"{error.code}: {error.message}" for error in (batch.errors.data if batch.errors else None) or []]
    return RemoteBatch(
        remote_id=batch.id,
        status=batch.status,
        is_ended=batch.status in _ENDED,
        input_file_id=batch.input_file_id,
        file_ids=tuple(file_id for file_id in (batch.output_file_id, batch.error_file_id) if file_id),
        seconds=float(max(0, (ended_at or int(time.time())) - batch.created_at)),
        error="; ".join(errors[:5])[:500] or None,
        mark=(batch.metadata or {}).get(MARK),
    )
