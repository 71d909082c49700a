"""Slows down those who guess passwords: after a few failures each further attempt has to wait, twice as long each time.

Kept in memory: a restart forgets it. Not here: what an attempt is about.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass

LONGEST_WAIT_S = 300
FORGOTTEN_AFTER_S = 3600
MOST_KEYS = 10_000


class Known:
    """Names with the addresses that they came in from, the latest `MOST_KEYS` of them."""

    def __init__(self) -> None:
        self._pairs: OrderedDict[tuple[str, str], None] = OrderedDict()
        self._lock = threading.Lock()

    def holds(self, pair: tuple[str, str]) -> bool:
        """Return whether the name came in from the address."""
        return pair in self._pairs

    def add(self, pair: tuple[str, str]) -> None:
        """Remember that it did."""
        with self._lock:
            self._pairs[pair] = None
            self._pairs.move_to_end(pair)
            while len(self._pairs) > MOST_KEYS:
                self._pairs.popitem(last=False)


@dataclass(frozen=True)
class _Attempts:
    count: int
    last: float


class SlowDown:
    """Counts attempts per key, a name or an address. An attempt counts as failed from its start, so that many at once do
    not slip through, until `succeeded` says otherwise."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._attempts: OrderedDict[str, _Attempts] = OrderedDict()
        self._lock = threading.Lock()

    def begin(self, free: Mapping[str, int]) -> int:
        """Count an attempt on all keys and return 0, or the seconds to wait, when it does not count.

        `free`: for each key how many attempts cost nothing.
        """
        with self._lock:
            now = self._clock()
            wait = max(self._wait(key, n_free, now) for key, n_free in free.items())
            if wait <= 0:
                for key in free:
                    self._count(key, now)
            return max(0, -int(-wait // 1))

    def succeeded(self, name: str, address: str) -> None:
        """Forget the name's attempts, and of the address the last: other names may have been tried from there."""
        with self._lock:
            self._attempts.pop(name, None)
            if (made := self._attempts.get(address)) is not None:
                self._attempts[address] = _Attempts(max(0, made.count - 1), made.last)

    def _wait(self, key: str, n_free: int, now: float) -> float:
        made = self._attempts.get(key)
        if made is None or made.count < n_free:
            return 0.0
        return min(2.0 ** min(made.count - n_free, 30), LONGEST_WAIT_S) - (now - made.last)

    def _count(self, key: str, now: float) -> None:
        made = self._attempts.pop(key, None)
        is_fresh = made is not None and now - made.last < FORGOTTEN_AFTER_S
        self._attempts[key] = _Attempts((made.count if made and is_fresh else 0) + 1, now)
        while len(self._attempts) > MOST_KEYS:
            self._attempts.popitem(last=False)
