"""Toys that go far or stand high: train, plane, lighthouse, castle, windmill."""

from training.toys.parts import Part, Proportions, Toy
from training.toys.surfaces import Surface, ball, box, cylinder, joined, lathe, prism, ring, tube


def train(p: Proportions) -> Toy:
    """A steam engine that drives towards its front."""
    long, round_, cab, funnel = (
        p("long", 0.95, 1.25),
        p("round", 0.34, 0.42),
        p("cab", 0.85, 1.05),
        p("funnel", 0.35, 0.55),
    )
    wheel = p("wheel", 0.22, 0.28)
    floor = 2 * wheel - 0.05
    z, back = floor + 0.1 + round_, 0.25
    boiler = cylinder(round_, long).turned("x", 90).at(0, back, z)
    front = back - long
    tyre = cylinder(wheel, 0.12).turned("y", 90)
    wheels = joined([tyre.at(0.36, y, wheel) for y in (front + 0.2, front + 0.2 + 2.2 * wheel, back + 0.42)]).both()
    window = box(0.06, 0.3, 0.3, 0.02).at(0.42, back + 0.33, floor + 0.68 * cab)
    plough = prism([(-0.4, 0), (0.4, 0), (0.32, 0.28), (-0.32, 0.28)], 0.18).turned("x", 20).at(0, front - 0.12, 0.1)
    return [
        Part("boiler", boiler),
        Part("cab", box(0.84, 0.66, cab, 0.04).at(0, back + 0.33, floor + cab / 2)),
        Part("roof", box(1.02, 0.86, 0.1, 0.04).at(0, back + 0.33, floor + cab + 0.03), "black"),
        Part("floor", box(0.8, long + 0.72, 0.14, 0.03).at(0, (front + back + 0.66) / 2, floor), "black"),
        Part("wheels", wheels, "red"),
        Part("funnel", cylinder(0.1, funnel, 0.17).at(0, front + 0.22, z + round_ - 0.05), "black"),
        Part("dome", ball(0.16).at(0, front + 0.65 * long, z + round_ - 0.02), "yellow"),
        Part("lamp", cylinder(0.13, 0.1).turned("x", 90).at(0, front + 0.02, z + 0.05), "yellow"),
        Part("plough", plough, "grey"),
        Part("windows", window.both(), "white"),
    ]


def plane(p: Proportions) -> Toy:
    """A plane that flies towards its front, with a propeller."""
    long, thick, span, tail = p("long", 0.95, 1.15), p("thick", 0.2, 0.27), p("span", 0.95, 1.15), p("tail", 0.38, 0.52)
    hull = tube([(0, -0.85 * long, 0), (0, -0.2, 0.02), (0, long, 0.14)], [0.85 * thick, thick, 0.07])
    wing = ball(1.0).scaled(span, 0.27, 0.055).at(0, -0.25, 0.0)
    rudder = prism([(0, 0), (0.36, 0), (0.44, tail), (0.2, tail)], 0.07).turned("z", 90).at(0, 0.72 * long, 0.14)
    level = ball(1.0).scaled(0.42, 0.15, 0.04).at(0, 0.88 * long, 0.16)
    nose = -0.85 * long - 0.85 * thick
    blade = ball(0.34).scaled(1, 0.1, 0.2).at(0.26)
    pane = ball(0.062).scaled(0.5, 1, 1)
    panes = joined([pane.at(0.93 * thick, y, 0.08) for y in (0.02, 0.22, 0.42)]).both()
    return [
        Part("hull", hull),
        Part("wings", wing),
        Part("tail", rudder + level),
        Part("propeller", (blade + blade.turned("y", 120) + blade.turned("y", 240)).at(0, nose - 0.03, 0), "grey"),
        Part("nose", ball(0.12).scaled(1, 1.3, 1).at(0, nose - 0.02, 0), "black"),
        Part("cockpit", ball(0.2).scaled(0.85, 1.5, 0.8).at(0, -0.48 * long, 0.85 * thick), "turquoise"),
        Part("windows", panes, "white"),
    ]


def lighthouse(p: Proportions) -> Toy:
    """A white tower with stripes of the stated colour, a lamp on top and a door in front."""
    low, high, tall, roof = p("low", 0.46, 0.58), p("high", 0.28, 0.36), p("tall", 1.5, 1.9), p("roof", 0.28, 0.42)

    def band(start: float, end: float) -> tuple[tuple[float, float], tuple[float, float]]:
        return tuple((low + (high - low) * s + 0.012, s * tall) for s in (start, end))  # type: ignore[return-value]

    stripes = joined([lathe(*band(start, start + 0.2), edges=True) for start in (0.22, 0.62)])
    rail = ring(high + 0.13, 0.03).at(z=tall + 0.16)
    return [
        Part("tower", cylinder(low, tall, high), "white"),
        Part("stripes", stripes),
        Part("gallery", cylinder(high + 0.15, 0.08).at(z=tall) + rail, "grey"),
        Part("lamp", cylinder(0.75 * high, 0.36).at(z=tall + 0.06), "yellow"),
        Part("roof", cylinder(high + 0.04, roof, 0.02).at(z=tall + 0.42) + ball(0.06).at(z=tall + 0.44 + roof)),
        Part("rock", ball(1.0).scaled(low + 0.3, low + 0.25, 0.2).at(z=0.0), "brown"),
        Part("door", box(0.24, 0.14, 0.36, 0.03).at(0, -0.95 * low, 0.32), "brown"),
        Part("windows", box(0.12, 0.12, 0.15, 0.02).at(0, -0.9 * (low + high) / 2 - 0.02, 0.52 * tall), "blue"),
    ]


def castle(p: Proportions) -> Toy:
    """A keep with battlements, four towers with pointed roofs and flags, and a gate in front."""
    wide, high, tower, roof = p("wide", 1.0, 1.25), p("high", 0.6, 0.8), p("tower", 0.95, 1.25), p("roof", 0.42, 0.62)
    half, corners = wide / 2, [(i, j) for i in (-1, 1) for j in (-1, 1)]
    merlons = [box(0.13, 0.13, 0.16, 0.02).at(x * half, -half, high + 0.06) for x in (-0.52, -0.17, 0.17, 0.52)]
    wall = box(wide, wide, high, 0.03).at(z=high / 2) + joined(
        [m.turned("z", 90 * k) for m in merlons for k in range(4)]
    )
    pole = cylinder(0.025, 0.34).at(z=tower + roof - 0.04)
    flag = prism([(0, 0), (0.3, 0.09), (0, 0.18)], 0.035).at(0, 0, tower + roof + 0.1)
    gate = box(0.34, 0.12, 0.34, 0.02).at(0, -half, 0.17) + cylinder(0.17, 0.12).turned("x", 90).at(
        0, -half + 0.06, 0.34
    )

    def on_corners(surface: Surface) -> Surface:
        return joined([surface.at(i * half, j * half) for i, j in corners])

    return [
        Part("walls", wall, "grey"),
        Part("towers", on_corners(cylinder(0.24, tower)), "grey"),
        Part("roofs", on_corners(cylinder(0.31, roof, 0.02).at(z=tower))),
        Part("flags", on_corners(flag + pole), "yellow"),
        Part("gate", gate, "brown"),
    ]


def windmill(p: Proportions) -> Toy:
    """A mill whose four sails turn in front."""
    low, high, tall, sail = p("low", 0.55, 0.68), p("high", 0.34, 0.42), p("tall", 1.15, 1.45), p("sail", 0.8, 1.0)
    hub = (0.0, -high - 0.24, tall + 0.05)
    arm = box(0.06, 0.06, sail, 0.02).at(z=sail / 2) + box(0.26, 0.03, 0.72 * sail, 0.01).at(0.12, 0, 0.62 * sail)
    return [
        Part("tower", cylinder(low, tall, high)),
        Part(
            "roof",
            lathe((high + 0.08, tall - 0.02), (0.8 * high, tall + 0.28), (0, tall + 0.45))
            + cylinder(high + 0.08, 0.02).at(z=tall - 0.03),
            "brown",
        ),
        Part("sails", joined([arm.turned("y", 45 + 90 * k) for k in range(4)]).at(*hub), "white"),
        Part("hub", ball(0.11).at(*hub) + tube([hub, (0, 0, tall + 0.1)], [0.06, 0.06]), "black"),
        Part("door", box(0.3, 0.16, 0.46, 0.03).at(0, -0.93 * low, 0.23), "brown"),
        Part("windows", box(0.17, 0.12, 0.17, 0.02).at(0, -0.5 * (low + high), 0.56 * tall), "blue"),
    ]
