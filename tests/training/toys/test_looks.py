from collections import Counter

import numpy as np
import pytest

from potstill.bench.scene_pictures import PARTS
from training.model import TOKENS, build_tokenizer, tokenize
from training.toys.examples import vocabulary
from training.toys.kinds import KINDS
from training.toys.looks import Look, draw_look, draw_missing, whole, without
from training.toys.parts import COLOURS, MAIN, Drawn
from training.toys.words import named


def toy(kind):
    return whole(kind, Drawn(np.random.default_rng(0)))


def test_the_words_fit_the_parts_of_every_kind():
    assert list(named()) == list(KINDS)
    assert len(KINDS) >= 40
    for kind, about in named().items():
        names = [part.name for part in toy(kind)]
        assert len(names) <= PARTS, kind
        covered = [part for word in about.words.values() for part in word.parts]
        assert {*covered, *about.body} <= {*names}, kind
        assert len(covered) == len({*covered}), f"two words for one part of a {kind}"
        assert about.words, kind
        colours = {word.colour for word in about.words.values()} | {about.natural}
        assert colours <= {None, *COLOURS}, kind


def test_captions_are_plain_words():
    red = Look("snowman", "white", {"hat": "red"})
    assert red.caption(colour=False) == "snowman with a red hat"
    assert Look("chair", "brown", {"seat": "blue"}).caption() == "brown chair with a blue seat"
    assert Look("teapot", "orange", missing=frozenset({"lid"})).caption(background="orange") == (
        "orange teapot without a lid on an orange background"
    )
    assert Look("bucket", "red", {"sand": "grey"}).caption() == "red bucket with grey sand"
    assert Look("plane", "grey", {"wings": "orange", "tail": "black"}).caption() == (
        "grey plane with orange wings and a black tail"
    )
    assert Look("duck", "yellow", missing=frozenset({"hat"})).caption() == "yellow duck", "who wears none by default"


def test_a_caption_colours_what_it_names_and_nothing_else():
    plain, red = Look("snowman", "white"), Look("snowman", "white", {"hat": "blue"})
    parts = toy("snowman")
    changed = {name for name, tint in red.palette(parts).items() if tint != plain.palette(parts)[name]}
    assert changed == {"hat"}
    assert plain.palette(parts) == {
        **{"snow": "white", "nose": "orange", "eyes": "black", "arms": "brown"},
        **{"hat": "red", "scarf": "red"},
    }
    assert Look("snowman", "green").palette(parts)["snow"] == "green"
    main = [part.name for part in toy("duck") if part.colour == MAIN]
    assert all(Look("duck", "pink").palette(toy("duck"))[name] == "pink" for name in main)


def test_missing_parts_are_gone_with_what_belongs_to_them():
    left = {part.name for part in without(toy("teapot"), "teapot", {"lid"})}
    assert left == {"body", "spout", "handle", "foot"}
    assert "hat" in {part.name for part in toy("duck")}
    assert "hat" not in {part.name for part in without(toy("duck"), "duck", {"hat"})}


def test_a_hat_sits_on_the_head():
    parts = {part.name: part.surface.vertices for part in toy("duck")}
    head, hat = parts["head"], parts["hat"]
    assert hat[:, 2].min() < head[:, 2].max() < hat[:, 2].max()
    assert np.abs((hat.min(0) + hat.max(0) - head.min(0) - head.max(0))[:2]).max() < 1e-6


def test_training_leaves_out_a_tenth_of_the_facts_and_never_what_is_usual():
    rng = np.random.default_rng(0)
    usual = [Look(kind, about.natural) for kind, about in named().items() if about.natural]
    assert not any(look.facts for look in usual)
    facts = {fact for kind in KINDS for colour in COLOURS for fact in Look(kind, colour).facts}
    share = np.mean([Look(fact.partition(" ")[2], fact.partition(" ")[0]).held_out for fact in facts])
    assert 0.06 < share < 0.14
    drawn = [draw_look(kind, draw_missing(kind, rng), rng) for kind in KINDS for _ in range(20)]
    assert not any(look.held_out for look in drawn)
    assert Counter(bool(look.colours) for look in drawn)[True] > len(drawn) / 3


def test_every_word_is_known_and_every_caption_fits():
    rng = np.random.default_rng(1)
    tokenizer = build_tokenizer(vocabulary())
    looks = [draw_look(kind, draw_missing(kind, rng), rng) for kind in KINDS for _ in range(20)]
    tokens = tokenize(tokenizer, [look.caption(background="turquoise") for look in looks])
    assert tokens.shape == (len(looks), TOKENS)
    assert (tokens != tokenizer.unk_token_id).all()
    longest = max(len(tokenizer(look.caption(background="turquoise")).input_ids) for look in looks)
    assert longest <= TOKENS + 2


@pytest.mark.parametrize("kind", ["guitar", "ice cream"])
def test_the_same_seed_gives_the_same_look(kind):
    one, other = (draw_look(kind, frozenset(), np.random.default_rng(5)) for _ in range(2))
    assert one == other
