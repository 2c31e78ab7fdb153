"""Rooms full of sample people, made once and kept under var/bench/seed/."""
