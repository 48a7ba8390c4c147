"""Settings as flags: a command that states a method gets --method and the method's own fields."""

import sys
import types
from dataclasses import dataclass, replace

import pytest

from potstill import cli
from potstill.cli import commands
from potstill.methods import DDS, PDS, SDI, SDS, Consistent, Identity, Method, Release
from potstill.methods.noise import Fixed, Fresh, Inverted, NoiseSource
from potstill.methods.times import Uniform
from potstill.methods.weighting import Rho


@dataclass(frozen=True)
class TrialCommand:
    """Distil something."""

    method: Method = PDS()

    steps: int = 10
    """Of the optimiser."""

    def run(self) -> None:
        runs.append(self)


@dataclass(frozen=True)
class Undecided:
    """Distil something."""

    method: Method
    extra: NoiseSource = Fixed()
    """Another source."""

    def run(self) -> None:
        runs.append(self)


runs = []


@pytest.fixture
def run(monkeypatch, capsys):
    """Runs a command line and returns the command that ran, the exit code, the output and the error."""

    def run(*words, command=TrialCommand):
        module = types.ModuleType("potstill.cli.trial")
        module.TrialCommand = command
        monkeypatch.setitem(sys.modules, "potstill.cli.trial", module)
        monkeypatch.setitem(commands.COMMANDS, "trial", commands.CommandEntry("TrialCommand", ""))
        runs.clear()
        with pytest.raises(SystemExit) as stop:
            cli.main(["trial", *words])
        captured = capsys.readouterr()
        return runs[0] if runs else None, stop.value.code or 0, captured.out, captured.err

    return run


@pytest.mark.parametrize(
    ("words", "method"),
    [
        ("", PDS()),
        ("--method sds", SDS()),
        ("--method=PDS-consistent", PDS.consistent()),
        ("--method sdi-release --steps 3", SDI.release()),
        ("--method DDS(noise=Fixed(),weight=Rho())", DDS(noise=Fixed(), weight=Rho())),
        ("--noise Inverted(steps=5)", PDS(noise=Inverted(steps=5))),
        (
            "--coefficients Identity(0.3) --times Uniform(low=0.1)",
            PDS(Fresh(), times=Uniform(0.1), coefficients=Identity(0.3)),
        ),
        ("--method sds --weight rho", SDS(weight=Rho())),
        ("--weight rho --method sds", SDS(weight=Rho())),
        ("--method sdi-release --noise Fresh", replace(SDI.release(), noise=Fresh())),
        ("--method pds-consistent --coefficients Release", PDS(coefficients=Release())),
        ("--method PDS(noise=Fixed()) --noise=Fresh", PDS()),
        ("--method sds --method dds", DDS()),
        ("--method sds --method=pds --coefficients=Consistent()", PDS(coefficients=Consistent())),
    ],
)
def test_the_flags_build_the_method(run, words, method):
    command, code, _, err = run(*words.split())
    assert (code, err) == (0, "")
    assert command.method == method
    assert command.steps == (3 if "--steps" in words else 10)


def test_help_shows_the_fields_of_the_method_named(run):
    for words in (("--help", "pds"), ("--help=pds",), ("--method", "pds", "--help")):
        _, code, out, _ = run(*words)
        text = " ".join(out.split())
        assert code == 0
        assert "gradient psi(t) (x0 - x0_src) + chi(t) (eps_hat - eps_hat_src)" in text
        assert "reference Koo et al., Posterior Distillation Sampling, CVPR 2024" in text
        assert "--noise NOISESOURCE The source of the noise of x_t. (default: Fresh())" in text
        assert "Mixed(share=0.5) eps = sqrt(1 - share²) eps_hat + share z" in text
        assert "Identity(strength=0.1, stride=0.002) A stated identity strength" in text
        assert "--coefficients COEFFICIENTS psi and chi; by default `Release`" in text
        assert "(default: DefaultCoefficients())" in text
        assert "on schedules without betas, such as flows, `Identity(strength)`" in text
    _, code, out, _ = run("--help-all")
    text = " ".join(out.split())
    assert code == 0
    assert "The fields of PDS: psi(t) (x0 - x0_src) + chi(t) (eps_hat - eps_hat_src)." in text
    assert "--noise NOISESOURCE The source of the noise of x_t. (default: Fresh())" in text
    assert "(default: pds)" in text
    assert "--steps INT Of the optimiser. (default: 10)" in text
    _, code, out, _ = run("--method", "pds-consistent", "--help")
    assert code == 0
    assert "(default: Consistent())" in " ".join(out.split())
    _, code, out, _ = run("--help", "--method=sdi-release")
    text = " ".join(out.split())
    assert code == 0
    assert "SDI: " in text
    assert "(default: Annealed())" in text
    assert "(default: Inverted(overshoot=0.1, extra_at='every step', label='current', remap=False))" in text
    assert "--coefficients" not in text


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--method psd", "unknown method 'psd': did you mean"),
        ("--method psd --help", "unknown method 'psd': did you mean"),
        ("--method", "--method"),
        ("--method PDS(", "cannot read 'PDS(' as a method: write Name or Name(field=value, ...); did you mean 'pds'?"),
        ("--method SDS(noise=3)", "noise of SDS = 3 must be a noise source (DDIMNoise, DrawBank"),
        ("--noise Fersh", "unknown noise source 'Fersh': did you mean 'Fresh'? choose from DDIMNoise, DrawBank"),
        ("--noise Inverted(steps=0)", "steps of the inversion = 0 must be a whole number from 1 to 1,000"),
        ("--noise Inverted(steps='a')", "steps of Inverted = 'a' must be a whole number, such as 10"),
        ("--times Uniform(low=nan)", "low of Uniform = nan must be a finite number, such as 0.02"),
        ("--coefficients Identity(-1)", "identity strength = -1.0 must be finite"),
        ("--method sds --coefficients Release", "--coefficients is an option of --method pds: choose that method"),
        ("--method.noise Fresh", "--method.noise"),
        ("--noise", "--noise"),
    ],
)
def test_a_mistake_is_one_line_and_code_2(run, words, message):
    command, code, out, err = run(*words.split())
    assert (command, code, out) == (None, 2, "")
    assert message in err
    assert err.startswith("potstill: ")
    assert err.count("\n") == 1


def test_a_command_without_a_default_needs_the_method(run):
    _, code, _, err = run(command=Undecided)
    assert code == 2
    assert "--method" in err
    command, *_ = run("--method", "sds", "--noise", "Fixed()", "--extra", "Fresh", command=Undecided)
    assert command == Undecided(SDS(noise=Fixed()), Fresh())
    assert run("--method", "dds", command=Undecided)[0] == Undecided(DDS(), Fixed())
    assert "--extra NOISE" in run("--help", command=Undecided)[2]
