"""Putting a room back from its copies, on either database, and trying a copy without doing so."""
