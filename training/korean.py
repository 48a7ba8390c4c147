"""Korean captions of pictures, for the measures of a model that reads Korean by rule (`potstill.priors.reading`).

파란 배경의 왼쪽 위에 있는 작은 빨간 사과        small red apple at the top left on a blue background
빨간 배경에서 노란 별 왼쪽에 있는 자동차         car to the left of a yellow star on a red background
"""

from functools import cache

from potstill.priors.reading.korean import ends_in_consonant
from potstill.priors.reading.lexicon import NEAR, things
from potstill.priors.reading.words import written
from training.captions import Picture, Thing, noun, subject

COLOURS = {
    "white": "하얀",
    "grey": "회색",
    "black": "검은",
    "red": "빨간",
    "orange": "주황색",
    "yellow": "노란",
    "green": "초록색",
    "turquoise": "청록색",
    "blue": "파란",
    "purple": "보라색",
    "pink": "분홍색",
    "brown": "갈색",
}
PLACES = {
    "middle": "가운데",
    "left": "왼쪽",
    "right": "오른쪽",
    "top": "위쪽",
    "bottom": "아래쪽",
    "top left": "왼쪽 위",
    "top right": "오른쪽 위",
    "bottom left": "왼쪽 아래",
    "bottom right": "오른쪽 아래",
}
SIZES = {"small": "작은", "medium": "중간 크기의"}
RELATIONS = {"left": "왼쪽", "right": "오른쪽", "above": "위", "below": "아래"}
TONES = {
    "light": "밝은",
    "medium-light": "약간 밝은",
    "medium": "중간 톤",
    "medium-dark": "약간 어두운",
    "dark": "어두운",
}
STYLES = {"fluent": "플루언트", "noto": "노토"}


def caption(picture: Picture, *, style: bool = True, background: bool = True) -> str:
    """The caption of a picture, with or without the style and the background.

    Raises:
        ValueError: a background that is not white is left out.
    """
    if not background and picture.background != "white":
        raise ValueError(f"the background {picture.background} must be named: only white may be omitted")
    other = named(picture.other) if picture.other and picture.relation else ""
    said = [
        f"{STYLES[picture.icon.style]} 스타일로," if style else "",
        f"{COLOURS[picture.background]} 배경{'에서' if other else '의'}" if background else "",
        f"{other} {RELATIONS[picture.relation]}에 있는" if other and picture.relation else "",
        f"{PLACES[picture.place]}에 있는 {SIZES[picture.size]}" if picture.place else "",
        named(picture.things[0]),
    ]
    return " ".join(part for part in said if part)


def sentence(picture: Picture) -> str:
    """The same as a sentence: 작은 빨간 사과가 파란 배경의 왼쪽 위에 있다."""
    thing = named(picture.things[0])
    if picture.place:
        thing = f"{SIZES[picture.size]} {thing}"
    where = PLACES[picture.place] if picture.place else ""
    if picture.other and picture.relation:
        where = f"{named(picture.other)} {RELATIONS[picture.relation]}"
    behind = f"{COLOURS[picture.background]} 배경"
    return f"{josa(thing, '이', '가')} {behind + '에서' if where else behind} {where or '위'}에 있다"


def together(picture: Picture) -> str:
    """Two things side by side, the left one first: 파란 배경의 사과와 자동차."""
    one, other = picture.things
    return f"{COLOURS[picture.background]} 배경의 {josa(named(one), '과', '와')} {named(other)}"


def named(thing: Thing) -> str:
    """The name of a thing in its colour, or with its skin tone."""
    icon = thing.icon
    if thing.colour:
        return f"{COLOURS[thing.colour]} {_names()[_plain(noun(icon.concept))]}"
    name, colour = _plain(subject(icon.concept)), _plain(subject(icon.concept)).partition(" ")[0]
    said = f"{COLOURS[colour]} {_names()[_plain(noun(icon.concept))]}" if colour in COLOURS else _names()[name]
    return f"{TONES[icon.tone]} 피부의 {said}" if icon.tone else said


def josa(word: str, closed: str, opened: str) -> str:
    """The word with the particle that fits its last syllable: 밥과, 사과와."""
    return word + (closed if ends_in_consonant(word) else opened)


@cache
def _names() -> dict[str, str]:
    """The usual Korean name of each thing."""
    return {name: said[0].removeprefix(NEAR) for name, said in things("ko").items() if said}


def _plain(name: str) -> str:
    return " ".join(written(name))
