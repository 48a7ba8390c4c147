"""A drawing in another colour: the dominant family of hues of an SVG, moved to a named colour.

The colours of the fills, strokes and gradient stops are compared in OKLCH (Ottosson 2020, "A perceptual color space for
image processing"), with the area that each paints. The family is what lies near the hue that paints most, or, for
drawings that are mostly white, grey or black, near their lightness. With mean lightness L_0 and chroma C_0 of the
family, and the named colour (L_1, C_1, h_1), each of its colours moves to

    L' = L_1 + k (L - L_0),    C' = C_1 C / C_0,    h' = h_1 + (h - h_0) / 2

with k = 1 unless L' would leave [0.08, 0.97]. So shades stay shades. Everything else keeps its colour.

A drawing without one dominant family has no such variants, nor have those whose colour is their meaning.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from coloraide import Color
from jaxtyping import UInt8

from training.captions import BACKGROUNDS, noun, subject
from training.icons import Icon, concepts

HUES = 35.0  # degrees from the middle of a family to its ends
LIGHTNESS = 0.3  # the same for a family without a hue
NEUTRAL = 0.045  # the chroma below which a colour has no hue
DOMINANT = 0.35  # the least share of the painted area
APART = 0.14  # the least distance in OKLab between a drawing's colour and another one
ALIKE, CLEARER = 0.11, 1.5  # a drawing's own colour has a name if it is this near, and others this many times as far
_LIGHTEST, _DARKEST = 0.97, 0.08
_STRONGEST = 1.3  # times the chroma of the named colour
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}\b|#[0-9a-fA-F]{3}\b")
_FIRST_PERSON = "baby"  # of the group of skin tones; hands come before it


@dataclass(frozen=True)
class Family:
    """The dominant family of a drawing: its colours as in the SVG, and their mean (L, C, h in degrees)."""

    colours: Mapping[str, tuple[float, float, float]]
    lightness: float
    chroma: float
    hue: float

    def moved(self, name: str) -> dict[str, str]:
        """The new colour of each."""
        lightness, chroma, hue = oklch(_hex(name))
        highest = max(value[0] for value in self.colours.values()) - self.lightness
        lowest = self.lightness - min(value[0] for value in self.colours.values())
        up = min(1.0, max(0.0, _LIGHTEST - lightness) / max(highest, 1e-9))
        down = min(1.0, max(0.0, lightness - _DARKEST) / max(lowest, 1e-9))
        found = {}
        for colour, (l, c, h) in self.colours.items():
            shift = l - self.lightness
            share = min(_STRONGEST, c / self.chroma) if self.chroma > NEUTRAL else 1.0
            turn = _turn(h, self.hue) / 2 if self.chroma > NEUTRAL else 0.0
            new = Color("oklch", [lightness + (up if shift > 0 else down) * shift, chroma * share, hue + turn])
            found[colour] = new.convert("srgb").fit(method="oklch-chroma").to_string(hex=True)
        return found


def family(body: str, rgba: UInt8[np.ndarray, "h w 4"]) -> Family | None:
    """The dominant family of a drawing, from the body of its SVG and its pixels; None if there is no single one."""
    palette = sorted(set(_COLOUR.findall(body)))
    pixels = rgba[rgba[..., 3] > 128][:, :3].astype(float)
    if not palette or not len(pixels):
        return None
    rgb = np.array([Color(colour).convert("srgb").coords() for colour in palette]) * 255
    nearest = np.square(pixels[:, None] - rgb).sum(2).argmin(1)
    area = np.bincount(nearest, minlength=len(palette)) / len(pixels)
    values = {colour: oklch(colour) for colour in palette}
    areas = dict(zip(palette, area, strict=True))
    for members in (_of_one_hue(values, areas), _without_hue(values, areas)):
        if members and sum(areas[colour] for colour in members) >= DOMINANT:
            return _family({colour: values[colour] for colour in members}, areas)
    return None


def variants(icon: Icon, body: str, rgba: UInt8[np.ndarray, "h w 4"]) -> tuple[str | None, dict[str, str]]:
    """The name of the drawing's own colour, if it has one, and the body of the SVG in every other named colour."""
    found = family(body, rgba) if recolourable(icon) else None
    if found is None:
        return None, {}
    mean = Color("oklch", [found.lightness, found.chroma, found.hue])
    apart = {name: mean.distance(Color(_hex(name)), space="oklab") for name in BACKGROUNDS}
    own = min(apart, key=lambda name: apart[name])
    taken = {name for name in BACKGROUNDS if f"{name} {noun(icon.concept)}" in _subjects()}
    named = [name for name in BACKGROUNDS if name != own and name not in taken and apart[name] >= APART]
    bodies = {name: _COLOUR.sub(lambda one, to=found.moved(name): to.get(one[0], one[0]), body) for name in named}
    second = sorted(apart.values())[1]
    return (own if apart[own] <= ALIKE and second >= CLEARER * apart[own] else None), bodies


@cache
def fixed() -> frozenset[str]:
    """The concepts of `fixed_colours.txt`."""
    lines = Path(__file__).with_name("fixed_colours.txt").read_text().splitlines()
    return frozenset(word for line in lines if not line.startswith("#") for word in line.split())


def recolourable(icon: Icon) -> bool:
    """Whether the colour of an icon may be another one; hearts and the like come in other colours by themselves."""
    group = concepts()[icon.concept]
    names = list(concepts())
    if icon.tone or icon.concept in fixed() or group == "people" or "flag" in icon.concept:
        return False
    if group == "colours":
        return icon.concept.startswith("red-") or icon.concept in ("closed-book", "large-orange-diamond")
    return group != "tones" or names.index(icon.concept) < names.index(_FIRST_PERSON)


@cache
def oklch(colour: str) -> tuple[float, float, float]:
    """Lightness in [0, 1], chroma and hue in degrees of an sRGB colour."""
    lightness, chroma, hue = Color(colour).convert("oklch").coords()
    return lightness, chroma, 0.0 if math.isnan(hue) else hue


def _hex(name: str) -> str:
    return "#" + bytes(BACKGROUNDS[name]).hex()


@cache
def _subjects() -> frozenset[str]:
    return frozenset(map(subject, concepts()))


def _turn(hue: float, origin: float) -> float:
    """The way from one hue to the other, in (-180, 180] degrees."""
    return (hue - origin + 180) % 360 - 180


Colours = Mapping[str, tuple[float, float, float]]


def _of_one_hue(values: Colours, areas: Mapping[str, float]) -> list[str]:
    """The colours near the hue whose neighbours paint most."""
    hued = [colour for colour, (_, chroma, _) in values.items() if chroma > NEUTRAL]
    near = {one: [other for other in hued if abs(_turn(values[other][2], values[one][2])) <= HUES] for one in hued}
    return max(near.values(), key=lambda colours: sum(areas[colour] for colour in colours), default=[])


def _without_hue(values: Colours, areas: Mapping[str, float]) -> list[str]:
    """The colours without hue near the lightness that paints most."""
    plain = [colour for colour, (_, chroma, _) in values.items() if chroma <= NEUTRAL]
    near = {one: [other for other in plain if abs(values[other][0] - values[one][0]) <= LIGHTNESS] for one in plain}
    return max(near.values(), key=lambda colours: sum(areas[colour] for colour in colours), default=[])


def _family(colours: Colours, areas: Mapping[str, float]) -> Family:
    weights = {colour: areas[colour] + 1e-6 for colour in colours}
    total = sum(weights.values())
    means = [sum(weights[colour] * value[axis] for colour, value in colours.items()) / total for axis in (0, 1)]
    angles = {colour: math.radians(value[2]) for colour, value in colours.items()}
    x, y = (sum(weights[colour] * way(angle) for colour, angle in angles.items()) for way in (math.cos, math.sin))
    return Family(colours, means[0], means[1], math.degrees(math.atan2(y, x)))
