"""Pairs that compose what the model has learned apart: any object in any colour, at any place, beside another.

| group | what must change | what must stay |
|---|---|---|
| recolour | the colour of an object that has a colour of its own | its shape, the background |
| place | where a small or medium emoji is | the emoji, the background |
| size | the size of an emoji, in the middle | the emoji, the background |
| two | the colour or the kind of one of two things | the other thing, the background |
| both | the colour of an object and the background | its shape |

Everything follows from the hash of a pair's name, as in `pairs`.
"""

from collections.abc import Iterator
from dataclasses import replace

from training.captions import BACKGROUNDS, PLACES, RELATIONS, SIZES, Picture, Thing, caption, noun, subject
from training.change import Change
from training.compose import backgrounds, known
from training.data import Drawings
from training.heldout import heldout
from training.icons import Icon
from training.model import TOKENS, build_tokenizer

COUNTS = {  # seen, held-out
    "recolour": (30, 40),
    "place": (15, 25),
    "size": (15, 15),
    "two": (20, 30),
    "both": (20, 30),
}
_PARTNERS = 6  # things beside each icon that are tried


def composed(drawings: Drawings) -> Iterator[Change]:
    """All pairs whose source is not held out, and whose captions the model reads to their end."""
    tokenizer = build_tokenizer()
    for change in _all(drawings):
        ends = (change.source, change.answer)
        if change.source not in heldout() and all(len(tokenizer(caption(end)).input_ids) <= TOKENS for end in ends):
            yield change


def _all(drawings: Drawings) -> Iterator[Change]:
    plain = [icon for icon in known() if not icon.tone]
    variants = [thing for thing in drawings.places if thing.colour and not thing.icon.tone and thing.icon in plain]
    for thing in variants:
        source = Picture(thing.icon, colour=None)
        yield _behind(Change("recolour", source, replace(source, colour=thing.colour)), drawings)
        yield _behind(Change("both", source, replace(source, colour=thing.colour)), drawings, two=True)
    for icon in plain:
        for place in PLACES:
            moved = Picture(
                icon, place=place, size=tuple(SIZES)[Change("place", Picture(icon), Picture(icon)).order[0] % 2]
            )
            for origin in PLACES:
                if origin != place:
                    yield _behind(Change("place", replace(moved, place=origin), moved), drawings)
        for size in SIZES:
            yield _behind(Change("size", Picture(icon), Picture(icon, place="middle", size=size)), drawings)
        yield from _two(icon, plain, drawings)


def _two(icon: Icon, plain: list[Icon], drawings: Drawings) -> Iterator[Change]:
    """An icon beside some others in its style: the colour of one changes, or what one is."""
    alike = [other for other in plain if other.style == icon.style and other.concept != icon.concept]
    for part in range(_PARTNERS):
        seed = Change(f"two {part}", Picture(icon), Picture(icon))
        others = [alike[int.from_bytes(seed.order[at : at + 4], "big") % len(alike)] for at in (0, 4)]
        relation = tuple(RELATIONS)[seed.choose(len(RELATIONS), 8)]
        source = Picture(icon, relation=relation, other=Thing(others[0]))
        if others[1].concept != others[0].concept:
            yield _behind(Change("two", source, replace(source, other=Thing(others[1]))), drawings)
        for changed in source.things:
            if colours := _other_colours(changed.icon, drawings):
                colour = colours[seed.choose(len(colours), 9)]
                answer = (
                    replace(source, colour=colour)
                    if changed.icon == icon
                    else replace(source, other=Thing(changed.icon, colour))
                )
                yield _behind(Change("two", source, answer), drawings)


def _other_colours(icon: Icon, drawings: Drawings) -> list[str]:
    return [colour for colour in BACKGROUNDS if Thing(icon, colour) in drawings.places]


def _behind(change: Change, drawings: Drawings, two: bool = False) -> Change:
    """The pair on backgrounds that neither end has as its own colour, with the drawing's own colour named."""
    things = (*change.source.things, *change.answer.things)
    taken = {
        word
        for thing in things
        for word in (thing.colour, drawings.own.get(thing.icon), *subject(thing.icon.concept).split())
    }
    usual = [colour for colour in ("white", *backgrounds(change.source.icon.concept)) if colour not in taken]
    before = usual[change.choose(len(usual), 0)]
    free = [colour for colour in BACKGROUNDS if colour not in taken and colour != before]
    after = free[change.choose(len(free), 1)] if two else before
    return replace(
        change, source=replace(change.source, background=before), answer=replace(change.answer, background=after)
    )


def prompts(change: Change, drawings: Drawings) -> tuple[str, str]:
    """The captions of both ends; where a colour changes that the source has by itself, the source's names it."""
    source = change.source
    if source.colour != change.answer.colour and noun(source.icon.concept) == subject(source.icon.concept):
        source = replace(source, colour=drawings.own.get(source.icon))
    if source.other and change.answer.other and source.other.icon == change.answer.other.icon:
        other = source.other
        if other.colour != change.answer.other.colour and noun(other.icon.concept) == subject(other.icon.concept):
            source = replace(source, other=replace(other, colour=drawings.own.get(other.icon)))
    return caption(source), caption(change.answer)
