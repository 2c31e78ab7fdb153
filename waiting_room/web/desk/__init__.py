"""Pages for the people who help. Every route here starts from `deps.SignedIn`."""
