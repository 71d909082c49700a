"""Short answers of a support assistant, for the benchmark of evaluators: as many as asked for, always the same for a seed.

About half are the JSON object that the product asks for; of these some break the schema and some are cut off. The rest
is prose. Every check of `evaluator_checks.py` passes for some texts and fails for others. Not here: the checks.
"""

import json
import random
from collections.abc import Iterator
from typing import Any

SEED = 4
SHARES = {"object": 0.45, "wrong object": 0.08, "cut off": 0.04, "prose": 0.43}
"""What a text is, and how often."""

OPENINGS = (
    "Thank you for getting in touch about your order.",
    "I have looked into this for you.",
    "Good news, I found the order you asked about.",
    "I am sorry that this has taken so long.",
    "Thanks for your patience while I checked.",
)
SENTENCES = (
    "The parcel left our warehouse on Tuesday evening and reached the sorting centre the next morning.",
    "The carrier tried to deliver it once, but nobody was there to sign for it.",
    "Your card will be credited within three to five working days, depending on your bank.",
    "You can change the delivery address until the parcel has been handed to the carrier.",
    "The second item is on its way separately, because it comes from another warehouse.",
    "If the seal is unbroken, you may send it back within thirty days, free of charge.",
    "A replacement has been put aside for you, and no further payment is needed.",
    "The café grinder is back in stock in black and in white, both ship within a day.",
    "I have added a note to your account, so that my colleagues know what was agreed.",
    "Please keep the receipt of the post office until the refund shows on your statement.",
)
FORBIDDEN = (
    "As an AI language model I have no access to the carrier's data.",
    "I guarantee that it will arrive tomorrow.",
    "You will have to contact the manufacturer.",
)
CLOSINGS = ("Is there anything else I can do for you?", "Have a good day!", "Just reply here if anything is unclear.")
REFERENCES = ("[doc-{}]", "[doc-{}]", "[doc-{}]", "[doc-{}]", "[{}]", "[doc {}]", "[source: {}]", "")
STATUSES = ("shipped", "delivered", "returned", "refunded", "waiting")
CURRENCIES = ("EUR", "GBP", "USD")


def texts(n: int, seed: int = SEED) -> Iterator[str]:
    """Yield `n` texts of mostly 300 to 600 characters, all but a few of them distinct."""
    rng = random.Random(seed)
    for _ in range(n):
        [kind] = rng.choices(list(SHARES), list(SHARES.values()))
        yield _text(rng, kind)


def _text(rng: random.Random, kind: str) -> str:
    order = f"ORD-{rng.randrange(10**6):06}"
    if kind == "prose":
        return _prose(rng, 3, 6, order if rng.random() < 0.7 else "your order")
    value = _answer(rng, order)
    if kind == "wrong object":
        _spoil(rng, value)
    text = json.dumps(value, ensure_ascii=False)
    return text[: rng.randrange(250, len(text))] if kind == "cut off" else text


def _prose(rng: random.Random, at_least: int, at_most: int, order: str) -> str:
    middle = rng.sample(SENTENCES, rng.randint(at_least, at_most))
    if rng.random() < 0.08:
        middle[rng.randrange(len(middle))] = rng.choice(FORBIDDEN)
    reference = rng.choice(REFERENCES).format(rng.randrange(1, 400))
    return " ".join([rng.choice(OPENINGS), f"It concerns {order} {reference}.", *middle, rng.choice(CLOSINGS)])


def _answer(rng: random.Random, order: str) -> dict[str, Any]:
    return {
        "answer": _prose(rng, 2, 4, "it"),
        "order": order,
        "status": rng.choice(STATUSES),
        "amount": round(rng.uniform(1, 560), 2),
        "currency": rng.choice(CURRENCIES),
        "items": [
            {"sku": f"S{rng.randrange(10**4):04}", "quantity": rng.randint(1, 4)} for _ in range(rng.randint(1, 2))
        ],
    }


def _spoil(rng: random.Random, value: dict[str, Any]) -> None:
    """Break the schema in one of four ways."""
    way = rng.randrange(4)
    if way == 0:
        del value["currency"]
    elif way == 1:
        value["status"] = "lost in space"
    elif way == 2:
        value["amount"] = f"{value['amount']} {value['currency']}"
    else:
        value["items"][0]["quantity"] = 0
