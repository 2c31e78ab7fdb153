"""What the room can show of itself in figures."""
