"""Edits of scenes to choose settings by, whose answers neither the training nor `potstill bench scenes` has.

They are drawn as the held-out ones of `scene_pairs`, from the sources of the benchmark, whose scenes are fitted
already. All held-out toys without a part are in the benchmark, so no pair takes one away.
"""

import numpy as np

from potstill.bench.emoji_pairs import Pair
from potstill.bench.scene_pictures import strip, truth
from training.toys.kinds import KINDS
from training.toys.looks import Look
from training.toys.scene_pairs import LEAST, changed, edits, pictures, pixels, tints

GROUPS, SEED = ("colour", "part", "both", "added", "swap"), 100


def pairs(each: int = 4) -> list[Pair]:
    """So many pairs of every group, each of another kind; rendering them takes a second for each kind."""
    return [_pair(group, *ends) for group in GROUPS for ends in chosen(group, each)]


def chosen(group: str, count: int) -> list[tuple[Look, Look]]:
    """So many sources and answers of a group."""
    known, found = truth(), list[tuple[Look, Look]]()
    for kind in np.random.default_rng([SEED, *group.encode()]).permutation([*KINDS]).tolist():
        rng = np.random.default_rng([SEED, *f"{group} {kind}".encode()])
        fitting = (
            (source, answer)
            for source, answer in edits(kind, group, rng)
            if source.caption() in known.starts
            and answer.caption() not in known.looks
            and answer.held_out
            and tints(source) != tints(answer)
            and changed(source, answer) >= LEAST
        )
        found += [ends for ends in [next(fitting, None)] if ends]
        if len(found) == count:
            break
    return found


def _pair(group: str, source: Look, answer: Look) -> Pair:
    old, new = source.caption(), answer.caption()
    before, after = (strip(pictures(pixels(look.kind, look.missing), look)) for look in (source, answer))
    return Pair(f"{old} > {new}", group, "validation", old, new, before, after)
