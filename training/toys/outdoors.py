"""Toys of the open air: mushroom, rocket, tree, car, boat."""

import numpy as np

from training.toys.parts import Part, Proportions, Toy
from training.toys.surfaces import ball, box, cylinder, joined, lathe, prism, ring, tube


def mushroom(p: Proportions) -> Toy:
    """A cap with white spots on a stem."""
    wide, cap, stem, thick = p("wide", 0.8, 1.02), p("cap", 0.5, 0.75), p("stem", 0.6, 0.95), p("thick", 0.24, 0.34)
    dome = lathe((wide - 0.02, stem - 0.05), (wide, stem + 0.05), (0.72 * wide, stem + 0.72 * cap), (0, stem + cap))
    under = lathe((0.1, stem + 0.06), (wide - 0.02, stem - 0.05), edges=True)
    spots = []
    for turn, height in (
        (-80, 0.3),
        (-35, 0.62),
        (20, 0.28),
        (75, 0.6),
        (110, 0.25),
        (160, 0.62),
        (200, 0.3),
        (245, 0.66),
    ):
        z = stem + cap * height
        radius = wide * float(np.sqrt(1 - height**2)) * 0.965
        normal = np.rad2deg(np.arctan2(height * wide, np.sqrt(1 - height**2) * cap))
        spots.append(ball(0.16).scaled(0.35, 1, 1).turned("y", -normal).at(radius, 0, z).turned("z", turn))
    top = ball(0.18, 0.35).at(z=stem + cap - 0.01)
    return [
        Part("cap", dome),
        Part("spots", joined([*spots, top]), "white"),
        Part("gills", under, "yellow"),
        Part("stem", lathe((0, 0), (thick + 0.1, 0.02), (thick, 0.3), (thick - 0.03, stem), (0, stem + 0.05)), "white"),
    ]


def rocket(p: Proportions) -> Toy:
    """A white rocket, with its nose, fins and belt of the stated colour, and a porthole in front."""
    tall, wide, fin, tip = p("tall", 1.3, 1.7), p("wide", 0.32, 0.44), p("fin", 0.3, 0.5), p("tip", 0.5, 0.8)
    hull = lathe((0.75 * wide, 0.15), (wide, 0.5 * tall), (0.8 * wide, tall))
    nose = lathe((0.8 * wide, tall), (0.55 * wide, tall + 0.5 * tip), (0, tall + tip))
    blade = prism([(0.5 * wide, 0.25), (wide + fin, -0.1), (wide + fin, 0.15), (0.85 * wide, 0.75)], 0.09)
    window = ring(0.17, 0.05).turned("x", 90).at(0, -0.94 * wide, 0.68 * tall)
    return [
        Part("hull", hull, "white"),
        Part("nose", nose),
        Part("fins", joined([blade.turned("z", turn) for turn in (0, 90, 180, 270)])),
        Part("belt", ring(0.88 * wide, 0.05).at(z=0.9 * tall)),
        Part("window", window, "grey"),
        Part("glass", ball(0.17).scaled(1, 0.4, 1).at(0, -0.92 * wide, 0.68 * tall), "turquoise"),
        Part(
            "nozzle",
            lathe((0.75 * wide, 0.16), (0.5 * wide, 0.12), (0.6 * wide, -0.08), (0, -0.05), edges=True),
            "black",
        ),
        Part("flame", lathe((0, -0.5), (0.2 * wide, -0.35), (0.45 * wide, -0.1), (0, 0.0)), "orange"),
    ]


def tree(p: Proportions) -> Toy:
    """Three cones of needles on a trunk, with baubles and a star on top."""
    wide, tall, trunk, taper = p("wide", 0.75, 0.98), p("tall", 1.3, 1.75), p("trunk", 0.3, 0.5), p("taper", 0.5, 0.66)
    tiers, baubles, z, radius = [], [], trunk, wide
    for number in range(3):
        high = 0.52 * tall * (1 - 0.12 * number)
        rim = [(0.3 * radius, z + 0.1), (radius, z - 0.03), (radius, z + 0.03), (0.0, z + high)]
        tiers.append(lathe(*rim, edges=True))
        hung = ball(0.085).at(0.8 * radius, 0, z + 0.22 * high)
        baubles += [hung.turned("z", 90.0 * quarter + 40 * number - 70) for quarter in range(4)]
        z, radius = z + 0.52 * high, radius * (taper + 0.16)
    top = z + 0.52 * tall * 0.76 * 0.48
    angle = np.pi / 2 + np.arange(10) * np.pi / 5
    points = np.stack([np.cos(angle), np.sin(angle)], 1) * np.where(np.arange(10) % 2, 0.1, 0.23)[:, None]
    star = prism([(float(x), float(z)) for x, z in points], 0.09).at(z=top + 0.12)
    return [
        Part("needles", joined(tiers)),
        Part("baubles", joined(baubles), "red"),
        Part("star", star, "yellow"),
        Part("trunk", cylinder(0.16, trunk + 0.2), "brown"),
    ]


def car(p: Proportions) -> Toy:
    """A small car that drives towards its front."""
    long, wide, low, cabin = p("long", 1.75, 2.15), p("wide", 0.85, 1.0), p("low", 0.36, 0.48), p("cabin", 0.42, 0.55)
    wheel = p("wheel", 0.24, 0.31)
    z, front = wheel + 0.12, -long / 2
    tyre = cylinder(wheel, 0.2).turned("y", 90).at(wide / 2 - 0.12, 0, wheel)
    hub = ball(0.5 * wheel).scaled(0.3, 1, 1).at(wide / 2 + 0.08, 0, wheel)
    axles = (-0.31 * long, 0.31 * long)
    top = z + low / 2
    middle, height = 0.08 * long, top + 0.5 * cabin
    side = box(0.04, 0.19 * long, 0.55 * cabin, 0.02).at(0.43 * wide, 0, height)
    screen = box(0.66 * wide, 0.04, 0.55 * cabin, 0.02)
    panes = [side.at(0, middle + shift * long, 0).both() for shift in (-0.11, 0.11)]
    panes += [screen.at(0, middle + shift * long, height) for shift in (-0.26, 0.26)]
    return [
        Part("body", box(wide, long, low, 0.16).at(z=z)),
        Part("cabin", box(0.86 * wide, 0.52 * long, cabin, 0.17).at(0, 0.08 * long, top + cabin / 2 - 0.05)),
        Part("glass", joined(panes), "white"),
        Part("tyres", joined([tyre.at(0, y, 0).both() for y in axles]), "black"),
        Part("hubs", joined([hub.at(0, y, 0).both() for y in axles]), "grey"),
        Part("lamps", ball(0.12).scaled(1, 0.5, 1).at(0.32 * wide, front + 0.02, z + 0.05).both(), "yellow"),
        Part("tail lamps", box(0.18, 0.06, 0.1, 0.03).at(0.32 * wide, -front, z + 0.08).both(), "orange"),
        Part(
            "bumpers",
            joined([box(0.9 * wide, 0.1, 0.1, 0.05).at(0, y, z - 0.32 * low) for y in (front, -front)]),
            "grey",
        ),
    ]


def boat(p: Proportions) -> Toy:
    """A sailing boat seen from its side: its bow on its left, its hull of the stated colour."""
    long, sail, deep, wide = p("long", 0.95, 1.2), p("sail", 1.2, 1.6), p("deep", 0.36, 0.5), p("wide", 0.36, 0.48)
    hull = ball(1.0).scaled(long, wide, deep)
    keep = hull.vertices[:, 2] > 0  # the upper half is pressed flat, to the deck
    hull.vertices[keep, 2] *= 0.12
    hull.normals[keep] = (0.0, 0.0, 1.0)
    main = prism([(-0.03, 0.2), (-0.78 * long, 0.22), (-0.05, 0.1 + sail)], 0.05)
    jib = prism([(0.08, 0.22), (0.06, 0.75 * sail), (0.75 * long, 0.22)], 0.05)
    return [
        Part("hull", hull),
        Part("sails", main + jib, "white"),
        Part("mast", cylinder(0.045, sail + 0.25).at(z=0), "brown"),
        Part("flag", prism([(0.0, 0.0), (0.0, 0.2), (-0.3, 0.1)], 0.04).at(0, 0, sail + 0.06), "yellow"),
        Part("rail", tube([(-0.7 * long, 0, 0.08), (-0.2 * long, 0, 0.1)], [0.1, 0.1]), "brown"),
    ]
