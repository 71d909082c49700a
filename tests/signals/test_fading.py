"""fading: of the pieces of a session the strongest stays as it is, and the others weigh less and less."""

from eval_pipeline.signals.contract import Evidence
from eval_pipeline.signals.fading import faded


def piece(session: int, strength: float, turn: int) -> Evidence:
    return Evidence(session, strength, turn, None, "seen")


def test_each_further_piece_of_a_session_weighs_less_up_to_so_many() -> None:
    pieces = [piece(1, 0.4, 3), piece(2, 0.6, 0), piece(1, 0.8, 5), piece(1, 0.4, 1), piece(1, 0.1, 0)]
    left = [(found.session, found.strength, found.turn_index) for found in faded(pieces, share=0.5, most=3)]
    assert left == [(1, 0.8, 5), (1, 0.2, 1), (1, 0.1, 3), (2, 0.6, 0)]
