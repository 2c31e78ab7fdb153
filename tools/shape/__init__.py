"""The shape of the code: what can be counted without running it."""
