"""The German script, put together. Not here: its words (`script_de_*.py`), when they are said (`transcript.py`)."""

from eval_pipeline.simulation.script import Script
from eval_pipeline.simulation.script_de_assistant import ASSISTANT
from eval_pipeline.simulation.script_de_customer import CUSTOMER
from eval_pipeline.simulation.script_de_topics import CHECKS, DECLINED, FOLLOW_UPS, TOPICS

SCRIPT = Script("de", TOPICS, FOLLOW_UPS, CHECKS, DECLINED, CUSTOMER, ASSISTANT)
