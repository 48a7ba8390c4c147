"""All kinds of toys, by the word of a caption."""

from training.toys import creatures, household, outdoors
from training.toys.parts import Kind

KINDS: dict[str, Kind] = {
    kind.__name__: kind
    for kind in (
        *(household.teapot, household.mug, household.chair, household.lamp),
        *(household.house, household.cactus, household.cake),
        *(creatures.snowman, creatures.duck, creatures.owl, creatures.cat),
        *(creatures.bear, creatures.robot, creatures.penguin),
        *(outdoors.mushroom, outdoors.rocket, outdoors.tree, outdoors.car, outdoors.boat),
    )
}
"""The functions that build the parts of each kind from its proportions."""
