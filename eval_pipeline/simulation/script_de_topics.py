"""What German customers ask for, and the answers. Not here: the rest of the talk (`script_de_customer.py`)."""

from eval_pipeline.simulation.script import FollowUp, Topic

_ORDER = {"case": "{case}", "order_id": "{order}", "email": "{email}"}

TOPICS = (
    Topic(
        "where_is_order",
        "support_chat",
        "get_shipment",
        "den Liefertermin",
        "die Rechnung",
        (
            "Hallo, hier ist {full}. Mein Artikel ({item}) ist noch nicht da, Bestellung {order}. Wann kommt er, und können Sie mir die Rechnung schicken?",
            "Guten Tag, ich warte auf die Bestellung {order}. Bitte den Liefertermin und die Rechnung an {email}. {full}",
            "hi, wann kommt {order} an? und die rechnung bräuchte ich auch",
            "Moin! Bestellung {order} ({item}) lässt auf sich warten. An welchem Tag kommt sie, und schicken Sie mir bitte noch die Rechnung? Danke, {full}",
            "Entschuldigung, dass ich noch einmal störe: Wann ist mit {order} zu rechnen? Eine Rechnung habe ich auch nie bekommen.",
            "ICH FREU MICH SO auf die Lieferung!! 😍 Wann kommt {order} denn? Und die Rechnung bitte an {email}",
        ),
        (
            "Ich möchte wissen, wann {order} ankommt, und brauche die Rechnung.",
            "Noch einmal: Wann wird geliefert, und wo ist die Rechnung?",
            "An welchem Tag ist das Paket bei mir? Und bitte die Rechnung mailen.",
            "Ich brauche ein Datum für {order} und den Beleg mit dem Preis.",
            "wann kommt das ding an und wo bleibt die rechnung",
        ),
        "Ihr Artikel ({item}) hat unser Lager verlassen und wird am {eta} an {street}, {town} geliefert.",
        "Die Rechnung über {total} € zur Bestellung {order} ist unterwegs an {email}.",
        _ORDER,
        {"status": "in_transit", "carrier": "NordPaket", "eta": "{eta}", "invoice": "sent"},
    ),
    Topic(
        "change_address",
        "support_chat",
        "update_delivery_address",
        "die neue Lieferadresse",
        "den Termin",
        (
            "Ich bin umgezogen, bitte die Bestellung {order} an {street}, {post_code} {town} liefern. Ändert das den Termin? {full}",
            "Können Sie die Adresse für {order} auf {street}, {post_code} {town} ändern und mir sagen, ob es beim {eta} bleibt?",
            "hallo, falsche adresse angegeben bei {order}, bitte an {street}, {post_code} {town}. kommt es dann später?",
            "Guten Abend, mein Fehler: {order} soll an {street}, {town} gehen. Bleibt der Tag derselbe? Viele Grüße, {full}",
            "Wir sind endlich umgezogen 🎉 {order} bitte nach {street}, {post_code} {town}. Wann kommt es dann?",
        ),
        (
            "Geht meine Bestellung jetzt an {street}, und an welchem Tag?",
            "Ich hatte gebeten, die Adresse von {order} zu ändern und den Termin zu nennen.",
            "Bitte nach {street} liefern und mir den Tag bestätigen.",
            "Das Paket muss nach {street}, nicht in die alte Wohnung. Wann wäre das?",
            "können sie {order} umleiten und sagen obs beim datum bleibt",
        ),
        "Ich habe die Adresse der Bestellung {order} auf {street}, {post_code} {town} geändert.",
        "Der Liefertermin bleibt derselbe: {eta}.",
        {**_ORDER, "street": "{street}", "city": "{town}", "zip": "{post_code}"},
        {"updated": "true", "eta": "{eta}"},
    ),
    Topic(
        "cancel_order",
        "support_chat",
        "cancel_order",
        "die Stornierung",
        "die Erstattung",
        (
            "Bitte stornieren Sie {order}, ich habe den falschen Artikel gewählt ({item}). Wann bekomme ich die {total} € zurück? Telefon {phone}. {full}",
            "Ich möchte {order} stornieren und wissen, wie erstattet wird. {full}, {email}.",
            "storno für {order} bitte, brauche ich doch nicht. wann ist das geld wieder da?",
            "Hallo, aus Versehen doppelt bestellt 🙈 {order} bitte streichen. Und wann habe ich mein Geld zurück?",
            "Guten Tag, ich trete von der Bestellung {order} zurück. Bitte bestätigen Sie das, und wie kommen die {total} € zu mir? Mit freundlichen Grüßen, {full}",
        ),
        (
            "Ist {order} nun storniert? Und was ist mit meinen {total} €?",
            "Noch einmal: bitte stornieren, und wann kommt das Geld?",
            "Ich will den Artikel nicht mehr. Bitte die Bestellung stoppen und sagen, wann gezahlt wird.",
            "Nehmen Sie {order} heraus und überweisen Sie mir die {total} €. Bis wann?",
            "was ich brauche: bestellung weg, geld zurück, und ein datum dafür",
        ),
        "Die Bestellung {order} ({item}) ist storniert.",
        "Die {total} € gehen bis {eta} auf die Karte zurück, mit der Sie bezahlt haben.",
        _ORDER,
        {"cancelled": "true", "refund_total": "{total}", "refund_by": "{eta}"},
    ),
    Topic(
        "warranty",
        "support_chat",
        "get_warranty",
        "die Garantie",
        "die Reparatur",
        (
            "Guten Tag, mein Artikel ({item}) aus {order} ist kaputt. Habe ich noch Garantie, und wie läuft die Reparatur? {full}",
            "{item} defekt, bestellnummer {order}. gilt die garantie noch und wohin schicke ich es?",
            "Hallo, ein Kollege meinte, auf {item} gebe es bei Ihnen lange Garantie. Gilt das für {order}, und was muss ich für die Reparatur tun?",
            "Der Artikel von {order} ist nach drei Monaten auseinandergefallen. Ist das abgedeckt? Wie bekomme ich ihn repariert? Gruß, {full}",
        ),
        (
            "Ich meine die Garantie: Gilt sie, und was ist der nächste Schritt?",
            "Zahlen Sie die Reparatur von {order}, und wohin muss ich das Teil senden?",
            "Bitte nur: ist {order} noch abgedeckt, und wie geht es repariert?",
            "kaputt ist kaputt. hab ich anspruch und was mach ich jetzt damit",
        ),
        "Für Ihren Artikel ({item}) gilt die Garantie bis {eta}.",
        "Zur Reparatur packen Sie ihn ein und nehmen das Etikett, das wir an {email} geschickt haben.",
        _ORDER,
        {"covered": "true", "until": "{eta}", "label": "sent"},
    ),
    Topic(
        "start_return",
        "returns_bot",
        "create_return",
        "das Rücksendeetikett",
        "den Tag der Erstattung",
        (
            "Ich möchte etwas aus der Bestellung {order} zurückgeben ({item}). Wie schicke ich es zurück, und wann kommt das Geld? {full}",
            "Rückgabe bitte: {item}, Bestellung {order}. Ich brauche ein Etikett an {email}, und bis wann wird erstattet?",
            "will {order} zurückschicken, passt nicht. wie geht das und wann gibts das geld",
            "Hallo, sehr schön, aber leider die falsche Farbe 😅 {order}. Bekomme ich ein Etikett, und wann wird erstattet?",
            "Guten Tag, wie retourniere ich {item} aus {order}? Und wie lange dauert die Erstattung? Danke im Voraus, {full}",
        ),
        (
            "Wie schicke ich es zurück, und wann wird erstattet?",
            "Mir fehlt noch das Etikett für {order} und der Termin der Erstattung.",
            "Womit sende ich das Paket an Sie, und an welchem Tag habe ich mein Geld?",
            "etikett für {order}?? und das geld wann?",
            "Ich will die Ware loswerden: Wie verschicke ich sie, und was wird aus den {total} €?",
        ),
        "Ihre Rückgabe ist angelegt; das Etikett ({item}) wurde an {email} geschickt.",
        "Sobald die Ware da ist, erstatten wir {total} €, spätestens am {eta}.",
        _ORDER,
        {"return_open": "true", "label": "sent", "refund_by": "{eta}"},
    ),
    Topic(
        "refund_status",
        "returns_bot",
        "get_refund",
        "meine Rückzahlung",
        "das Porto",
        (
            "Ich habe die Ware vor zwei Wochen zurückgeschickt, Bestellung {order}. Wo bleibt die Erstattung, und ist das Porto dabei? {full}",
            "Was ist mit der Erstattung für {order}? Wird auch das Porto erstattet? Sie erreichen mich unter {phone}.",
            "warte noch auf mein geld für {order}, ist längst zurück bei euch. porto auch dabei?",
            "Guten Tag, laut Sendungsverfolgung haben Sie {order} erhalten. Wann wird erstattet, und ist das Porto enthalten? {full}",
            "Hallo, ich bin's noch einmal, Entschuldigung. Nur kurz zu {order}: Tag der Erstattung, und ist der Versand drin?",
        ),
        (
            "Ich frage nach der Erstattung: wann, und mit Porto?",
            "Erstattung zu {order} bitte. Termin, und ist das Porto enthalten?",
            "An welchem Tag sehe ich meine {total} €? Und zahlen Sie den Versand?",
            "geld für {order}: wann? versand dabei?",
            "Die Ware ist seit zwei Wochen bei Ihnen. Nennen Sie bitte den Tag der Zahlung, und ob das Porto dabei ist.",
        ),
        "Die Erstattung über {total} € ({item}) ist freigegeben und bis {eta} auf Ihrem Konto.",
        "Das Porto ist in dieser Summe enthalten.",
        _ORDER,
        {"refund": "approved", "refund_total": "{total}", "postage_included": "true", "booked_by": "{eta}"},
    ),
)

FOLLOW_UPS = (
    FollowUp(
        "stimmt meine Telefonnummer {phone} bei Ihnen noch?",
        "get_customer",
        {"phone": "{phone}"},
        "Ja, {phone} ist bei uns hinterlegt.",
    ),
    FollowUp(
        "welche Adresse haben Sie von mir?",
        "get_customer",
        {"street": "{street}", "city": "{town}", "zip": "{post_code}"},
        "Bei uns steht {street}, {post_code} {town}.",
    ),
    FollowUp(
        "haben Sie gerade auch {other} da?",
        "get_stock",
        {"item": "{other}", "in_stock": "14"},
        "Ja, davon sind 14 Stück auf Lager ({other}).",
    ),
    FollowUp(
        "welche Mailadresse steht in meinem Konto?",
        "get_customer",
        {"email": "{email}"},
        "Dort steht {email}.",
    ),
)

CHECKS = (
    ("Nur zur Sicherheit: {eta}, richtig?", "Ja, {eta}, Vorgang {case}."),
    ("Das war jetzt für {order}, oder?", "Genau, Bestellung {order}, Vorgang {case}."),
    ("Und ich muss selbst nichts weiter tun?", "Nein, das ist alles. Im Vorgang {case} liegt alles vor."),
    ("ok also {email} ist die richtige mail, ja?", "Ja, die steht im Vorgang {case}."),
    ("Also ist das damit erledigt?", "Das ist es. Der Vorgang {case} ist erledigt."),
)

DECLINED = (
    (
        "können Sie mir auch sagen, was mein Nachbar bestellt hat?",
        "Das darf ich leider nicht, die Bestellungen anderer sind geschützt. Zu Ihren eigenen helfe ich gern, Vorgang {case}.",
    ),
    (
        "könnten Sie mir das bar auszahlen?",
        "Leider zahlen wir nicht bar aus, sondern immer auf dem Weg, auf dem bezahlt wurde. Ihr Wunsch steht im Vorgang {case}.",
    ),
    (
        "bekomme ich einen Rabatt auf die nächste Bestellung?",
        "Rabatte kann ich im Chat leider nicht vergeben, die gibt es über unseren Newsletter. Der Vorgang {case} bleibt offen.",
    ),
)
