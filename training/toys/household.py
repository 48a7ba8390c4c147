"""Toys of the house: teapot, mug, chair, lamp, house, cactus, cake."""

from training.toys.parts import Part, Proportions, Toy
from training.toys.surfaces import ball, box, cylinder, joined, lathe, prism, ring, tube


def teapot(p: Proportions) -> Toy:
    """A round pot, with its spout to its left."""
    wide, tall, spout, loop = p("wide", 0.85, 1.08), p("tall", 0.85, 1.15), p("spout", 0.8, 1.25), p("loop", 0.85, 1.2)
    body = lathe((0, 0), (0.55, 0.02), (0.9, 0.35), (0.93, 0.6), (0.7, 0.95), (0.5, 1.05)).scaled(wide, wide, tall)
    top, rim = 1.05 * tall, 0.5 * wide
    lid = lathe((rim + 0.08, top - 0.02), (rim + 0.05, top + 0.06), (0.3, top + 0.16), (0, top + 0.2))
    start = (0.75 * wide, 0.0, 0.4 * tall)
    bend, tip = (1.1 * wide, 0.0, 0.6 * tall), (1.0 * wide + 0.42 * spout, 0.0, 0.55 * tall + 0.5 * spout)
    back = -0.8 * wide
    handle = [(back, 0.0, 0.3 * tall), (back - 0.5 * loop, 0.0, 0.42 * tall), (back - 0.45 * loop, 0.0, 0.85 * tall)]
    return [
        Part("body", body),
        Part("spout", tube([start, bend, tip], [0.24, 0.15, 0.09])),
        Part("handle", tube([*handle, (back + 0.12, 0.0, 0.88 * tall)], [0.085] * 4)),
        Part("lid", lid),
        Part("knob", ball(0.13).at(z=top + 0.29), "yellow"),
        Part("foot", ring(0.52 * wide, 0.07).at(z=0.03), "yellow"),
    ]


def mug(p: Proportions) -> Toy:
    """A cup with a handle to its left, cocoa inside and a stripe."""
    tall, wide, loop = p("tall", 1.1, 1.55), p("wide", 0.55, 0.72), p("loop", 0.28, 0.42)
    flare = p("flare", 0.0, 0.12)
    w, top = wide, wide + flare
    wall = lathe((0, 0), (w - 0.06, 0), (w, 0.06), (top, tall), edges=True)
    inside = lathe((top - 0.1, tall), (w - 0.1, 0.1), edges=True)
    stripe = lathe((w + flare * 0.22 + 0.012, 0.22 * tall), (w + flare * 0.42 + 0.012, 0.42 * tall), edges=True)
    high, low, out = 0.78 * tall, 0.24 * tall, w + flare / 2
    handle = [
        (out - 0.05, 0.0, high),
        (out + loop, 0.0, high - 0.05),
        (out + loop, 0.0, low + 0.12),
        (out - 0.05, 0.0, low),
    ]
    return [
        Part("wall", wall + inside + ring(top - 0.05, 0.05).at(z=tall)),
        Part("handle", tube(handle, [0.085] * 4)),
        Part("stripe", stripe, "white"),
        Part("cocoa", cylinder(top - 0.09, 0.02).at(z=0.86 * tall), "brown"),
    ]


def chair(p: Proportions) -> Toy:
    """Four legs, a seat and a back, with a cushion."""
    wide, high, back, deep = p("wide", 0.9, 1.2), p("high", 0.6, 0.95), p("back", 0.8, 1.25), p("deep", 0.85, 1.1)
    x, y = wide / 2 - 0.09, deep / 2 - 0.09
    legs = joined([box(0.15, 0.15, high).at(i * x, j * y, high / 2) for i in (-1, 1) for j in (-1, 1)])
    slats = joined([box(wide - 0.2, 0.08, 0.17 * back).at(0, y, high + back * z) for z in (0.42, 0.68, 0.94)])
    posts = box(0.14, 0.14, 1.1 * back).at(x, y, high + 0.55 * back).both()
    return [
        Part("legs", legs + posts, "brown"),
        Part("seat", box(wide, deep, 0.14).at(z=high + 0.05), "brown"),
        Part("back", slats),
        Part("cushion", box(wide - 0.12, deep - 0.2, 0.18, 0.09).at(0, -0.06, high + 0.2)),
    ]


def lamp(p: Proportions) -> Toy:
    """A table lamp: a shade with a rim, a bulb, a stem, a foot and a cord to pull on its left."""
    high, wide, tall, narrow = p("high", 0.85, 1.2), p("wide", 0.6, 0.8), p("tall", 0.6, 0.85), p("narrow", 0.45, 0.7)
    top = wide * narrow
    shade = lathe((wide, high), (top, high + tall), edges=True)
    inner = lathe((top - 0.03, high + tall), (wide - 0.03, high), edges=True)
    cord = tube([(0.32, 0, high + 0.1), (0.32, 0, high - 0.3)], [0.02, 0.02]) + ball(0.06).at(0.32, 0, high - 0.34)
    return [
        Part("shade", shade + inner + ring(wide - 0.015, 0.03).at(z=high) + ring(top - 0.015, 0.03).at(z=high + tall)),
        Part("bulb", ball(0.2, 1.2).at(z=high + 0.22), "yellow"),
        Part(
            "stem", lathe((0.1, 0.1), (0.06, 0.4), (0.13, 0.55 * high), (0.05, 0.8 * high), (0.05, high + 0.2)), "grey"
        ),
        Part("foot", lathe((0, 0), (0.42, 0), (0.45, 0.06), (0.12, 0.16), (0, 0.17)), "grey"),
        Part("cord", cord, "black"),
    ]


def house(p: Proportions) -> Toy:
    """Walls, a roof, a door and windows in front, and a chimney on its left."""
    wide, deep, high, roof = p("wide", 1.1, 1.4), p("deep", 0.9, 1.2), p("high", 0.7, 0.95), p("roof", 0.5, 0.85)
    out, front = wide / 2 + 0.16, -deep / 2
    slope = prism([(-out, high - 0.06), (out, high - 0.06), (0, high + roof)], deep + 0.2)
    pane = box(0.24, 0.06, 0.24, 0.02)
    return [
        Part("walls", box(wide, deep, high, 0.03).at(z=high / 2), "white"),
        Part("roof", slope),
        Part("door", box(0.28, 0.08, 0.5, 0.02).at(0, front, 0.25), "brown"),
        Part("windows", pane.at(wide / 2 - 0.2, front, 0.58 * high).both(), "blue"),
        Part("side windows", pane.turned("z", 90).at(wide / 2, 0, 0.5 * high).both(), "blue"),
        Part("chimney", box(0.2, 0.2, 0.5, 0.03).at(0.55 * out, 0.15 * deep, high + 0.5 * roof), "grey"),
    ]


def cactus(p: Proportions) -> Toy:
    """A cactus with two arms and a flower, in a pot of the stated colour."""
    tall, arm, wide = p("tall", 0.9, 1.25), p("arm", 0.35, 0.6), p("wide", 0.42, 0.55)
    left = tube([(0.1, 0, 0.75), (0.5, 0, 0.8), (0.52, 0, 0.85 + arm)], [0.14, 0.14, 0.13])
    right = tube([(-0.1, 0, 0.95), (-0.45, 0, 1.0), (-0.46, 0, 1.0 + 0.7 * arm)], [0.12, 0.12, 0.11])
    pot = lathe((0, 0), (wide - 0.12, 0), (wide, 0.45), edges=True)
    rim = lathe(
        (wide - 0.02, 0.38), (wide + 0.08, 0.38), (wide + 0.08, 0.55), (wide - 0.04, 0.55), (0, 0.5), edges=True
    )
    return [
        Part("stem", tube([(0, 0, 0.4), (0, 0, 0.4 + tall)], [0.27, 0.25]), "green"),
        Part("arms", left + right, "green"),
        Part("flower", ball(0.15, 0.7).at(0, 0, 0.68 + tall), "pink"),
        Part("pot", pot + rim),
    ]


def cake(p: Proportions) -> Toy:
    """A piece of art of the confectioner: two tiers, icing, a candle and cherries in front."""
    wide, low, high, inset = p("wide", 0.8, 1.0), p("low", 0.4, 0.6), p("high", 0.3, 0.5), p("inset", 0.55, 0.72)
    upper, top = wide * inset, low + high
    icing = ring(wide, 0.08).at(z=low) + ring(upper, 0.08).at(z=top)
    cherries = joined(
        [ball(0.11).at(wide * 0.8 * x, -wide * 0.8 * y, low + 0.1) for x, y in ((-0.6, 0.8), (0, 1), (0.6, 0.8))]
    )
    return [
        Part("tiers", cylinder(wide, low) + cylinder(upper, high).at(z=low)),
        Part("icing", icing, "white"),
        Part("candle", cylinder(0.07, 0.4).at(z=top), "white"),
        Part("flame", ball(0.09, 1.6).at(z=top + 0.52), "orange"),
        Part("cherries", cherries, "red"),
    ]
