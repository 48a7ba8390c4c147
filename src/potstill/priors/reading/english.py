"""English: the words of a caption's parts, and how a phrase is found among them."""

from collections.abc import Iterator, Sequence
from functools import cache
from itertools import product

from potstill.priors.reading.lexicon import Item, Lexicon, entries, item, parsed, things

_WORDS = """
c white: ivory
c grey: gray, ~silver
c black: ~jet black
c red: ~crimson, ~scarlet, ~ruby, ~maroon, ~dark red, ~light red, ~bright red
c orange: ~amber, ~dark orange, ~light orange
c yellow: ~gold, ~golden, ~light yellow, ~bright yellow
c green: ~emerald, ~olive, ~dark green, ~light green, ~lime green
c turquoise: cyan, teal, aqua, aquamarine
c blue: ~navy, ~navy blue, ~azure, ~dark blue, ~light blue, ~sky blue, ~bright blue, ~royal blue
c purple: violet, ~lilac, ~lavender, ~mauve, ~magenta, ~indigo, ~dark purple, ~light purple
c pink: rosy, ~rose coloured, ~rose colored, ~fuchsia, ~hot pink, ~light pink, ~dark pink
c brown: ~beige, ~tan, ~chestnut, ~dark brown, ~light brown
s small: tiny, little, mini, miniature, small sized, half size, half sized
s medium: medium sized, mid sized, middle sized, medium size
s big: large, huge, giant, enormous, big sized, large sized
y fluent: fluent style, in style of fluent, in fluent style, fluent emoji, ~microsoft, ~microsoft style
y noto: noto style, in style of noto, in noto style, noto emoji, ~google, ~google style
k background: background is, background of, background in, whose background is, with background of, backdrop of
b background: backdrop, bg, backgrounds, ~wall
o on: against, in front of, before, onto
o with: having, has, and with
i : in, inside, within
a : at, to, towards, aligned
r left of: left side of, leftwards of
r right of: right side of, rightwards of
r above: over, atop, on top of, ~standing on, ~sitting on
r below: under, beneath, underneath, ~bottom of
d and: beside, next to, alongside, together with, ~near, ~by, ~holding, ~carrying, ~wearing
g : that, that is, which, which is, is, its, it, there is, whose colour is, whose color is, colour, color, of
g : coloured, colored, of colour, of color, in colour, in color, picture of, image of, icon of, emoji of, emoji
g : drawing of, of picture, of image, side by side, placed, located, please
"""
_TONES = ("light", "medium light", "medium", "medium dark", "dark")
_PLACES = {
    "middle": ("middle", "centre", "center"),
    "left": ("left", "left side", "left hand side", "left edge", "far left"),
    "right": ("right", "right side", "right hand side", "right edge", "far right"),
    "top": ("top", "top side", "top edge", "very top", "upper side", "upper edge"),
    "bottom": ("bottom", "bottom side", "bottom edge", "very bottom", "lower side", "lower edge"),
}
_UPRIGHT = {"top": ("top", "upper"), "bottom": ("bottom", "lower")}
_CORNER = ("", " corner", " side", " edge", " hand corner", " part")
_OF = ("", " of image", " of picture", " of canvas", " of frame", " of it")
_SINGULAR = (("ies", "y"), ("ves", "f"), ("es", ""), ("s", ""))
_LONGEST = 8  # words of a phrase


@cache
def lexicon() -> Lexicon:
    """All phrases."""
    names = entries("n", {thing: (thing, *said) for thing, said in things("en").items()})
    return {**parsed(_WORDS), **_places(), **_skin(), **names}


def match(tokens: Sequence[str]) -> tuple[int, Item]:
    """The longest phrase at the beginning of the words, in the plural if need be: its length, and what it is."""
    length, found = _longest(tokens)
    colour = item(lexicon(), tokens[0]) if length > 1 else None
    if colour and colour.kind == "c" and _longest(tokens[1:])[0] >= length:
        return 1, colour  # black, heart on fire
    return length, found


def _longest(tokens: Sequence[str]) -> tuple[int, Item]:
    known = lexicon()
    for length in range(min(_LONGEST, len(tokens)), 0, -1):
        phrase = " ".join(tokens[:length])
        if found := item(known, phrase):
            return length, found
        for singular in _singulars(phrase) if tokens[length - 1] not in known else ():
            if (found := item(known, singular)) and found.kind == "n":
                return length, found._replace(said=phrase, near=True)
    return 1, Item("w", tokens[0], tokens[0])


def _singulars(phrase: str) -> Iterator[str]:
    for ending, single in _SINGULAR:
        if phrase.endswith(ending) and len(phrase) > len(ending) + 2:
            yield phrase.removesuffix(ending) + single


def _places() -> Lexicon:
    """Places without their preposition; a lone "left" has its own kind."""
    corners = {
        f"{upright} {across}": [f"{one} {across}{end}" for one in _UPRIGHT[upright] for end in _CORNER]
        for upright, across in product(_UPRIGHT, ("left", "right"))
    }
    found = entries("p", {"middle": ("centred", "centered", "centrally")})
    for words, cores in {**_PLACES, **corners}.items():
        found.update(entries("p", {words: [f"{core}{of}" for core in cores for of in _OF]}))
    return found | entries("q", {words: (words,) for words in _PLACES})


def _skin() -> Lexicon:
    """Skin tones."""
    forms = (
        "{} skin",
        "{} skin tone",
        "{} skinned",
        "with {} skin",
        "with {} skin tone",
        "of {} skin",
        "and {} skin",
        "{} tone skin",
    )
    return entries("t", {f"{tone} skin": [form.format(tone) for form in forms] for tone in _TONES})
