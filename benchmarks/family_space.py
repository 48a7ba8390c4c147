"""The space of edits that `family.py` searches: a trial of optuna chooses each coordinate, and an edit comes out."""

from typing import Any

from optuna import Trial

from potstill.bench.settings import new_task
from potstill.diffusion.guidance import GuidanceRule, Interval, Plain, Rescaled
from potstill.methods import CSD, ISM, NFSD, PDS, SDS, Bridge, FlowEdit, Identity, InfEdit, Method, ShrinkEdit
from potstill.methods.bank import DrawBank
from potstill.methods.finish import Finish, GuidedFilter, TwoScales, Untouched
from potstill.methods.noise import Fixed, FixedPoint, Fresh, Inverted, Mixed, NoiseSource, Picard
from potstill.methods.times import Annealed, DreamTime, ShrinkingRange, TimestepSampler, Uniform
from potstill.methods.weighting import AlphaSigmaSquared, Constant, Rho, SigmaSquared, Velocity, Weight
from potstill.tasks.images.editing import Edit

WEIGHTS: dict[str, Weight] = {
    type(each).__name__: each for each in (Rho(), Velocity(), Constant(), SigmaSquared(), AlphaSigmaSquared())
}
COMPARISONS = (
    "source",
    "share of the source",
    "identity",
    "velocity",
    "noise",
    "source prompt",
    "unconditional",
    "negative",
    "level before",
)


def edit(trial: Trial, evaluations: int) -> Edit:
    """The edit of a trial, with as many steps as a step of two evaluations allows."""
    optimizer = trial.suggest_categorical("optimizer", ["sgd", "adam"])
    low, high = (0.05, 1.5) if optimizer == "sgd" else (0.01, 0.6)
    return new_task(
        method=method(trial),
        guidance_scale=scale(trial, "guidance", 8.0),
        guidance=rule(trial),
        optimizer=optimizer,
        learning_rate=rounded(trial.suggest_float(f"rate of {optimizer}", low, high, log=True)),
        steps=max(1, evaluations // 2),
        finish=finish(trial),
    )


def method(trial: Trial) -> Method:
    """The comparison, with its noise source, weight and times."""
    comparison = trial.suggest_categorical("comparison", COMPARISONS)
    parts: dict[str, Any] = {"noise": noise(trial), "times": times(trial)}
    if comparison == "identity":
        strength = rounded(trial.suggest_float("identity strength", 0.01, 3.0, log=True))
        return PDS(**parts, coefficients=Identity(strength))
    parts["weight"] = WEIGHTS[trial.suggest_categorical("weight", list(WEIGHTS))]
    if comparison in ("source", "share of the source", "velocity"):
        apart = trial.suggest_categorical("source guidance", ["the target's", "its own"])
        parts["source_guidance"] = None if apart == "the target's" else scale(trial, "guidance of the source", 4.0)
    if comparison == "share of the source":
        return ShrinkEdit(**parts, half=rounded(trial.suggest_float("half", 0.03, 3.0, log=True)))
    if comparison == "velocity":
        return FlowEdit(**parts, eta=rounded(trial.suggest_float("eta", 0.0, 1.0, step=0.1)))
    kinds = {"source": InfEdit, "noise": SDS, "source prompt": Bridge, "unconditional": CSD, "negative": NFSD}
    return kinds[comparison](**parts) if comparison in kinds else ISM(**parts)


def noise(trial: Trial) -> NoiseSource:
    """A noise source, with its settings."""
    kind = trial.suggest_categorical(
        "noise", ["fresh", "fixed", "mixed", "inverted", "Picard", "fixed point", "banked"]
    )
    if kind == "mixed":
        return Mixed(rounded(trial.suggest_float("share", 0.0, 0.9, step=0.1)))
    if kind == "inverted":
        steps = trial.suggest_int("inversion steps", 1, 6)
        return Inverted(steps, rounded(trial.suggest_float("inversion guidance", 0.0, 2.0, step=0.5)), 0.0, 0.0)
    if kind == "banked":
        return DrawBank(trial.suggest_int("size of the bank", 1, 12))
    return {"fresh": Fresh(), "fixed": Fixed(), "Picard": Picard(), "fixed point": FixedPoint(1)}[kind]


def times(trial: Trial) -> TimestepSampler:
    """A rule for t, with its range."""
    kind = trial.suggest_categorical("times", ["falling", "uniform", "shrinking", "lingering"])
    low = rounded(trial.suggest_float("low", 0.02, 0.6, step=0.02))
    high = rounded(trial.suggest_float("high", 0.6, 0.98, step=0.02))
    if kind == "shrinking":
        return ShrinkingRange(low, high, end=rounded(low + 0.3 * (high - low)), until=0.6)
    if kind == "lingering":
        peak = rounded(trial.suggest_float("peak", 0.3, 0.8, step=0.05))
        return DreamTime(low, high, peak, peak)
    return {"falling": Annealed, "uniform": Uniform}[kind](low, high)


def rule(trial: Trial) -> GuidanceRule:
    """How the branches of guidance are combined. `PerpNeg` needs a negative prompt, which pairs do not have."""
    kind = trial.suggest_categorical("rule", ["plain", "interval", "rescaled"])
    if kind == "interval":
        low = rounded(trial.suggest_float("guided from", 0.0, 0.5, step=0.05))
        return Interval(low, max(low, rounded(trial.suggest_float("guided to", 0.3, 1.0, step=0.05))))
    return Rescaled(rounded(trial.suggest_float("rescale", 0.2, 1.0, step=0.1))) if kind == "rescaled" else Plain()


def finish(trial: Trial) -> Finish:
    """A guided filter, two of them, or none."""
    kind = trial.suggest_categorical("finish", ["two scales", "one scale", "none"])
    if kind == "none":
        return Untouched()
    radius = rounded(trial.suggest_float("radius", 0.04, 0.3, log=True))
    tolerance = rounded(trial.suggest_float("tolerance", 0.03, 0.5, log=True))
    still = rounded(trial.suggest_float("still", 0.0, 0.2, step=0.02))
    if kind == "one scale":
        return GuidedFilter(radius, tolerance, still)
    wide = rounded(trial.suggest_float("wide tolerance", 0.015, 0.1, log=True))
    narrow = GuidedFilter(radius, tolerance, 0.0)
    return TwoScales(narrow, GuidedFilter(trial.suggest_float("wide", 0.25, 0.5, step=0.125), wide, still))


def scale(trial: Trial, name: str, most: float) -> float:
    """A guidance scale; a fifth of its range is 1, at half the evaluations."""
    return rounded(max(1.0, trial.suggest_float(name, most**-0.25, most, log=True)))


def rounded(value: float) -> float:
    """Two digits, which a person can type."""
    return float(f"{value:.2g}")


FALLING = {"times": "falling", "low": 0.02, "noise": "fresh", "rule": "plain"}
FILTER = {"finish": "two scales", "radius": 0.1, "tolerance": 0.09, "wide": 0.375, "wide tolerance": 0.03, "still": 0.1}
SGD = {"comparison": "source", "weight": "Rho", "source guidance": "the target's", "optimizer": "sgd", "high": 0.96}
SHARE = {**FALLING, **FILTER, **SGD, "comparison": "share of the source", "half": 0.4}
ADAM = {"optimizer": "adam", "rate of adam": 0.06, "times": "uniform", "high": 0.98, "guidance": 1.5}
KNOWN: tuple[dict[str, Any], ...] = (
    {**SHARE, "low": 0.24, "rate of sgd": 0.7, "guidance": 1.5, "evaluations": 16},
    {**SHARE, "low": 0.4, "rate of sgd": 0.8, "guidance": 1.5, "evaluations": 12},
    {**SHARE, "low": 0.5, "rate of sgd": 0.8, "guidance": 1.5, "evaluations": 8},
    {**SHARE, "low": 0.4, "rate of sgd": 0.8, "guidance": 1.0, "evaluations": 6},
    {**SHARE, "low": 0.5, "rate of sgd": 0.8, "guidance": 1.0, "evaluations": 4},
    {**SHARE, "comparison": "noise", "low": 0.3, "rate of sgd": 1.0, "guidance": 1.0, "evaluations": 4},
    {**SHARE, "comparison": "noise", "low": 0.3, "rate of sgd": 1.0, "guidance": 1.3, "evaluations": 8},
    {**SHARE, "low": 0.2, "rate of sgd": 0.5, "guidance": 1.5, "evaluations": 32},
    {**SHARE, **SGD, "low": 0.24, "rate of sgd": 0.7, "guidance": 1.5, "evaluations": 16},
    {**SHARE, **SGD, "rate of sgd": 0.5, "guidance": 1.5, "evaluations": 24},
    {**SHARE, "low": 0.24, "rate of sgd": 0.7, "guidance": 1.5, "finish": "none", "evaluations": 16},
    {**SHARE, "comparison": "velocity", "weight": "Constant", "eta": 1.0, "high": 0.86}
    | {"rate of sgd": 0.1, "guidance": 1.5, "evaluations": 40},
    {**SHARE, "comparison": "source", "weight": "Constant", **ADAM, "evaluations": 48},
    {**SHARE, "comparison": "identity", "identity strength": 0.1, **ADAM, "evaluations": 48},
    {**SHARE, "comparison": "source prompt", "weight": "SigmaSquared", **ADAM, "evaluations": 24},
)
"""Points that were known before the search, which begins with them."""
WINNER = {name: choice for name, choice in SHARE.items() if isinstance(choice, str)}
"""The kinds of all parts of the default edit, whose numbers stay free."""
