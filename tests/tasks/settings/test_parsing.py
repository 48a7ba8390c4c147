"""Settings as text: what is shown is read back."""

import abc
import dataclasses
import types
from dataclasses import dataclass
from typing import Literal, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from potstill.diffusion.guidance import GuidanceRule
from potstill.errors import InputError
from potstill.methods import DDS, PDS, SDI, SDS, Coefficients, Identity, Method, named
from potstill.methods.finish import Finish, Untouched
from potstill.methods.noise import Fixed, FixedPoint, Inverted, NoiseSource
from potstill.methods.render_model import RenderModel
from potstill.methods.times import Stratified, TimestepSampler, Uniform
from potstill.methods.weighting import Constant, Rho, Weight
from potstill.tasks.settings.kinds import KINDS as LISTED
from potstill.tasks.settings.kinds import classes_of
from potstill.tasks.settings.numbers import INTEGER
from potstill.tasks.settings.parsing import from_text, to_text

KINDS = (NoiseSource, Weight, TimestepSampler, Coefficients, RenderModel, GuidanceRule, Method)


class Plan(abc.ABC):
    """A kind with fields that no component has yet."""

    @abc.abstractmethod
    def steps(self):
        pass


@dataclass(frozen=True)
class Rest(Plan):
    def steps(self):
        return 0


@dataclass(frozen=True)
class Steps(Plan):
    count: int
    name: str = "plan"
    pair: tuple[int, float] = (1, 0.5)
    rates: tuple[float, ...] = ()
    seed: int | None = None
    then: Plan | None = None
    order: Literal["up", "down", 3, None] = "up"
    tags: tuple[str, ...] = dataclasses.field(default_factory=tuple)

    def steps(self):
        return self.count


LISTED[Plan] = (Rest, Steps)


def values(rule):
    """Random values of an annotation."""
    if get_origin(rule) is Literal:
        return st.sampled_from(get_args(rule))
    if get_origin(rule) is tuple:
        parts = get_args(rule)
        return st.lists(values(parts[0]), max_size=3).map(tuple) if ... in parts else st.tuples(*map(values, parts))
    if isinstance(rule, types.UnionType):
        return st.one_of(*map(values, get_args(rule)))
    if isinstance(rule, abc.ABCMeta):
        return st.deferred(lambda: st.one_of(*map(instances, classes_of(rule).values())))
    numbers = st.one_of(st.floats(0, 1), st.floats(-3e38, 3e38))
    return {
        int: st.integers(-INTEGER, INTEGER),
        float: numbers,
        str: st.text(),
        bool: st.booleans(),
        type(None): st.none(),
    }[rule]


def instances(cls):
    """Random instances of a final class; what it refuses is not drawn."""

    def build(stated):
        try:
            return cls(**stated)
        except InputError:
            reject()

    hints = {field.name: values(get_type_hints(cls)[field.name]) for field in dataclasses.fields(cls)}
    needed = [field.name for field in dataclasses.fields(cls) if field.name == "count"]
    wanted = {name: hints.pop(name) for name in needed}
    return st.fixed_dictionaries(wanted, optional=hints).map(build)


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
@settings(max_examples=60)
def test_what_is_shown_is_read_back(kind, data):
    value = data.draw(values(kind))
    assert from_text(to_text(value), kind) == value
    assert from_text(repr(value), kind) == value
    assert len(to_text(value)) <= len(repr(value))


@given(values(Plan))
def test_every_form_of_value_is_read_back(value):
    assert from_text(to_text(value), Plan) == value
    assert from_text(repr(value), Plan) == value


def test_every_method_preset_and_component_is_read_back_at_its_defaults():
    for name, method in named().items():
        assert (
            from_text(name, Method) == from_text(name.upper(), Method) == from_text(to_text(method), Method) == method
        )
        assert from_text(name, type(method)) == method
    for kind in KINDS:
        for name, cls in classes_of(kind).items():
            assert to_text(cls()) == f"{name}()"
            assert from_text(name, kind) == from_text(f" {name.lower()} ( ) ", kind) == cls()


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("PDS(coefficients=Identity(strength=0.3))", Method, PDS(coefficients=Identity(strength=0.3))),
        ("DDS(noise=FixedPoint(iterations=2))", Method, DDS(noise=FixedPoint(iterations=2))),
        ("SDI(times=Uniform(low=0.1), weight=Constant())", Method, SDI(weight=Constant(), times=Uniform(low=0.1))),
        ("SDS(noise=Inverted(guidance_scale=-3.0))", Method, SDS(noise=Inverted(guidance_scale=-3.0))),
    ],
)
def test_only_what_differs_from_the_default_is_shown(text, kind, value):
    assert from_text(text, kind) == value
    assert to_text(from_text(text, kind)).count("=") <= text.count("=")
    assert from_text(to_text(value), kind) == value


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("Inverted(5, -1e-3)", NoiseSource, Inverted(steps=5, guidance_scale=-1e-3)),
        (
            "Inverted(5, extra_at='every step', remap=False)",
            NoiseSource,
            Inverted(5, extra_at="every step", remap=False),
        ),
        ("sds(fixed, rho)", Method, SDS(Fixed(), Rho())),
        ("SDS(\n  noise=Fresh(),\n  times=Stratified(+0.1, 9e-1),\n)", Method, SDS(times=Stratified(0.1, 0.9))),
        (
            "Steps(3, 'a, (b', (2, 1), (1, 2.5), None, Rest)",
            Plan,
            Steps(3, "a, (b", (2, 1.0), (1.0, 2.5), None, Rest()),
        ),
        ("Steps(3, then=Steps(4, rates=(), seed=-7, order=3))", Plan, Steps(3, then=Steps(4, seed=-7, order=3))),
        ("Steps(1, order=None, tags=('x',))", Plan, Steps(1, order=None, tags=("x",))),
        ("none", Finish, Untouched()),
        ("None", Finish | None, Untouched()),
    ],
)
def test_forms(text, kind, value):
    assert from_text(text, kind) == value
