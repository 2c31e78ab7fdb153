"""The clock of the room: a handful of ticks, and the ping to an outside watcher."""
