"""When an attempt may go out: waiting between the attempts of a call, the rates of an endpoint.

Not here: the circuit breaker (`breaker.py`), money (`budget.py`), sending and recording (`line.py`, `asker.py`). Waits
are deterministic: jitter comes from the call's key, and whoever needs the time passes it in.
"""

import json
import math

from eval_pipeline.judges.asking.endpoints import Limits
from eval_pipeline.ports import Attempt, JudgeRequest
from eval_pipeline.tokens import estimated_tokens
from eval_pipeline.versions import unit_hash

_PASSING = frozenset({"timeout", "connection", "http_408", "http_409", "http_425", "http_429"})
_TOKENS_PER_MESSAGE = 16
_DEFAULT_COMPLETION_TOKENS = 1024
_BURST_SHARE = 0.1


def is_passing(attempt: Attempt) -> bool:
    """Return whether what went wrong may be gone the next time: timeouts, lost links, garbled bodies, 429, 5xx."""
    if attempt.status == "bad_body":
        return _is_garbled(attempt.reply or "")
    return attempt.status in _PASSING or attempt.status.startswith("http_5")


def _is_garbled(body: str) -> bool:
    """Return whether `body` is no whole JSON object, or one that tells of an error: a whole one would come again."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return True
    return not isinstance(document, dict) or bool(document.get("error"))


def wait_before_retry(key: str, number: int, attempt: Attempt, base_s: float, max_s: float) -> float:
    """Return the seconds to wait after failed attempt `number` (from 1): exponential, half of it jitter.

    A Retry-After of the endpoint is the least it can be, with the jitter of the first wait on top, so that calls which
    were turned away together do not come back together.
    """
    jitter = unit_hash("retry", key, str(number))
    backoff = min(max_s, base_s * math.pow(2, number - 1)) * (0.5 + 0.5 * jitter)
    if attempt.retry_after_s is None:
        return backoff
    return max(backoff, attempt.retry_after_s + base_s * jitter)


def likely_tokens(request: JudgeRequest) -> int:
    """Return what an attempt may use of a rate: its prompt's estimated tokens and the full limit of its reply."""
    limit = completion_limit(request)
    n_prompt = sum(estimated_tokens(m["content"]) + _TOKENS_PER_MESSAGE for m in request.messages)
    return n_prompt + (_DEFAULT_COMPLETION_TOKENS if limit is None else limit)


def completion_limit(request: JudgeRequest) -> int | None:
    """Return the most tokens that the reply may have; None when the parameters do not say."""
    limit: int | None = request.parameters.get("max_completion_tokens") or request.parameters.get("max_tokens")
    return limit


class Bucket:
    """Lets `per_minute` units go out a minute, in the order in which they were asked for.

    A tenth may go out at once, and the rest flows in over the minute, so in no window of 60 seconds do more go out
    than allowed, but for what a single amount of more than a tenth exceeds that tenth. Times are seconds of any one
    clock. Knows no clock itself: turns are given for times to come.
    """

    def __init__(self, per_minute: float, now: float) -> None:
        self._burst = per_minute * _BURST_SHARE
        self._per_second = (per_minute - self._burst) / 60
        self._level, self._at = self._burst, now

    def ready_at(self, amount: float, now: float) -> float:
        """Return when `amount` may go out: `now` or later, and never before what was taken earlier."""
        start = max(now, self._at)
        missing = min(amount, self._burst) - self._level_at(start)
        return start + max(0.0, missing / self._per_second)

    def take(self, amount: float, at: float) -> None:
        """Let `amount` go out at `at`, a time that `ready_at` allows."""
        self._level, self._at = self._level_at(at) - amount, at

    def give_back(self, amount: float) -> None:
        """Return what was taken and not used after all; less than nothing takes more."""
        self._level = min(self._burst, self._level + amount)

    def _level_at(self, at: float) -> float:
        return min(self._burst, self._level + (at - self._at) * self._per_second)


class Rates:
    """The requests and tokens a minute of one endpoint."""

    def __init__(self, limits: Limits, now: float) -> None:
        self._requests = Bucket(limits.requests_per_minute, now) if limits.requests_per_minute else None
        self._tokens = Bucket(limits.tokens_per_minute, now) if limits.tokens_per_minute else None

    @property
    def are_none(self) -> bool:
        """Whether nothing is limited."""
        return self._requests is None and self._tokens is None

    def take_turn(self, n_tokens: int, now: float, latest: float) -> float | None:
        """Return when an attempt of `n_tokens` may go out, the turn now its own; None when that is after `latest`."""
        wanted = [(bucket, amount) for bucket, amount in ((self._requests, 1), (self._tokens, n_tokens)) if bucket]
        at = max((bucket.ready_at(amount, now) for bucket, amount in wanted), default=now)
        if at > latest:
            return None
        for bucket, amount in wanted:
            bucket.take(amount, at)
        return at

    def correct(self, n_tokens: int, attempt: Attempt) -> None:
        """Put what a reply says that it used in the place of the `n_tokens` taken for it."""
        used = (attempt.n_prompt_tokens, attempt.n_completion_tokens)
        if self._tokens is not None and used[0] is not None and used[1] is not None:
            self._tokens.give_back(n_tokens - used[0] - used[1])
