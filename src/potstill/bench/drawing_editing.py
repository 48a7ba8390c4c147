"""Edit many pairs of drawings at once with the same settings: one network call per step for all of them."""

from collections.abc import Iterator, Sequence

import torch
from torch import Generator, Tensor

from potstill.bench.drawing_pairs import picture, read
from potstill.bench.editing import Preview, conditions, timed
from potstill.bench.emoji_pairs import Pair
from potstill.io.svg import SvgFile, read_svg
from potstill.optimizers import SharedAdam
from potstill.priors.pipeline import Pipeline
from potstill.scenes import Chosen, Drawing
from potstill.scenes.several_drawings import SeveralDrawings
from potstill.tasks.drawings.editing import EditDrawing

FIT = 200
"""Steps of the best fit."""


def edit_drawings(task: EditDrawing, pairs: Sequence[Pair], prior: Pipeline, previews: int = 1) -> Iterator[Preview]:
    """Edit all pairs with `task` (its own prompts are ignored); yield `previews` previews, the last one at the end."""
    files = [read(pair.drawing) for pair in pairs]
    drawings = [task.canvas(file.sketch, prior, Chosen()) for file in files]
    source = conditions(prior, [pair.source_prompt for pair in pairs])
    target = conditions(prior, [pair.target_prompt for pair in pairs])
    rng = Generator().manual_seed(task.seed)
    steps, _ = task.loop(SeveralDrawings(drawings), prior, task.method, rng, target, source)
    for evaluations, seconds in timed(steps, len(pairs), previews):
        yield _written(files, [drawing.numbers[0] for drawing in drawings], evaluations, seconds)


def unchanged(pairs: Sequence[Pair], prior: Pipeline, seed: int) -> Preview:
    """The sources."""
    return _as_they_are([pair.drawing for pair in pairs])


def true_results(pairs: Sequence[Pair], prior: Pipeline, seed: int) -> Preview:
    """The answers."""
    return _as_they_are([pair.drawn_answer for pair in pairs])


def best_fit(pairs: Sequence[Pair], prior: Pipeline, seed: int) -> Preview:
    """The elements of each source, fitted to the picture of its answer by the same numbers as an edit."""
    task = EditDrawing(source="source", target="target", point_rate=0.0005, coupling=0.0)
    files = [read(pair.drawing) for pair in pairs]
    numbers = []
    for file, pair in zip(files, pairs, strict=True):
        scene = task.canvas(file.sketch, prior, Chosen())
        goal: Drawing = task.canvas(read(pair.drawn_answer).sketch, prior, Chosen())
        with torch.no_grad():
            wanted = goal.images
        optimizer = SharedAdam(scene.groups(task.resolve().rates))
        for step in range(FIT):
            for group, rate in zip(optimizer.param_groups, scene.groups(task.resolve().rates), strict=True):
                group["lr"] = rate["lr"] * (1 - step / FIT)
            optimizer.zero_grad()
            (scene.images - wanted).square().sum().backward()
            optimizer.step()
        numbers.append(scene.numbers[0])
    return _written(files, numbers, 0.0, 0.0)


def _written(files: Sequence[SvgFile], numbers: Sequence[Tensor], evaluations: float, seconds: float) -> Preview:
    """The results as they are when they are written and read again."""
    texts = [file.text(each) for file, each in zip(files, numbers, strict=True)]
    images = torch.cat([picture(read_svg(text.encode())) for text in texts])
    return Preview(images, evaluations, seconds, [each.detach().cpu().double() for each in numbers], texts)


def _as_they_are(texts: Sequence[str]) -> Preview:
    files = [read(text) for text in texts]
    images = torch.cat([picture(file) for file in files])
    return Preview(images, 0.0, 0.0, [file.sketch.numbers for file in files], texts)
