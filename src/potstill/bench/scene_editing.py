"""Edit and generate 3-D scenes for the benchmark: several pairs with the same settings, each with calls of its own."""

from collections.abc import Iterator, Sequence
from copy import deepcopy

import torch
from torch import Generator

from potstill.bench.editing import Network, Preview, timed
from potstill.bench.emoji_pairs import Pair
from potstill.bench.scene_pictures import strip, truth
from potstill.bench.scene_starts import MATERIALS, Material, fit, look, start
from potstill.diffusion.sampling import in_range, sdedit
from potstill.priors.pipeline import Pipeline
from potstill.scenes.viewing import Solid, Viewing
from potstill.tasks.scenes.editing import EditScene
from potstill.tasks.scenes.generating import GenerateScene
from potstill.tasks.scenes.models import scene_model
from potstill.tensors import Images

SAMPLING = 20
"""Steps of the whole schedule, of which half remake an answer."""


def make_scenes(
    task: EditScene | GenerateScene,
    pairs: Sequence[Pair],
    prior: Network,
    previews: int = 1,
    material: Material = "gaussians",
) -> Iterator[Preview]:
    """Make the scene of each pair with `task`, whose own prompts are ignored: an edit, or without a source prompt a
    generation. Yield `previews` previews, the last one at the end."""
    model = task.model(prior)
    viewing, scenes, runs = task.viewing(model), [], []
    for pair in pairs:
        rng = Generator().manual_seed(task.seed)
        source, before = None, None
        if pair.source_prompt:
            scene = start(pair.source_prompt, material, viewing).to(model.device)
            source, before = {**model.encode_prompt(pair.source_prompt), **task.size_of(model, scene)}, deepcopy(scene)
        else:
            scene = task.begin({}, model, viewing, rng)
        target = {**model.encode_prompt(pair.target_prompt), **task.size_of(model, scene)}
        runs.append(task.loop(scene, model, rng, target, source, before)[0])
        scenes.append(scene)
    first = _before(pairs, material)
    for points in zip(*(timed(steps, 1, previews) for steps in runs), strict=True):  # the runs take turns
        evaluations, seconds = (sum(each) / len(points) for each in zip(*points, strict=True))
        yield Preview(_seen(scenes), evaluations, seconds, before=first)


def unchanged(pairs: Sequence[Pair], prior: Network, seed: int, material: Material) -> Preview:
    """The scenes of the sources."""
    before = _before(pairs, material)
    assert before is not None
    return Preview(before, 0.0, 0.0, before=before)


def true_views(pairs: Sequence[Pair], prior: Network, seed: int) -> Preview:
    """The answers."""
    return Preview(torch.cat([pair.answer for pair in pairs if pair.answer is not None]), 0.0, 0.0)


def best_fit(pairs: Sequence[Pair], prior: Network, seed: int, material: Material) -> Preview:
    """Scenes that are fitted to the very pictures of the answers, from the sources or from balls."""
    scenes = []
    for pair in pairs:
        ball = MATERIALS[material].ball(Generator().manual_seed(seed), Viewing())
        scene = start(pair.source_prompt, material) if pair.source_prompt else ball
        fit(scene, truth().pictures(pair.target_prompt), truth().cameras, material)
        scenes.append(scene)
    return Preview(_seen(scenes), 0.0, 0.0, before=_before(pairs, material))


def remade(pairs: Sequence[Pair], prior: Pipeline, seed: int) -> Preview:
    """Each true view noised half way and sampled back by the model from the caption and the camera."""
    model, views = scene_model(prior, None), truth().cameras.view()
    denoiser, found = in_range(model.denoiser, model.codec), []
    for pair in pairs:
        x0 = model.codec.encode(truth().pictures(pair.target_prompt)).to(model.device)
        prompt = {
            name: value.expand(len(x0), *value.shape[1:])
            for name, value in model.encode_prompt(pair.target_prompt).items()
        }
        condition = {**prompt, **{name: value.to(model.device) for name, value in views.items()}}
        condition |= prior.size_condition(x0)
        out = model.codec.decode(sdedit(denoiser, x0, condition, Generator().manual_seed(seed), steps=SAMPLING))
        found.append(strip(out.float().cpu().clamp(0, 1)))
    return Preview(torch.cat(found), 0.0, 0.0)


def _before(pairs: Sequence[Pair], material: Material) -> Images | None:
    """What the edits start from, none for a generation."""
    if not all(pair.source_prompt for pair in pairs):
        return None
    return _seen([start(pair.source_prompt, material) for pair in pairs])


def _seen(scenes: Sequence[Solid]) -> Images:
    """The strip of views of each scene."""
    return torch.cat([strip(look(scene, truth().cameras)) for scene in scenes])
