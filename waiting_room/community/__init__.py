"""People brought together: groups, and later interests, helpers and small sums."""
