"""What the tabs of tasks share: limits, notes, and results of runs that were stopped."""

import warnings

import pytest

from potstill.baselines import DDPMInversion
from potstill.errors import InputError
from potstill.methods import DDS, named
from potstill.tasks.images.editing import Edit
from potstill.web.watching import BeginTask, edit_methods, name_of, noted, total_steps


def tasks(**settings):
    begin = BeginTask(**{"target": "blue heart", "methods": ("dds", "infedit"), **settings})
    return begin.tasks(Edit, edit_methods(), 20, source="red heart", target=begin.target)


def test_a_default_above_the_limit_is_cut_and_said():
    with noted() as notes:
        made = tasks()
    assert [task.steps for task in made.values()] == [20, None]
    assert made["dds"].method == DDS()
    assert notes == ["dds takes 20 steps here instead of 200"]


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"steps": 21}, "steps = 21"),
        ({"methods": ()}, "methods = 0"),
        ({"methods": ("dds",) * 5}, "methods = 5"),
        ({"methods": ("ddz",)}, "did you mean 'dds'"),
        ({"guidance_scale": 1e9}, "guidance scale"),
        ({"seed": -1}, "seed"),
    ],
)
def test_what_is_beyond_the_limits_is_refused(settings, told):
    with pytest.raises(InputError, match=told):
        tasks(**settings)


def test_a_note_is_told_once():
    with noted() as notes:
        for _ in range(2):
            warnings.warn("look", UserWarning, stacklevel=1)
        warnings.warn("of no interest", DeprecationWarning, stacklevel=1)
    assert notes == ["look"]


def test_a_baseline_counts_its_own_steps():
    task = Edit(source="a", target="b", method=DDPMInversion(), steps=10)
    assert total_steps(task) == DDPMInversion().total(10)
    assert name_of(DDS(), named()) == "dds"
