"""Quantiles of Student's t, for intervals whose variance was estimated from few clusters. Not here: who uses them."""

from functools import cache
from math import cos, pi, sin, sqrt
from statistics import NormalDist

_EXACT_UP_TO = 30
_HALVINGS = 60


@cache
def t_quantile(probability: float, degrees: int) -> float:
    """Return the t with P(T <= t) = `probability`, 0.5 < probability < 1, for whole `degrees` of freedom >= 1.

    To 30 degrees the distribution function is the finite sum of Abramowitz and Stegun 26.7.3 and 26.7.4, inverted by
    halving; above, the expansion 26.7.5 about the normal quantile to 1/degrees^4, whose error is under 1e-5 for
    probabilities up to 0.999. Raises `ValueError` for other arguments.
    """
    if not 0.5 < probability < 1 or degrees < 1:
        raise ValueError(f"t_quantile needs 0.5 < probability < 1 and degrees >= 1, not {probability} and {degrees}")
    z = NormalDist().inv_cdf(probability)
    if degrees > _EXACT_UP_TO:
        return _expanded(z, degrees)
    # Of the angle whose tangent is t / sqrt(degrees): it is bounded, t is not.
    low, high = 0.0, pi / 2
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if _share_within(middle, degrees) < 2 * probability - 1 else (low, middle)
    return sqrt(degrees) * sin(low) / cos(low)


def _share_within(angle: float, degrees: int) -> float:
    """Return P(|T| < sqrt(degrees) tan(angle))."""
    is_odd = degrees % 2
    term, total = (cos(angle) if is_odd else 1.0), 0.0
    for power in range(is_odd, degrees - 1, 2):
        total += term
        term *= (power + 1) / (power + 2) * cos(angle) ** 2
    return 2 / pi * (angle + sin(angle) * total) if is_odd else sin(angle) * total


def _expanded(z: float, degrees: int) -> float:
    z2 = z * z
    first = z * (z2 + 1) / 4
    second = z * ((5 * z2 + 16) * z2 + 3) / 96
    third = z * (((3 * z2 + 19) * z2 + 17) * z2 - 15) / 384
    fourth = z * ((((79 * z2 + 776) * z2 + 1482) * z2 - 1920) * z2 - 945) / 92160
    return z + (first + (second + (third + fourth / degrees) / degrees) / degrees) / degrees
