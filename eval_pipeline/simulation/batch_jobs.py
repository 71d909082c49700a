"""The simulated endpoint's Batch API: files of requests, and batches that work through them as a plan says.

Not here: HTTP (`judge_endpoint.py`), how one request is answered (`judge_protocol.py`).
"""

import itertools
import threading
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import orjson

from eval_pipeline.simulation.judge_protocol import REPLY_PATHS, BadRequest, error_body, parsed_object

_ENDED = ("completed", "failed", "expired", "cancelled")

Answering = Callable[[str, bytes], tuple[int, dict[str, Any]]]
"""Path and body of one request to status and body of its answer."""


@dataclass(frozen=True)
class BatchPlan:
    """How a batch goes.

    It is `validating` for `n_validating` looks at it, then `in_progress` for `n_working` looks and at least `seconds`.
    At its end `n_answered` lines have an answer (None: all) and the others have expired or were never begun. Lines in
    `errors` (number from 1 to HTTP status) stand in the error file instead, those in `omitted` in neither file.
    `hides_creation`: whoever creates it gets no answer, as when a connection breaks. `loses_answers`: the files of
    answers are named and not there.
    """

    n_validating: int = 0
    n_working: int = 0
    seconds: float = 0.0
    outcome: Literal["completed", "failed", "expired"] = "completed"
    n_answered: int | None = None
    errors: Mapping[int, int] = field(default_factory=dict)
    omitted: Collection[int] = ()
    hides_creation: bool = False
    loses_answers: bool = False


ORDERLY = BatchPlan()
"""Done at the first look, with an answer to every line."""

BatchPlans = BatchPlan | Callable[[int], BatchPlan]
"""One plan for all batches, or a function from the number of a batch (from 1) to its plan."""


@dataclass
class _Job:
    document: dict[str, Any]
    plan: BatchPlan
    lines: list[dict[str, Any]]
    created_at: float
    n_looks: int = 0


class BatchJobs:
    """Files and batches in memory. All methods may be called from several threads."""

    def __init__(self, answer: Answering, plans: BatchPlans = ORDERLY) -> None:
        self.answered: list[str] = []
        """The custom ids of all lines that were answered, in order: what was paid for."""
        self._answer = answer
        self._plan_of = plans if callable(plans) else lambda number: plans
        self._files: dict[str, tuple[dict[str, Any], bytes]] = {}
        self._jobs: dict[str, _Job] = {}
        self._numbers = itertools.count(1)
        self._lock = threading.RLock()

    def add_file(self, name: str, purpose: str, content: bytes) -> dict[str, Any]:
        """Keep a file and return what is said of it."""
        with self._lock:
            file_id = f"file-{next(self._numbers):06d}"
            document = {
                "id": file_id,
                "object": "file",
                "bytes": len(content),
                "created_at": int(time.time()),
                "filename": name,
                "purpose": purpose,
                "status": "processed",
            }
            self._files[file_id] = (document, content)
        return document

    def file(self, file_id: str) -> tuple[dict[str, Any], bytes]:
        """Return what is said of a file, and its content. Raises `BadRequest` (404)."""
        with self._lock:
            found = self._files.get(file_id)
        if found is None:
            raise BadRequest(f"No such File object: {file_id}", "id", status=404)
        return found

    def create(self, body: bytes) -> tuple[dict[str, Any], bool]:
        """Begin a batch; return its document and whether its creation is to be hidden. Raises `BadRequest`."""
        asked = parsed_object(body)
        if asked.get("endpoint") not in REPLY_PATHS or asked.get("completion_window") != "24h":
            raise BadRequest("Invalid 'endpoint' or 'completion_window'.", "endpoint")
        _, content = self.file(str(asked.get("input_file_id")))
        with self._lock:
            plan = self._plan_of(len(self._jobs) + 1)
            job = _Job(_created(f"batch_{next(self._numbers):06d}", asked), plan, [], time.monotonic())
            job.lines, errors = _validated(content, asked["endpoint"])
            if errors:
                self._end(job, "failed", errors)
            self._jobs[job.document["id"]] = job
            return dict(job.document), plan.hides_creation

    def look(self, batch_id: str) -> dict[str, Any]:
        """Return a batch, which goes on by being looked at. Raises `BadRequest` (404)."""
        with self._lock:
            job = self._job(batch_id)
            job.n_looks += 1
            self._go_on(job)
            return dict(job.document)

    def listed(self, after: str | None, limit: int) -> dict[str, Any]:
        """Return a page of batches, newest first."""
        with self._lock:
            ids = list(self._jobs)[::-1]
            start = ids.index(after) + 1 if after in ids else 0
            page = ids[start : start + limit]
            data = [dict(self._jobs[batch_id].document) for batch_id in page]
        return {
            "object": "list",
            "data": data,
            "first_id": page[0] if page else None,
            "last_id": page[-1] if page else None,
            "has_more": start + limit < len(ids),
        }

    def cancel(self, batch_id: str) -> dict[str, Any]:
        """End a batch, with what its plan has answered so far. Raises `BadRequest` (404, or 409 for an ended one)."""
        with self._lock:
            job = self._job(batch_id)
            if job.document["status"] in _ENDED:
                raise BadRequest(f"Cannot cancel a batch with status '{job.document['status']}'.", status=409)
            self._work(job, job.plan.n_answered or 0)
            self._end(job, "cancelled")
            return dict(job.document)

    def _job(self, batch_id: str) -> _Job:
        job = self._jobs.get(batch_id)
        if job is None:
            raise BadRequest(f"No batch found with id '{batch_id}'.", "id", status=404)
        return job

    def _go_on(self, job: _Job) -> None:
        if job.document["status"] in _ENDED or job.n_looks <= job.plan.n_validating:
            return
        is_working = job.n_looks <= job.plan.n_validating + job.plan.n_working
        if is_working or time.monotonic() < job.created_at + job.plan.seconds:
            job.document["status"] = "in_progress"
        elif job.plan.outcome == "failed":
            error = {"code": "token_limit_exceeded", "message": "Enqueued token limit reached.", "line": None}
            self._end(job, "failed", [error])
        else:
            n_answered = len(job.lines) if job.plan.n_answered is None else job.plan.n_answered
            self._work(job, n_answered)
            self._end(job, job.plan.outcome)

    def _work(self, job: _Job, n_answered: int) -> None:
        """Answer the first `n_answered` lines into the two files of the batch; the others expire."""
        outputs: list[bytes] = []
        errors: list[bytes] = []
        for number, line in enumerate(job.lines, 1):
            if number in job.plan.omitted:
                continue
            status, body = self._line_answer(job, number, line, number <= n_answered)
            response = None if body is None else {"status_code": status, "request_id": f"req_{number}", "body": body}
            expired = {"code": "batch_expired", "message": "This request could not be executed in time."}
            entry = {
                "id": f"batch_req_{number}",
                "custom_id": line["custom_id"],
                "response": response,
                "error": expired if body is None else None,
            }
            (outputs if status == 200 else errors).append(orjson.dumps(entry))
        for name, lines in (("output_file_id", outputs), ("error_file_id", errors)):
            if lines:
                file_id = self.add_file(f"{name}.jsonl", "batch_output", b"\n".join([*lines, b""]))["id"]
                job.document[name] = file_id
                if job.plan.loses_answers:
                    del self._files[file_id]
        job.document["request_counts"].update(completed=len(outputs), failed=len(errors))

    def _line_answer(
        self, job: _Job, number: int, line: dict[str, Any], is_begun: bool
    ) -> tuple[int, dict[str, Any] | None]:
        if not is_begun:
            return 0, None
        if number in job.plan.errors:
            return job.plan.errors[number], error_body("The line could not be processed.", "invalid_request_error")
        self.answered.append(line["custom_id"])
        return self._answer(line["url"], orjson.dumps(line["body"]))

    def _end(self, job: _Job, status: str, errors: list[dict[str, Any]] | None = None) -> None:
        job.document["status"] = status
        job.document[f"{status}_at"] = int(time.time())
        if errors:
            job.document["errors"] = {"object": "list", "data": errors}


def _created(batch_id: str, asked: dict[str, Any]) -> dict[str, Any]:
    now = int(time.time())
    return {
        "id": batch_id,
        "object": "batch",
        "endpoint": asked["endpoint"],
        "errors": None,
        "input_file_id": asked["input_file_id"],
        "completion_window": "24h",
        "status": "validating",
        "output_file_id": None,
        "error_file_id": None,
        "created_at": now,
        "expires_at": now + 86400,
        "request_counts": {"total": 0, "completed": 0, "failed": 0},
        "metadata": asked.get("metadata"),
    }


def _validated(content: bytes, path: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the lines of a batch's file, and what is wrong with it."""
    lines, errors, seen, models = [], [], set[str](), set[str]()
    for number, text in enumerate(content.splitlines(), 1):
        try:
            line = parsed_object(text)
        except BadRequest:
            errors.append({"code": "invalid_json_line", "message": "The line is no JSON object.", "line": number})
            continue
        custom_id, body = line.get("custom_id"), line.get("body")
        if not isinstance(custom_id, str) or custom_id in seen:
            errors.append({"code": "duplicate_custom_id", "message": "Each line needs its own id.", "line": number})
        elif line.get("url") != path or line.get("method") != "POST" or not isinstance(body, dict):
            errors.append({"code": "mismatched_endpoint", "message": "The line is for another path.", "line": number})
        else:
            seen.add(custom_id)
            models.add(str(body.get("model")))
            lines.append(line)
    if len(models) > 1:
        errors.append({"code": "mismatched_model", "message": "A batch is for one model.", "line": None})
    if not lines and not errors:
        errors.append({"code": "empty_file", "message": "The file has no line.", "line": None})
    return lines, errors
