"""Evidence of one kind that comes again in a session: each further piece says less than the one before it.

Pieces combine as independent causes (`contract.combined_strength`), which a habit of the same assistant is not. Not
here: what a piece rests on (the signals).
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from eval_pipeline.signals.contract import Evidence, strongest_first


def faded(pieces: Iterable[Evidence], *, share: float, most: int) -> Iterator[Evidence]:
    """Yield the `most` strongest pieces of each session, the k-th of them (from 0) at `share` ** k of its strength.

    With a share below 1 a session of many hints stays a hint, and one more piece still never lowers it.
    """
    by_session: dict[int, list[Evidence]] = defaultdict(list)
    for piece in pieces:
        by_session[piece.session].append(piece)
    for found in by_session.values():
        for k, piece in enumerate(sorted(found, key=strongest_first)[:most]):
            yield piece._replace(strength=round(piece.strength * share**k, 9))
