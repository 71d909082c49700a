"""Random draws that depend on a key alone: the same on every machine and in every process.

Not here: what is drawn. The standard library's generator is not used, as only parts of it promise to stay the same
from one Python to the next.
"""

import hashlib
import struct
from collections.abc import Mapping, Sequence
from typing import TypeVar

T = TypeVar("T")


class Draws:
    """An endless stream of draws decided by `parts`; two streams with different parts are independent."""

    def __init__(self, *parts: str) -> None:
        self._key = "\x1f".join(parts).encode()
        self._n_blocks = 0
        self._left: list[int] = []

    def unit(self) -> float:
        """Return the next number, uniform in [0, 1), in steps of 2**-32."""
        if not self._left:
            block = hashlib.sha512(self._key + self._n_blocks.to_bytes(8, "big")).digest()
            self._n_blocks += 1
            self._left = list(struct.unpack(">16I", block))
        return self._left.pop() / 2**32

    def below(self, n: int) -> int:
        """Return a whole number in [0, n), for n far under 2**32."""
        return int(self.unit() * n)

    def between(self, low: float, high: float) -> float:
        """Return a number in [low, high)."""
        return low + (high - low) * self.unit()

    def chance(self, probability: float) -> bool:
        """Return true with the given probability."""
        return self.unit() < probability

    def pick(self, options: Sequence[T]) -> T:
        """Return one of `options`, each as likely as the other."""
        return options[int(self.unit() * len(options))]

    def weighted(self, shares: Mapping[T, float]) -> T:
        """Return a key of `shares`, each with its share; shares need not add up to 1."""
        rest = self.unit() * sum(shares.values())
        for option, share in shares.items():
            rest -= share
            if rest < 0:
                return option
        return option
