"""The virtual waiting room: care, community, channels and the desk."""
