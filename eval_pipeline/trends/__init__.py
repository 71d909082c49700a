"""How failure rates move: daily rollups, their correction, their direction and what they are put down to."""
