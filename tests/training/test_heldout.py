from collections import defaultdict

from tests.tiny_emoji import blank_drawings
from training.captions import BACKGROUNDS, PLACES, Picture
from training.compose import Pictures, generator
from training.heldout import (
    chosen,
    heldout,
    is_variant,
    pair,
    rule,
    unseen_colour,
    unseen_place,
    unseen_together,
)
from training.icons import Icon, concepts, icons


def test_the_committed_list_is_what_the_rule_gives():
    assert heldout() == rule()


def test_about_a_tenth_is_held_out():
    variants = sum(map(is_variant, icons()))
    pairs = len(concepts()) * (len(BACKGROUNDS) - 1)
    assert 0.08 < len(heldout().variants) / variants < 0.12
    assert 0.09 < len(heldout().pairs) / pairs < 0.11
    assert chosen("noto/anything") == chosen("noto/anything")


def test_every_held_out_variant_has_a_relative_in_training():
    seen = {icon for icon in icons() if icon.key not in heldout().variants}
    groups = defaultdict(set)
    for icon in seen:
        groups[concepts()[icon.concept]].add(icon)
    for icon in set(icons()) - seen:
        match concepts()[icon.concept]:
            case "tones":
                assert Icon(icon.style, icon.concept) in seen
            case "colours":
                shape = icon.concept.rpartition("-")[2]
                assert any(other.concept.endswith(shape) for other in groups["colours"])
            case _:
                assert Icon("fluent", icon.concept) in seen


def test_a_tenth_of_colours_places_and_neighbours_is_held_out():
    names = list(concepts())
    colours = [unseen_colour(name, colour) for name in names for colour in BACKGROUNDS]
    places = [unseen_place(name, place) for name in names for place in PLACES]
    beside = [unseen_together(one, other) for one in names[:80] for other in names[80:160]]
    for held in (colours, places, beside):
        assert 0.08 < sum(held) / len(held) < 0.12
    assert unseen_together(*names[:2]) == unseen_together(*names[1::-1])


def test_training_never_draws_a_held_out_picture():
    pictures = Pictures(blank_drawings()).draw(2_000, generator(0))
    for picture in pictures:
        assert not any(thing.colour and unseen_colour(thing.icon.concept, thing.colour) for thing in picture.things)
        assert not (picture.place and unseen_place(picture.icon.concept, picture.place))
        assert not (picture.other and unseen_together(picture.icon.concept, picture.other.icon.concept))
    assert not any(picture in heldout() for picture in pictures)
    assert Picture(Icon("fluent", "pizza"), "white") not in heldout()
    held = sorted(heldout().pairs)[0]
    concept, background = held.split("@")
    assert pair(concept, background) == held
    assert Picture(Icon("fluent", concept), background) in heldout()
