"""The English script, put together. Not here: its words (`script_en_*.py`), when they are said (`transcript.py`)."""

from eval_pipeline.simulation.script import Script
from eval_pipeline.simulation.script_en_assistant import ASSISTANT
from eval_pipeline.simulation.script_en_customer import CUSTOMER
from eval_pipeline.simulation.script_en_topics import CHECKS, DECLINED, FOLLOW_UPS, TOPICS

SCRIPT = Script("en", TOPICS, FOLLOW_UPS, CHECKS, DECLINED, CUSTOMER, ASSISTANT)
