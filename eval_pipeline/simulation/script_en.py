"""What customers and assistant say in English. Not here: when they say it (`transcript.py`)."""

from eval_pipeline.simulation.script import FollowUp, Script, Topic

_ORDER = {"case": "{case}", "order_id": "{order}", "email": "{email}"}

TOPICS = (
    Topic(
        "where_is_order",
        "support_chat",
        "get_shipment",
        (
            "Hi, this is {full}. My {item} has not come yet, order {order}. When will it arrive, and can you send me the invoice?",
            "Hello, I am waiting for order {order}. Two things please: the delivery date, and an invoice to {email}. {full}",
        ),
        (
            "I want to know when {order} gets here, and I need the invoice.",
            "Once more: what is the delivery date of my {item}, and where is the invoice?",
        ),
        "Your {item} left our warehouse and will be delivered on {eta} to {street}, {town}.",
        "The invoice over ${total} for order {order} is on its way to {email}.",
        _ORDER,
        {"status": "in_transit", "carrier": "NorthParcel", "eta": "{eta}", "invoice": "sent"},
    ),
    Topic(
        "change_address",
        "support_chat",
        "update_delivery_address",
        (
            "I moved, please send order {order} to {street}, {town} {post_code}. And does that change the delivery date? {full}",
            "Hello! Can you change the address for the {item} to {street}, {post_code} {town}, and tell me if it still comes on {eta}? My order is {order}.",
        ),
        (
            "So is my order going to {street} now, and on which day?",
            "I asked you to change the address of {order} and to tell me the new date.",
        ),
        "I have changed the address of order {order} to {street}, {post_code} {town}.",
        "The delivery date stays the same: {eta}.",
        {**_ORDER, "street": "{street}", "city": "{town}", "zip": "{post_code}"},
        {"updated": "true", "eta": "{eta}"},
    ),
    Topic(
        "cancel_order",
        "support_chat",
        "cancel_order",
        (
            "Please cancel order {order}, I picked the wrong {item}. When do I get the ${total} back? Phone {phone} if you have questions. {full}",
            "I need to cancel {order} and I would like to know how the refund is paid. Name is {full}, mail {email}.",
        ),
        (
            "Is {order} cancelled or not? And what about my ${total}?",
            "Again: cancel the {item}, and tell me when the refund comes.",
        ),
        "Order {order} for the {item} is cancelled.",
        "The ${total} go back to the card you paid with by {eta}.",
        _ORDER,
        {"cancelled": "true", "refund_total": "{total}", "refund_by": "{eta}"},
    ),
    Topic(
        "warranty",
        "support_chat",
        "get_warranty",
        (
            "The {item} from order {order} stopped working. Is it still under warranty, and what do I have to do? Regards, {full}",
            "Hi there, {full} here. My {item} broke ({order}). Am I covered, and how do I get it repaired?",
        ),
        (
            "I mean the warranty of the {item}: am I covered, and what is the next step?",
            "Please just tell me whether {order} is under warranty and how the repair works.",
        ),
        "Your {item} is covered by the warranty until {eta}.",
        "For the repair, pack it up and use the prepaid label that we have sent to {email}.",
        _ORDER,
        {"covered": "true", "until": "{eta}", "label": "sent"},
    ),
    Topic(
        "start_return",
        "returns_bot",
        "create_return",
        (
            "I would like to return the {item} from order {order}. How do I send it back and when do I get my money? {full}",
            "Return please: {item}, order {order}. I need a label to {email}, and by when is the refund done?",
        ),
        (
            "How do I send the {item} back, and when is the refund paid?",
            "I still need the return label for {order}, and the date of the refund.",
        ),
        "Your return is open; the label for the {item} has been sent to {email}.",
        "Once it reaches us, ${total} are refunded, at the latest on {eta}.",
        _ORDER,
        {"return_open": "true", "label": "sent", "refund_by": "{eta}"},
    ),
    Topic(
        "exchange",
        "returns_bot",
        "create_exchange",
        (
            "Can I swap the {item} in order {order} for the {other}? And do I have to pay the difference? Thanks, {full}",
            "Hello, {full}. I would rather have the {other} than the {item} ({order}). Is that possible, and what does it cost?",
        ),
        (
            "I want the {other} instead of the {item}. Possible, and at what cost?",
            "My question was about swapping the {item} in {order}, and the price difference.",
        ),
        "Yes, the {other} is in stock, and the exchange for your {item} is arranged; it ships to {street} on {eta}.",
        "There is nothing more to pay: both cost the same.",
        {**_ORDER, "new_item": "{other}"},
        {"exchange_open": "true", "in_stock": "true", "difference": "0.00", "ships": "{eta}"},
    ),
    Topic(
        "refund_status",
        "returns_bot",
        "get_refund",
        (
            "I sent the {item} back two weeks ago, order {order}. Where is my refund, and was the postage included? {full}",
            "What happened to the refund for {order}? Please also tell me if postage is paid back. You can call {phone}.",
        ),
        (
            "I am asking about the refund for the {item}: when, and with postage?",
            "Refund of {order}, please. Date, and is postage in it?",
        ),
        "The refund of ${total} for the {item} was approved and will be on your account by {eta}.",
        "The postage is included in that sum.",
        _ORDER,
        {"refund": "approved", "refund_total": "{total}", "postage_included": "true", "booked_by": "{eta}"},
    ),
)

FOLLOW_UPS = (
    FollowUp(
        "And can you check whether my phone number {phone} is still right in your system?",
        "get_customer",
        {"phone": "{phone}"},
        "Yes, {phone} is the number we have for you.",
    ),
    FollowUp(
        "One more thing: is the {other} in stock at the moment?",
        "get_stock",
        {"item": "{other}", "in_stock": "14"},
        "It is: 14 pieces of the {other} are in stock.",
    ),
    FollowUp(
        "Good. Which address do you have for me?",
        "get_customer",
        {"street": "{street}", "city": "{town}", "zip": "{post_code}"},
        "We have {street}, {post_code} {town}.",
    ),
)

SCRIPT = Script(
    locale="en",
    topics=TOPICS,
    follow_ups=FOLLOW_UPS,
    greetings=(
        "Welcome to Quillmere Home. How can I help you today?",
        "Hello, this is Quillmere support. What can I do for you?",
    ),
    opens_case=(
        "Thank you, {first}. I have opened case {case} for you and am looking that up.",
        "Sure, {first}. Your case number is {case}; one moment while I check.",
    ),
    asks_order=(
        "Thank you. Your case number is {case}. Could you confirm the order number and the e-mail address you ordered with?",
        "Happy to help. I have opened case {case}. Please give me the order number and your e-mail once more.",
    ),
    gives_order=("It is {order}, {email}.", "Order {order}, and the mail is {email}", "{order} / {email} / {full}"),
    looks_up=("Thanks, I am checking that now.", "Thank you, {first}, one moment."),
    looks_again=(
        "That did not work at the first try; I am trying again.",
        "Our system did not answer, let me repeat that.",
    ),
    tool_errors=(
        '{"error": "upstream timeout", "code": 504}',
        '{"error": "order service unavailable", "code": 503}',
        '{"error": "record is locked by another process", "code": 423}',
    ),
    recovers=("Sorry for the wait, now it worked.", "Thank you for your patience, that went through."),
    loop_fillers=("One moment, I am checking that.", "Let me look that up for you.", "I am checking your order now."),
    loop_ends=("I am still checking your order. Please wait a moment.", "Let me check that for you once more."),
    refusals=(
        "I am sorry, but I am not able to share information about orders in this chat. Please visit our website.",
        "Unfortunately I cannot help with that request. Please contact the store where you bought the item.",
        "I am just an assistant and have no access to orders, so I cannot do this for you.",
    ),
    anything_else=("Is there anything else I can do for you?", "Can I help with anything else?", ""),
    thanks=(
        "Great, thank you!",
        "Perfect, that is all I needed.",
        "Thanks for the quick help",
        "ok thx",
        "Wonderful, have a nice day.",
    ),
    accepts=("Okay.", "Hm, all right, thanks.", "ok", "Thanks, I will have a look."),
    farewells=(
        "You are welcome, {first}. I have closed case {case}. Have a good day!",
        "Gladly. Should anything come up, just name case {case}. Goodbye!",
        "Thank you for shopping at Quillmere. Case {case} is closed.",
    ),
    complaints=(
        "That is not what I asked.",
        "No, you did not answer my question.",
        "This does not help me at all!!",
        "Did you even read what I wrote? I asked something else.",
        "You are wasting my time.",
    ),
    anger=(
        "Honestly, that this takes until {eta} is ridiculous.",
        "This is the third time I have had to write to you. Terrible service.",
        "I am really annoyed that I need to chase you about a {item}!!",
    ),
    soothes=(
        "I understand, and I am sorry for the trouble. What I told you above stays as it is in case {case}.",
        "I am sorry about that, {first}. I have noted it in case {case}.",
    ),
    stalls=(
        "I am sorry for the confusion. Please check case {case} again later.",
        "I apologise for the inconvenience with case {case}. Is there anything else I can do for you?",
        "Thank you for your feedback on case {case}, {first}. We take it seriously.",
    ),
    asks_person=("I want to talk to a person.", "Can you put me through to a human please?"),
    hands_over=(
        "I am transferring you to a colleague, who will have case {case} at hand.",
        "A colleague will call you at {phone} about case {case}.",
    ),
    reports=(
        "The bot did not solve my problem with order {order}.",
        "Useless answer, please have someone look at this. {full}",
        "I was given an answer that has nothing to do with my request.",
    ),
)
