"""Settings as text: what is shown is read back, and every mistake is one line that names the fix."""

import abc
import contextlib
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
from potstill.methods.noise import Fixed, FixedPoint, Inverted, NoiseSource
from potstill.methods.render_model import RenderModel
from potstill.methods.times import Stratified, TimestepSampler, Uniform
from potstill.methods.weighting import Constant, Rho, Weight
from potstill.tasks.kinds import KINDS as LISTED
from potstill.tasks.kinds import classes_of
from potstill.tasks.numbers import INTEGER
from potstill.tasks.parsing import LONGEST, from_text, from_values, to_text

KINDS = (NoiseSource, Weight, TimestepSampler, Coefficients, RenderModel, GuidanceRule, Method)

NOISES = "DDIMNoise, DrawBank, Fixed, FixedPoint, Fresh, Inverted, Mixed, Picard, Previous"
FORM = "write Name or Name(field=value, ...); "


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
    ],
)
def test_forms(text, kind, value):
    assert from_text(text, kind) == value


@pytest.mark.parametrize(
    ("text", "kind", "message"),
    [
        ("", NoiseSource, f"cannot read '' as a noise source: {FORM}choose from {NOISES}"),
        ("Fresh(", NoiseSource, f"cannot read 'Fresh(' as a noise source: {FORM}did you mean 'Fresh'?"),
        ("Fresh;1", NoiseSource, "cannot read 'Fresh;1' as a noise source"),
        ("Fresh().x", NoiseSource, "cannot read 'Fresh().x' as a noise source"),
        ("Fresh()()", NoiseSource, "cannot read 'Fresh()()' as a noise source"),
        (
            "potstill.methods.noise.Fresh()",
            NoiseSource,
            "cannot read 'potstill.methods.noise.Fresh()' as a noise source",
        ),
        ("[Fresh()]", NoiseSource, "cannot read '[Fresh()]' as a noise source"),
        ("lambda: Fresh()", NoiseSource, "cannot read 'lambda: Fresh()' as a noise source"),
        ("Fresh() if 1 else Fixed()", NoiseSource, "cannot read 'Fresh() if 1 else Fixed()' as a noise source"),
        ("f'{Fresh()}'", NoiseSource, "as a noise source"),
        ("3", NoiseSource, "cannot read '3' as a noise source"),
        ("None", NoiseSource, "cannot read 'None' as a noise source"),
        ("'Fresh'", NoiseSource, "as a noise source"),
        ("Fresh\x00", NoiseSource, "cannot read 'Fresh ' as a noise source"),
        ("Fresh(\n'\ud800\x1b[2J')", NoiseSource, "cannot read \"Fresh( '  [2J')\" as a noise source"),
        (
            "__import__('os').system('true')",
            NoiseSource,
            "cannot read \"__import__('os').system('true')\" as a noise source",
        ),
        ("open('x')", NoiseSource, f"unknown noise source 'open': choose from {NOISES}"),
        ("Fersh", NoiseSource, "unknown noise source 'Fersh': did you mean 'Fresh'? choose from DDIMNoise, DrawBank"),
        ("NoiseSource()", NoiseSource, "unknown noise source 'NoiseSource': choose from DDIMNoise, DrawBank"),
        ("Rho()", NoiseSource, "unknown noise source 'Rho': choose from DDIMNoise, DrawBank"),
        (
            "Unifrom(0.1)",
            TimestepSampler,
            "unknown timestep sampler 'Unifrom': did you mean 'Uniform'? choose from Annealed",
        ),
        (
            "Fresh()",
            Coefficients,
            "unknown coefficients 'Fresh': choose from Consistent, DefaultCoefficients, Identity",
        ),
        ("2", Coefficients, "cannot read '2' as coefficients"),
        ("dss", Method, "unknown method 'dss': did you mean"),
        ("pds-consistant", Method, f"cannot read 'pds-consistant' as a method: {FORM}did you mean 'pds-consistent'?"),
        ("pds-consistent", SDS, "cannot read 'pds-consistent' as SDS"),
        ("PDS()", SDS, "unknown SDS 'PDS'"),
        ("Fresh(1)", NoiseSource, "'Fresh(1)' has 1 values, but Fresh takes nothing: name them or leave some out"),
        ("Fresh(x=1)", NoiseSource, "unknown field 'x' of Fresh: Fresh takes nothing"),
        (
            "Mixed(0.1, 0.2)",
            NoiseSource,
            "'Mixed(0.1, 0.2)' has 2 values, but Mixed takes share: name them or leave some out",
        ),
        (
            "Inverted(stpes=1)",
            NoiseSource,
            "unknown field 'stpes' of Inverted: did you mean 'steps'? choose from steps,",
        ),
        (
            "Inverted(**{'steps': 1})",
            NoiseSource,
            "unknown field '**' of Inverted: Inverted takes steps, guidance_scale",
        ),
        ("Inverted(*(1,))", NoiseSource, "steps of Inverted = *(1,) must be a whole number, such as 10"),
        (
            "Inverted(steps=1, steps=2)",
            NoiseSource,
            "steps of Inverted is given twice in 'Inverted(steps=1, steps=2)': keep one",
        ),
        ("Inverted(1, steps=2)", NoiseSource, "steps of Inverted is given twice"),
        ("Inverted(steps='a')", NoiseSource, "steps of Inverted = 'a' must be a whole number, such as 10"),
        ("Inverted(steps=1.5)", NoiseSource, "steps of Inverted = 1.5 must be a whole number, such as 10"),
        ("Inverted(steps=True)", NoiseSource, "steps of Inverted = True must be a whole number"),
        ("Inverted(remap=1)", NoiseSource, "remap of Inverted = 1 must be True or False, such as True"),
        ("Inverted(extra_at='ende')", NoiseSource, "extra_at of Inverted = 'ende' must be one of 'end', 'every step'"),
        ("Uniform(low=nan)", TimestepSampler, "low of Uniform = nan must be a finite number, such as 0.02"),
        ("Uniform(low=float('nan'))", TimestepSampler, "low of Uniform = float('nan') must be a finite number"),
        ("Uniform(low=-1e999)", TimestepSampler, "low of Uniform = -1e999 must be a finite number"),
        (f"Uniform(low=1{'0' * 400})", TimestepSampler, "a number in it has far too many digits"),
        (f"Uniform(low=1{'0' * 5000})", TimestepSampler, "cannot read 'Uniform(low=1000"),
        ("Uniform(low=1j)", TimestepSampler, "low of Uniform = 1j must be a finite number"),
        ("Uniform(low=0.1 + 0.1)", TimestepSampler, "low of Uniform = 0.1 + 0.1 must be a finite number"),
        ("Uniform(low=...)", TimestepSampler, "low of Uniform = ... must be a finite number"),
        ("Uniform(low=-True)", TimestepSampler, "low of Uniform = -True must be a finite number"),
        ("SDS(noise=3)", Method, f"noise of SDS = 3 must be a noise source ({NOISES}), such as Fresh()"),
        ("SDS(noise=None)", Method, "noise of SDS = None must be a noise"),
        ("SDS(noise=Rho())", Method, "unknown noise source 'Rho'"),
        ("SDS(edits=True)", Method, "unknown field 'edits' of SDS: choose from noise, weight, times"),
        (
            "PDS(coefficients=Identity(-0.5))",
            Method,
            "identity strength = -0.5 must be finite, 0 (drift as DDS) or more",
        ),
        ("Mixed(2)", NoiseSource, "share = 2.0 must be in [0, 1]"),
        ("Steps()", Plan, "'Steps()' must state count: Steps takes count, name"),
        ("Steps(1, pair=(1, 2, 3))", Plan, "must be (a whole number, a finite number), such as (1, 0.5)"),
        ("Steps(1, pair=(1, 'a'))", Plan, "pair of Steps = 'a' must be a finite number"),
        ("Steps(1, rates=2)", Plan, "must be a tuple of any length, each a finite number, such as ()"),
        ("Steps(1, seed='x')", Plan, "seed of Steps = 'x' must be a whole number or None, such as None"),
        ("Steps(1, then=2)", Plan, "then of Steps = 2 must be a plan (Rest, Steps) or None, such as None"),
        ("Steps(1, name='\n')", Plan, "cannot read \"Steps(1, name=' ')\" as a plan"),
        (f"Fresh({'x' * LONGEST})", NoiseSource, "has 10,007 characters: write at most 10,000"),
        ("(" * 9000, NoiseSource, "cannot read '((("),
        ("-" * 9000 + "1", NoiseSource, "cannot read '---"),
        ("1+" * 4900 + "1", NoiseSource, "cannot read '1+1"),
        ("a." * 4900 + "a", NoiseSource, "cannot read 'a.a."),
        ("Mixed(" * 190 + ")" * 190, NoiseSource, "its expressions are nested more than 60 deep"),
    ],
)
def test_a_mistake_is_one_line_with_the_fix(text, kind, message):
    with pytest.raises(InputError) as caught:
        from_text(text, kind)
    assert message in str(caught.value)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 400


def test_depth_has_an_end_but_no_crash():
    nested = Rest()
    for _ in range(50):
        nested = Steps(1, then=nested)
    assert from_text(to_text(nested), Plan) == nested
    with pytest.raises(InputError, match="cannot read 'Steps"):
        from_text("Steps(1,then=" * 180 + "Rest" + ")" * 180, Plan)


@given(st.text(alphabet="PDS()=,'.-*[]{}:1e nFreshMixd\n\x00\\", max_size=40))
@settings(max_examples=300)
@pytest.mark.filterwarnings("ignore::SyntaxWarning", "ignore::DeprecationWarning")
def test_any_text_is_read_or_refused(text):
    for kind in (Method, NoiseSource, Plan):
        with contextlib.suppress(InputError):
            assert isinstance(from_text(text, kind), kind)


def test_a_field_without_a_default_must_be_stated():
    with pytest.raises(InputError, match=r"^Steps must state count: Steps takes count, name"):
        from_values(Steps, {})
