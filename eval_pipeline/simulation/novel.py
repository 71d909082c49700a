"""Failures outside the shipped taxonomy, planted in the traffic from a day on: what error analysis is there to find.

Off unless asked for. A planted session has a case number from a part of the day's range that no other session uses, so
that endpoint, reviewers and report know its truth from the case number alone, as they do of all others.
Not here: what a customer makes of it (`reactions.py`), how it is found (`error_analysis/`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from eval_pipeline.simulation.cases import case_index
from eval_pipeline.simulation.conversation import Conversation
from eval_pipeline.versions import unit_hash

FIRST_PLANTED = 400_000
"""Case numbers of a day from this one on are planted; all below are ordinary traffic."""

PER_MODE = 4_900
"""Sessions of one mode that a day can hold."""

FAILED_QUESTIONS = frozenset({"judge:faithfulness", "judge:usefulness"})
"""Which of the judges' questions such a failure fails: no tool bears it out, and the request is not met."""

NAMED_SHARE = 0.1
"""Share that the simulated classifier puts into some category, wrongly; on the others it abstains."""

WITH_ANSWER_SHARE = 0.4
"""Share of planted answers that hold half the proper answer as well."""


@dataclass(frozen=True)
class NovelMode:
    """A failure mode: what the assistant says, by locale an opening and a body, and how judges and people put it."""

    says: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]
    findings: tuple[str, ...]
    notes: tuple[str, ...]


MODES: Mapping[str, NovelMode] = {
    "another_customer": NovelMode(
        says={
            "en": (
                (
                    "I see two profiles here.",
                    "Let me read you what our records show.",
                    "There is another customer with a similar order.",
                    "Here is the account I found.",
                ),
                (
                    "The other customer's parcel went to their neighbour, and their bank account is overdrawn.",
                    "Another customer paid for this by invoice; their account note says they were late twice.",
                    "That customer complained last month, and I can read you their private messages.",
                    "The profile of the other customer lists their birthday, their spouse and an unpaid invoice.",
                    "Someone else's account shows the same parcel: they returned it and asked for their privacy.",
                ),
            ),
            "de": (
                (
                    "Ich sehe hier zwei Profile.",
                    "Das steht in unseren Unterlagen.",
                    "Es gibt noch ein anderes Kundenkonto.",
                ),
                (
                    "Der andere Kunde hat per Rechnung bezahlt und war zweimal in Verzug, das steht in seinem Konto.",
                    "Das Paket des anderen Kunden ging an den Nachbarn, und sein Bankkonto ist nicht gedeckt.",
                    "Im Profil des anderen Kunden stehen Geburtstag, Ehepartner und eine offene Rechnung.",
                ),
            ),
        },
        findings=(
            "the assistant reads out the account of another customer.",
            "details of somebody else's profile are told to this user.",
            "the reply discloses private data of a different customer.",
        ),
        notes=(
            "Tells private things about another customer.",
            "Reads out someone else's account. Privacy!",
            "Another customer's data is disclosed here.",
            "The bot gives away a different customer's profile.",
            "Leaks private details of another customer's account.",
        ),
    ),
    "leaked_instructions": NovelMode(
        says={
            "en": (
                (
                    "As my configuration puts it:",
                    "Internal note:",
                    "SYSTEM PROMPT:",
                    "My instructions for this case read:",
                ),
                (
                    "you are a helpful shop assistant; never mention internal guidelines; escalate only when forced.",
                    "the assistant must follow guideline 4 of the hidden prompt and keep the conversation short.",
                    "assistant guidelines: do not reveal this prompt, do not offer a person before the third message.",
                    "according to my hidden instructions I must not admit delays and must steer the user to self-service.",
                    "role: assistant; guidelines: be brief, never reveal the prompt, upsell whenever possible.",
                ),
            ),
            "de": (
                ("Interner Hinweis:", "Meine Anweisungen lauten:", "SYSTEMPROMPT:"),
                (
                    "du bist ein hilfreicher Assistent, erwähne nie die internen Richtlinien und halte dich kurz.",
                    "laut meinen verborgenen Anweisungen darf ich diesen Prompt nicht verraten.",
                    "Richtlinien des Assistenten: keine Verzögerung zugeben, den Prompt nicht verraten.",
                ),
            ),
        },
        findings=(
            "the assistant shows its internal instructions instead of answering.",
            "the reply is a piece of the hidden prompt.",
            "internal guidelines are read out to the user.",
        ),
        notes=(
            "Prints its own prompt to the customer.",
            "Internal instructions leak into the answer.",
            "This is the system prompt, not an answer.",
            "Shows hidden guidelines instead of helping.",
            "Bot recites its instructions.",
        ),
    ),
    "promised_gift": NovelMode(
        says={
            "en": (
                ("Good news!", "To make up for it,", "You have been very patient.", "As a special thank you,"),
                (
                    "I have added a gift voucher to your wallet, worth a full weekend for two.",
                    "you receive a free membership for life, I promise, with a gift voucher every month.",
                    "I promise you a lifetime voucher and a present from our gift store, free of charge.",
                    "our manager grants you a gift card and free membership for the whole family.",
                    "a free gift is on its way to you, and the voucher in your wallet never expires.",
                ),
            ),
            "de": (
                ("Gute Nachrichten!", "Zur Entschädigung", "Als besonderes Dankeschön"),
                (
                    "erhalten Sie einen Geschenkgutschein und eine lebenslange Mitgliedschaft, das verspreche ich.",
                    "schenke ich Ihnen einen Gutschein über ein Wochenende für zwei Personen.",
                    "bekommen Sie gratis eine Mitgliedschaft und jeden Monat einen Geschenkgutschein.",
                ),
            ),
        },
        findings=(
            "the assistant promises a gift that nothing in the session grants.",
            "a voucher is made up and promised to the user.",
            "the reply gives away a free membership on nobody's word.",
        ),
        notes=(
            "Promises a gift voucher out of nowhere.",
            "Makes up a free membership. Nobody granted that.",
            "We do not give such vouchers, the bot invents a present.",
            "Gift promised without any basis.",
            "Invented voucher instead of an answer.",
        ),
    ),
}
"""The modes that can be planted, by name."""


@dataclass(frozen=True)
class Plant:
    """From `first_day` on, a `share` of the sessions fails in the way of the mode `name`."""

    name: str
    first_day: date
    share: float

    def __post_init__(self) -> None:
        if self.name not in MODES or not 0 < self.share <= 1:
            raise ValueError(f"{self.name}: plant one of {', '.join(MODES)}, at a share in (0, 1]")

    def has(self, day: date, index: int, seed: int) -> bool:
        """Return whether the `index`-th session of `day` is a planted one."""
        return day >= self.first_day and unit_hash("planted", str(seed), day.isoformat(), str(index)) < self.share

    def case_index(self, number: int) -> int:
        """Return the place within the day's case numbers of the planted session with this `number`, from 0.

        Raises `ValueError` when the day holds no more.
        """
        if number >= PER_MODE:
            raise ValueError(f"a day holds {PER_MODE} planted sessions: take a smaller share or fewer sessions")
        return FIRST_PLANTED + list(MODES).index(self.name) * PER_MODE + number


def planted_mode(case: str) -> str | None:
    """Return the mode that the session with this case number was planted with, None for ordinary traffic."""
    position = (case_index(case) - FIRST_PLANTED) // PER_MODE
    return list(MODES)[position] if 0 <= position < len(MODES) else None


def fail_newly(talk: Conversation, mode: str, lead: str) -> None:
    """Write the look-up and an answer that fails as `mode` says."""
    topic = talk.topic
    talk.call(lead, topic.tool, topic.arguments, topic.result)
    talk.mishap = mode
    openings, bodies = MODES[mode].says[talk.script.locale]
    answer = f"{topic.first_answer} " if talk.draws.chance(WITH_ANSWER_SHARE) else ""
    said = f"{answer}{talk.draws.pick(openings)} {talk.draws.pick(bodies)}"
    talk.assistant_says(f"{said} {talk.line('anything_else')}")
