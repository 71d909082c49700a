"""What customers and assistant say in German. Not here: when they say it (`transcript.py`)."""

from eval_pipeline.simulation.script import FollowUp, Script, Topic

_ORDER = {"case": "{case}", "order_id": "{order}", "email": "{email}"}

TOPICS = (
    Topic(
        "where_is_order",
        "support_chat",
        "get_shipment",
        (
            "Hallo, hier ist {full}. Mein Artikel ({item}) ist noch nicht da, Bestellung {order}. Wann kommt er, und können Sie mir die Rechnung schicken?",
            "Guten Tag, ich warte auf die Bestellung {order}. Bitte den Liefertermin und die Rechnung an {email}. {full}",
        ),
        (
            "Ich möchte wissen, wann {order} ankommt, und brauche die Rechnung.",
            "Noch einmal: Wann wird geliefert, und wo ist die Rechnung?",
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
        (
            "Ich bin umgezogen, bitte die Bestellung {order} an {street}, {post_code} {town} liefern. Ändert das den Termin? {full}",
            "Können Sie die Adresse für {order} auf {street}, {post_code} {town} ändern und mir sagen, ob es beim {eta} bleibt?",
        ),
        (
            "Geht meine Bestellung jetzt an {street}, und an welchem Tag?",
            "Ich hatte gebeten, die Adresse von {order} zu ändern und den Termin zu nennen.",
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
        (
            "Bitte stornieren Sie {order}, ich habe den falschen Artikel gewählt ({item}). Wann bekomme ich die {total} € zurück? Telefon {phone}. {full}",
            "Ich möchte {order} stornieren und wissen, wie erstattet wird. {full}, {email}.",
        ),
        (
            "Ist {order} nun storniert? Und was ist mit meinen {total} €?",
            "Noch einmal: bitte stornieren, und wann kommt das Geld?",
        ),
        "Die Bestellung {order} ({item}) ist storniert.",
        "Die {total} € gehen bis {eta} auf die Karte zurück, mit der Sie bezahlt haben.",
        _ORDER,
        {"cancelled": "true", "refund_total": "{total}", "refund_by": "{eta}"},
    ),
    Topic(
        "start_return",
        "returns_bot",
        "create_return",
        (
            "Ich möchte etwas aus der Bestellung {order} zurückgeben ({item}). Wie schicke ich es zurück, und wann kommt das Geld? {full}",
            "Rückgabe bitte: {item}, Bestellung {order}. Ich brauche ein Etikett an {email}, und bis wann wird erstattet?",
        ),
        (
            "Wie schicke ich es zurück, und wann wird erstattet?",
            "Mir fehlt noch das Etikett für {order} und der Termin der Erstattung.",
        ),
        "Ihre Rückgabe ist angelegt; das Etikett wurde an {email} geschickt.",
        "Sobald die Ware da ist, erstatten wir {total} €, spätestens am {eta}.",
        _ORDER,
        {"return_open": "true", "label": "sent", "refund_by": "{eta}"},
    ),
    Topic(
        "refund_status",
        "returns_bot",
        "get_refund",
        (
            "Ich habe die Ware vor zwei Wochen zurückgeschickt, Bestellung {order}. Wo bleibt die Erstattung, und ist das Porto dabei? {full}",
            "Was ist mit der Erstattung für {order}? Wird auch das Porto erstattet? Sie erreichen mich unter {phone}.",
        ),
        (
            "Ich frage nach der Erstattung: wann, und mit Porto?",
            "Erstattung zu {order} bitte. Termin, und ist das Porto enthalten?",
        ),
        "Die Erstattung über {total} € ({item}) ist freigegeben und bis {eta} auf Ihrem Konto.",
        "Das Porto ist in dieser Summe enthalten.",
        _ORDER,
        {"refund": "approved", "refund_total": "{total}", "postage_included": "true", "booked_by": "{eta}"},
    ),
)

FOLLOW_UPS = (
    FollowUp(
        "Stimmt meine Telefonnummer {phone} bei Ihnen noch?",
        "get_customer",
        {"phone": "{phone}"},
        "Ja, {phone} ist bei uns hinterlegt.",
    ),
    FollowUp(
        "Noch eine Frage: Welche Adresse haben Sie von mir?",
        "get_customer",
        {"street": "{street}", "city": "{town}", "zip": "{post_code}"},
        "Bei uns steht {street}, {post_code} {town}.",
    ),
)

SCRIPT = Script(
    locale="de",
    topics=TOPICS,
    follow_ups=FOLLOW_UPS,
    greetings=(
        "Willkommen bei Quillmere Home. Wie kann ich Ihnen helfen?",
        "Guten Tag, hier ist der Quillmere-Service. Was kann ich für Sie tun?",
    ),
    opens_case=(
        "Vielen Dank, {first} {last}. Ich habe den Vorgang {case} angelegt und sehe nach.",
        "Gern. Ihre Vorgangsnummer ist {case}, einen Moment bitte.",
    ),
    asks_order=(
        "Danke. Ihre Vorgangsnummer ist {case}. Nennen Sie mir bitte noch einmal Bestellnummer und E-Mail-Adresse?",
        "Gern, ich habe den Vorgang {case} angelegt. Wie lauten Bestellnummer und E-Mail-Adresse?",
    ),
    gives_order=("{order}, {email}", "Bestellung {order}, die Mail ist {email}."),
    looks_up=("Danke, ich sehe nach.", "Vielen Dank, einen Moment bitte."),
    looks_again=(
        "Das hat beim ersten Mal nicht geklappt, ich versuche es noch einmal.",
        "Unser System antwortet nicht, ich wiederhole die Abfrage.",
    ),
    tool_errors=(
        '{"error": "upstream timeout", "code": 504}',
        '{"error": "order service unavailable", "code": 503}',
    ),
    recovers=("Entschuldigen Sie die Wartezeit, jetzt hat es geklappt.", "Danke für Ihre Geduld."),
    loop_fillers=("Einen Moment, ich prüfe das.", "Ich sehe für Sie nach."),
    loop_ends=("Ich prüfe Ihre Bestellung noch. Bitte warten Sie einen Moment.", "Ich sehe noch einmal für Sie nach."),
    refusals=(
        "Es tut mir leid, in diesem Chat kann ich keine Auskunft zu Bestellungen geben. Bitte besuchen Sie unsere Website.",
        "Leider kann ich Ihnen dabei nicht helfen. Wenden Sie sich bitte an das Geschäft, in dem Sie gekauft haben.",
    ),
    anything_else=("Kann ich sonst noch etwas für Sie tun?", "Haben Sie weitere Fragen?", ""),
    thanks=("Super, vielen Dank!", "Danke, das war alles.", "Perfekt, danke für die schnelle Hilfe.", "ok danke"),
    accepts=("Na gut.", "Hm, okay, danke.", "ok"),
    farewells=(
        "Gern geschehen, der Vorgang {case} ist abgeschlossen. Einen schönen Tag noch!",
        "Bei Fragen nennen Sie einfach den Vorgang {case}. Auf Wiedersehen!",
    ),
    complaints=(
        "Das habe ich nicht gefragt.",
        "Nein, das beantwortet meine Frage nicht.",
        "Das hilft mir überhaupt nicht!!",
        "Haben Sie überhaupt gelesen, was ich geschrieben habe?",
    ),
    anger=(
        "Dass das bis zum {eta} dauert, ist wirklich lächerlich.",
        "Ich schreibe Ihnen jetzt zum dritten Mal. Furchtbarer Service!!",
    ),
    soothes=(
        "Das verstehe ich, und es tut mir leid. An dem, was ich oben sagte, ändert sich im Vorgang {case} nichts.",
        "Das tut mir leid, ich habe es im Vorgang {case} vermerkt.",
    ),
    stalls=(
        "Entschuldigen Sie die Verwirrung. Bitte schauen Sie später noch einmal nach dem Vorgang {case}.",
        "Ich bitte um Entschuldigung für die Umstände im Vorgang {case}. Kann ich sonst noch etwas für Sie tun?",
    ),
    asks_person=("Ich möchte mit einem Menschen sprechen.", "Verbinden Sie mich bitte mit einem Mitarbeiter."),
    hands_over=(
        "Ich verbinde Sie mit einer Kollegin, der Vorgang {case} liegt ihr vor.",
        "Ein Kollege ruft Sie unter {phone} zum Vorgang {case} an.",
    ),
    reports=("Der Bot hat mein Problem mit {order} nicht gelöst.", "Unbrauchbare Antwort, bitte prüfen. {full}"),
)
