"""Telling somebody outside, whose own trouble is never ours."""

from __future__ import annotations

import http.client
import logging
import urllib.request
from urllib.parse import urlsplit

log = logging.getLogger(__name__)
# A watcher that hangs must not hold a tick, nor make the loop look dead.
SECONDS = 5


def tell(url: str, words: str = "") -> bool:
    """Fetch this address, or post the words to it; whether it was taken."""
    try:
        with urllib.request.urlopen(url, words.encode() or None, timeout=SECONDS):
            return True
    except (OSError, http.client.HTTPException) as trouble:
        # Only the host: the path of such an address is a secret.
        log.warning("%s did not answer: %s", urlsplit(url).hostname, type(trouble).__name__)
        return False
