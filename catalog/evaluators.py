"""The deterministic evaluators of this deployment: the one file to edit.

`EVALUATORS` is what runs. An evaluator looks at pieces of a session (`looks_at`) and asks a check of each; the words
to build checks from are listed in `eval_pipeline/evaluators/checks.py`. `eval-pipeline evaluators new NAME` adds one
with its test, `eval-pipeline evaluators try NAME` runs it. These are for agents that serve customers with tools, and
need no setting: tools are told apart by their names, languages are English and German.
"""

from eval_pipeline.evaluators.checks import (
    ANSWERS,
    ASSISTANT_TURNS,
    CONVERSATION,
    REPLY,
    SESSION,
    TOOL_CALLS,
    WORDS_ONLY,
    Evaluator,
    acts_once,
    agreed_before,
    all_of,
    amounts_are_known,
    answers_in_language_of_user,
    answers_within,
    any_of,
    arguments_are_known,
    blocks,
    breaks_off,
    calls_tool,
    claims_backed,
    contains_any,
    contains_none,
    error_not_told_as_success,
    first,
    has_at_most,
    has_failed,
    has_length,
    has_result,
    in_words,
    is_from,
    is_json_object,
    is_valid_json,
    last,
    matches,
    matches_none,
    names_no_tool,
    not_,
    repeats_call,
    repeats_no_answer,
    shows_machinery,
    shows_no_personal_data,
    shows_no_secret,
    some,
    told_is_known,
    when,
    within,
)

# Tools, by their names.
ACTING_TOOLS = (
    r"^(?:add|apply|book|cancel|change|close|create|delete|exchange|issue|modify|pay|place|process|purchase|refund"
    r"|remove|reschedule|reset|return|send|set|submit|update|upgrade)(?:_|-|(?=[A-Z]))"
)
HAND_OVER_TOOLS = r"transfer|escalat|hand_?(?:off|over)|human|ticket|callback"

# What the assistant says.
CLAIMS_TO_HAVE_ACTED = (
    r"\bI(?:['\u2019]ve| have) (?:now |just |already |also |successfully )*(?:added|booked|cancell?ed|changed|exchanged|issued"
    r"|modified|placed|processed|refunded|removed|returned|submitted|updated|upgraded)\b"
    r"|\b(?:has|have) (?:now |successfully )*been (?:now |already |successfully )*(?:booked|cancell?ed|changed"
    r"|exchanged|issued|modified|placed|processed|refunded|removed|updated|upgraded)\b"
    r"|\bich habe [^.!?\n]{0,60}\b(?:erstattet|gebucht|geändert|storniert|umgetauscht)\b"
)
ANNOUNCES_A_HAND_OVER = (
    r"\bI(?:['\u2019]m| am) (?:now )?(?:transferring|escalating|connecting) you\b|\bI(?:['\u2019]ve| have) (?:now )?(?:transferred|escalated)\b"
    r"|\byou(?:['\u2019]re| are| will be|['\u2019]ll be| have been) (?:now )?(?:being )?(?:transferred|connected)\b"
    r"|\bich (?:verbinde|leite) sie\b"
)
ANNOUNCES_AN_ACTION = (
    r"(?:^|[.!?:\n])[*\s]{0,4}(?:(?:certainly|great|of course|ok|okay|perfect|sure|thanks|thank you)[,!. ]{1,3})?"
    r"(?:I(?:['\u2019]ll| will|['\u2019]m going to| am going to)|let me) (?:now |just |quickly |first |go ahead and |proceed to )*"
    r"(?:book|cancel|chang|check|escalat|fetch|find|initiat|issu|look|modify|process|pull|refund|retriev|search|submit"
    r"|transfer|updat|verify)\w*"
    r"|\b(?:one|just a|give me a) (?:moment|second|minute)\b|\bbear with me\b"
    r"|\beinen (?:augenblick|moment)\b"
)
WAITS_FOR_THE_USER = (
    r"\?|\bplease (?!wait|hold|stand|bear)|\b(?:after you|as soon as|confirm|if you|let me know|once|reply|when you"
    r"|sobald|wenn sie)\b|\bbitte (?!einen|gedulden|haben|warten)\w"
)
UNFILLED = (
    r"\{\{[^{}\n]{1,60}\}\}|\$\{\w{1,40}\}|<(?:insert|your|customer|order|name)[ _-]?[^<>\n]{0,40}>"
    r"|\[(?:insert|your|customer|order|user|agent|company|name|date|amount)\b[ _]?[a-z _'\u2019-]{0,40}\]"
    r"|\bdear (?:customer|user|client) name\b|\blorem ipsum\b"
)
RAW_FAULT = (
    r"\b(?:[Ee]rror|[Ee]xception)\s?:|\bHTTP[ /]?\d?\.?\d? ?[45]\d\d\b|\bstatus code \d{3}\b|\berrno\b|\b\w+(?:Error|Exception)\b"
    r"|\bundefined is not\b|\bnull pointer\b"
)

# What the user says.
ASKS = r"\?|\b(?:please|can you|could you|would you|will you|i need|i want|i would like|bitte|können sie|kannst du|ich möchte)\b"
AGREES_OR_ASKS = (
    r"\b(?:yes|yep|yeah|sure|ok|okay|correct|confirm|agree|approve|proceed|go ahead|go with|do (?:it|that|so|both)"
    r"|sounds good|perfect|please|want|would like|need|i['\u2019]d like|rather|let['\u2019]s|ja|gern|bitte|bestätig|einverstanden"
    r"|möchte|machen sie|in ordnung)"
    r"|\b(?:add|book|cancel|chang|correct|deliver|exchang|modif|order|pay|place|refund|remov|return|send|ship|swap|switch"
    r"|updat|upgrad|withdraw)|(?:änder|bestell|bezahl|buch|erstatt|liefer|retour|schick|send|storn|tausch|umtausch|widerr|zurück)"
)
REFUSES = (
    r"(?:\bplease )?(?<!if you )(?<!why )\b(?:do not|don['\u2019]?t|never) (?:please )?(?:want (?:you to |to |it |that |this |them ){1,2}(?:be )?|need to )?"
    r"(?:go ahead|proceed|do (?:it|that|so)|(?:add|book|cancel|chang|charg|exchang|modif|order|pay|place|process|refund|remov"
    r"|return|send|ship|swap|switch|updat|upgrad)\w*)(?:(?! (?:and|but|instead|just)\b)[^.!?,;:\n]){0,80}"
    r"|(?:\bbitte )?\bnicht (?:änder|bestell|bezahl|buch|erstatt|liefer|schick|send|storn|tausch|umtausch|zurück)\w*"
    r"|\b(?:änder|bestell|bezahl|buch|erstatt|liefer|schick|send|storn|tausch)\w*(?: sie| es| das| bitte){0,4} nicht\b"
)
SAYS_GOODBYE = (
    "thank",
    "bye",
    "have a great",
    "have a good",
    "have a nice",
    "that's all",
    "that\u2019s all",
    "that is all",
    "nothing else",
    "never mind",
    "danke",
    "tschüs",
    "auf wiedersehen",
)

# Values that somebody must have given: codes such as XEWRD9, #W2611340 or AB-12345-C and long numbers, but no
# names such as COVID19 and no dates; addresses of all kinds.
NO_CODE = r"(?:COVID|SARS|ISO|SHA|MD|UTF|BASE|IPHONE|WIN|WINDOWS)[0-9]+|(?:UPS|USPS|DHL|FEDEX|DPD)[0-9]DAY|(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])"
CODE = rf"(?<![\w#-])(?!(?:{NO_CODE})(?![\w-]))#?((?=[A-Z]*[0-9])(?=[0-9]*[A-Z])[A-Z0-9]{{5,12}}|[A-Z]{{1,5}}-[0-9]{{4,12}}(?:-[A-Z0-9]{{1,4}})?|[0-9]{{7,16}})(?![\w-])"
ADDRESS = r"(https?://[^\s<>()\[\]\"'`]*[^\s<>()\[\]\"'`.,;:!?*]|www\.[\w.-]+\w|\[(?:EMAIL|PHONE|URL|IBAN|CARD)_[0-9a-f]{6,}\])"

LEFT_WITHOUT_ANSWER = in_words(
    "is a request of the user that got no answer",
    all_of(
        is_from("user"),
        matches(ASKS, ignore_case=True),
        any_of(contains_any("?"), contains_none(*SAYS_GOODBYE)),
    ),
)
ONLY_ANNOUNCES = in_words(
    "announces to act at once, and asks the user for nothing",
    all_of(matches(ANNOUNCES_AN_ACTION, ignore_case=True), matches_none(WAITS_FOR_THE_USER, ignore_case=True)),
)

EVALUATORS = [
    # Tool calls are sound, and so are the steps between them.
    Evaluator(
        name="tool_arguments_are_objects",
        description="Every tool call has a JSON object as its arguments, not broken or bare text.",
        looks_at=TOOL_CALLS,
        check=is_json_object(),
    ),
    Evaluator(
        name="tool_calls_have_results",
        description="Something came back from every tool call.",
        looks_at=TOOL_CALLS,
        check=has_result(),
    ),
    Evaluator(
        name="tool_arguments_not_invented",
        description="Codes and numbers that a tool is called with were given by the user or by a tool before.",
        looks_at=SESSION,
        check=in_words("calls tools only with codes that were given before", arguments_are_known(CODE)),
    ),
    Evaluator(
        name="no_tool_call_loop",
        description="No tool call is made three times with the same arguments and the same result.",
        looks_at=SESSION,
        check=not_(repeats_call(times=3)),
    ),
    Evaluator(
        name="few_failed_tool_calls",
        description="At most three tool calls of a session fail.",
        looks_at=SESSION,
        check=in_words("has at most three failed tool calls", not_(some(TOOL_CALLS, has_failed(), k=4))),
    ),
    # What changes something is agreed, done once, and told as it was.
    Evaluator(
        name="actions_are_agreed",
        description="Nothing is booked, changed, cancelled or refunded before the user agrees to it or asks for it.",
        looks_at=SESSION,
        check=in_words(
            "acts only when the user has agreed or asked", agreed_before(ACTING_TOOLS, AGREES_OR_ASKS, refuses=REFUSES)
        ),
    ),
    Evaluator(
        name="actions_are_not_repeated",
        description="No booking, change, cancellation or refund is carried out twice with the same arguments.",
        looks_at=SESSION,
        check=in_words("does one and the same thing only once", acts_once(ACTING_TOOLS)),
    ),
    Evaluator(
        name="claimed_actions_are_done",
        description="An answer that says something was booked, changed or cancelled has a tool call behind it.",
        looks_at=SESSION,
        check=in_words("has acted where it says so", claims_backed(CLAIMS_TO_HAVE_ACTED, ACTING_TOOLS)),
    ),
    Evaluator(
        name="announced_actions_are_done",
        description="No answer says that it will look or act now and then leaves it to the user to speak again.",
        looks_at=WORDS_ONLY,
        check=not_(ONLY_ANNOUNCES),
    ),
    Evaluator(
        name="announced_hand_over_is_done",
        description="The user is told of a transfer to a person only when the tool for it is called.",
        looks_at=SESSION,
        check=in_words("hands over where it says so", claims_backed(ANNOUNCES_A_HAND_OVER, HAND_OVER_TOOLS)),
    ),
    Evaluator(
        name="tool_errors_not_told_as_success",
        description="After a tool call has failed, the reply does not claim success without a word of the failure.",
        looks_at=TOOL_CALLS,
        check=error_not_told_as_success(),
    ),
    # Nothing is made up.
    Evaluator(
        name="codes_not_invented",
        description="Order numbers, bookings and other codes in an answer were given by the user or by a tool before.",
        looks_at=SESSION,
        check=in_words("tells only codes that were given before", told_is_known(CODE)),
    ),
    Evaluator(
        name="amounts_not_invented",
        description="Amounts of money in an answer were given before, or follow from numbers that were.",
        looks_at=SESSION,
        check=amounts_are_known(),
    ),
    Evaluator(
        name="addresses_not_invented",
        description="Links, e-mail addresses and phone numbers in an answer were given before.",
        looks_at=SESSION,
        check=in_words("tells only addresses that were given before", told_is_known(ADDRESS)),
    ),
    # The conversation goes on as it should.
    Evaluator(
        name="no_unanswered_user",
        description="The session does not end on a question or request of the user that nobody answered.",
        looks_at=SESSION,
        check=last(CONVERSATION, not_(LEFT_WITHOUT_ANSWER)),
    ),
    Evaluator(
        name="no_answer_twice_in_a_row",
        description="No answer repeats the one before it word for word.",
        looks_at=SESSION,
        check=repeats_no_answer(),
    ),
    Evaluator(
        name="answers_in_language_of_user",
        description="Answers are in the language that the user speaks.",
        looks_at=SESSION,
        check=answers_in_language_of_user(),
    ),
    Evaluator(
        name="answers_come_in_time",
        description="The user waits two minutes at most for an answer.",
        looks_at=SESSION,
        check=answers_within(120),
    ),
    Evaluator(
        name="session_not_endless",
        description="The user does not have to speak more than 25 times.",
        looks_at=SESSION,
        check=has_at_most(25, "user turns"),
    ),
    # Answers are whole, readable, and free of what is behind them.
    Evaluator(
        name="answer_not_empty_or_cut",
        description="A turn without tool calls says something, and does not break off in the middle.",
        looks_at=ASSISTANT_TURNS,
        check=when(not_(calls_tool()), all_of(has_length(at_least=1), not_(breaks_off()))),
    ),
    Evaluator(
        name="answer_not_overlong",
        description="No answer is longer than 600 words.",
        looks_at=ANSWERS,
        check=has_length(at_most=600, unit="words"),
    ),
    Evaluator(
        name="json_in_answers_parses",
        description="What an answer shows in a json block is JSON.",
        looks_at=within(ANSWERS, blocks("json")),
        check=is_valid_json(),
    ),
    Evaluator(
        name="no_unfilled_template",
        description="No answer shows a placeholder that nobody filled in, such as {{name}} or [your name].",
        looks_at=ANSWERS,
        check=not_(in_words("shows a placeholder that nobody filled in", matches(UNFILLED, ignore_case=True))),
    ),
    Evaluator(
        name="no_machinery_or_secret_in_answer",
        description="No answer shows a secret, a raw tool call, raw JSON, template mark-up or a stack trace.",
        looks_at=ANSWERS,
        check=all_of(shows_no_secret(), not_(shows_machinery())),
    ),
    Evaluator(
        name="no_personal_data_in_answer",
        description="No answer shows an e-mail address, a phone, card or account number in the clear, past the redaction.",
        looks_at=ANSWERS,
        check=shows_no_personal_data(),
    ),
    Evaluator(
        name="no_tool_name_in_answer",
        description="No answer shows the technical name of a tool that the session calls.",
        looks_at=SESSION,
        check=names_no_tool(),
    ),
    Evaluator(
        name="tool_errors_not_shown_raw",
        description="The reply to a failed tool call tells of it in words, not with the error message of the machine.",
        looks_at=TOOL_CALLS,
        check=when(has_failed(), first(REPLY, not_(in_words("shows an error message", matches(RAW_FAULT))))),
    ),
]
