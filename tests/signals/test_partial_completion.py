"""partial_completion: answers that break off or leave a part out, and the whole ones that only look like it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.signals.conversations import detected, only, session, talk

SIGNAL = "partial_completion"
ENDED = "Open the settings of the app and choose the tab for devices. Every device that you own has a line of its own there. "
LONG = ENDED * 4
CODE = "```python\ndef total(rows):\n    return sum(rows)\n"


def answered(answer: str, request: str = "Can you help me with this?", *then: str) -> list[dict[str, object]]:
    return talk(f"user: {request}", f"assistant: {answer}", *then)


@pytest.mark.parametrize(
    ("answer", "least"),
    [
        (f"Here you go.\n{CODE}", 0.4),
        ("Sure.\n```js\nconst a = [1, 2,\n  render(a", 0.7),
        ('{"orders": [{"id": 1, "state": "sent"}, {"id": 2, "sta', 0.7),
        ("| plan | price |\n|---|---|\n| basic | 5 |\n| prof", 0.7),
        ("1. Unplug the router.\n2. Wait a minute.\n3.", 0.7),
        ("You can change the address until the", 0.6),
        ("The parcel has left the depot and", 0.6),
        ("Our plans differ in storage, support and price such as", 0.6),
        ("The policy covers losses abroad, and you can hand in the form (with the receipts of the hotel", 0.6),
        ("- **Reset**: hold the button.\n- **Updates**: install them every month and also **restart the machi", 0.6),
        (f"{LONG}\n\n{ENDED}{ENDED}In the last step you confirm the change with the code that we se", 0.4),
        ("The bus leaves every ten minutes from the north gate of the station,", 0.4),
        ("Here are the documents for the visa application:", 0.5),
        ("There are 5 steps to set it up:\n1. Download it.\n2. Open it.\n3. Sign in.", 0.5),
        ("これらの手順に従って設定を変更してから再起動し、", 0.4),
    ],
)
def test_an_answer_that_breaks_off_fires(answer: str, least: float) -> None:
    row = only(SIGNAL, answered(answer))
    assert (row["outcome"], row["turn_index"]) == ("fired", 1)
    assert row["strength"] >= least


@pytest.mark.parametrize(
    "answer",
    [
        "ok",
        "sure, one moment",
        "Your order is on its way. Have a lovely day",
        "Thanks for waiting! I have changed the seat 🎉",
        "Hi Sam,",
        "Thank you for your patience.\n\nKind regards,\nThe Customer Care Team",
        "You can write to the landlord like this.\n\nDear Ms Gray,\n\nthe heating is broken.\n\nYours sincerely,",
        "Read more at https://example.org/help/returns",
        "What else are you looking for",
        "That is the one I was thinking of",
        "You got plan A",
        "Sorry about that :(",
        "**Your ticket is booked.**",
        '"We open at nine."',
        "お問い合わせありがとうございます。ご注文は明日届きます。",
        "طلبك في الطريق إليك وسيصل غدا؟",
        "आपका पार्सल कल पहुँच जाएगा।",
        "ขอบคุณที่ติดต่อเรา " * 30,
        f"Done.\n{CODE}```",
        f"Done.\n{CODE}```\nCall it with a list",
        "Use ```total(rows)``` for that.\n~~~\n```\n~~~",
        '{"state": "sent", "carrier": "north", "note": "leave at the [gate"}',
        "Three things help:\n- more light\n- less water\n- a larger pot",
        "There are 3 ways to pay:\n- card\n- transfer\n- cash",
        "Please choose one of the following options:",
        "| plan | price |\n|---|---|\n| basic | 5 |",
        "# Changing the address of a delivery that has already left",
        f"{LONG}\n- [x] done\n\nJane Miller",
        "[Note] The office is closed on Monday",
        "1. Unplug it\n2. Wait\n3. Plug it in",
        "---",
    ],
)
def test_a_whole_answer_is_quiet(answer: str) -> None:
    assert only(SIGNAL, answered(answer))["outcome"] == "quiet"


@pytest.mark.parametrize(
    "answer",
    [
        "I was only able to change the outbound flight.",
        "I’ve only completed the first two chapters.",
        "Due to length constraints the other tables are not here.",
        "I will continue in the next message.",
        "Chapter one is translated; the rest is left to you.",
        "```python\ndef a():\n    return 1\n# ... rest of the code\n```",
        "```ts\nclass A {\n  // ... existing code ...\n}\n```",
        "```python\ndef pay():\n    raise NotImplementedError\n```",
    ],
)
def test_an_assistant_that_says_it_did_a_part_fires(answer: str) -> None:
    assert only(SIGNAL, answered(answer))["outcome"] == "fired"


@pytest.mark.parametrize(
    "answer",
    [
        "Your order was only partially shipped; the rest follows on Friday.",
        "Due to the length of your stay the deposit is higher.",
        "I can only see bookings of the last year.",
        "Your internet was cut off because of an unpaid bill.",
        "```python\n# Add the rest to the cart\ncart.add(rest)\n```",
        "```python\n# the todo app keeps its items here\nitems = []\n```",
    ],
)
def test_words_about_the_matter_itself_are_quiet(answer: str) -> None:
    assert only(SIGNAL, answered(answer))["outcome"] == "quiet"


@pytest.mark.parametrize(
    "said",
    [
        "You only answered the first one",
        "what about my second question?",
        "your answer got cut off",
        "You missed a step.",
    ],
)
def test_a_user_who_misses_a_part_fires_on_his_turn(said: str) -> None:
    row = only(SIGNAL, answered("The fee is nine euros.", "How much is it?", f"user: {said}"))
    assert (row["outcome"], row["turn_index"], row["quote"]) == ("fired", 2, said)
    assert only(SIGNAL, talk(f"user: {said}", "assistant: Sorry, tell me more."))["outcome"] == "quiet"


NAMES = "- Ada\n- Ben\n- Cem\n- Dora\n- Eli"


@pytest.mark.parametrize(
    "request_", ["Give me 5 names for a cat", "please list five names", "Suggest the top 5 cafes in Bonn"]
)
def test_fewer_items_than_asked_for_fire_and_the_more_are_missing_the_stronger(request_: str) -> None:
    strengths = [only(SIGNAL, answered("\n".join(NAMES.split("\n")[:n]), request_))["strength"] for n in (2, 3, 4, 5)]
    assert strengths == sorted(strengths, reverse=True)
    assert strengths[2] >= 0.35
    assert strengths[3] == 0
    assert only(SIGNAL, answered("- Ada\n- Ben", request_))["reason"] == "asked for 5, the answer lists 2"


@pytest.mark.parametrize(
    ("request_", "answer"),
    [
        ("Give me 5 names", "Ada, Ben, Cem and Dora would suit it."),
        ("Give me 5 names", "1) Ada 2) Ben 3) Cem 4) Dora 5) Eli"),
        ("Give me 5 ideas", "## Light\n- lamps\n- candles\n## Colour\n## Plants\n## Rugs\n## Art"),
        ("Give me 5 hotels", "I found only two:\n- Krone\n- Adler"),
        ("Give me 5 minutes", "Take your time. You will need:\n- your card\n- your passport"),
        ("Tell me about option 5 please", "It has\n- a pool\n- a sauna"),
        ("Show me 4-star hotels", "- Krone\n- Adler"),
        ("Write 5 sentences on pots", "- Clay\n- Iron"),
        ("Give me 5 tickets", "To book I need:\n- a date\n- a name\nWhich date suits you?"),
    ],
)
def test_a_number_that_counts_no_items_or_is_met_is_quiet(request_: str, answer: str) -> None:
    assert only(SIGNAL, answered(answer, request_))["outcome"] == "quiet"


def test_items_that_come_later_count() -> None:
    turns = answered("- Ada\n- Ben\n- Cem", "Give me 5 names", "user: two others please", "assistant: - Dora\n- Eli")
    assert only(SIGNAL, turns)["outcome"] == "quiet"


@pytest.mark.parametrize(
    ("request_", "answer"),
    [
        ("Can you send me a link to the form?", "The form is on our page under forms."),
        ("Write a python script that renames my photos", "You loop over the folder and rename every photo."),
        ("Compare both plans in a table", "The basic plan is cheaper and the other one has more storage."),
        ("Return the two cities as JSON", "The cities are Rome and Oslo."),
        ("Summarize this in bullet points", "It is about a king who loses his crown."),
    ],
)
def test_a_form_that_was_asked_for_and_did_not_come_fires(request_: str, answer: str) -> None:
    row = only(SIGNAL, answered(answer, request_))
    assert (row["outcome"], row["turn_index"]) == ("fired", 0)
    assert row["reason"].endswith("none came")


@pytest.mark.parametrize(
    ("request_", "answer"),
    [
        ("Can you send me a link to the form?", "Here it is: www.example.org/form"),
        ("Can you send me a link to the form?", "I have emailed it to you."),
        ("Can you send me a link to the form?", "Which form do you need?"),
        ("The link between sugar and sleep?", "Sugar keeps people awake."),
        ("Is there a way to cut the link to my account?", "I removed it for you."),
        ("Send me the verification code", "It is on its way to your phone."),
        ("I need a table for two", "Booked for tonight at eight."),
        ("Show me how to debug a python script", "Read the last line of the error first."),
        ("Write a python script that renames my photos", "Use `rename` in a loop."),
        ("Compare both plans in a table", "| a | b |\n|---|---|\n| 1 | 2 |"),
        ("Return the two cities as JSON", '["Rome", "Oslo"]'),
        ("Summarize this in bullet points", "• A king\n• A crown"),
    ],
)
def test_a_form_that_came_or_was_not_asked_for_is_quiet(request_: str, answer: str) -> None:
    assert only(SIGNAL, answered(answer, request_))["outcome"] == "quiet"


TWO = "How large may cabin luggage for Lisbon be? And also, can I bring my small dog Rex in a carrier?"


def test_a_question_that_no_answer_touches_fires_with_the_question() -> None:
    row = only(SIGNAL, answered("Cabin luggage may be 55 cm long and weigh 8 kg.", TWO))
    assert (row["outcome"], row["turn_index"]) == ("fired", 0)
    assert "small dog Rex" in row["reason"]
    listed = "I have two questions: 1) how large may cabin luggage be? 2) does my small dog Rex need a carrier?"
    assert only(SIGNAL, answered("Cabin luggage may be 55 cm long.", listed))["outcome"] == "fired"


@pytest.mark.parametrize(
    "answer",
    [
        "Cabin luggage may be 55 cm long. Dogs travel in the hold.",
        "Cabin luggage may be 55 cm long, and yes, you may.",
        "Cabin luggage depends on the fare. Which fare did you book?",
        "Let me look that up for you.",
    ],
)
def test_several_questions_that_are_touched_or_still_open_are_quiet(answer: str) -> None:
    assert only(SIGNAL, answered(answer, TWO))["outcome"] == "quiet"


def test_a_question_that_is_answered_later_is_quiet() -> None:
    later = ("user: thanks", "assistant: As to your dog: he needs a carrier below the seat.")
    assert only(SIGNAL, answered("Cabin luggage may be 55 cm long.", TWO, *later))["outcome"] == "quiet"


def test_an_answer_that_the_user_had_go_on_is_weaker() -> None:
    cut_off = answered("You can change the address until the", "How?")
    alone = only(SIGNAL, cut_off)["strength"]
    resumed = [*cut_off, *talk("user: go on", "assistant: parcel leaves the depot.")]
    broken_again = [*cut_off, *talk("user: go on", "assistant: parcel leaves the depot with the")]
    assert only(SIGNAL, resumed)["strength"] < alone < only(SIGNAL, broken_again)["strength"]


def test_what_is_said_between_tool_calls_is_no_answer() -> None:
    turns = answered("I will look at the", "Where is it?", "tool: {}", "assistant: It arrives on Friday.")
    assert only(SIGNAL, turns)["outcome"] == "quiet"
    call = {"role": "assistant", "content": "Let me look up the", "tool_calls": [{"name": "find", "arguments": {}}]}
    assert only(SIGNAL, [*talk("user: Where is it?"), call])["outcome"] == "quiet"


@pytest.mark.parametrize(
    "turns",
    [[], talk("user: Hello?"), talk("assistant: Welcome to the"), talk("tool: {}"), talk("user: a", "assistant:  ")],
)
def test_nothing_can_be_said_without_an_answer_to_a_user(turns: list[dict[str, object]]) -> None:
    row = only(SIGNAL, turns)
    assert (row["outcome"], row["reason"]) == ("not_applicable", "no user turn has an answer")


def test_a_session_of_many_hints_stays_a_hint() -> None:
    turns = [
        turn for _ in range(2000) for turn in answered("It costs as follows, in any of our branches:", "How much?")
    ]
    assert 0.5 < only(SIGNAL, turns)["strength"] < 0.8


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=80), st.text(max_size=200))
def test_any_text_gives_a_strength_and_a_turn_of_the_session(asked: str, said: str) -> None:
    turns = [{"role": "user", "content": asked}, {"role": "assistant", "content": said}]
    row = detected(SIGNAL, session(turns)).iloc[0]
    assert row["outcome"] in {"fired", "quiet", "not_applicable"}
    assert (row["outcome"] == "fired") == (row["strength"] > 0)


@pytest.mark.parametrize(
    ("request_", "answer", "left_out"),
    [
        ("Please cancel order 17. When do I get the money back?", "Order 17 for the lamp is cancelled.", "When do I"),
        ("Can I swap the lamp? And do I have to pay the difference?", "Yes, the swap of your lamp is arranged.", "pay"),
        ("Is the pool heated and what does parking cost?", "The pool is heated to 28 degrees.", "parking"),
        (
            "Where is my refund, and was the postage included?",
            "The refund of $12.30 will be with you by 12/03.",
            "post",
        ),
        (
            "What's the rate and whether I can withdraw money any time without a penalty?",
            "The rate is 3.1%.",
            "withdraw",
        ),
        ("Wann kommt mein Paket und was kostet der Versand?", "Ihr Paket kommt morgen.", "Versand"),
    ],
)
def test_one_of_several_things_asked_in_one_breath_is_left_out(request_: str, answer: str, left_out: str) -> None:
    row = only(SIGNAL, answered(answer, request_))
    assert (row["outcome"], row["strength"], row["turn_index"]) == ("fired", 0.35, 0)
    assert left_out in row["reason"].partition("leaves out")[2]


@pytest.mark.parametrize(
    ("request_", "answer"),
    [
        ("When will it arrive, and can you send me the invoice?", "On Monday, and the invoice is on its way to you."),
        ("Please cancel order 17. When do I get the money back?", "Done. You will have it within 5 days."),
        ("Can I swap it? And do I have to pay the difference?", "Yes you can, there is nothing more to pay."),
        ("How long does it take and what does it cost?", "About two weeks, and it is free."),
        ("Was it approved, and is postage part of it?", "The refund was approved today. Shipping is covered as well."),
        ("Hi, how are you and what are you doing?", "I'm fine, thanks! Just here to help."),
        ("Sorry to bother you again, but is the shelf in stock?", "It is: 14 pieces are in stock."),
        ("When is it due and how much is it?", "Which invoice do you mean?"),
        ("When is it due and how much is it?", "Here is a poem about the sea."),
        ("Wie lange dauert es und was kostet der Versand?", "Etwa zwei Wochen, und er ist kostenlos."),
    ],
)
def test_several_things_that_are_all_answered_or_none_of_them_are_quiet(request_: str, answer: str) -> None:
    assert only(SIGNAL, answered(answer, request_))["outcome"] == "quiet"


def test_what_comes_later_in_the_session_is_not_left_out() -> None:
    request_, first = "Please cancel order 17. When do I get the money back?", "Order 17 for the lamp is cancelled."
    later = ("user: ok", "assistant: The money is back on your card within 5 days.")
    assert only(SIGNAL, answered(first, request_, *later))["outcome"] == "quiet"


@pytest.mark.parametrize(
    ("request_", "answer"),
    [
        ("When will it arrive, and can you send me the invoice for the desk?", "It will arrive on Friday."),
        ("Can I swap the lamp? And do I have to pay the difference?", "You can swap the lamp within 30 days."),
        ("Please cancel the order and tell me when I get the money back", "I have cancelled the order for you."),
        (
            "I need a new password for my account and I would like to know when my trial period ends.",
            "I have set a new password for your account.",
        ),
        ("Do you ship the sofa to Norway and how much is the delivery fee?", "Yes, the sofa ships to Norway."),
        (
            "How long do I roast the carrots and what sauce goes well with the salmon?",
            "Roast the carrots for 25 minutes.",
        ),
        (
            "How do I sort a dictionary by value in Python? And what is the difference between a tuple and a frozenset?",
            "Use `sorted(d.items(), key=...)` to sort it.",
        ),
        ("Which bus goes to the castle, and how much are the museum tickets?", "Bus 12 goes to the castle."),
        ("Does the blender crush ice? How long is the warranty?", "Yes, it crushes ice easily."),
        (
            "My order 5521 is late. Where is the parcel now? Also please change my phone number to 555 0101.",
            "The parcel is at the depot in Leeds.",
        ),
        (
            "Could you tell me what time the pool opens and whether towels are provided for guests?",
            "The pool opens at 7 am.",
        ),
        (
            "Where do I find my tax statement, and by when must I file the return?",
            "You find the statement in your account under Documents.",
        ),
        (
            "Hi, what is the maximum weight for cabin bags and can I bring a folding stroller?",
            "Cabin bags may weigh up to 8 kg.",
        ),
        (
            "How many eggs do I need for the cake? Can I replace the butter with olive oil?",
            "You need four eggs for the cake.",
        ),
        ("Tell me how much the course costs and who teaches the evening class", "The course costs 240 euros."),
        ("Is the jacket waterproof and do you have it in dark green?", "The jacket has a waterproof membrane."),
        (
            "Why does the server crash after the update, and how do I roll back the database migration?",
            "The crash of the server is caused by a missing library.",
        ),
        (
            "I'd like to book a table for Saturday evening, and do you have vegan dishes on the menu?",
            "Your table is booked for Saturday evening.",
        ),
        ("When does the train leave and which platform does the connection to Ghent use?", "The train leaves at 9:40."),
        (
            "Give me the opening hours of the library and the name of the head librarian, and tell me how I renew my card",
            "The library is open from 9 to 18.",
        ),
    ],
)
def test_an_ask_among_several_that_the_answer_leaves_out_fires(request_: str, answer: str) -> None:
    row = only(SIGNAL, answered(answer, request_))
    assert (row["outcome"], row["turn_index"]) == ("fired", 0)
    assert "leaves out" in row["reason"]


@pytest.mark.parametrize(
    ("request_", "answer"),
    [
        (
            "When will it arrive, and can you send me the invoice for the desk?",
            "It comes on Friday, and the bill is attached.",
        ),
        (
            "When will it arrive, and can you send me the invoice for the desk?",
            "Friday. The invoice is in your account.",
        ),
        ("Can I swap the lamp? And do I have to pay the difference?", "You can swap the lamp, at no charge."),
        ("Can I swap the lamp? And do I have to pay the difference?", "Yes to both."),
        (
            "Please cancel the order and tell me when I get the money back",
            "Cancelled. You will be reimbursed within five days.",
        ),
        ("what does it cost and how long does it take", "Two weeks, and it is free."),
        ("what does it cost and how long does it take", "$40, about three days."),
        ("Where is my parcel and when can I pick it up?", "It is in the shop in Mill Street from Monday on."),
        (
            "How many eggs do I need for the cake? Can I replace the butter with olive oil?",
            "Four. Yes, that works well.",
        ),
        (
            "Why does the server crash after the update, and how do I roll back the database migration?",
            "Because a library is missing. Run `down` once.",
        ),
        (
            "Can you move my flight to Sunday and add a checked suitcase?",
            "All set: the flight is on Sunday and the bag is on it, done.",
        ),
        ("Do you ship the sofa to Norway and how much is the delivery fee?", "We do, for 89,00 kr."),
        (
            "Do you ship the sofa to Norway and how much is the delivery fee?",
            "Sorry, we only ship the sofa within the UK.",
        ),
        (
            "Please cancel the order and tell me when I get the money back",
            "I can't cancel the order, it has left our warehouse.",
        ),
        ("Where is the parcel now, and how can I change my phone number?", "Let me check where the parcel is."),
        ("Where is the parcel now, and how can I change my phone number?", "Which parcel do you mean?"),
        (
            "Can I bring my dog, and how much is the cleaning charge?",
            "I have forwarded the question about the dog to the hotel.",
        ),
        ("Can I return the shoes and the belt that came with them?", "You may return the shoes."),
        ("Do you have a backpack that is light and can hold a big laptop?", "The Trail 20 is a light backpack."),
        ("How do I open the terminal and delete a folder?", "The terminal is among the applications."),
        ("Can you exchange the lamp, which is broken at the base?", "The lamp will be exchanged."),
        ("What is the difference between terms and conditions, policies and notices?", "Terms bind both sides."),
        ("Do I have to call the branch or can I block the card online?", "You have to call the branch."),
        ("Is there a sauna? If so, what are the rules for small children?", "There is no sauna."),
        ("Is my ticket refundable? I mean, do I lose the whole deposit?", "The ticket is refundable."),
        ("Where is my parcel? If you need my tracking number, call me on my mobile phone.", "The parcel is in Leeds."),
        ("Can you reset my password? Thanks in advance, and have a nice day!", "Your password has been reset."),
        (
            "I bought a kettle in March and it worked well until Sunday. Can you replace the kettle?",
            "The kettle will be replaced.",
        ),
        (
            "When I ordered the lamp last week, the site said three days. Where is the parcel?",
            "The parcel is in Leeds.",
        ),
        (
            "I want to book a hotel in Rome for our wedding anniversary. Can you recommend a romantic place near the river?",
            "Try the Flora, it has a terrace at the river.",
        ),
        ("Are you kidding me with this terrible service? Where is my parcel?", "The parcel is in Leeds."),
        (
            "Let me know if you need photos of the damage. How do I return the lamp?",
            "You return the lamp with the label.",
        ),
        (
            "Please have a look at https://example.org/item?id=3&lang=en and tell me the size of the frame",
            "The frame has size M.",
        ),
        (
            "Write a poem about autumn and please let the second verse mention a red kite",
            "Leaves of autumn fall so slow.",
        ),
        ("Hi, how are you? Can you tell me where my parcel is?", "The parcel is in Leeds."),
        (
            "Thanks! Can you help me? My internet is down since Monday.",
            "Restart the router, then the internet should be back.",
        ),
        ("What is a mortgage and how does it work?", "A mortgage is a loan on a house."),
        ("How do I boil an egg and peel it?", "Boil the egg for seven minutes."),
    ],
)
def test_several_asks_of_which_none_is_left_out_for_sure_are_quiet(request_: str, answer: str) -> None:
    assert only(SIGNAL, answered(answer, request_))["outcome"] == "quiet"
