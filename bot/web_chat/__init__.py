"""The second door to the one conversation: a browser. It works without scripts, better with."""
