"""The pairs of emoji and their scores: that the list says what is so, and what must hold of any result."""

import csv
import re
from collections import Counter
from dataclasses import fields, replace

import numpy as np
import pytest
import torch
from torch import Generator

from potstill.bench.emoji_pairs import TABLE, Pair, drawings, emoji_pairs, select_evenly
from potstill.bench.reference_based import ReferenceBased, scores
from potstill.bench.report import interval
from potstill.priors.prompts import PromptReader
from training import composed_pairs
from training.captions import BACKGROUNDS, Picture, Thing, caption
from training.heldout import heldout
from training.icons import Icon, icons
from training.model import TOKENS, build_tokenizer
from training.pairs import COUNTS, SHARED, group_of

CHANGED = {  # the fields of a picture that a group changes
    "recolour": [{"colour"}],
    "place": [{"place"}],
    "size": [{"place", "size"}, {"place"}],
    "two": [{"colour"}, {"other"}],
    "both": [{"colour", "background"}],
}


@pytest.fixture(scope="module")
def pairs() -> tuple[Pair, ...]:
    return emoji_pairs()


@pytest.fixture(scope="module")
def named() -> dict[str, Icon]:
    return {icon.key: icon for icon in icons()}


def ends(pair: Pair, named: dict[str, Icon]) -> tuple[Picture, Picture]:
    """Source and answer, by the name of the pair: `noto/car in red, small at the left, left noto/cat@white`."""
    source, answer = (read(end, named) for end in pair.name.split(" > "))
    return source, answer


def read(name: str, named: dict[str, Icon]) -> Picture:
    what, _, background = name.partition("@")
    first, *rest = what.split(", ")
    thing, place, size, relation, other = read_thing(first, named), None, "small", None, None
    for part in rest:
        if found := re.fullmatch("(small|medium) at the (.*)", part):
            size, place = found.groups()
        else:
            relation, _, second = part.partition(" ")
            other = read_thing(second, named)
    return Picture(thing.icon, background, place, thing.colour, size, relation, other)


def read_thing(name: str, named: dict[str, Icon]) -> Thing:
    key, _, colour = name.partition(" in ")
    return Thing(named[key], colour or None)


def test_the_list_is_as_large_as_it_says_and_no_pair_or_answer_comes_twice(pairs):
    counts = Counter((pair.group, pair.split) for pair in pairs)
    for group, (seen, heldout_) in COUNTS.items():
        assert counts[group, "seen"] <= seen
        assert 0 < counts[group, "held-out"] <= heldout_
    assert len(pairs) == 556
    assert len([pair for pair in pairs if pair.group not in composed_pairs.COUNTS]) == 316
    assert len({(pair.group, pair.name) for pair in pairs}) == len(pairs)
    assert len({pair.name.split(" > ")[1] for pair in pairs}) == len(pairs)
    assert len({pair.fingerprint for pair in pairs}) == len(pairs)


def test_names_prompts_and_backgrounds_agree(pairs, named):
    reader = PromptReader([(build_tokenizer(), TOKENS)])
    for pair in pairs:
        source, answer = ends(pair, named)
        assert pair.target_prompt == caption(answer)
        own = [replace(source, colour=colour) for colour in BACKGROUNDS]  # the colour that it has by itself may be said
        own += [replace(source, other=replace(source.other, colour=colour)) for colour in BACKGROUNDS if source.other]
        assert pair.source_prompt in map(caption, (source, *own))
        assert "<unknown>" not in reader.plain(pair.source_prompt) + reader.plain(pair.target_prompt)
        for image, end in ((pair.source, source), (pair.answer, answer)):
            corner = (image[0, :, 0, 0] * 255).round().byte().tolist()
            assert tuple(corner) == tuple(BACKGROUNDS[end.background])


def test_one_attribute_changes_and_no_source_is_held_out(pairs, named):
    for pair in pairs:
        source, answer = ends(pair, named)
        if pair.group == "background":
            assert source.icon == answer.icon
            assert source.background != answer.background
        elif pair.group in composed_pairs.COUNTS:
            changed = [field for field in fields(Picture) if getattr(source, field.name) != getattr(answer, field.name)]
            assert {field.name for field in changed} in CHANGED[pair.group]
            new = {*answer.things} - {*source.things}
            assert len(new) == (pair.group not in ("place", "size"))
        else:
            assert source.background == answer.background
            assert group_of(source.icon, answer.icon) == pair.group
        assert source not in heldout()
        assert (answer in heldout()) == (pair.split == "held-out")


def test_pairs_are_aligned_and_differ(pairs):
    with TABLE.open(newline="") as rows:
        chosen = [(int(row["source_drawing"]), int(row["answer_drawing"])) for row in csv.DictReader(rows)]
    for pair, numbers in zip(pairs, chosen, strict=True):
        assert pair.edit_region is not None
        cover = [drawings()[n, 3] for n in numbers]
        shared = torch.minimum(*cover).sum() / torch.maximum(*cover).sum()
        assert shared >= SHARED.get(pair.group, 1.0 * (pair.group in ("recolour", "both"))) - 1e-6
        assert pair.edit_region.mean() > (0.005 if pair.group in composed_pairs.COUNTS else 0.05)
        if pair.group in ("background", "both"):
            assert (pair.edit_region[0, 0] >= (cover[0] == 0)).all()
        else:
            # All outside both drawings must stay.
            assert not (pair.edit_region[0, 0] * (torch.maximum(*cover) == 0)).any()


def test_scores_of_the_answer_and_of_doing_nothing(pairs):
    judge = ReferenceBased()
    # On few backgrounds: the pictures that a result is held against are read for each.
    white = [pair for pair in pairs if pair.name.count("@white") == 2]
    for pair in [*select_evenly(white, 6), next(pair for pair in pairs if pair.group == "background")]:
        assert pair.answer is not None
        best = judge(pair.answer, pair)
        assert best == {
            "error": 0,
            "psnr": 100,
            "ssim": 1,
            "inside": 0,
            "outside": 0,
            "outlines": 0,
            "retrieved": 1,
        }
        nothing = judge(pair.source, pair)
        assert nothing["error"] == pytest.approx(1, abs=1e-6)
        assert nothing["retrieved"] == 0
        flat = judge(torch.full_like(pair.answer, 0.3), pair)
        assert flat["outlines"] == pytest.approx(1, abs=1e-5)


def test_scores_have_their_closed_forms():
    """Half of the picture must go from 0.2 to 0.6 and goes half way; the other half is off by 0.1."""
    source, answer = torch.full((1, 3, 16, 16), 0.2), torch.full((1, 3, 16, 16), 0.2)
    answer[..., :8] = 0.6
    out = answer.clone()
    out[..., :8], out[..., 8:] = 0.4, 0.3
    found = scores(out, source, answer, (answer != source)[:, :1].float())
    wrong = (0.2**2 + 0.1**2) / 2
    assert found["inside"] == pytest.approx(0.2, rel=1e-5)
    assert found["outside"] == pytest.approx(0.1, rel=1e-5)
    assert found["error"] == pytest.approx((wrong / (0.4**2 / 2)) ** 0.5, rel=1e-5)
    assert found["psnr"] == pytest.approx(-10 * torch.tensor(wrong).log10().item(), rel=1e-5)
    # The only edge goes from 0.4 to 0.1.
    assert found["outlines"] == pytest.approx(0.75, rel=1e-4)


def test_spread_takes_groups_in_turn_and_everything_at_most(pairs):
    held = [pair for pair in pairs if pair.split == "held-out"]
    groups = sorted({pair.group for pair in held})
    assert len(groups) == 10
    spread = Counter(pair.group for pair in select_evenly(held, 12))
    assert sorted(spread) == groups
    assert sorted(spread.values()) == [1] * 8 + [2] * 2
    assert len(select_evenly(held, 10_000)) == len(held)
    assert select_evenly(held, 40) == select_evenly(held, 40)


def test_the_interval_covers_as_often_as_it_says():
    """Of 300 samples of 40, nearly 95 % of the intervals hold the true mean."""
    values = torch.randn(300, 40, generator=Generator().manual_seed(0), dtype=torch.float64).exp().numpy()
    mean = float(torch.tensor(0.5).exp())
    covered = sum(low <= mean <= high for low, high in map(interval, values))
    assert 0.84 <= covered / 300 <= 0.98
    assert interval(values[0]) == interval(values[0])


def test_the_interval_of_several_seeds_holds_both_spreads():
    rng = np.random.default_rng(0)
    pairs, seeds = rng.normal(size=(1, 40)), rng.normal(size=(3, 1))
    low, high = interval(pairs)
    assert interval(np.repeat(pairs, 3, 0)) == pytest.approx([low, high])  # seeds that agree add nothing
    assert interval(pairs[0]) == [low, high]
    of_seeds = interval(np.repeat(seeds, 40, 1))
    assert of_seeds == pytest.approx([seeds.min(), seeds.max()])  # a draw in 27 has one seed alone
    both = interval(pairs + seeds)
    assert both[1] - both[0] > max(high - low, of_seeds[1] - of_seeds[0])
