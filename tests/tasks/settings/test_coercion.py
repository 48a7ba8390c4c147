"""Values become what an annotation says, or an error with value, rule and fix."""

import dataclasses
import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pytest

from potstill.diffusion.guidance import GuidanceRule
from potstill.errors import InputError
from potstill.methods import DDS, PDS, Coefficients, Consistent, Identity, Method, Release, named
from potstill.methods.noise import DDIMNoise, Fixed, FixedPoint, Inverted, Mixed, NoiseSource, Picard
from potstill.methods.render_model import RenderModel
from potstill.methods.times import Annealed, TimestepSampler, Uniform
from potstill.methods.weighting import Constant, Weight
from potstill.tasks.settings.kinds import classes_of
from potstill.tasks.settings.parsing import coerce, from_text, from_values, to_text

KINDS = (NoiseSource, Weight, TimestepSampler, Coefficients, RenderModel, GuidanceRule, Method)


@pytest.mark.parametrize(
    ("value", "annotation", "result"),
    [
        (np.int64(3), int, 3),
        (np.float32(0.5), float, 0.5),
        (np.bool_(True), bool, True),
        (np.str_("up"), Literal["up", "down"], "up"),
        (3.0, int | None, 3),
        (3, float, 3.0),
        ([8, np.int16(16)], tuple[int, int] | None, (8, 16)),
        (None, float | None, None),
        ("fixed", NoiseSource, Fixed()),
        (Fixed(), NoiseSource, Fixed()),
        ("DDS(noise=Fixed())", Method | None, DDS(noise=Fixed())),
    ],
)
def test_values_become_what_the_annotation_says(value, annotation, result):
    found = coerce(value, annotation, "it")
    assert found == result
    assert type(found) is type(result)


@pytest.mark.parametrize("value", [3.5, True, "3", math.inf, [3], np.float64(0.5), np.array([1, 2]), int, 1j, b"3"])
def test_what_is_no_whole_number_is_refused_as_it_was_written(value):
    with pytest.raises(InputError, match=r"^steps of Edit = .* must be a whole number or None, such as None$"):
        coerce(value, int | None, "steps of Edit", None)


@pytest.mark.parametrize(
    ("text", "annotation", "result"),
    [
        ("64x32", tuple[int, int] | None, (64, 32)),
        (" 64 32 ", tuple[int, int] | None, (64, 32)),
        ("64,32", tuple[int, int] | None, (64, 32)),
        ("[64, 32]", tuple[int, int] | None, (64, 32)),
        ("None", tuple[int, int] | None, None),
        ("None", Literal["adam", "sgd"] | None, None),
        ("None", str, "None"),
        (" a, (b", str, " a, (b"),
        ("-1e-3", float, -1e-3),
        ("False", bool, False),
        ("pds-consistent", Method | None, PDS.consistent()),
    ],
)
def test_a_cell_is_read_as_its_field_is(text, annotation, result):
    assert from_text(text, annotation, "it") == result


@dataclass(frozen=True)
class Mine(DDS):
    """A user's method."""

    strength: float = 1.0


class Own(NoiseSource):
    """A user's noise source, without fields."""

    def __call__(self, x0, prior, t, condition, rng, memory=None):
        return x0


def test_a_class_of_ones_own_breaks_nothing_and_is_passed_in_python():
    from potstill.tasks.images.editing import Edit

    assert from_text("DDS(noise=Fixed())", Method) == DDS(noise=Fixed())
    assert set(classes_of(Method)) == {type(method).__name__ for method in named().values()}
    for method in (Mine(strength=2.0), DDS(noise=Own())):
        task = Edit.of({"source": "a", "target": "b", "method": method})
        assert task.method is method
        with pytest.raises(InputError, match="a class that is not potstill's cannot be read from text: pass an insta"):
            Edit.of(task.settings())
    assert to_text(Mine(strength=2.0)) == f"{__name__}.Mine(strength=2.0)"
    with pytest.raises(InputError, match="unknown method 'Mine'"):
        from_text("Mine()", Method)


def test_values_are_named_by_field_and_class():
    assert from_values(Inverted, {"steps": np.int32(4)}) == Inverted(steps=4)
    assert from_values(Inverted, {"steps": "4", "extra_at": "end"}, texts=True) == Inverted(steps=4)
    for values, message in (
        ({"steps": "4"}, "steps of Inverted = '4' must be a whole number, such as 10"),
        ({"stpes": 4}, "unknown field 'stpes' of Inverted: did you mean 'steps'?"),
    ):
        with pytest.raises(InputError, match=message):
            from_values(Inverted, values)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize(
    ("cls", "field"),
    [
        (cls, field.name)
        for cls in (Constant, Uniform, Annealed, Mixed, DDIMNoise, Inverted, FixedPoint, Release, Consistent, Identity)
        for field in dataclasses.fields(cls)
        if field.type is float
    ],
)
def test_components_refuse_what_is_not_finite(cls, field, bad):
    with pytest.raises(InputError, match=str(bad)):
        cls(**{field: bad})


@pytest.mark.parametrize(
    "build",
    [
        lambda: Inverted(steps=0),
        lambda: Inverted(extra=-0.1),
        lambda: FixedPoint(iterations=0),
        lambda: FixedPoint(rate=0.0),
        lambda: Picard(iterations=0),
        lambda: DDIMNoise(-1.0),
        lambda: Release(stride=0.0),
        lambda: Identity(stride=1.0),
    ],
)
def test_components_refuse_counts_and_sizes_without_a_meaning(build):
    with pytest.raises(InputError, match="must be"):
        build()


def test_numbers_become_what_the_field_says():
    read = from_text("Mixed(1)", NoiseSource)
    assert isinstance(read, Mixed)
    assert (read.share, type(read.share)) == (1.0, float)
    assert to_text(Mixed(np.float64(0.25))) == "Mixed(share=0.25)"


NOISES = "DDIMNoise, DrawBank, Fixed, FixedPoint, Fresh, Inverted, Mixed, Picard, Previous"
FORM = "write Name or Name(field=value, ...); "
