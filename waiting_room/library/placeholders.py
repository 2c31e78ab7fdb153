"""Which placeholders a page may use, by folder. A name that is not here is a slip of the pen.

Add a name here when the program begins to fill it in; editors see the list when they mistype one.
"""

from __future__ import annotations


def _names(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


# Who, where and when: any page may say these.
EVERYWHERE = _names(
    """
    first_name name worker holder reader contact provider provider_phone organisation referrer
    number link title words count day date time now until opens since when when_read
    place nation area language
    """
)

BY_FOLDER = {
    "conversation": _names(
        """
        age amount choices comment colleague deadline days found group help_lines host hours
        how_to_join interests kept left lines message need next_step next_time offer page
        place_name price privacy_text question range reason reason_words referred_by referred_on
        rhythm seats status summary text tries_left waiting_since weeks what where who
        """
    ),
    "crisis": _names("help_lines hours lines"),
    "check-ins": _names("question step steps"),
    "help-lines": _names("hours"),
    "staff": _names(
        """
        amount colour days device due from group job kind late next pin reason ref reference role
        rung status subject text valid_until waiting what where who
        """
    ),
    "web": _names("email hours pin privacy_text reference status subject version what"),
}


def allowed_in(folder: str) -> frozenset[str]:
    """The names the program fills in on pages of this folder."""
    return EVERYWHERE | BY_FOLDER.get(folder, frozenset())
