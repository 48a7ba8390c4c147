"""Toys with a face: snowman, duck, owl, cat, bear, robot, penguin."""

from training.toys.parts import Part, Proportions, Toy
from training.toys.surfaces import ball, box, cylinder, joined, lathe, ring, tube


def snowman(p: Proportions) -> Toy:
    """Three balls of snow, a carrot for a nose, and a hat and a scarf of the stated colour."""
    low, mid, head = p("low", 0.62, 0.75), p("middle", 0.45, 0.55), p("head", 0.34, 0.44)
    nose, brim, hat = p("nose", 0.42, 0.65), p("brim", 0.38, 0.5), p("hat", 0.3, 0.5)
    z1 = 0.9 * low
    z2 = z1 + 0.75 * (low + mid)
    z3 = z2 + 0.72 * (mid + head)
    carrot = cylinder(0.13, nose, 0.02).turned("x", 90).at(0, -0.8 * head, z3)
    buttons = joined([ball(0.065).at(0, -0.96 * mid, z2 + z * mid) for z in (-0.3, 0.15)])
    top = z3 + 0.72 * head
    scarf = ring(0.78 * head, 0.11).at(z=z3 - 0.72 * head)
    tail = box(0.18, 0.1, 0.42).turned("x", -12).at(0.2, -0.85 * mid, z2 + 0.42 * mid)
    arm = tube([(0.8 * mid, 0, z2), (1.5 * mid, -0.1, z2 + 0.3)], [0.045, 0.03])
    return [
        Part("snow", ball(low).at(z=z1) + ball(mid).at(z=z2) + ball(head).at(z=z3), "white"),
        Part("nose", carrot, "orange"),
        Part("eyes", ball(0.065).at(0.38 * head, -0.87 * head, z3 + 0.3 * head).both() + buttons, "black"),
        Part("arms", arm.both(), "brown"),
        Part("hat", cylinder(brim, 0.07).at(z=top) + cylinder(0.7 * brim, hat).at(z=top)),
        Part("scarf", scarf + tail),
    ]


def duck(p: Proportions) -> Toy:
    """A bath duck: its beak in front, its tail behind."""
    long, head, neck, beak = p("long", 0.85, 1.1), p("head", 0.42, 0.54), p("neck", 0.9, 1.15), p("beak", 0.24, 0.36)
    tail = tube([(0, 0.6 * long, 0.5), (0, 0.9 * long, 0.72), (0, 1.02 * long, 0.95)], [0.34, 0.2, 0.06])
    z, y = 0.95 * neck, -0.42 * long
    wing = ball(0.42).scaled(0.35, 1, 0.6).turned("x", -15).at(0.62, 0.15, 0.55)
    return [
        Part("body", ball(0.75).scaled(0.9, long / 0.75 * 0.95, 0.72).at(z=0.45) + tail),
        Part("head", ball(head).at(0, y, z + 0.1)),
        Part("beak", ball(beak).scaled(0.95, 1.1, 0.42).at(0, y - head - 0.4 * beak, z), "orange"),
        Part("eyes", ball(0.085).at(0.42 * head, y - 0.82 * head, z + 0.1 + 0.38 * head).both(), "black"),
        Part("wings", wing.both()),
    ]


def owl(p: Proportions) -> Toy:
    """Large eyes, a beak and a pale breast in front."""
    wide, tall, eye, tuft = p("wide", 0.62, 0.78), p("tall", 1.35, 1.65), p("eye", 0.22, 0.3), p("tuft", 0.2, 0.4)
    body = lathe((0, 0), (0.75 * wide, 0.08), (wide, 0.4 * tall), (0.9 * wide, 0.8 * tall), (0, tall))
    z, y = 0.72 * tall, -0.74 * wide
    ear = cylinder(0.17, tuft + 0.12, 0.02).turned("y", 24).at(0.5 * wide, 0, 0.86 * tall)
    wing = ball(0.5).scaled(0.24, 0.55, 1.0).at(0.98 * wide, 0.05, 0.42 * tall)
    return [
        Part("body", body + ear.both()),
        Part("breast", ball(0.6).scaled(0.85, 0.5, 0.85).at(0, -0.66 * wide, 0.34 * tall), "white"),
        Part("eyes", ball(eye).scaled(1, 0.5, 1).at(0.28, y, z).both(), "yellow"),
        Part("pupils", ball(0.5 * eye).scaled(1, 0.6, 1).at(0.26, y - 0.42 * eye, z).both(), "black"),
        Part("beak", cylinder(0.11, 0.26, 0.02).turned("x", 130).at(0, y - 0.06, z - 0.08), "orange"),
        Part("wings", wing.both()),
        Part("feet", ball(0.14, 0.5).at(0.24, -0.55 * wide, 0.04).both(), "orange"),
    ]


def cat(p: Proportions) -> Toy:
    """A sitting cat, with its tail on its left."""
    head, ear, tall, tail = p("head", 0.5, 0.62), p("ear", 0.28, 0.42), p("tall", 0.9, 1.15), p("tail", 0.7, 1.05)
    body = lathe((0, 0), (0.52, 0.03), (0.56, 0.3), (0.36, 0.8), (0, 1.05)).scaled(1, 1.1, tall)
    z, y = tall + 0.18, -0.18
    pointed = cylinder(0.2, ear, 0.02).scaled(1, 0.5, 1).turned("y", 20).at(0.56 * head, y, z + 0.62 * head)
    inner = (
        cylinder(0.11, 0.7 * ear, 0.02).scaled(1, 0.5, 1).turned("y", 20).at(0.56 * head, y - 0.075, z + 0.66 * head)
    )
    curl = tube(
        [(0.3, 0.4, 0.12), (0.75, 0.3, 0.14), (0.85, 0.1, 0.15 + 0.5 * tail), (0.7, 0.1, 0.2 + tail)], [0.1] * 4
    )
    return [
        Part("body", body + ball(0.16).scaled(1, 1.5, 0.8).at(0.22, -0.55, 0.12).both() + curl),
        Part("head", ball(head).scaled(1.12, 0.92, 0.92).at(0, y, z) + pointed.both()),
        Part("muzzle", ball(0.25).scaled(1, 0.6, 0.65).at(0, y - 0.78 * head, z - 0.26 * head), "white"),
        Part("nose", ball(0.085).scaled(1.2, 0.8, 0.8).at(0, y - 1.02 * head, z - 0.12 * head), "pink"),
        Part("ears", inner.both(), "pink"),
        Part(
            "eyes", ball(0.095).scaled(0.8, 0.6, 1.1).at(0.46 * head, y - 0.82 * head, z + 0.16 * head).both(), "black"
        ),
        Part("bib", ball(0.3).scaled(0.9, 0.4, 1.1).at(0, -0.42, 0.55 * tall), "white"),
    ]


def bear(p: Proportions) -> Toy:
    """A sitting bear with a pale muzzle and belly."""
    head, ear, belly, limb = p("head", 0.5, 0.62), p("ear", 0.17, 0.25), p("belly", 0.55, 0.7), p("limb", 0.19, 0.25)
    z, y = 1.5 * belly + 0.62 * head, -0.05
    arm = tube([(0.8 * belly, 0, 1.35 * belly), (1.15 * belly, -0.25, 0.8 * belly)], [limb, limb])
    leg = tube([(0.5 * belly, -0.2, 0.25), (0.75 * belly, -belly - 0.1, 0.24)], [limb + 0.04, limb + 0.02])
    face = y - 0.86 * head
    return [
        Part("body", ball(belly, 1.1).at(z=1.0 * belly) + (arm + leg).both()),
        Part(
            "head",
            ball(head).scaled(1.08, 0.95, 0.95).at(0, y, z) + ball(ear).at(0.78 * head, y, z + 0.75 * head).both(),
        ),
        Part("muzzle", ball(0.44 * head).scaled(1, 0.8, 0.8).at(0, face, z - 0.22 * head), "white"),
        Part("tummy", ball(0.66 * belly).scaled(1, 0.5, 1).at(0, -0.72 * belly, 0.98 * belly), "white"),
        Part("nose", ball(0.1).scaled(1.2, 0.8, 0.8).at(0, face - 0.34 * head, z - 0.1 * head), "black"),
        Part("eyes", ball(0.075).at(0.38 * head, face + 0.02, z + 0.2 * head).both(), "black"),
    ]


def robot(p: Proportions) -> Toy:
    """Square, with bright eyes, a panel on its breast and an aerial on its left."""
    wide, tall, head, leg = p("wide", 0.75, 1.0), p("tall", 0.7, 0.95), p("head", 0.5, 0.65), p("leg", 0.3, 0.55)
    z = leg + tall
    front = -0.31
    arm = tube([(wide / 2 + 0.08, 0, z - 0.15), (wide / 2 + 0.2, -0.12, leg + 0.15)], [0.11, 0.11])
    aerial = cylinder(0.03, 0.3).at(0.3 * head, 0, z + head + 0.05)
    return [
        Part("body", box(wide, 0.62, tall, 0.1).at(z=leg + tall / 2)),
        Part("head", box(1.15 * head, 0.55, head, 0.1).at(z=z + head / 2 + 0.08)),
        Part(
            "limbs",
            (arm + cylinder(0.14, leg + 0.05).at(0.26 * wide)).both() + cylinder(0.12, 0.14).at(z=z - 0.02),
            "grey",
        ),
        Part("feet", box(0.3, 0.45, 0.16, 0.07).at(0.26 * wide, -0.06, 0.06).both(), "black"),
        Part("eyes", ball(0.13).scaled(1, 0.6, 1).at(0.27 * head, -0.27, z + 0.62 * head + 0.08).both(), "yellow"),
        Part("mouth", box(0.5 * head, 0.08, 0.07, 0.02).at(0, -0.27, z + 0.28 * head + 0.08), "black"),
        Part("panel", box(0.55 * wide, 0.06, 0.4 * tall, 0.02).at(0, front, leg + 0.55 * tall), "white"),
        Part("aerial", aerial, "grey"),
        Part("light", ball(0.09).at(0.3 * head, 0, z + head + 0.4), "orange"),
    ]


def penguin(p: Proportions) -> Toy:
    """Black, with a white front, an orange beak, and a cap of the stated colour."""
    wide, tall, beak, cap = p("wide", 0.55, 0.72), p("tall", 1.35, 1.65), p("beak", 0.2, 0.34), p("cap", 0.24, 0.42)
    body = lathe((0, 0), (0.8 * wide, 0.06), (wide, 0.35 * tall), (0.62 * wide, 0.75 * tall), (0, tall))
    z, y = 0.8 * tall, -0.5 * wide
    flipper = ball(0.45).scaled(0.2, 0.4, 1.0).turned("y", -22).at(1.08 * wide, 0, 0.42 * tall)
    return [
        Part("body", body + flipper.both(), "black"),
        Part("front", ball(0.55).scaled(wide * 1.4, wide * 0.9, 0.95).at(0, -0.52 * wide, 0.36 * tall), "white"),
        Part("face", ball(0.2).scaled(0.9, 0.6, 1.0).at(0.16, y + 0.05, z).both(), "white"),
        Part("eyes", ball(0.07).at(0.15, y - 0.1, z + 0.03).both(), "black"),
        Part("beak", cylinder(0.13, beak, 0.02).turned("x", 95).at(0, y + 0.02, z - 0.13), "orange"),
        Part("feet", ball(0.2, 0.4).scaled(1, 1.3, 1).at(0.28, -0.6 * wide, 0.04).both(), "orange"),
        Part("cap", lathe((0.5 * wide + 0.05, 0.88 * tall), (0.46 * wide, 0.95 * tall), (0.0, 0.9 * tall + cap))),
        Part("bobble", ball(0.13).at(z=0.93 * tall + cap)),
    ]
