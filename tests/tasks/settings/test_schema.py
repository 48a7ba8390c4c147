"""The schema of settings: everything that is known of a field, for a command line, a form or a page."""

import subprocess
import sys
from dataclasses import MISSING, dataclass
from typing import Annotated, Literal

import pytest

from potstill.errors import InputError
from potstill.methods import CSD, DDS, PDS, Method
from potstill.methods.noise import Fixed, Fresh, NoiseSource
from potstill.methods.times import Uniform
from potstill.tasks.images.generating import Generate
from potstill.tasks.settings.schema import Advanced, Option, Positional, build, explained, first_sentence, schema


@dataclass(frozen=True)
class Base:
    """What is shared."""

    seed: int = 0
    """Of all randomness. The same seed gives the same bytes."""


@dataclass(frozen=True, kw_only=True)
class Task(Base):
    """What is done."""

    prompt: Positional[str]
    """What to show."""
    method: Method = PDS()
    space: Advanced[Literal["latents", "pixels"]] = "latents"


@dataclass(frozen=True)
class Command:
    """Do it."""

    task: Task
    size: Annotated[tuple[int, int] | None, Option(metavar="H W", advanced=True)] = None


def test_nested_dataclasses_are_flattened_with_the_derived_class_first_and_the_method_last():
    found = schema(Command)
    names = ["prompt", "method", "space", "seed", "size", "noise", "weight", "times", "coefficients"]
    assert [setting.name for setting in found] == names
    paths = {setting.name: setting.path for setting in found}
    assert paths["size"] == ("size",)
    assert paths["seed"] == ("task", "seed")
    assert paths["noise"] == ("task", "method", "noise")
    assert [setting.name for setting in found if setting.of_method] == names[5:]
    assert [setting.name for setting in found if setting.required] == ["prompt"]


def test_a_setting_says_what_it_is():
    found = {setting.name: setting for setting in schema(Command)}
    seed, space, size = found["seed"], found["space"], found["size"]
    assert (seed.kind, seed.default, seed.group) == (int, 0, "What is done.")
    assert first_sentence(seed.doc) == "Of all randomness."
    assert (space.choices, space.option.advanced) == (["latents", "pixels"], True)
    assert (size.kind, size.option.metavar) == (tuple[int, int] | None, "H W")
    assert found["prompt"].option.positional
    assert found["prompt"].default is MISSING
    assert {"pds", "pds-consistent"} <= set(found["method"].choices)
    assert "Fresh" in found["noise"].choices
    assert found["noise"].group.startswith("The fields of PDS: ")
    assert explained(NoiseSource)["Mixed(share=0.5)"].startswith("eps = sqrt(1 - share²) eps_hat + share z")


def test_the_fields_are_those_of_the_method_chosen_and_their_names_stay_apart():
    names = [setting.name for setting in schema(Generate, method=CSD()) if setting.of_method]
    assert names == ["noise", "weight", "times", "csd_negative", "negative_end"]
    made = build(Generate, {("prompt",): "a", ("negative",): "b", ("method",): CSD(), ("method", "negative"): 0.5})
    assert (made.negative, made.method) == ("b", CSD(negative=0.5))


def test_build_sets_what_is_given_and_keeps_the_rest():
    given = {("task", "prompt"): "a", ("task", "method", "noise"): Fixed(), ("size",): (8, 8)}
    made = build(Command, given)
    assert made == Command(Task(prompt="a", method=PDS(noise=Fixed())), (8, 8))
    changed = build(Command, {("task", "method"): DDS(), ("task", "method", "times"): Uniform(0.1)}, made)
    assert changed == Command(Task(prompt="a", method=DDS(times=Uniform(0.1))), (8, 8))
    assert build(Command, {}, made) is made
    assert schema(Command, made)[0].default == "a"
    assert schema(Command, changed)[5].default == Fresh()
    with pytest.raises(InputError, match="the prompt is empty"):
        build(Generate, {("prompt",): ""})


def test_it_needs_no_parser_of_command_lines():
    code = "import potstill.tasks.settings.schema, sys; assert not {'tyro', 'potstill.cli'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
