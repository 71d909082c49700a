"""The German lexicon: German talk that each signal fires on or leaves alone, and English talk that it does not touch."""

import shutil
from pathlib import Path

import pandas as pd
import pytest

from eval_pipeline.signals.registry import load_signals
from eval_pipeline.signals.run import detect_signals
from tests.signals.conversations import CATALOG, SIGNALS, only, session, talk

ASK = "user: Wo ist mein Paket? Ich brauche es bis Freitag"
ANSWER = "assistant: Es wurde am Montag verschickt und kommt am Donnerstag."


def outcome(signal: str, *lines: str) -> str:
    return str(only(signal, talk(*lines))["outcome"])


@pytest.mark.parametrize(
    "said",
    [
        "Falsche Antwort", "Sie haben meine Frage nicht beantwortet", "das hilft mir ueberhaupt nicht", "so ein dummer Bot",
    ],
)  # fmt: skip
def test_a_rejected_answer_is_reported(said: str) -> None:
    assert outcome("explicit_report", ASK, ANSWER, f"user: {said}") == "fired"


@pytest.mark.parametrize(
    "said", ["Die Farbe war falsch, ich hatte Blau bestellt", "Und wie lange dauert das?", "Danke!"]
)
def test_other_talk_reports_nothing(said: str) -> None:
    assert outcome("explicit_report", ASK, ANSWER, f"user: {said}") == "quiet"


@pytest.mark.parametrize(("text", "expected"), [("Alles falsch", 0.95), ("Sehr gut erklärt, danke", 0), ("k.A.", 0)])
def test_a_report_in_german_is_read_by_its_words(text: str, expected: float) -> None:
    reported = [{"kind": "report", "value": None, "turn_index": 1, "text": text}]
    assert only("explicit_report", talk(ASK, ANSWER), feedback=reported)["strength"] == expected


@pytest.mark.parametrize(
    "said",
    [
        "Das habe ich nicht gefragt!", "nein, ich meinte die Rechnung", "Nein, das ist falsch", "das stimmt so nicht", "hä?",
        "du hast mich falsch verstanden", "Da irren Sie sich", "Darum geht's mir gar nicht", "Was hat das damit zu tun?",
        "Ich habe doch nach dem Paket gefragt", "Aber Sie sagten doch Dienstag", "wie schon geschrieben, ich brauche es Freitag",
    ],
)  # fmt: skip
def test_a_correction_is_seen(said: str) -> None:
    assert outcome("corrective_followup", ASK, ANSWER, f"user: {said}") == "fired"


@pytest.mark.parametrize(
    "said",
    [
        "Nein danke", "nein, das wars", "Kein Problem", "ich habe noch eine Frage", "Und wann kommt die Rechnung?", "Danke, verstanden",
        "Nein, im Moment nicht", "ups, vertippt", "Es muss nicht heute sein", "Mein Router geht nicht",
    ],
)  # fmt: skip
def test_going_on_corrects_nothing(said: str) -> None:
    assert outcome("corrective_followup", ASK, ANSWER, f"user: {said}") == "quiet"


@pytest.mark.parametrize(
    "said",
    [
        "Wollen Sie mich verarschen?", "das ist doch ein Witz", "So eine Frechheit", "Wie oft soll ich das noch sagen", "boah ey",
        "Zum dritten Mal: ich will mein Paket", "du bist so dumm", "scheisse", "Verdammt nochmal", "mir reichts",
        "Dann gehe ich eben zur Konkurrenz", "ICH WILL NUR MEIN PAKET", "na toll", "Ich werde eine formelle Beschwerde einreichen", "typisch",
    ],
)  # fmt: skip
def test_anger_is_seen(said: str) -> None:
    assert outcome("frustration", ASK, ANSWER, f"user: {said}") == "fired"


@pytest.mark.parametrize(
    "said",
    [
        "Das war verdammt gut, danke!",
        "toll, danke!",
        "Ist die AGB der DHL neu?",
        "Am Berg war Mist und Nebel",
        "Mir reicht ein Brief",
        "Übersetze ins Englische: So eine Frechheit",
        "so eine Frechheit, haha",
    ],
)
def test_joy_and_plain_talk_are_no_anger(said: str) -> None:
    assert outcome("frustration", ASK, ANSWER, f"user: {said}") == "quiet"


@pytest.mark.parametrize(
    "said",
    [
        "vergiss es", "Vergessen Sie’s.", "dann eben nicht", "Hat doch keinen Sinn mit dir", "dann ruf ich eben an", "danke für nichts",
        "dann mach ichs selbst", "ach egal", "So kommen wir nicht weiter. Tschüss", "Danke trotzdem", "Koennen Sie mir also nicht helfen",
    ],
)  # fmt: skip
def test_a_user_who_gives_up_has_abandoned(said: str) -> None:
    assert outcome("abandonment", ASK, ANSWER, f"user: {said}", "assistant: Einen schönen Tag noch!") == "fired"


@pytest.mark.parametrize(
    "said",
    [
        "danke, das wars", "Passt, danke", "tschüss", "Schönen Tag noch", "super, vielen Dank!", "hat geklappt", "ok", "alles klar",
        "Vielen Dank, ich melde mich wieder", "hat sich erledigt, hab's gefunden", "mfg und danke", "Merci vielmal", "jetzt gehts wieder",
        "das reicht mir schon", "Das muss ich mir überlegen", "mir ist egal, welche Farbe", "Ja, lass es so",
    ],
)  # fmt: skip
def test_a_content_user_leaves_quietly(said: str) -> None:
    goodbye = "assistant: Gern geschehen! Kann ich sonst noch etwas für Sie tun?"
    assert outcome("abandonment", ASK, ANSWER, f"user: {said}", goodbye) == "quiet"


@pytest.mark.parametrize(
    "said",
    [
        "Einen Moment bitte, ich prüfe das.", "Ich schaue gleich für Sie nach.", "Lass mich kurz nachsehen.",
        "Können Sie mir bitte Ihre Bestellnummer nennen?", "Um welche Bestellung handelt es sich?",
        "Das konnte ich leider nicht finden.", "Es ist ein Fehler aufgetreten. Bitte versuchen Sie es später noch einmal.",
        "Hallo! Wie kann ich Ihnen helfen?",
    ],
)  # fmt: skip
def test_a_user_left_with_a_promise_a_question_or_a_failure_has_abandoned(said: str) -> None:
    assert outcome("abandonment", ASK, f"assistant: {said}") == "fired"


@pytest.mark.parametrize(
    "said",
    [
        "Kann ich sonst noch etwas für Sie tun?", "Melden Sie sich gerne, wenn Sie weitere Fragen haben.", "Hilft Ihnen das weiter?",
        "Lassen Sie mich wissen, ob das geholfen hat.", "Wenn Sie den Link nicht finden, steht er auch in der E-Mail.",
        "Ihre Rückgabe wird gerade geprüft.", "Sonntags sind wir nicht erreichbar.", "Soll ich Ihnen auch die Rechnung schicken?",
    ],
)  # fmt: skip
def test_a_user_who_was_answered_may_be_silent(said: str) -> None:
    assert outcome("abandonment", ASK, f"{ANSWER} {said}") == "quiet"


@pytest.mark.parametrize("said", ["ok, bitte stornieren", "danke, kannst du mir noch die Rechnung schicken", "Warum"])
def test_a_last_request_without_an_answer_is_abandoned(said: str) -> None:
    assert outcome("abandonment", ASK, ANSWER, f"user: {said}") == "fired"


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ("Das kann ich leider nicht.", "declines"),
        ("Es tut mir leid, aber ich kann Ihnen dabei nicht helfen.", "declines"),
        ("Dazu habe ich keinen Zugriff, denn habe keinen Zugriff auf Konten.", "declines"),
        ("Ich bin nicht in der Lage, Buchungen zu ändern.", "declines"),
        ("Als KI-Sprachmodell habe ich keine Vorlieben.", "declines"),
        ("Leider konnten wir die Zahlung nicht zuordnen.", "says that it cannot"),
        ("Das habe ich leider nicht verstanden.", "has no answer"),
        ("Dazu liegen mir keine Informationen vor.", "has no answer"),
        ("Das weiss ich leider nicht.", "has no answer"),
        ("Dieser Tarif kann nicht storniert werden.", "names a rule against it"),
    ],
)
def test_a_refusal_fires_and_names_its_kind(answer: str, kind: str) -> None:
    row = only("refusal", talk("user: Bitte stornieren", f"assistant: {answer}"))
    assert row["outcome"] == "fired"
    assert row["reason"].startswith(f"the assistant {kind} (“")


@pytest.mark.parametrize(
    "answer",
    [
        "Ich kann es kaum erwarten, Ihnen das zu zeigen!", "Ich kann keine Fehler in Ihrem Text finden, alles ist richtig.",
        "Das kann ich gerne für Sie stornieren.", "Als KI kann ich Ihnen bei vielen Fragen helfen.", "Es tut mir leid, das zu hören.",
        "Ich kann den Text gerne umformulieren.", "Haben Sie technische Probleme? Starten Sie das Gerät neu.",
    ],
)  # fmt: skip
def test_words_that_only_look_like_a_refusal_are_quiet(answer: str) -> None:
    assert outcome("refusal", "user: Bitte mach das", f"assistant: {answer}") == "quiet"


@pytest.mark.parametrize(
    "ask",
    [
        "Ich möchte mit einem Mitarbeiter sprechen", "ich moechte mit einem mitarbeiter sprechen", "MITARBEITER!!", "echter Mensch bitte",
        "Verbinden Sie mich bitte mit einem Kundenberater.", "Kann ich mit jemandem reden, der sich auskennt?", "gibts hier auch Menschen",
        "ich will einen richtigen Menschen", "Ich will nicht mit einem Bot reden", "Können Sie mich bitte zurückrufen", "mitabeiter bitte",
        "ich würde gerne mit Ihrem Vorgesetzten sprechen", "Leiten Sie mich an einen Kollegen weiter, holen Sie einen Kollegen",
        "Kann mir ein Mitarbeiter helfen?", "Rückruf bitte",
    ],
)  # fmt: skip
def test_asking_for_a_person_fires(ask: str) -> None:
    assert only("handover", talk(ASK, ANSWER, f"user: {ask}"))["strength"] == 0.5


@pytest.mark.parametrize(
    "other",
    [
        "Ich habe gestern mit einem Mitarbeiter gesprochen", "Mensch, das ging aber schnell!", "Ich will Menschen helfen",
        "Meine Frau möchte mit dem Hund fliegen", "Ich suche Mitarbeiter für mein Restaurant", "Ihr Mitarbeiter war sehr nett",
        "Wie rede ich am besten mit meinem Chef?", "ich brauche die Mitarbeiterliste", "Ich will nicht mit einem Menschen sprechen",
    ],
)  # fmt: skip
def test_other_talk_of_people_is_quiet(other: str) -> None:
    assert outcome("handover", ASK, ANSWER, f"user: {other}") == "quiet"


@pytest.mark.parametrize(
    "said",
    [
        "Ich verbinde Sie jetzt mit einem Kollegen.", "Ich leite Sie an einen Mitarbeiter weiter.", "Sie werden nun mit unserem Team verbunden.",
        "Ich habe Ihre Anfrage an unsere Fachabteilung weitergeleitet.", "Ein Kollege wird sich bei Ihnen melden.",
    ],
)  # fmt: skip
def test_a_hand_over_in_words_is_seen(said: str) -> None:
    assert only("handover", talk(ASK, f"assistant: {said}"))["strength"] == 0.3


@pytest.mark.parametrize(
    "said",
    [
        "Wenn Sie möchten, verbinde ich Sie mit einem Mitarbeiter.", "Soll ich Sie mit einem Mitarbeiter verbinden?",
        "Bitte senden Sie Ihre Anfrage an unser Team.", "Sie werden mit einer E-Mail benachrichtigt.", "Ich werde sie jetzt stornieren.",
    ],
)  # fmt: skip
def test_an_offer_or_other_news_hands_nothing_over(said: str) -> None:
    assert outcome("handover", ASK, f"assistant: {said}") == "quiet"


def test_taking_up_the_offer_of_a_person_asks_for_one() -> None:
    offer = "assistant: Soll ich Sie mit einem Mitarbeiter verbinden?"
    assert outcome("handover", ASK, offer, "user: Ja gerne") == "fired"
    assert outcome("handover", ASK, offer, "user: Nein danke") == "quiet"


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("Wie kann ich meine Rechnungsadresse ändern?", "ich möchte die Rechnungsadresse ändern", "fired"),
        ("Können Sie mir sagen, wann der Techniker kommt?", "Ich habe gefragt, wann der Techniker kommt!", "fired"),
        ("Wie kann ich meine Rechnungsadresse ändern?", "Und wie kann ich mein Passwort ändern?", "quiet"),
        ("Kann ich das bitte auch noch haben?", "Kann ich bitte auch noch was anderes?", "quiet"),
    ],
)
def test_the_same_request_in_other_words_is_a_rephrasing(first: str, second: str, expected: str) -> None:
    turns = (f"user: {first}", "assistant: Unser Büro öffnet um neun.", f"user: {second}", "assistant: Gut.")
    assert outcome("rephrasing", *turns) == expected


@pytest.mark.parametrize(
    ("ask", "answer", "expected"),
    [
        ("Nenne mir fünf Namen für eine Katze", "- Ada\n- Ben\n- Cem", "fired"),
        ("Nenn mir bitte fuenf Namen", "- Ada\n- Ben\n- Cem\n- Dora\n- Eli", "quiet"),
        ("Gib mir fünf Minuten", "Gerne. Du brauchst dann:\n- den Ausweis\n- die Karte", "quiet"),
        ("Können Sie mir bitte den Link zum Formular schicken?", "Das Formular steht auf unserer Seite.", "fired"),
        ("Ich möchte einen Platz links am Fenster", "Der Platz ist gebucht.", "quiet"),
        ("Vergleiche beide Tarife in einer Tabelle", "Der erste ist billiger, der zweite hat mehr Daten.", "fired"),
        ("Wie ändere ich die Adresse?", "Sie ändern die Adresse unter Konto und", "fired"),
        ("Wie ändere ich die Adresse?", "Geben Sie die neue Adresse im Konto ein", "quiet"),
        ("Wie ändere ich die Adresse?", "Hier sind die nötigen Schritte dafür:", "fired"),
        ("Übersetze alles", "Ich konnte nur einen Teil übersetzen.", "fired"),
    ],
)
def test_a_part_that_is_missing_is_seen(ask: str, answer: str, expected: str) -> None:
    assert outcome("partial_completion", f"user: {ask}", f"assistant: {answer}") == expected


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("du hast nur die erste Frage beantwortet", "fired"),
        ("Und was ist mit meiner zweiten Frage?", "fired"),
        ("Deine Antwort wurde abgeschnitten", "fired"),
        ("Im Paket fehlt die Hälfte", "quiet"),
        ("Ich habe nach zwei Wochen noch nichts gehört", "quiet"),
    ],
)
def test_a_user_who_misses_a_part_says_so(said: str, expected: str) -> None:
    assert outcome("partial_completion", ASK, ANSWER, f"user: {said}", ANSWER) == expected


def test_a_tool_can_fail_in_german() -> None:
    assert outcome("tool_error", ASK, "tool: Fehler beim Abrufen der Bestellung") == "fired"
    assert outcome("tool_error", ASK, "tool: Keine Fehler gefunden") == "quiet"


def test_pleasantries_may_come_again_word_for_word_and_other_answers_may_not() -> None:
    def said_twice(answer: str) -> str:
        return outcome("empty_or_garbled_answer", ASK, f"assistant: {answer}", "user: und dann", f"assistant: {answer}")

    assert said_twice("Gern geschehen, ich wünsche Ihnen einen schönen Tag!") == "quiet"
    assert said_twice("Das Paket liegt seit Montag im Lager in der Nähe von Graz.") == "fired"


ENGLISH = (
    "Will a human look at my claim?", "I am an MIT representative", "Super slow again, and the toll was wrong", "Who will die in the end",
    "He is in the ER, den two, with his kinder brother", "The temperature in the valley falls", "Jo needs a ticket to Los Angeles",
    "Prima facie this is fine", "I want to talk to the chef about the rest of the brief", "Top left, then halt", "What is it, man?",
    "Give me elf names for my game", "The hat was also not there", "My mensch of a brother paid", "toll free number please",
    "Write me a dialog between two dragons", "I will wait", "Gut health tips please", "The tag on the gift is bald", "Is baba ganoush vegan",
    "Tell me how the nun dies", "Also I asked for the other one", "Morning mist over the hills", "NA", "er, talk to a human please", "thanks, that's all", "never mind", "agent", "I can't help with that.",
    "One moment please, let me check.", "Could you give me your order number?", "- one\n- two", "It works as it should, see the log ins",
)  # fmt: skip


def test_english_talk_is_not_touched(tmp_path: Path) -> None:
    """Every English sentence in every place of a session means the same with the German file as without it."""
    shutil.copytree(CATALOG, tmp_path / "catalog")
    (tmp_path / "catalog" / "lexicons" / "de.yaml").unlink()
    without_german = load_signals(tmp_path / "catalog")
    sessions = []
    for i, text in enumerate(ENGLISH):
        following = ENGLISH[(i + 7) % len(ENGLISH)]
        lines = (
            f"user: {text}",
            f"assistant: {following}",
            f"user: {text} now",
            f"assistant: {text}",
            f"user: {following}",
        )
        sessions += [session(talk(*lines[:n]), f"{i:02}-{n}") for n in range(1, len(lines) + 1)]
    frame = pd.DataFrame(sessions)
    with_german, without = (detect_signals(frame, signals) for signals in ([*SIGNALS.values()], without_german))
    assert (with_german["outcome"] == "fired").any()
    columns = ["session_id", "signal", "outcome", "strength", "turn_index", "quote", "reason"]
    pd.testing.assert_frame_equal(with_german[columns], without[columns])
