"""More toys of the house: table, umbrella, drum, clock, television, guitar, gift, bucket, candle."""

from training.toys.parts import Part, Proportions, Toy
from training.toys.surfaces import ball, box, cylinder, joined, lathe, ring, tube

_DRIPS = ((20, 2.0), (140, 3.4), (255, 2.6))
"""Where wax runs down a candle, in degrees, and how far."""


def table(p: Proportions) -> Toy:
    """A top on four legs, with a drawer in front."""
    wide, deep, high, thick = p("wide", 1.3, 1.7), p("deep", 0.8, 1.05), p("high", 0.75, 1.05), p("thick", 0.1, 0.17)
    x, y, front = wide / 2 - 0.12, deep / 2 - 0.12, -deep / 2
    legs = joined([box(0.14, 0.14, high).at(i * x, j * y, high / 2) for i in (-1, 1) for j in (-1, 1)])
    drawer = box(0.55 * wide, 0.5 * deep, 0.24).at(0, front + 0.25 * deep + 0.02, high - 0.14)
    return [
        Part("top", box(wide, deep, thick).at(z=high + thick / 2)),
        Part("legs", legs),
        Part("drawer", drawer, "white"),
        Part("knob", ball(0.07).at(0, front, high - 0.14), "black"),
    ]


def umbrella(p: Proportions) -> Toy:
    """An open umbrella, whose handle bends to its left."""
    wide, dome, long, hook = p("wide", 0.9, 1.1), p("dome", 0.45, 0.7), p("long", 1.0, 1.35), p("hook", 0.14, 0.2)
    profile = [(wide, 0), (0.85 * wide, 0.45 * dome), (0.5 * wide, 0.84 * dome), (0, dome)]
    canopy = lathe(*profile) + lathe(*((r * 0.98, z - 0.03) for r, z in reversed(profile)))
    rib = tube([(wide, 0, 0), (0.85 * wide, 0, 0.45 * dome), (0.5 * wide, 0, 0.84 * dome)], [0.025] * 3)
    bend = [(0, 0, 0.2 - long), (0, 0, -long), (hook, 0, -long - hook), (2 * hook, 0, -long)]
    return [
        Part("canopy", canopy),
        Part("ribs", joined([rib.turned("z", 45 * step) for step in range(8)]), "white"),
        Part("stick", tube([(0, 0, 0.2 - long), (0, 0, dome)], [0.035, 0.035]), "grey"),
        Part("handle", tube(bend, [0.07] * 4), "brown"),
        Part("tip", cylinder(0.05, 0.18, 0.01).at(z=dome - 0.02), "grey"),
    ]


def drum(p: Proportions) -> Toy:
    """A drum with cords around it, and two sticks upon it."""
    wide, tall, rim, stick = p("wide", 0.75, 0.95), p("tall", 0.7, 1.0), p("rim", 0.06, 0.09), p("stick", 0.9, 1.2)
    rod = tube([(-stick / 2, 0, 0), (stick / 2, 0, 0)], [0.045, 0.045]) + ball(0.085).at(stick / 2)
    sticks = rod.turned("z", -65).at(0.25, -0.1, tall + 0.1) + rod.turned("z", -115).at(-0.25, -0.1, tall + 0.1)
    side = 0.32 * wide
    cord = tube([(wide, -side, 0.94 * tall), (wide + 0.02, 0, 0.06 * tall), (wide, side, 0.94 * tall)], [0.025] * 3, 8)
    cords = joined([cord.turned("z", 36 * step) for step in range(10)])
    return [
        Part("shell", cylinder(wide, tall)),
        Part("skin", cylinder(wide - 0.02, 0.03).at(z=tall), "white"),
        Part("rims", ring(wide, rim).at(z=0.03) + ring(wide, rim).at(z=tall - 0.03), "yellow"),
        Part("cords", cords, "white"),
        Part("sticks", sticks, "brown"),
    ]


def clock(p: Proportions) -> Toy:
    """An alarm clock: a face in front, two bells on top, two feet."""
    wide, deep, bell, foot = p("wide", 0.72, 0.9), p("deep", 0.4, 0.6), p("bell", 0.22, 0.3), p("foot", 0.25, 0.4)
    front = -deep / 2
    body = cylinder(wide, deep).turned("x", 90).at(0, deep / 2) + ring(wide, 0.07).turned("x", 90).at(0, front)
    marks = joined([box(0.05, 0.04, 0.14, 0.01).at(z=0.76 * wide).turned("y", 30 * hour) for hour in range(12)])
    hour, minute = (
        box(0.09, 0.04, long, 0.02).at(z=0.4 * long).turned("y", turn)
        for long, turn in ((0.42 * wide, -60), (0.62 * wide, 40))
    )
    bells = ball(bell, 0.8).at(z=wide + 0.1).turned("y", 32)
    return [
        Part("body", body),
        Part("face", cylinder(0.93 * wide, 0.03).turned("x", 90).at(0, front), "white"),
        Part("hands", (hour + minute + marks + ball(0.07)).at(0, front - 0.05), "black"),
        Part("bells", bells.both(), "grey"),
        Part("button", cylinder(0.06, 0.24).at(z=wide) + ball(0.09).at(z=wide + 0.26), "black"),
        Part("feet", tube([(0, 0, -0.9 * wide), (0, 0, -wide - foot)], [0.09, 0.07]).turned("y", -30).both(), "brown"),
    ]


def television(p: Proportions) -> Toy:
    """An old television: its screen and knobs in front, an aerial on top."""
    wide, tall, deep, rod = p("wide", 1.3, 1.6), p("tall", 0.95, 1.15), p("deep", 0.55, 0.8), p("rod", 0.5, 0.75)
    front, middle = -deep / 2, -0.13 * wide
    aerial = tube([(0, 0, 0), (0.75 * rod, 0, rod)], [0.03, 0.03]) + ball(0.06).at(0.75 * rod, 0, rod)
    leg = tube([(0.32 * wide, 0, 0.1), (0.4 * wide, 0, -0.28)], [0.07, 0.05])
    knobs = [ball(0.09).scaled(1, 0.6, 1).at(0.38 * wide, front, z * tall) for z in (0.72, 0.5)]
    return [
        Part("case", box(wide, deep, tall, 0.1).at(z=tall / 2)),
        Part("screen", box(0.64 * wide, 0.08, 0.76 * tall, 0.04).at(middle, front, tall / 2), "grey"),
        Part("knobs", joined(knobs), "yellow"),
        Part("grille", box(0.16 * wide, 0.05, 0.22 * tall, 0.02).at(0.38 * wide, front, 0.24 * tall), "black"),
        Part("aerial", (aerial.both() + ball(0.12)).at(z=tall), "black"),
        Part("legs", leg.at(0, 0.25 * deep).both() + leg.at(0, -0.25 * deep).both(), "brown"),
    ]


def guitar(p: Proportions) -> Toy:
    """A guitar, with its hole and strings in front."""
    wide, waist, neck, head = p("wide", 0.56, 0.68), p("waist", 0.72, 0.85), p("neck", 0.85, 1.15), p("head", 0.3, 0.4)
    upper, deep = waist * wide, 0.15
    z = 0.95 * wide + 0.55 * upper
    body = cylinder(wide, 2 * deep).turned("x", 90).at(0, deep) + cylinder(upper, 2 * deep).turned("x", 90).at(
        0, deep, z
    )
    top = z + upper
    strings = [box(0.02, 0.02, top + neck, 0.005).at(x, -deep - 0.06, (top + neck) / 2 - 0.1) for x in (-0.06, 0, 0.06)]
    pegs = [ball(0.05).at(0.19, -deep, top + neck + head * share) for share in (0.3, 0.75)]
    return [
        Part("body", body + box(1.5 * upper, 2 * deep, 0.5 * z).at(z=z / 2 + 0.05)),
        Part("hole", cylinder(0.2, 0.02).turned("x", 90).at(0, -deep, 0.62 * z), "black"),
        Part("bridge", box(0.42, 0.06, 0.09, 0.02).at(0, -deep, -0.2 * wide), "black"),
        Part("neck", box(0.19, 0.11, neck + 0.3, 0.03).at(0, -deep + 0.02, top + neck / 2 - 0.15), "brown"),
        Part("head", box(0.3, 0.1, head, 0.03).at(0, -deep + 0.02, top + neck + head / 2), "brown"),
        Part("pegs", joined(pegs).both(), "white"),
        Part("strings", joined(strings), "white"),
    ]


def gift(p: Proportions) -> Toy:
    """A box with a lid, tied with a ribbon and a bow."""
    wide, deep, tall, bow = p("wide", 1.0, 1.3), p("deep", 0.9, 1.2), p("tall", 0.7, 1.1), p("bow", 0.28, 0.4)
    band = 0.2
    ribbon = box(wide + 0.14, band, tall + 0.26, 0.02) + box(band, deep + 0.14, tall + 0.26, 0.02)
    loop = tube([(0, 0, 0), (0.6 * bow, 0, bow), (1.4 * bow, 0, 0.7 * bow), (0, 0, 0.02)], [0.06, 0.09, 0.09, 0.06])
    return [
        Part("box", box(wide, deep, tall, 0.03).at(z=tall / 2)),
        Part("lid", box(wide + 0.1, deep + 0.1, 0.2, 0.03).at(z=tall + 0.02)),
        Part("ribbon", ribbon.at(z=tall / 2 + 0.01), "yellow"),
        Part("bow", (loop.both() + loop.both().turned("z", 90) + ball(0.11, 0.8)).at(z=tall + 0.14), "yellow"),
    ]


def bucket(p: Proportions) -> Toy:
    """A bucket full of sand, with a handle and a spade in it."""
    low, wide, tall, arc = p("low", 0.45, 0.58), p("wide", 0.68, 0.84), p("tall", 0.85, 1.15), p("arc", 0.55, 0.8)
    wall = lathe((0, 0), (low, 0), (wide, tall), edges=True) + lathe((wide - 0.05, tall), (wide - 0.08, tall - 0.3))
    handle = tube([(-wide, 0, tall), (-0.7 * wide, 0.1, tall + 0.75 * arc), (0, 0.15, tall + arc)], [0.045] * 3)
    spade = tube([(0.05, -0.25, tall - 0.3), (0.35, -0.3, tall + 0.42)], [0.05, 0.05])
    grip = tube([(0.2, -0.3, tall + 0.46), (0.52, -0.3, tall + 0.36)], [0.06, 0.06])
    return [
        Part("wall", wall),
        Part("rim", ring(wide, 0.06).at(z=tall), "white"),
        Part("sand", lathe((wide - 0.04, tall - 0.08), (0.5 * wide, tall + 0.08), (0, tall + 0.14)), "yellow"),
        Part("handle", handle + handle.mirrored(), "grey"),
        Part("spade", spade + grip, "green"),
    ]


def candle(p: Proportions) -> Toy:
    """A candle in a dish, whose ring to carry it is on its left."""
    thick, tall, dish, loop = p("thick", 0.22, 0.32), p("tall", 1.0, 1.4), p("dish", 0.55, 0.72), p("loop", 0.2, 0.28)
    bowl = lathe((0, 0), (0.7 * dish, 0.0), (dish, 0.18)) + lathe((dish, 0.18), (0.65 * dish, 0.06), (0, 0.06))
    drips = joined(
        [ball(0.07).scaled(1, 1, long).at(thick, 0, tall - 0.06 * long).turned("z", turn) for turn, long in _DRIPS]
    )
    flame = lathe((0, tall + 0.08), (0.12, tall + 0.2), (0.08, tall + 0.36), (0, tall + 0.54))
    return [
        Part("wax", cylinder(thick, tall).at(z=0.05) + drips),
        Part("wick", cylinder(0.025, 0.2).at(z=tall), "black"),
        Part("flame", flame, "orange"),
        Part("dish", bowl, "brown"),
        Part("ring", ring(loop, 0.06).turned("x", 90).at(dish + loop - 0.03, 0, 0.16), "brown"),
    ]
