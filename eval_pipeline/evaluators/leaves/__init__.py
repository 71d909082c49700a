"""The leaves of the algebra: checks that look at a text, a value, a tool call or a session, a kind a file."""
