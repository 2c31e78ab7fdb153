"""Words an editor may want to say more plainly: jargon, and sentences that hide who does it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from waiting_room.library import readability
from waiting_room.library.draft import Draft
from waiting_room.library.page import FALLBACK_LANGUAGE, Page, Problem

LIST = "editors/plain-words"
# One in so many sentences may be passive: sometimes nobody knows who did it.
FEW_PASSIVE = 5
_DONE = "made given told sent seen kept held done shown written taken known paid found left lost"
_DONE += (
    " built brought bought caught chosen driven eaten felt forgotten heard hidden led meant met"
)
_DONE += (
    " put read said sold spent stolen taught thought understood won worn broken cut hit hurt run"
)
PASSIVE = re.compile(
    rf"\b(?:is|are|was|were|been|being|be)\s+(?:\w+ly\s+)?(?:\w{{3,}}ed|{'|'.join(_DONE.split())})\b",
    re.IGNORECASE,
)
# What reads like it and is none: how somebody feels, not what is done to them.
FEELING = re.compile(
    r"\b(?:tired|worried|scared|interested|allowed|bored|excited|stressed|married|retired|used|need"
    r"|supposed|ashamed|relaxed|frightened|confused|disabled|divorced|widowed|prepared|depressed)\b",
    re.IGNORECASE,
)


def instead(pages: Mapping[tuple[str, str], Page]) -> Mapping[str, str]:
    """Words to avoid and what to write for them, as editors keep them."""
    page = pages.get((FALLBACK_LANGUAGE, LIST))
    said = page.meta.get("instead") if page else None
    return {str(word): str(plain) for word, plain in (said or {}).items()}


def warnings(draft: Draft, plainer: Mapping[str, str]) -> list[Problem]:
    """What to say more plainly on a page in English; the lists of other languages are not ours."""
    if draft.page.language != FALLBACK_LANGUAGE or draft.page.key == LIST:
        return []
    return [*_jargon(draft, plainer), *_passive(draft)]


def _jargon(draft: Draft, plainer: Mapping[str, str]) -> Iterator[Problem]:
    if not plainer:
        return
    words = "|".join(re.escape(word) for word in sorted(plainer, key=len, reverse=True))
    seen: set[str] = set()
    for found in re.finditer(rf"\b(?:{words})\b", draft.page.body):
        word = found[0]
        # With a capital it is a name, such as Access to Work, and stays.
        if word not in seen and word in plainer:
            seen.add(word)
            line = draft.body_line + draft.page.body.count("\n", 0, found.start())
            message = f'"{found[0]}" is hard to read. Plainer: {plainer[word]}.'
            yield draft.warning("jargon", message, line)


def _passive(draft: Draft) -> Iterator[Problem]:
    sentences = readability.sentences(draft.page.body)
    passive = [one for one in sentences if _is_passive(one)]
    if len(passive) * FEW_PASSIVE > len(sentences) and len(passive) > 1:
        start = " ".join(passive[0].split()[:6])
        message = f'{len(passive)} sentences do not say who does it ("{start} …"). Name who.'
        yield draft.warning("passive", message, draft.line_with(start))


def _is_passive(sentence: str) -> bool:
    found = PASSIVE.search(sentence)
    return found is not None and not FEELING.search(found[0])
