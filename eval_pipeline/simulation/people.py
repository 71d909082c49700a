"""The invented customers of the simulated product, with the personal data that redaction has to find.

Names, streets and towns are combined at random from short lists; e-mail domains and telephone numbers are from ranges
kept free for fiction. Not here: what the customers say (`script_*.py`).
"""

from dataclasses import dataclass
from functools import lru_cache

from eval_pipeline.simulation.draws import Draws
from eval_pipeline.simulation.hands import HAND_SHARES

N_CUSTOMERS = 5_000
GERMAN_SHARE = 0.25
PLAN_SHARES = {"free": 0.6, "plus": 0.3, "business": 0.1}


@dataclass(frozen=True)
class Region:
    """What names, addresses and numbers look like where a customer lives."""

    first_names: tuple[str, ...]
    last_names: tuple[str, ...]
    streets: tuple[str, ...]
    street_form: str
    towns: tuple[tuple[str, str, str], ...]
    """Town, post code, and telephone number with `{n}` for its last digits."""
    line_numbers: tuple[int, int]
    country: str


REGIONS = {
    "en": Region(
        (
            "Emma",
            "Oliver",
            "Grace",
            "Henry",
            "Nora",
            "Samuel",
            "Ivy",
            "Lucas",
            "Hazel",
            "Owen",
            "Ruth",
            "Felix",
            "Clara",
            "Miles",
            "Alice",
            "Theo",
        ),
        (
            "Clark",
            "Hughes",
            "Bennett",
            "Foster",
            "Murray",
            "Walsh",
            "Porter",
            "Dalton",
            "Harmon",
            "Lowell",
            "Pryce",
            "Whitlock",
            "Sutton",
            "Ames",
        ),
        ("Alder Road", "Mill Lane", "Foxglove Avenue", "Harbor Street", "Quarry Hill", "Lindens Court"),
        "{number} {street}",
        (
            ("Portland", "97205", "+1 503 555 {n:04d}"),
            ("Madison", "53703", "+1 608 555 {n:04d}"),
            ("Austin", "78701", "+1 512 555 {n:04d}"),
            ("Burlington", "05401", "+1 802 555 {n:04d}"),
        ),
        (100, 200),
        "US",
    ),
    "de": Region(
        (
            "Jonas",
            "Lena",
            "Anke",
            "Matthias",
            "Greta",
            "Tobias",
            "Ute",
            "Bernd",
            "Katrin",
            "Moritz",
            "Sabine",
            "Henrik",
            "Frieda",
            "Jörg",
            "Silke",
            "Malte",
        ),
        (
            "Brandt",
            "Köhler",
            "Lindner",
            "Schuster",
            "Vogt",
            "Reimann",
            "Hartwig",
            "Ziegler",
            "Döring",
            "Pohl",
            "Eckert",
            "Wieland",
            "Böhm",
            "Kurz",
        ),
        ("Ahornweg", "Mühlenstraße", "Am Anger", "Gartenstraße", "Lerchenweg", "Hafenallee"),
        "{street} {number}",
        (
            ("Berlin", "10437", "+49 30 23125 {n:03d}"),
            ("Hamburg", "20359", "+49 40 66969 {n:03d}"),
            ("München", "80331", "+49 89 99998 {n:03d}"),
            ("Köln", "50667", "+49 221 4710 {n:03d}"),
        ),
        (100, 1000),
        "DE",
    ),
}

_ASCII = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue"})


@dataclass(frozen=True)
class Customer:
    """One customer: the same number is the same person in every session of a seed."""

    user_id: str
    locale: str
    plan: str
    first: str
    last: str
    email: str
    phone: str
    street: str
    town: str
    post_code: str
    country: str
    hand: str
    """How the customer types: a key of `HAND_SHARES`."""

    def record(self) -> dict[str, object]:
        """Return the customer as the shop's systems hold it."""
        address = {"street": self.street, "city": self.town, "zip": self.post_code, "country": self.country}
        name = {"first_name": self.first, "last_name": self.last}
        return {"customer_id": self.user_id, "name": name, "email": self.email, "phone": self.phone, "address": address}


@lru_cache(maxsize=N_CUSTOMERS)
def customer(number: int, seed: int) -> Customer:
    """Return the customer with this number, from 0."""
    draws = Draws("customer", str(seed), str(number))
    locale = "de" if draws.chance(GERMAN_SHARE) else "en"
    region = REGIONS[locale]
    first, last = draws.pick(region.first_names), draws.pick(region.last_names)
    town, post_code, phone = draws.pick(region.towns)
    low, high = region.line_numbers
    mailbox = f"{first}.{last}{draws.below(90) + 10}".translate(_ASCII).lower()
    return Customer(
        user_id=f"cust_{number:05d}",
        locale=locale,
        plan=draws.weighted(PLAN_SHARES),
        first=first,
        last=last,
        email=f"{mailbox}@{draws.pick(('example.com', 'example.net', 'example.org'))}",
        phone=phone.format(n=low + draws.below(high - low)),
        street=region.street_form.format(number=1 + draws.below(180), street=draws.pick(region.streets)),
        town=town,
        post_code=post_code,
        country=region.country,
        hand=draws.weighted(HAND_SHARES),
    )
