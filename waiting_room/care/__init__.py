"""A person's journey: plain verbs on a session. Never a network, never a commit."""
