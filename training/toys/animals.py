"""Animals and a ghost: fish, rabbit, pig, snail, turtle, elephant, bee, ghost."""

import numpy as np

from training.toys.parts import Part, Proportions, Toy
from training.toys.surfaces import Surface, ball, cylinder, joined, lathe, prism, ring, tube


def fish(p: Proportions) -> Toy:
    """A fish that swims towards its front."""
    long, tall, wide, tail = p("long", 0.8, 1.0), p("tall", 0.48, 0.62), p("wide", 0.3, 0.4), p("tail", 0.45, 0.62)
    fan = prism([(0.0, 0.0), (tail, 0.85 * tail), (0.75 * tail, 0.0), (tail, -0.85 * tail)], 0.1).turned("z", 90)
    back = prism([(-0.45, 0.0), (0.4, 0.0), (0.5, 0.42), (0.1, 0.38)], 0.1).turned("z", 90).at(0, 0, 0.85 * tall)
    side = ball(0.3).scaled(0.25, 1, 0.5).turned("z", 35).turned("x", 25).at(wide + 0.06, 0.05, -0.12)
    belly = prism([(-0.12, 0), (0.3, -0.3), (0.2, 0)], 0.08).turned("z", 90).at(0, 0, -0.88 * tall)
    y = -0.62 * long
    return [
        Part("body", ball(1.0).scaled(wide, long, tall)),
        Part("fins", back + side.both() + belly),
        Part("tail", fan.at(0, 0.88 * long, 0)),
        Part("stripes", joined([_hoop(wide, tall, long, at) for at in (-0.22, 0.2)]), "white"),
        Part("eyes", ball(0.14).scaled(0.6, 1, 1).at(0.7 * wide, y, 0.2 * tall).both(), "white"),
        Part("pupils", ball(0.085).scaled(0.7, 1, 1).at(0.7 * wide + 0.06, y - 0.04, 0.2 * tall).both(), "black"),
        Part("mouth", ring(0.09, 0.05).turned("x", 90).at(0, -0.98 * long, -0.05), "red"),
    ]


def _hoop(wide: float, tall: float, long: float, at: float) -> Surface:
    """A stripe around the body of a fish, at this share of its length."""
    size = (1 - at**2) ** 0.5
    return ring(1.0, 0.06).scaled(wide * size, tall * size, long).turned("x", 90).at(0, at * long, 0)


def rabbit(p: Proportions) -> Toy:
    """A sitting rabbit with long ears and a round tail."""
    head, ear, belly, foot = p("head", 0.42, 0.52), p("ear", 0.4, 0.58), p("belly", 0.52, 0.64), p("foot", 0.3, 0.42)
    z, y = 1.7 * belly + 0.55 * head, -0.12
    front = y - 0.84 * head
    long = ball(ear).scaled(0.3, 0.2, 1).turned("y", 12).at(0.42 * head, y, z + 0.75 * head + 0.8 * ear)
    inner = (
        ball(ear).scaled(0.17, 0.12, 0.75).turned("y", 12).at(0.42 * head, y - 0.15 * ear, z + 0.75 * head + 0.8 * ear)
    )
    paws = ball(0.15).scaled(1, 1.2, 1.3).at(0.24, -0.85 * belly, 0.85 * belly).both()
    feet = ball(foot).scaled(0.55, 1.1, 0.45).at(0.34, -0.6 * belly, 0.13).both()
    return [
        Part("body", ball(belly, 1.12).at(z=belly) + paws + feet),
        Part("head", ball(head).scaled(1, 0.95, 0.92).at(0, y, z)),
        Part("ears", long.both()),
        Part("insides", inner.both(), "pink"),
        Part("tail", ball(0.22).at(0, 0.95 * belly, 0.5 * belly), "white"),
        Part("muzzle", ball(0.15).at(0.1, front - 0.01, z - 0.24 * head).both(), "white"),
        Part("nose", ball(0.075).at(0, front - 0.13, z - 0.06 * head), "pink"),
        Part("eyes", ball(0.075).at(0.42 * head, front + 0.03, z + 0.22 * head).both(), "black"),
    ]


def pig(p: Proportions) -> Toy:
    """A pig on four legs, with its snout in front and a curly tail."""
    long, wide, head, leg = p("long", 0.72, 0.9), p("wide", 0.5, 0.62), p("head", 0.42, 0.52), p("leg", 0.22, 0.34)
    z = leg + 0.85 * wide
    y, top = -0.8 * long - 0.15, z + 0.2
    legs = joined([cylinder(0.15, leg + 0.3).at(i * 0.55 * wide, j * 0.55 * long) for i in (-1, 1) for j in (-1, 1)])
    hooves = joined(
        [cylinder(0.155, 0.12).at(i * 0.55 * wide, j * 0.55 * long, -0.02) for i in (-1, 1) for j in (-1, 1)]
    )
    ear = (
        cylinder(0.18, 0.3, 0.02)
        .scaled(1, 0.5, 1)
        .turned("x", 20)
        .turned("y", 20)
        .at(0.55 * head, y, top + 0.72 * head)
    )
    turn = np.linspace(0, 3 * np.pi, 10)
    curl = [(0.12 * float(np.sin(t)), 0.95 * long + 0.035 * float(t), z + 0.12 * float(np.cos(t))) for t in turn]
    snout = y - 0.9 * head
    return [
        Part("body", ball(1.0).scaled(wide, long, 0.9 * wide).at(z=z) + legs),
        Part("head", ball(head).at(0, y, top)),
        Part("ears", ear.both()),
        Part("snout", cylinder(0.23, 0.22).turned("x", 90).at(0, snout + 0.08, top - 0.08), "pink"),
        Part("nostrils", ball(0.055).at(0.09, snout - 0.14, top - 0.08).both(), "black"),
        Part("eyes", ball(0.075).at(0.4 * head, y - 0.82 * head, top + 0.32 * head).both(), "black"),
        Part("hooves", hooves, "brown"),
        Part("tail", tube(curl, [0.04] * 10, 8)),
    ]


def snail(p: Proportions) -> Toy:
    """A snail with a wound shell on its back, crawling towards its front."""
    shell, body, neck, horn = p("shell", 0.55, 0.7), p("body", 0.85, 1.1), p("neck", 0.35, 0.55), p("horn", 0.3, 0.45)
    path = [(0, 1.05 * body, 0.05), (0, 0.3, 0.14), (0, -0.7 * body, 0.16), (0, -0.95 * body, 0.2 + neck)]
    head = (0.0, -1.0 * body, 0.28 + neck)
    stalk = tube([(0.08, head[1], head[2] + 0.1), (0.2, head[1] - 0.05, head[2] + 0.1 + horn)], [0.05, 0.04])
    z, turn = 0.2 + 0.9 * shell, np.linspace(0.5, 4.5 * np.pi, 24)
    spiral = [
        (0.0, float(s * np.cos(t)), float(s * np.sin(t)))
        for t, s in zip(turn, 0.88 * shell * turn / turn[-1], strict=True)
    ]
    wound = tube(spiral, [0.045] * 24, 8).scaled(1, 1, 1)
    disc = ball(shell).scaled(0.62, 1, 1).at(0, 0.2, z)
    return [
        Part("body", tube(path, [0.06, 0.22, 0.2, 0.17]) + ball(0.2).at(*head), "yellow"),
        Part("shell", disc),
        Part("spiral", _pressed(wound, shell).at(0, 0.2, z).both(), "white"),
        Part("horns", stalk.both(), "yellow"),
        Part("eyes", ball(0.085).at(0.2, head[1] - 0.05, head[2] + 0.14 + horn).both(), "black"),
    ]


def _pressed(line: Surface, shell: float) -> Surface:
    """A flat spiral moved out onto the side of a snail's shell."""
    square = (line.vertices[:, 1:] ** 2).sum(1, keepdims=True) / shell**2
    out = 0.62 * shell * np.sqrt(np.maximum(1 - square, 0.04))
    return Surface(line.vertices + out * np.array([1.0, 0, 0]), line.normals, line.triangles)


def turtle(p: Proportions) -> Toy:
    """A turtle with plates on its shell."""
    wide, dome, long, head = p("wide", 0.7, 0.85), p("dome", 0.5, 0.68), p("long", 0.85, 1.05), p("head", 0.25, 0.33)
    shell = lathe((0, 0.2), (1.0, 0.2), (0.95, 0.45), (0.6, 0.85), (0, 1.0)).scaled(wide, long, dome)
    spots = []
    for tilt, turns in ((0, (0,)), (48, (30, 90, 150, 210, 270, 330))):
        for turn in turns:
            spot = ball(0.24).scaled(1, 1, 0.3).at(z=0.99).turned("x", tilt).turned("z", turn)
            spots.append(spot.scaled(wide, long, 0.98 * dome))
    leg = tube([(0.6 * wide, 0, 0.2), (wide + 0.12, 0, 0.0)], [0.17, 0.15])
    legs = joined([leg.at(0, y * long) for y in (-0.55, 0.55)]).both()
    front = -long - 0.5 * head
    return [
        Part("shell", shell + ring(0.95, 0.09).scaled(wide, long, 1).at(z=0.2 * dome + 0.04)),
        Part("spots", joined(spots), "yellow"),
        Part(
            "head",
            ball(head).scaled(0.9, 1.15, 0.95).at(0, front, 0.42)
            + tube([(0, -0.8 * long, 0.2), (0, front, 0.36)], [0.18, 0.16]),
            "green",
        ),
        Part("legs", legs, "green"),
        Part("tail", cylinder(0.1, 0.35, 0.01).turned("x", -100).at(0, 0.95 * long, 0.12), "green"),
        Part("eyes", ball(0.065).at(0.55 * head, front - 0.75 * head, 0.42 + 0.35 * head).both(), "black"),
    ]


def elephant(p: Proportions) -> Toy:
    """An elephant with its trunk in front."""
    long, wide, head, ear = p("long", 0.72, 0.88), p("wide", 0.55, 0.66), p("head", 0.4, 0.48), p("ear", 0.4, 0.55)
    leg = p("leg", 0.42, 0.6)
    z = leg + 0.7 * wide
    y, top = -0.85 * long - 0.1, z + 0.32
    legs = joined([cylinder(0.19, leg + 0.35).at(i * 0.55 * wide, j * 0.55 * long) for i in (-1, 1) for j in (-1, 1)])
    nails = joined([cylinder(0.2, 0.1).at(i * 0.55 * wide, j * 0.55 * long, -0.02) for i in (-1, 1) for j in (-1, 1)])
    trunk = [
        (0, y - 0.75 * head, top - 0.05),
        (0, y - head - 0.3, top - 0.5),
        (0, y - head - 0.55, top - 0.75),
        (0, y - head - 0.85, top - 0.55),
    ]
    tusk = [(0.2, y - 0.75 * head, top - 0.25), (0.24, y - head - 0.12, top - 0.5), (0.2, y - head - 0.35, top - 0.5)]
    return [
        Part("body", ball(1.0).scaled(wide, long, 0.92 * wide).at(z=z) + legs),
        Part("head", ball(head, 1.08).at(0, y, top)),
        Part("trunk", tube(trunk, [0.19, 0.14, 0.11, 0.09])),
        Part(
            "ears", ball(ear).scaled(0.75, 0.15, 1).turned("z", 25).at(0.9 * head + 0.28, y + 0.12, top + 0.02).both()
        ),
        Part("tusks", tube(tusk, [0.075, 0.06, 0.03]).both(), "white"),
        Part("eyes", ball(0.07).at(0.5 * head, y - 0.85 * head, top + 0.2 * head).both(), "black"),
        Part("nails", nails, "white"),
        Part("tail", tube([(0, 0.95 * long, z + 0.1), (0, long + 0.22, z - 0.35)], [0.045, 0.03])),
    ]


def bee(p: Proportions) -> Toy:
    """A bee with black stripes and two pairs of wings."""
    long, wide, wing, head = p("long", 0.75, 0.95), p("wide", 0.45, 0.55), p("wing", 0.5, 0.65), p("head", 0.33, 0.42)
    bands = [
        ring(1.0, 0.16)
        .scaled(wide, wide, 0.55)
        .scaled((1 - at**2) ** 0.5, (1 - at**2) ** 0.5, 1)
        .turned("x", 90)
        .at(0, at * long)
        for at in (-0.35, 0.08, 0.5)
    ]
    front = -0.8 * long - 0.4 * head
    wings = [
        ball(wing)
        .scaled(0.9 * size, 0.5 * size, 0.08)
        .turned("y", -28)
        .turned("z", turn)
        .at(0.15 + 0.6 * wing, y, wide + 0.22)
        for size, turn, y in ((1.0, -18, -0.12), (0.75, 22, 0.3))
    ]
    feeler = tube([(0.1, front, 0.7 * head), (0.2, front - 0.2, head + 0.28)], [0.03, 0.03]) + ball(0.06).at(
        0.2, front - 0.2, head + 0.28
    )
    return [
        Part("body", ball(1.0).scaled(wide, long, wide)),
        Part("stripes", joined(bands), "black"),
        Part("head", ball(head).at(0, front, 0.1)),
        Part("wings", joined(wings).both(), "white"),
        Part("sting", cylinder(0.09, 0.3, 0.01).turned("x", -90).at(0, 0.95 * long), "black"),
        Part("eyes", ball(0.11).scaled(0.8, 0.7, 1.2).at(0.45 * head, front - 0.82 * head, 0.2).both(), "black"),
        Part("feelers", feeler.both(), "black"),
    ]


def ghost(p: Proportions) -> Toy:
    """A ghost with a hat, its face in front and its arms raised."""
    wide, tall, hem, hat = p("wide", 0.52, 0.64), p("tall", 1.35, 1.65), p("hem", 0.12, 0.2), p("hat", 0.35, 0.55)
    sheet = lathe(
        (1.15 * wide, 0), (1.0 * wide, 0.4 * tall), (0.92 * wide, 0.72 * tall), (0.55 * wide, 0.95 * tall), (0, tall)
    )
    tails = joined([ball(0.24).scaled(1, 1, hem / 0.12).at(1.0 * wide).turned("z", 45 * step) for step in range(8)])
    arm = tube([(0.75 * wide, 0, 0.5 * tall), (wide + 0.3, -0.18, 0.62 * tall)], [0.17, 0.1])
    y, z = -0.86 * wide, 0.74 * tall
    top = 0.93 * tall
    return [
        Part("sheet", sheet + tails + cylinder(1.1 * wide, 0.04) + arm.both()),
        Part("eyes", ball(0.12).scaled(0.9, 0.5, 1.3).at(0.22, y, z).both(), "black"),
        Part("mouth", ball(0.13).scaled(1, 0.5, 1.25).at(0, -0.96 * wide, z - 0.34), "black"),
        Part("hat", cylinder(0.75 * wide, 0.07).at(z=top) + cylinder(0.5 * wide, hat).at(z=top), "purple"),
    ]
