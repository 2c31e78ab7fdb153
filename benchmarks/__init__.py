"""What a user can run to see the figures: `make bench`."""
