"""What captions say of the toys: which parts bear the colour of the whole, which have a name, which can be missing.

One line for each kind of `kinds.KINDS`:

    snowman=white: snow | hat?=red scarf?=red nose? arms?

A snowman is white unless a caption says otherwise; the part "snow" bears the colour of the whole, besides all parts
that `kinds` paints in the main colour. Behind the bar stand the words for parts. `lid+knob` is one word, "lid", for two
parts; `?` marks what can be missing, `=red` the colour of a part in the main colour that does not follow the whole, and
`hat^head` what is not there unless a caption says so, and then sits on the head.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

_TABLE = """
teapot: | lid+knob? handle? spout foot
mug: | handle? stripe? cocoa?
chair=brown: legs seat | seat+cushion back legs
lamp: | foot+stem cord?
house: walls | roof=red door windows+side_windows chimney?
cactus=green: stem arms | pot=orange flower?
cake: | icing? candle+flame? cherries?
snowman=white: snow | hat?=red scarf?=red nose? arms?
duck=yellow: | beak wings hat^head
owl=brown: | wings breast beak eyes hat^body
cat=orange: | bib? muzzle hat^head
bear=brown: | tummy? muzzle hat^head
robot=grey: | eyes panel? aerial+light? feet
penguin=black: body | cap+bobble?=red beak feet front
mushroom=red: | spots? stem
rocket=white: hull | nose=red fins=red belt=red flame? window+glass?
tree=green: | baubles? star? trunk
car: | cabin tyres hubs lamps
boat: | sails? flag? mast
table=brown: | drawer+knob? legs
umbrella: | handle ribs? stick
drum: | sticks? skin rims cords?
clock: | bells? face hands feet
television: | screen aerial? knobs? legs
guitar=brown: | neck+head strings? hole
gift: | ribbon bow? lid
bucket: | sand? handle? spade? rim
candle=white: | flame? dish+ring
ice cream=pink: | cherry? wafer? cone
hamburger=orange: | lettuce cheese? tomato seeds?
apple=red: | leaf? stem
pumpkin=orange: | face? stem
fish=orange: | stripes? fins tail
rabbit=white: | ears tail nose hat^head
pig=pink: | snout ears tail? hat^head
snail=brown: | spiral? body+horns
turtle=green: head legs tail | shell=brown spots? hat^head
elephant=grey: | tusks? ears trunk hat^head
bee=yellow: | wings? stripes head
ghost=white: | hat? eyes mouth?
train: | wheels funnel roof windows cab
plane: | wings tail propeller? cockpit
lighthouse=red: | roof lamp door tower
castle=grey: walls towers | roofs=red flags? gate
windmill: | sails roof door windows
"""
MASS = ("cocoa", "icing", "sand", "lettuce", "cheese", "feet")
"""Words without an article, besides those that end in s."""


@dataclass(frozen=True)
class Word:
    """A word for one part or several."""

    name: str
    parts: tuple[str, ...]
    optional: bool = False
    """Whether the parts can be missing; what sits on something is missing by default."""
    colour: str | None = None
    """The usual colour, if it is not that of the part itself."""
    on: str | None = None
    """The part on which it sits."""

    @property
    def phrase(self) -> str:
        """With its article: "a hat", "wings"."""
        plural = self.name.endswith("s") or self.name in MASS
        return self.name if plural else f"{'an' if self.name[0] in 'aeiou' else 'a'} {self.name}"


@dataclass(frozen=True)
class Named:
    """What captions say of a kind."""

    natural: str | None
    """The colour that needs no word."""
    body: tuple[str, ...]
    """The parts in the colour of the whole, besides those in the main colour."""
    words: Mapping[str, Word]


@cache
def named() -> dict[str, Named]:
    """Of every kind, in the order of the table."""
    return dict(_line(line) for line in _TABLE.strip().splitlines())


def _line(line: str) -> tuple[str, Named]:
    head, _, rest = line.partition(":")
    kind, _, natural = head.partition("=")
    body, _, words = rest.partition("|")
    found = [_word(text) for text in words.split()]
    return kind, Named(natural or None, tuple(body.split()), {word.name: word for word in found})


def _word(text: str) -> Word:
    parts, optional, on, colour = re.fullmatch(r"([\w+]+)(\??)(?:\^(\w+))?(?:=(\w+))?", text).groups()  # type: ignore[union-attr]
    names = tuple(part.replace("_", " ") for part in parts.split("+"))
    return Word(names[0], names, bool(optional or on), colour, on)


def vocabulary() -> list[str]:
    """Every word of a caption that names a kind or a part, sorted."""
    return sorted({word for kind, about in named().items() for word in [*kind.split(), *about.words]})
