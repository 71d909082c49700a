"""The transcript of a session as hostile data made safe and good to read: turns, tool calls, JSON, search, timeline.

Not here: pages and routes (`review/app`), what machines say of a session (`review/machine_words.py`).
"""
