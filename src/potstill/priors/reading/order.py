"""The order of a caption: its parts, in whatever order they are said, as the captions of the training have them.

[style] [size] [colour] thing [skin tone] [at place] [on colour background]
[style] [colour] thing (left of | right of | above | below | and) [colour] thing [on colour background]
"""

import re
from collections.abc import Sequence

from potstill.priors.reading.lexicon import Item

Items = list[Item]
_UPRIGHT, _ACROSS = ("top", "bottom"), ("left", "right")
_RELATIONS = {"left": "left of", "right": "right of", "top": "above", "bottom": "below"}


def arranged(items: Sequence[Item], korean: bool = False) -> Items:
    """The parts in the order of a caption. The middle is no place: a thing is there unless it is elsewhere.

    Args:
        items: the parts as said.
        korean: a place between two things is a relation: 사과 왼쪽의 자동차 is a car to the left of an apple.
    """
    rest = _placed([item for item in items if item.kind != "g"])
    if _kinds(rest) == "c" and rest[0].words == "orange":
        rest = [Item("n", "tangerine", rest[0].said, near=True)]
    styles = _taken(rest, "y")
    background = _taken(rest, "[or]*(c)b|k(c)|b(c)(?![nswt])|o(c)(?![cnswtb])", first=True)
    first, relation, second, rest = _related(rest, korean)
    places = _taken(rest, "p") if not relation else []
    said = [*_thing(first), *relation, *_thing(second), *_thing(rest)]
    places = _joined(places) + [item for item in said if item.kind == "p"]
    place = [each for item in places if item.words != "middle" for each in (Item("o", "at"), item)]
    behind = [Item("o", "on"), *background, Item("b", "background")] if background else []
    return [*styles, *[item for item in said if item.kind != "p"], *place, *behind]


def _kinds(items: Sequence[Item]) -> str:
    return "".join(item.kind for item in items)


def _taken(items: Items, pattern: str, first: bool = False) -> Items:
    """Removes what matches, once or everywhere; the groups of the pattern, or all of it, are the answer."""
    found: Items = []
    while match := re.search(pattern, _kinds(items)):
        spans = [span for span in match.regs[1:] if span != (-1, -1)] or [match.span()]
        found += [item for start, end in spans for item in items[start:end]]
        del items[slice(*match.span())]
        if first:
            break
    return found


def _placed(items: Items) -> Items:
    """Places without their prepositions. Beside a thing they need none; "hand pointing right" holds no place."""
    kinds = _kinds(items)
    found: Items = []
    for at, item in enumerate(items):
        before, after = kinds[max(0, at - 1) : at], kinds[at + 1 : at + 2]
        free = before in ("n", "c", "t", ",") and after != "w"
        leading = not kinds[:at].strip("syp,") and after in ("s", "c", "n")
        if item.kind == "q":
            item = item._replace(kind="p" if before in ("o", "i", "a", "p") or free or leading else "w")
        if item.kind in "pr" and found and found[-1].kind in "oia":
            found.pop()
        found.append(item)
    return [item for item in found if item.kind != "a"]


def _related(items: Items, korean: bool) -> tuple[Items, Items, Items, Items]:
    """The first thing, the relation and the second thing, and what is left: all of it without a relation."""
    kinds = _kinds(items)
    if kinds.count("n") != 2:
        return [], [], [], items
    first, last = kinds.index("n"), kinds.rindex("n")
    begin = _start(kinds, last)
    places = [item for item in items if item.kind == "p"]
    if len(places) == 2 and (relation := _opposite(*places)):  # "an apple on the left and a car on the right"
        one, other = ([item for item in half if item.kind not in "pd"] for half in (items[:begin], items[begin:]))
        return one, [relation], other, []
    if korean and re.search(r"n[^d,]*np$", kinds) and (relation := _relation(items[-1])):  # 자동차가 사과 왼쪽에 있다
        return items[:begin], [relation], items[begin:-1], []
    joining = "rdoip" if korean else "rdoi"
    between = next((at for of_kind in (joining, ",") for at in range(first, last) if kinds[at] in of_kind), None)
    if between is None:
        if match := re.match(r"[^n]*r", kinds):  # "left of the car is an apple"
            at = match.end() - 1
            return items[begin:], [items[at]], [*items[:at], *items[at + 1 : begin]], []
        return [], [], [], items
    relation = items[between]
    if relation.kind == "p":
        found = _relation(relation)  # 사과 왼쪽에 있는 자동차
        return (items[between + 1 :], [found], items[:between], []) if found else ([], [], [], items)
    if relation.kind in "oi":
        relation = relation._replace(words="above" if relation.words == "on" else "and", near=True)
    return items[:between], [relation if relation.kind != "," else Item("d", "and")], items[between + 1 :], []


def _start(kinds: str, thing: int) -> int:
    """Where the words that belong to a thing begin."""
    while thing and kinds[thing - 1] in "sctw":
        thing -= 1
    return thing


def _relation(place: Item) -> Item | None:
    """The relation that a place between two things stands for; of "top left" only the second part is kept."""
    if len(places := place.words.split()) == 2:
        return place._replace(kind="r", words=_RELATIONS[places[1]], near=True)
    return place._replace(kind="r", words=_RELATIONS[place.words]) if place.words in _RELATIONS else None


def _opposite(one: Item, other: Item) -> Item | None:
    """How a thing at one place is to another at the other: "left of" for left and right."""
    for ends in (_ACROSS, _UPRIGHT):
        here, there = (set(ends) & set(item.words.split()) for item in (one, other))
        if here and there and here != there:
            return _relation(one._replace(words=here.pop(), near=" " in one.words + other.words))
    return None


def _thing(items: Sequence[Item]) -> Items:
    """Sizes, colours, the thing and its skin tone; the words between stay where they are."""
    kinds = _kinds(items)
    said = [item for item in items if item.kind not in ",jk"]
    if set(kinds) & set("odr"):
        return said
    late = [item for item in items[kinds.rfind("n") + 1 :] if item.kind == "c"] if "n" in kinds else []
    first = [item for item in said if item.kind == "s"] + late
    last = [item for item in said if item.kind == "t"]
    return [*first, *[item for item in said if not any(item is each for each in first + last)], *last]


def _joined(places: Items) -> Items:
    """One place from "at the top" and "on the left"."""
    upright = [item for item in places if item.words.split()[0] in _UPRIGHT]
    across = [item for item in places if item.words.split()[-1] in _ACROSS]
    if len(places) == 2 and len(upright) == len(across) == 1 and upright[0] is not across[0]:
        places = [upright[0]._replace(words=f"{upright[0].words} {across[0].words}")]
    return places
