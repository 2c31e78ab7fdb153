"""The conversation, and the two doors that lead to it."""
