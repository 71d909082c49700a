from eval_pipeline.review.transcript.search import MAX_HITS, search

TURNS = [
    {"role": "user", "content": "Where is my ORDER? My order is late."},
    {
        "role": "assistant",
        "content": "",
        "tool_calls": [{"id": "a", "name": "get_order", "arguments": {"order": "QM-1", "tags": ["Größe"]}}],
    },
    {"role": "tool", "content": '{"state": "lost"}'},
    {"role": "assistant", "content": "Die Straße ist gesperrt \u202e!", "reasoning": "the ﬁnal order is lost"},
]


def test_it_counts_places_and_turns_whatever_the_case() -> None:
    found = search(TURNS, "  order ")

    assert (found.query, found.n_matches, found.n_turns) == ("order", 5, 3)
    assert [(hit.turn, hit.role, hit.count) for hit in found.hits] == [
        (0, "user", 2),
        (1, "assistant", 2),
        (3, "assistant", 1),
    ]
    assert (found.hits[0].before, found.hits[0].match) == ("Where is my ", "ORDER")


def test_spellings_of_a_letter_are_the_same() -> None:
    assert search(TURNS, "STRASSE").n_matches == 1
    assert search(TURNS, "gro\u0308sse").n_matches == 1
    assert search(TURNS, "final").n_matches == 1


def test_hidden_characters_of_the_text_around_are_named() -> None:
    after = search(TURNS, "gesperrt").hits[0].after

    assert "[U+202E]" in after and "\u202e" not in after


def test_nothing_is_found_of_nothing() -> None:
    assert search(TURNS, " ").n_matches == 0
    assert search(TURNS, "unicorn").hits == ()


def test_hits_are_bounded_and_counts_are_not() -> None:
    found = search([{"role": "user", "content": "again and again"}] * 10_000, "again")

    assert (found.n_matches, found.n_turns, len(found.hits)) == (20_000, 10_000, MAX_HITS)
