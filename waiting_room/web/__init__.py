"""What the room shows in a browser: public pages, the desk of staff, referrers' forms, the API."""
