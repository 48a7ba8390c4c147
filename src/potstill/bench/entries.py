"""The entries of the benchmark: methods at their settings, and the bounds that they are compared with."""

import abc
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import torch

from potstill.baselines import Baseline, SDEdit
from potstill.bench.editing import Network, Preview, edit_pairs
from potstill.bench.emoji_pairs import Pair
from potstill.bench.settings import Setting, new_task, published, tuned
from potstill.errors import InputError
from potstill.methods import Method
from potstill.priors.pipeline import Pipeline
from potstill.tasks.drawings.editing import EditDrawing
from potstill.tasks.images.editing import Edit
from potstill.tasks.images.prompt_sampling import sample
from potstill.tasks.scenes.editing import EditScene
from potstill.tasks.scenes.generating import GenerateScene
from potstill.tasks.settings.effects import note_repeats
from potstill.tasks.settings.parsing import from_text
from potstill.tensors import Images

Editor = Callable[[Any, Sequence[Pair], Any, int], Iterator[Preview]]
"""Edits pairs with a task, and yields as many previews as asked."""


@dataclass(frozen=True)
class Entry(abc.ABC):
    """A method at some settings, or a bound."""

    name: str
    seeded: bool = field(default=True, kw_only=True)
    """Whether the result depends on the seed."""

    @property
    @abc.abstractmethod
    def setting_name(self) -> str:
        """What tables call its settings."""

    @property
    def label(self) -> str:
        """Name and settings."""
        return f"{self.name} ({self.setting_name})"

    @property
    @abc.abstractmethod
    def settings(self) -> dict[str, Any] | None:
        """The settings of its edit; None for a bound."""

    @abc.abstractmethod
    def previews(self, pairs: Sequence[Pair], prior: Network, seed: int, count: int) -> Iterator[Preview]:
        """Edit the pairs; the last preview is the result."""


@dataclass(frozen=True)
class MethodEntry(Entry):
    """A method at some settings."""

    setting: Setting
    task: Edit | EditDrawing | EditScene | GenerateScene
    """Its prompts and its seed are ignored."""
    edit: Editor = edit_pairs
    """Edits pairs with the task."""

    @property
    def setting_name(self) -> str:
        """Where the settings come from, or the guidance scale."""
        guided = self.setting is Setting.GUIDANCE
        return f"guidance {self.task.guidance_scale:g}" if guided else self.setting.value

    @property
    def settings(self) -> dict[str, Any]:
        """The settings of the edit as they are run."""
        return self.task.settings_as_run()

    def previews(self, pairs: Sequence[Pair], prior: Network, seed: int, count: int) -> Iterator[Preview]:
        """Edit the pairs."""
        return self.edit(replace(self.task, seed=seed), pairs, prior, count)


@dataclass(frozen=True)
class Bound(Entry):
    """A result to compare methods with. Its cost is not measured, and None in reports, unless it is free."""

    description: str
    results: Callable[[Sequence[Pair], Any, int], Preview]
    """Those of pairs, a prior and a seed."""
    needs_answer: bool = False
    free: bool = False
    """Whether nothing is computed for it, so that its cost is 0."""

    @property
    def setting_name(self) -> str:
        """The word "bound"."""
        return "bound"

    @property
    def label(self) -> str:
        """The name alone."""
        return self.name

    @property
    def settings(self) -> None:
        """No settings."""

    def previews(self, pairs: Sequence[Pair], prior: Network, seed: int, count: int) -> Iterator[Preview]:
        """The result only."""
        yield self.results(pairs, prior, seed)


def answers(pairs: Sequence[Pair]) -> Images:
    """The true results."""
    return torch.cat([pair.answer for pair in pairs if pair.answer is not None])


def _nothing(pairs: Sequence[Pair], prior: Pipeline, seed: int) -> Preview:
    return Preview(torch.cat([pair.source for pair in pairs]), 0.0, 0.0)


def _answer(pairs: Sequence[Pair], prior: Pipeline, seed: int) -> Preview:
    return Preview(answers(pairs), 0.0, 0.0)


def _remade(pairs: Sequence[Pair], prior: Pipeline, seed: int) -> Preview:
    task = Edit(source="answer", target="answer", method=SDEdit(strength=0.5), guidance_scale=1.0, seed=seed)
    from_answers = [replace(pair, source=pair.answer, source_prompt=pair.target_prompt) for pair in pairs]
    *_, last = edit_pairs(task, from_answers, prior)
    return replace(last, evaluations=0.0, seconds=0.0)


def _caption(pairs: Sequence[Pair], prior: Pipeline, seed: int) -> Preview:
    return Preview(sample([pair.target_prompt for pair in pairs], prior, seed=seed), 0.0, 0.0)


BOUNDS = {
    bound.name: bound
    for bound in (
        Bound("nothing", "the source unchanged", _nothing, free=True, seeded=False),
        Bound("answer", "the answer itself", _answer, needs_answer=True, free=True, seeded=False),
        Bound("remade", "the answer, noised half way and sampled back by the model", _remade, needs_answer=True),
        Bound("caption", "the target prompt sampled from pure noise, without the source", _caption),
    )
}


@dataclass(frozen=True)
class Suite:
    """What is measured: the bounds, and the settings of methods."""

    bounds: Mapping[str, Bound]
    published: Callable[[], Mapping[str, Any]]
    """Tasks by the names of methods."""
    tuned: Callable[[], Mapping[str, Any]]
    """Tasks by the names of methods."""
    new: Callable[..., Any]
    """The task of `potstill edit` with some settings."""
    edit: Editor
    methods: Any = Method | Baseline
    """The kinds of methods."""
    default: str = "potstill edit"
    """The command whose defaults are an entry."""


PICTURES = Suite(BOUNDS, published, tuned, new_task, edit_pairs)


def check_names(names: Sequence[str], suite: Suite) -> None:
    """Raise unless all are names of methods, or expressions.

    Raises:
        InputError: one is neither.
    """
    known = {*suite.published(), *suite.tuned()}
    for name in names:
        if name not in known:
            from_text(name, suite.methods)


def select_entries(
    names: tuple[str, ...] = (),
    setting: Setting | None = None,
    has_answers: bool = True,
    guidance_scales: tuple[float, ...] = (),
    suite: Suite = PICTURES,
) -> list[Entry]:
    """The bounds, then the named methods, or all.

    Args:
        names: names of methods, or expressions, which run with the defaults of `potstill edit`.
        setting: `PUBLISHED` or `TUNED`; default: both, for each method.
        has_answers: whether bounds that need the answer are included.
        guidance_scales: every expression runs at each of them.
        suite: what they edit.

    Raises:
        InputError: a name is not a method, a method has no tuned settings, or guidance scales are given without an
            expression.
    """
    published, tuned = suite.published(), suite.tuned()
    if guidance_scales and not set(names) - published.keys():
        raise InputError(
            'guidance scales need methods given as expressions, such as "DDS()"; a method given by name has its own'
        )
    chosen: list[Entry] = [bound for bound in suite.bounds.values() if has_answers or not bound.needs_answer]
    note_repeats(names)
    for name in dict.fromkeys(names or [*published, *(each for each in tuned if each not in published)]):
        known = {Setting.PUBLISHED: published.get(name), Setting.TUNED: tuned.get(name)}
        known = {key: task for key, task in known.items() if task is not None}
        if not known:
            task = suite.new(method=from_text(name, suite.methods))
            at_scales = [replace(task, guidance_scale=scale) for scale in dict.fromkeys(guidance_scales)]
            guided = [MethodEntry(name, Setting.GUIDANCE, each, suite.edit) for each in at_scales]
            chosen += guided or [MethodEntry(name, Setting.STATED, task, suite.edit)]
            continue
        wanted = [key for key in known if setting in (key, None)]
        if not wanted and names:  # of all methods, those that have such settings
            raise InputError(f"{name} has no {setting} settings: use --settings {next(iter(known))}")
        chosen += [MethodEntry(name, key, known[key], suite.edit) for key in wanted]
    default = MethodEntry(suite.default, Setting.DEFAULT, suite.new(), suite.edit)
    return chosen if names else [*chosen, default]
