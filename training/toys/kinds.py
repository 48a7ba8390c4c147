"""All kinds of toys, by the word of a caption."""

from training.toys import animals, creatures, food, household, outdoors, things, travel
from training.toys.parts import Kind

KINDS: dict[str, Kind] = {
    kind.__name__.replace("_", " "): kind
    for kind in (
        *(household.teapot, household.mug, household.chair, household.lamp),
        *(household.house, household.cactus, household.cake),
        *(creatures.snowman, creatures.duck, creatures.owl, creatures.cat),
        *(creatures.bear, creatures.robot, creatures.penguin),
        *(outdoors.mushroom, outdoors.rocket, outdoors.tree, outdoors.car, outdoors.boat),
        *(things.table, things.umbrella, things.drum, things.clock, things.television),
        *(things.guitar, things.gift, things.bucket, things.candle),
        *(food.ice_cream, food.hamburger, food.apple, food.pumpkin),
        *(animals.fish, animals.rabbit, animals.pig, animals.snail),
        *(animals.turtle, animals.elephant, animals.bee, animals.ghost),
        *(travel.train, travel.plane, travel.lighthouse, travel.castle, travel.windmill),
    )
}
"""The functions that build the parts of each kind from its proportions."""
