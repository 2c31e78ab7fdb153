"""Telling somebody outside, whose own trouble is never ours."""

from __future__ import annotations

import http.client
import logging
import urllib.request
from urllib.parse import urlsplit

log = logging.getLogger(__name__)
# A watcher that hangs must not hold a tick, nor make the loop look dead.
SECONDS = 5
_down: set[str] = set()


def tell(url: str, words: str = "") -> bool:
    """Fetch this address, or post the words to it; whether it was taken."""
    host = urlsplit(url).hostname
    try:
        with urllib.request.urlopen(url, words.encode() or None, timeout=SECONDS):
            pass
    except (OSError, http.client.HTTPException) as trouble:
        # Once, and only the host: each minute would be noise, and the path is a secret.
        if url not in _down:
            log.warning("%s does not answer: %s", host, type(trouble).__name__)
        _down.add(url)
        return False
    if url in _down:
        _down.remove(url)
        log.info("%s answers again", host)
    return True
