"""The words of a prompt in any script."""

import unicodedata

from potstill.priors.emoji_names import with_names

ARTICLES = ("a", "an", "the")
DROPPED = (*ARTICLES, "to", "that", "which", "is", "in", "colour", "color", "coloured", "colored")
"""Words that a tokenizer of words leaves out."""
_APOSTROPHES = str.maketrans("", "", "'\u2019")  # as the tokenizer has it: woman's is womans


def written(prompt: str) -> list[str]:
    """The words of a prompt in any script, without case, articles and punctuation.

    Emoji have the names of the drawings, letters their usual width; what no drawing stands for is a word of its own.
    """
    text = unicodedata.normalize("NFKC", with_names(prompt)).lower().translate(_APOSTROPHES)
    kinds = [(letter, unicodedata.category(letter)) for letter in text]
    letters = (  # of a word: letters, marks, digits, and symbols such as emoji
        letter if kind[0] in "LMN" or (kind in ("So", "Sk") and not letter.isascii()) else " "
        for letter, kind in kinds
        if kind != "Cf"
    )
    return [word for word in "".join(letters).split() if word not in ARTICLES]


def split(prompt: str) -> list[str]:
    """The words of a prompt as a tokenizer of words has them: without those that say nothing, such as "is"."""
    return [word for word in written(prompt) if word not in DROPPED]


def without_accents(word: str) -> str:
    """The word in plain letters; Hangul stays as it is."""
    letters = unicodedata.normalize("NFKD", word)
    plain = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return unicodedata.normalize("NFC", plain) if letters != word else word
