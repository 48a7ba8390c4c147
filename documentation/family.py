"""The page of the family: the coordinates of every named method and what lies between them, read from instances."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from documentation.methods import cell, cost, optimizer_text, title
from potstill.bench.settings import published
from potstill.methods import (
    CSD,
    DDS,
    ISM,
    NFSD,
    PDS,
    SDS,
    Bridge,
    Consistent,
    FlowEdit,
    Identity,
    InfEdit,
    Method,
    ShrinkEdit,
)
from potstill.methods import named as named_methods
from potstill.methods.bank import DrawBank
from potstill.methods.method import SeparateSourceGuidance
from potstill.methods.noise import NOISE_SOURCES, DDIMNoise, Mixed, NoiseSource
from potstill.methods.times import Annealed
from potstill.methods.weighting import Rho
from potstill.tasks.settings.parsing import to_text

COMPARISONS: dict[str, Sequence[Method]] = {
    "Edits": (DDS(), PDS(), InfEdit(), ShrinkEdit(), FlowEdit(), Bridge()),
    "Generation": (SDS(), CSD(), NFSD(), ISM()),
}
"""One method for each comparison; VSD trains a model of the renders besides."""
SOURCES: tuple[NoiseSource, ...] = tuple(cls() for cls in (*NOISE_SOURCES, DrawBank))
DDIM = SDS(weight=Rho(), times=Annealed())
PATHS: Sequence[tuple[str, Sequence[Method]]] = (
    (
        "from score distillation with fresh noise to DDIM, by the share of fresh noise (Theorem 1)",
        [replace(DDIM, noise=Mixed(share)) for share in (1.0, 0.5, 0.0)],
    ),
    ("the same in diffusers' eta, from DDPM to DDIM", [replace(DDIM, noise=DDIMNoise(eta)) for eta in (1.0, 0.5, 0.0)]),
    ("from DDS to FlowEdit, by how far the noise moves with the edit", [FlowEdit(eta=eta) for eta in (0.0, 0.5, 1.0)]),
    (
        "from DDS to PDS, by the identity strength (Theorem 2)",
        [PDS(coefficients=each) for each in (Consistent(), Identity(0.1), Identity(1.0))],
    ),
    (
        "from SDS to InfEdit, by the change at which half of the source's residual is kept",
        [ShrinkEdit(half=half) for half in (0.01, 0.4, 100.0)],
    ),
    ("from the unconditional to the negative prediction", [CSD(negative=share) for share in (0.0, 0.5, 1.0)]),
    (
        "from fresh noise in every step to one draw for the whole run, by the size of a bank",
        [DDS(noise=DrawBank(size)) for size in (1000, 64, 1)],
    ),
)
"""What changes along a path, and methods on it."""


def pages() -> dict[str, str]:
    """The page, by its path below docs."""
    return {"methods/family.md": "\n".join(_lines())}


def crossings(kind: str) -> list[list[Method]]:
    """Every comparison of a kind, in columns, with every noise source, in rows."""
    return [[replace(method, noise=source) for method in COMPARISONS[kind]] for source in SOURCES]


def known_as(method: Method) -> str | None:
    """The named method that has this comparison and this kind of noise, if it is another class."""
    for name, other in named_methods().items():
        same = other.comparison == method.comparison and type(other.noise) is type(method.noise)
        if same and "-" not in name and type(other) is not type(method):
            return name
    return None


def _lines() -> Iterator[str]:
    yield from [
        "# The family",
        "",
        "A method is a comparison, a noise source, a weight w(t) and a timestep sampler. A run adds the guidance of",
        "target and source, a descent and a number of steps. The named methods are points of this space. Every other",
        'point is an expression that runs, too, in Python and on the command line: `--method "DDS(noise=Picard())"`.',
        "[Which points are best](../results/family.md) was searched.",
        "",
        "## Where the named methods are",
        "",
        "Each row is read from the instance. Guidance is that of the paper or released code on pictures, where it is",
        "known; the steps and the rate are those for pictures by default. Evaluations are per step and sample, guided.",
        "",
        "| method | compares the prediction with | noise source | weight | times | guidance, target |"
        " guidance, source | descent | evaluations |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name, method in named_methods().items():
        page = name.partition("-")[0]
        parts = (f"`{cell(to_text(part))}`" for part in (method.noise, method.weight, method.times))
        text = " | ".join([method.comparison, *parts, *_guidance(name, method)])
        yield f"| [{name}]({page}.md) | {text} | {optimizer_text(method)} | {cost(method)} |"
    yield from ["", "## What lies between", "", "Every comparison takes every noise source. Bold cells have a name."]
    for kind, methods in COMPARISONS.items():
        yield from ["", f"### {kind}", ""]
        yield "| noise | " + " | ".join(f"{title(each)}: {each.comparison}" for each in methods) + " |"
        yield "|---" * (len(methods) + 1) + "|"
        for source, row in zip(SOURCES, crossings(kind), strict=True):
            yield f"| {type(source).__name__} | " + " | ".join(map(_crossing, row)) + " |"
    yield from ["", "### Along a line", "", "| what changes | methods |", "|---|---|"]
    for text, methods in PATHS:
        yield f"| {text} | {', '.join(f'`{cell(to_text(each))}`' for each in methods)} |"
    yield from [
        "",
        "Weights, timestep samplers, guidance rules and finishes cross with all of these:",
        "[parts of methods](components.md).",
        "",
        "## Where an edit rests",
        "",
        "Between two Gaussians N(m₁, s₁²) and N(m₂, s₂²) everything is closed. With the comparison of DDS and InfEdit,",
        "the mean of the gradient at time t vanishes at",
        "",
        "$$",
        r"x_0 = m_2 + \frac{\alpha_t^2 s_2^2 + \sigma_t^2}{\alpha_t^2 s_1^2 + \sigma_t^2} (x_0^{src} - m_1)",
        "$$",
        "",
        r"At large t this is a translation, at small t it stretches by s₂²/s₁², and at the one noise level with",
        r"$\rho_t^2 = s_1 s_2$ by s₂/s₁: there an edit is the optimal transport from one Gaussian to the other. If the",
        "widths are equal, all shared noise cancels, and a run of plain descent at a rate makes the share",
        r"$1 - \prod_i (1 - \mathrm{rate} \cdot \sigma_i^2 / (\alpha_i^2 s^2 + \sigma_i^2))$ of the shift, with any",
        "noise.",
        "",
        "### How much noise is left",
        "",
        "The residuals r = ε̂ − ε of target and source share their noise. With m, the mean of rˢʳᶜ over the noise, the",
        "gradient",
        "",
        "$$",
        r"r - c\,(r^{src} - m) - k\,m - e\,\varepsilon",
        "$$",
        "",
        "has the mean E r − k m: k says where an edit rests, and c and e only how much noise is left. SDS has k = c",
        "= 0, DDS and InfEdit have k = c = 1, ShrinkEdit has k = c between, and all have e = 0. Both c and e are",
        "coefficients of control variates, which have the mean 0. Their best values are those of a regression over",
        "the noise, c = cov(r, rˢʳᶜ) / var(rˢʳᶜ) and e = cov(r − c rˢʳᶜ, ε) / var(ε). Between Gaussians the noise",
        "of r is −α²s₂² / (α²s₂² + σ²) ε, and either of them removes it all: with c = 0 this coefficient is the",
        "best e, and with e = 0 its ratio to the source's is the best c, 1 for equal widths. So there DDS has the",
        "best c, and SDS needs no source to lose its noise. Where c = k, m need not be known. Elsewhere the mean of",
        "the residuals at ε and −ε can stand for it. [Measured](../results/family.md#shared-noise) on worlds and",
        "pictures.",
        "",
        "All of this is tested in `tests/methods/test_gaussians.py`.",
        "",
    ]


def _guidance(name: str, method: Method) -> tuple[str, str]:
    """The scales of target and source as published."""
    if method.guided_by == "none":
        return "none", "none"
    tasks = {type(task.method): task for task in published().values() if to_text(task.method) == to_text(method)}
    task = tasks.get(type(method))
    target = f"{task.scale:g}" if task else "stated by the user"
    own = method.source_guidance if isinstance(method, SeparateSourceGuidance) else None
    source = f"{own:g}" if own is not None else "the target's" if method.edits else "no source"
    return target, source


def _crossing(method: Method) -> str:
    name = known_as(method)
    text = f"`{cell(to_text(method))}`"
    return f"**[{name}]({name}.md)**: {text}" if name else text
