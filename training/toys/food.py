"""Toys to eat: ice cream, hamburger, apple, pumpkin."""

from training.toys.parts import Part, Proportions, Toy
from training.toys.surfaces import ball, box, cylinder, joined, lathe, prism, ring, tube


def ice_cream(p: Proportions) -> Toy:
    """Two scoops in a cone, with a cherry on top and a wafer stuck in on its left."""
    cone, wide, low, high = p("cone", 1.0, 1.3), p("wide", 0.4, 0.5), p("low", 0.5, 0.58), p("high", 0.38, 0.48)
    z = cone + 0.3 * low
    top = z + 0.6 * (low + high)
    frill = joined([ball(0.14).at(0.86 * low, 0, z - 0.36 * low).turned("z", 36 * step) for step in range(10)])
    wafer = tube([(0.2, 0.1, z + 0.3), (0.75, 0.15, top + 0.5)], [0.085, 0.085])
    return [
        Part("cone", lathe((0, 0), (wide, cone), (0, cone), edges=True) + ring(wide, 0.05).at(z=cone - 0.03), "brown"),
        Part("scoops", ball(low).at(z=z) + ball(high).at(z=top) + frill),
        Part("cherry", ball(0.16).at(z=top + high + 0.06), "red"),
        Part("wafer", wafer, "yellow"),
    ]


def hamburger(p: Proportions) -> Toy:
    """A bun with seeds around lettuce, cheese, tomato and meat."""
    wide, dome, low, meat = p("wide", 0.85, 1.0), p("dome", 0.42, 0.6), p("low", 0.2, 0.3), p("meat", 0.16, 0.25)
    z = low + meat
    waves = [ball(0.19, 0.4).at(0.97 * wide, 0, z + 0.05).turned("z", 24 * step) for step in range(15)]
    slice_ = prism([(-1.02, 0), (0, 1.02), (1.02, 0), (0, -1.02)], 0.06).scaled(wide, 1, wide).turned("x", 90)
    top = z + 0.24
    bread = lathe((0.9 * wide, top), (wide, top + 0.25 * dome), (0.7 * wide, top + 0.8 * dome), (0, top + dome))
    seeds = [
        ball(0.055).scaled(1, 1, 0.6).at(radius * wide, 0, top + height * dome).turned("z", turn)
        for radius, height, turns in (
            (0.0, 1.01, (0,)),
            (0.38, 0.95, (10, 82, 154, 226, 298)),
            (0.7, 0.8, range(0, 360, 45)),
        )
        for turn in turns
    ]
    return [
        Part("bun", bread + lathe((0, 0), (0.85 * wide, 0.02), (wide, 0.5 * low), (0.92 * wide, low), (0, low))),
        Part("seeds", joined(seeds), "white"),
        Part("meat", cylinder(0.98 * wide, meat).at(z=low) + ring(0.95 * wide, meat / 2).at(z=low + meat / 2), "brown"),
        Part("lettuce", cylinder(wide, 0.05).at(z=z + 0.02) + joined(waves), "green"),
        Part("cheese", slice_.at(z=z + 0.1), "yellow"),
        Part("tomato", cylinder(0.96 * wide, 0.12).at(z=z + 0.12), "red"),
    ]


def apple(p: Proportions) -> Toy:
    """An apple with a stem, and a leaf on its left."""
    wide, tall, stem, leaf = p("wide", 0.85, 1.0), p("tall", 1.3, 1.6), p("stem", 0.3, 0.5), p("leaf", 0.45, 0.65)
    body = lathe((0, 0.12), (0.3, 0.0), (0.72, 0.25), (1.0, 0.65), (0.75, 0.97), (0.35, 1.0), (0, 0.86))
    blade = ball(leaf).scaled(1, 0.5, 0.12).turned("y", -25).at(0.06 + 0.85 * leaf, 0, tall + 0.55 * stem)
    return [
        Part("fruit", body.scaled(wide, wide, tall)),
        Part("stem", tube([(0, 0, 0.84 * tall), (0.02, 0, tall), (0.1, 0, tall + stem)], [0.06, 0.06, 0.08]), "brown"),
        Part("leaf", blade, "green"),
    ]


def pumpkin(p: Proportions) -> Toy:
    """A pumpkin with ribs, and a grinning face in front."""
    wide, tall, stem, eye = p("wide", 0.52, 0.62), p("tall", 0.58, 0.75), p("stem", 0.28, 0.45), p("eye", 0.2, 0.27)
    ribs = joined([ball(wide).scaled(1, 0.85, tall / wide).at(0.5).turned("z", 36 * step + 18) for step in range(10)])
    inside = -0.5 - 0.84 * wide
    cut = prism([(-eye, -0.8 * eye), (eye, -0.8 * eye), (0, eye)], 0.22)
    eyes = cut.at(0, inside, 0.28 * tall).turned("z", 24).both()
    nose = cut.scaled(0.5, 1, 0.5).at(0, inside - 0.05 * wide, 0.02)
    teeth = [
        box(0.15, 0.2, 0.2, 0.02).at(0, inside, -0.34 * tall + 0.07 * (step % 2)).turned("z", 10 * step)
        for step in range(-3, 4)
    ]
    return [
        Part("skin", ribs),
        Part("stem", tube([(0, 0, 0.75 * tall), (0, 0, tall), (0.1, 0, tall + stem)], [0.15, 0.12, 0.1]), "green"),
        Part("face", eyes + nose + joined(teeth), "black"),
    ]
