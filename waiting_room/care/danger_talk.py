"""Short forms of English chat and what they stand for, so that a rule is written only once."""

from __future__ import annotations

_NOT = "do does did ca could would should is are was were have has had must need"

_SHORT = {
    "im": "i am", "ive": "i have", "youre": "you are", "theyre": "they are", "hes": "he is",
    "shes": "she is", "theres": "there is", "whats": "what is", "thats": "that is",
    "wanna": "want to", "wana": "want to", "gonna": "going to", "gunna": "going to",
    "gona": "going to", "gotta": "got to", "tryna": "trying to", "finna": "going to",
    "hafta": "have to", "dunno": "do not know", "dont": "do not", "dnt": "do not",
    "wont": "will not", "cannot": "can not", "cant": "can not", "cnt": "can not",
    "aint": "is not", "shant": "shall not", "couldnt": "could not", "wouldnt": "would not",
    "u": "you", "ur": "your", "r": "are", "2": "to", "4": "for", "cos": "because",
    "coz": "because", "cuz": "because", "bcos": "because", "bc": "because", "n": "and",
    "pls": "please", "plz": "please", "tmrw": "tomorrow", "tmw": "tomorrow", "tonite": "tonight",
    "sb": "somebody", "someones": "someone is", "rn": "right now", "bf": "boyfriend",
    "gf": "girlfriend", "anymore": "any more", "noone": "no one", "itll": "it will",
    "kms": "kill myself", "kysing": "kill myself", "ctb": "kill myself", "kmsing": "kill myself",
    "unalive": "kill", "unaliving": "killing", "unalived": "killed", "sewerslide": "suicide",
    "sewercide": "suicide",
    "suicidle": "suicidal", "suicidel": "suicidal",
    "myslef": "myself", "mysef": "myself", "meself": "myself",
    "mself": "myself", "mysel": "myself", "paracetemol": "paracetamol", "od": "overdose",
    "i'll": "i will", "i'd": "i would", "he'll": "he will", "she'll": "she will",
    "we'll": "we will", "he'd": "he would", "she'd": "she would", "they'd": "they would",
    "they'll": "they will", "it'll": "it will", "i'd've": "i would have", "id": "i would",
    "theyd": "they would", "itd": "it would", "wouldve": "would have", "everyones": "everyone is",
    "everybodys": "everybody is", "lifes": "life is", "husbands": "husband", "mums": "mum",
}  # fmt: skip


def _all() -> dict[str, tuple[str, ...]]:
    table = {short: tuple(long.split()) for short, long in _SHORT.items()}
    for verb in _NOT.split():
        whole = "can" if verb == "ca" else verb
        table.setdefault(f"{verb}nt", (whole, "not"))
    return table


TALK: dict[str, tuple[str, ...]] = _all()
