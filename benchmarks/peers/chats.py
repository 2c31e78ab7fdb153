"""The chats of the sample patients, the same for us and for the peers."""

FIRST_CHAT = 7_100_000_000
