"""Stand-ins for the outside world: Telegram's Bot API, a mail server, a heartbeat watcher."""
