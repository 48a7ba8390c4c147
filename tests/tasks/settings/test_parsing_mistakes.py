"""Settings as text: every mistake is one line that names the fix, whatever the text."""

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from potstill.errors import InputError
from potstill.methods import SDS, Coefficients, Method
from potstill.methods.noise import NoiseSource
from potstill.methods.times import TimestepSampler
from potstill.tasks.settings.parsing import LONGEST, from_text, from_values, to_text
from tests.tasks.settings.test_parsing import Plan, Rest, Steps

NOISES = "DDIMNoise, DrawBank, Fixed, FixedPoint, Fresh, Inverted, Mixed, Picard, Previous"
FORM = "write Name or Name(field=value, ...); "


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
