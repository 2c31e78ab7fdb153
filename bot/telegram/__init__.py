"""The Telegram door: how the room hears what people write there."""
