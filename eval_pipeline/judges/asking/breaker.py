"""The circuit breaker of an endpoint: no more attempts while all fail, and now and then one that finds out.

Not here: waiting between the attempts of one call (`pacing.py`), sending (`line.py`). Times are loop seconds.
"""

import asyncio
import math
from contextlib import suppress
from enum import Enum

from eval_pipeline.ports import Attempt

MAX_PROBES = 3
"""Probes that may fail in a row before the breaker stays open; one where the endpoint has never answered."""

_UNMENDED = frozenset({"http_401", "http_402", "http_403", "http_404"})
"""No key, no money, no right, no such model: no waiting within a run mends that."""


class Entry(Enum):
    """How an attempt was let through."""

    USUAL = "usual"
    PROBE = "probe"


class Breaker:
    """Lets attempts through until `limit` in a row have failed, then one probe after `pause_s` seconds.

    A probe that gets a reply closes the breaker. One that fails doubles the pause, and after `MAX_PROBES` of them
    nothing goes out for the rest of the run, nor after a failure that no waiting mends (401, ...).

    Until the endpoint has answered, and after any failure, no more are under way than could fail without passing the
    limit: an endpoint that is dead from the start gets exactly `limit` attempts and one probe. 429s of calls that were
    sent before an earlier 429 came back are one failure, as they say one thing.
    """

    def __init__(self, limit: int, pause_s: float) -> None:
        self._limit, self._pause_s = limit, pause_s
        self._failures = 0
        self._under_way = 0
        self._is_proven = False
        self._last_throttled_at = -math.inf
        # Closed at -inf, open for good at inf.
        self._probe_at = -math.inf
        self._n_probes_failed = 0
        self._is_probing = False
        self._changed = asyncio.Condition()

    async def enter(self, until: float) -> Entry | None:
        """Wait until an attempt may go out; None when none may by `until`. Whoever got an entry calls `leave`."""
        clock = asyncio.get_running_loop().time
        async with self._changed:
            while (entry := self._entry(clock())) is None:
                if self._is_open and (self._probe_at > until or clock() >= until):
                    return None
                await self._change(self._next_look(until) - clock())
            if entry is Entry.PROBE:
                self._is_probing = True
            else:
                self._under_way += 1
        return entry

    async def leave(self, entry: Entry, attempt: Attempt | None, sent_at: float, now: float) -> None:
        """Take note of how an attempt sent at `sent_at` ended; None when it was cancelled or not sent."""
        async with self._changed:
            if entry is Entry.PROBE:
                self._is_probing = False
            else:
                self._under_way -= 1
            if attempt is not None:
                note = self._note_probe if entry is Entry.PROBE else self._note
                note(attempt, sent_at, now)
            self._changed.notify_all()

    @property
    def _is_open(self) -> bool:
        return self._probe_at > -math.inf

    def _entry(self, now: float) -> Entry | None:
        if self._is_open:
            return Entry.PROBE if now >= self._probe_at and not self._is_probing else None
        has_room = (self._is_proven and not self._failures) or self._failures + self._under_way < self._limit
        return Entry.USUAL if has_room else None

    def _next_look(self, until: float) -> float:
        if not self._is_open:
            return math.inf
        return until if self._is_probing else self._probe_at

    async def _change(self, within_s: float) -> None:
        """Wait for a change of state, at most `within_s`."""
        with suppress(TimeoutError):
            async with asyncio.timeout(None if math.isinf(within_s) else within_s):
                await self._changed.wait()

    def _note_probe(self, attempt: Attempt, sent_at: float, now: float) -> None:
        if attempt.is_reply:
            self._is_proven = True
            self._failures = self._n_probes_failed = 0
            self._probe_at = -math.inf
        else:
            self._n_probes_failed += 1
            self._open(attempt, now)

    def _note(self, attempt: Attempt, sent_at: float, now: float) -> None:
        if attempt.is_reply:
            self._is_proven = True
            self._failures = 0 if not self._is_open else self._failures
            return
        if attempt.status == "http_429":
            if sent_at < self._last_throttled_at:
                return
            self._last_throttled_at = now
        self._failures += 1
        if self._failures >= self._limit and not self._is_open:
            self._open(attempt, now)

    def _open(self, attempt: Attempt, now: float) -> None:
        n_probes = MAX_PROBES if self._is_proven else 1
        is_for_good = attempt.status in _UNMENDED or self._n_probes_failed >= n_probes
        self._probe_at = math.inf if is_for_good else now + self._pause_s * 2**self._n_probes_failed
