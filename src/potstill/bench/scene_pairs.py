"""3-D scenes with true edits, and prompts with true pictures: toys that are built by rule.

The files are made by `training/toys/scene_pairs.py`. The groups of edits are `colour`, `part` (the colour of a part),
`both` (the colours of the object and of a part), `added` and `taken` (a part), and `swap` (another object in the same
colour, whose proportions are one choice of many); those of prompts are `colour` and `part`. The model `toys` was
trained on every source and on the answers of `seen`, but not on those of `held-out`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from potstill.bench.editing import Network
from potstill.bench.emoji_pairs import Pair
from potstill.bench.scene_pictures import BACKGROUND, strip, truth
from potstill.errors import InputError
from potstill.priors.pipeline import Pipeline
from potstill.worlds.toys.prior import CLASSES, Toys


@dataclass(frozen=True)
class ScenePair:
    """An edit of a scene, or without a source a generation, and its true answer by its caption."""

    group: str
    split: str
    target: str
    """The prompt that describes the answer."""
    source: str = ""
    """The prompt that describes the scene."""

    @property
    def name(self) -> str:
        """The two captions."""
        return f"{self.source} > {self.target}" if self.source else self.target

    def pair(self) -> Pair:
        """As a pair of pictures, each with all views beside one another; without a source it is the background."""
        answer = strip(truth().pictures(self.target))
        nothing = torch.tensor(BACKGROUND)[:, None, None].expand_as(answer).clone()
        source = strip(truth().pictures(self.source)) if self.source else nothing
        return Pair(self.name, self.group, self.split, self.source, self.target, source, answer)


def scene_pairs() -> tuple[ScenePair, ...]:
    """All edits."""
    return tuple(ScenePair(**each) for each in truth().pairs)


def scene_prompts() -> tuple[ScenePair, ...]:
    """All that is to be generated."""
    return tuple(ScenePair(**each) for each in truth().prompts)


def known_to(prior: Network, pairs: Sequence[ScenePair]) -> list[ScenePair]:
    """The pairs whose captions a model has: all for a network; for a world, those of its own toys."""
    return [pair for pair in pairs if isinstance(prior, Pipeline) or _has(prior, pair)]


def _has(prior: Toys, pair: ScenePair) -> bool:
    try:
        conditions = [prior.encode_prompt(text)[CLASSES] for text in (pair.source, pair.target) if text]
    except InputError:
        return False
    return all(int(each.sum()) == 1 for each in conditions)
