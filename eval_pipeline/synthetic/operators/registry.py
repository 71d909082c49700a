"""Which operators there are. The list is closed: a new one is a file in this package and a line here."""

from eval_pipeline.synthetic.operators.broken_arguments import BROKEN_ARGUMENTS
from eval_pipeline.synthetic.operators.broken_json import BROKEN_JSON
from eval_pipeline.synthetic.operators.contract import Operator
from eval_pipeline.synthetic.operators.contradictory_constraint import CONTRADICTORY_CONSTRAINT
from eval_pipeline.synthetic.operators.empty_answer import EMPTY_ANSWER
from eval_pipeline.synthetic.operators.injection import INJECTION
from eval_pipeline.synthetic.operators.language_mix import LANGUAGE_MIX
from eval_pipeline.synthetic.operators.leaked_secret import LEAKED_SECRET
from eval_pipeline.synthetic.operators.missing_tool_result import MISSING_TOOL_RESULT
from eval_pipeline.synthetic.operators.odd_schema import ODD_SCHEMA
from eval_pipeline.synthetic.operators.paraphrase import PARAPHRASE
from eval_pipeline.synthetic.operators.repeated_tool_call import REPEATED_TOOL_CALL
from eval_pipeline.synthetic.operators.tool_timeout import TOOL_TIMEOUT
from eval_pipeline.synthetic.operators.truncation import TRUNCATION
from eval_pipeline.synthetic.operators.typos import TYPOS

OPERATORS: tuple[Operator, ...] = (
    BROKEN_ARGUMENTS,
    BROKEN_JSON,
    CONTRADICTORY_CONSTRAINT,
    EMPTY_ANSWER,
    INJECTION,
    LANGUAGE_MIX,
    LEAKED_SECRET,
    MISSING_TOOL_RESULT,
    ODD_SCHEMA,
    PARAPHRASE,
    REPEATED_TOOL_CALL,
    TOOL_TIMEOUT,
    TRUNCATION,
    TYPOS,
)
