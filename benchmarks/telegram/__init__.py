"""A Bot API that is faster than any bot: it offers updates and is the meter of what comes back."""
