from collections import defaultdict

from training.captions import BACKGROUNDS, Picture
from training.compose import Pictures, generator
from training.heldout import chosen, heldout, is_variant, pair, rule
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


def test_training_never_draws_a_held_out_picture():
    pictures = Pictures().draw(2_000, generator(0))
    assert not any(picture in heldout() for picture in pictures)
    assert Picture(Icon("fluent", "pizza"), "white") not in heldout()
    held = sorted(heldout().pairs)[0]
    concept, background = held.split("@")
    assert pair(concept, background) == held
    assert Picture(Icon("fluent", concept), background) in heldout()
