"""Pages of the methods, made from their classes: nothing on them is written anywhere else.

The equation, its letters, the settings, the presets, the advice and the citation are those of the class; what released
code does otherwise are the rows of docs/internals/conventions.md; the pictures are those of `documentation.pictures`.
"""

import inspect
import re
from collections.abc import Iterator
from dataclasses import fields
from functools import cache
from pathlib import Path

from documentation.formulas import latex, letters
from potstill.baselines import BASELINES, Baseline
from potstill.methods import Method, named
from potstill.methods.coefficients import Coefficients
from potstill.methods.noise import NoiseSource
from potstill.methods.render_model import RenderModel
from potstill.methods.times import TimestepSampler
from potstill.methods.weighting import Weight
from potstill.tasks.settings.parsing import to_text
from potstill.tasks.settings.schema import explained, schema
from potstill.worlds.cost import evaluations

CONVENTIONS = Path(__file__).parents[1] / "docs/internals/conventions.md"
COMPONENTS = {
    "Noise sources": (NoiseSource, "where the noise of x_t comes from", "DDS(noise=Fixed())"),
    "Weights": (Weight, "the factor w(t) on the residual", "SDS(weight=Rho())"),
    "Timestep samplers": (TimestepSampler, "the rule that draws t", "PDS(times=Uniform(low=0.1))"),
    "Coefficients of PDS": (Coefficients, "psi and chi", "PDS(coefficients=Identity(0.3))"),
    "Models of the renders": (RenderModel, "what VSD compares with", "VSD(render_model=Empirical())"),
}
"""The parts of methods: their base class, what they are, and an example."""


def main_methods() -> dict[str, Method]:
    """The methods with their defaults, by name; presets stand on the page of their method."""
    return {name: method for name, method in named().items() if "-" not in name}


def beside(name: str, method: Method) -> str:
    """The method that stands beside it in its picture of points: the plainest one of its kind."""
    return {"dds": "pds", "sds": "dds"}.get(name, "dds" if method.edits else "sds")


def pages() -> dict[str, str]:
    """Every page of the section, by its path below docs."""
    made = {"methods/index.md": _index(), "methods/components.md": _components()}
    made |= {f"methods/{name}.md": "\n".join(_method(name, method)) for name, method in main_methods().items()}
    return made | {f"methods/{name}.md": "\n".join(_baseline(name, each)) for name, each in BASELINES.items()}


def title(method: Method | Baseline) -> str:
    """What a page and the navigation call it: `PDS`."""
    return type(method).__name__


def _index() -> str:
    rows = [
        f"| [{title(method)}]({name}.md) | {'edits' if method.edits else 'generates'} | ${latex(method.equation)}$ |"
        f" {method.comparison} | {cost(method)} |"
        for name, method in main_methods().items()
    ]
    baselines = [f"| [{title(each)}]({name}.md) | {_inline(each.advice)} |" for name, each in BASELINES.items()]
    return "\n".join(
        [
            "# Methods",
            "",
            "A method is a residual, a noise source, a weight w(t) and a rule that draws t. Each method has a page",
            "with its equation, settings, pictures and citation; [the parts](components.md) fit every method.",
            "[How to choose a method](../guides/how-to-choose-a-method.md) compares them, and [the family](family.md)",
            "shows what lies between them.",
            "",
            "| method | use | gradient | compares the prediction with | evaluations per step |",
            "|---|---|---|---|---|",
            *rows,
            "",
            "Evaluations of the network are counted for each sample, with guidance.",
            "",
            "## Baselines",
            "",
            "They edit by sampling, without a gradient; `potstill edit` and `potstill compare` take them like methods.",
            "",
            "| baseline | when to use it |",
            "|---|---|",
            *baselines,
            "",
        ]
    )


def _components() -> str:
    lines = [
        "# Parts of methods",
        "",
        "Every method takes every part: `replace(DDS(), noise=FixedPoint())` in Python, and the same expressions on",
        'the command line, such as `--noise "Inverted(steps=5)"`.',
    ]
    for heading, (kind, about, example) in COMPONENTS.items():
        lines += ["", f"## {heading}", "", f"They set {about}: `{example}`.", "", "| part | meaning |", "|---|---|"]
        lines += [f"| `{cell(written)}` | {_inline(text)} |" for written, text in explained(kind).items()]
    return "\n".join([*lines, ""])


def _method(name: str, method: Method) -> Iterator[str]:
    first, *others = _paragraphs(type(method))
    yield from [f"# {title(method)}", "", _inline(" ".join(first.split())), ""]
    equations = [part for part in others if part.startswith("    ")] or [f"gradient = {method.equation}"]
    yield from ["$$", latex("\n".join(equations).replace("\n\n", "\n")), "$$", "", "| letter | meaning |", "|---|---|"]
    yield from [f"| ${letter}$ | {text} |" for letter, text in letters("\n".join(equations), title(method))]
    for part in others:
        if part not in equations:
            yield from ["", _inline(part)]
    yield from ["", "## When to use it", "", _inline(method.advice)]
    yield from ["", "| | |", "|---|---|", f"| compares the prediction with | {_inline(method.comparison)} |"]
    yield f"| noise | `{cell(to_text(method.noise))}` |"
    yield f"| evaluations per step and sample, guided | {cost(method)} |"
    yield f"| optimiser for pictures | {optimizer_text(method)} |"
    yield from _use(name, method)
    yield from _settings(method)
    yield from _presets(name, method)
    yield from _deviations(title(method))
    yield from _pictures(name, method)
    yield from _cite(method)


def _baseline(name: str, baseline: Baseline) -> Iterator[str]:
    first, *others = _paragraphs(type(baseline))
    yield from [f"# {title(baseline)}", "", _inline(first), "", "```text", baseline.equation, "```"]
    for part in others:
        yield from ["", _inline(part)]
    yield from ["", "## When to use it", "", _inline(baseline.advice)]
    yield from _use(name, baseline)
    yield from _settings(baseline)
    yield from _deviations(first)
    yield from _pictures(name, baseline)
    yield from _cite(baseline)


def _use(name: str, method: Method | Baseline) -> Iterator[str]:
    task = "edit heart.png --source" if method.edits else "generate"
    prompts = '"red heart" --target "blue heart"' if method.edits else '"red heart"'
    yield from ["", "## Use it", "", "```text", f"potstill {task} {prompts} --method {name}"]
    yield from [f"potstill {task.split()[0]} --help {name}", "```"]


def _settings(method: Method | Baseline) -> Iterator[str]:
    yield from ["", "## Settings", ""]
    if not fields(method):
        yield "It has none of its own."
        return
    yield from ["| field | default | meaning |", "|---|---|---|"]
    for each in schema(type(method), method):
        shown = to_text(each.default) if each.default is not None else "None"
        yield f"| `{each.name}` | `{cell(shown)}` | {_inline(each.doc)} |"
    if isinstance(method, Method):
        yield from ["", "[Parts of methods](components.md) lists what the fields accept."]


def _presets(name: str, method: Method) -> Iterator[str]:
    if not method.presets:
        return
    yield from ["", "## Presets", "", "| preset | on the command line | changes | meaning |", "|---|---|---|---|"]
    for preset in method.presets:
        made = getattr(type(method), preset)()
        changed = [
            f"`{field.name}={cell(to_text(getattr(made, field.name)))}`"
            for field in fields(made)
            if getattr(made, field.name) != getattr(method, field.name)
        ]
        doc = " ".join((inspect.getdoc(getattr(type(method), preset)) or "").split())
        yield f"| `{title(method)}.{preset}()` | `{name}-{preset}` | {', '.join(changed)} | {_inline(doc)} |"


def _deviations(name: str) -> Iterator[str]:
    """The rows of the table of deviations whose first cell begins with the method's name."""
    table = CONVENTIONS.read_text(encoding="utf-8").split("## Where papers and released code differ")[1]
    rows = [line for line in table.split("\n## ")[0].splitlines() if line.startswith("| ")][1:]
    own = [row for row in rows if re.match(rf"\| ([\w-]+, )*{re.escape(name)}[,: |]", row.replace("SDS-", ""))]
    if own:
        yield from ["", "## Where paper and released code differ", ""]
        yield from ["| what | paper | released code | here |", "|---|---|---|---|"]
        yield from own


def _pictures(name: str, method: Method | Baseline) -> Iterator[str]:
    yield from ["", "## In pictures"]
    if isinstance(method, Method):
        other = beside(name, method)
        yield from ["", f"Points of class 1 moved towards class 2 under an exact score, beside {other.upper()}:", ""]
        yield f"![{title(method)} and {other.upper()} on moons](../pictures/methods/{name}-world.png)"
    yield from ["", "A red heart that is to become blue, with the defaults of `potstill edit`:", ""]
    yield f"![A heart edited by {title(method)}](../pictures/methods/{name}-edit.png)"


def _cite(method: Method | Baseline) -> Iterator[str]:
    yield from ["", "## Cite", "", f"{method.reference}.", "", "```bibtex", method.bibtex, "```", ""]


@cache
def cost(method: Method) -> str:
    """Evaluations per step and sample, under guidance."""
    fewest, most = evaluations(method)
    return str(most) if fewest == most else f"{fewest} to {most}"


def optimizer_text(method: Method) -> str:
    """The optimiser for pictures by default, in words."""
    optimizer, rate, steps = method.default_optimizer
    return f"{'Adam' if optimizer == 'adam' else 'plain descent'}, rate {rate:g}, {steps} steps"


def _paragraphs(kind: type) -> list[str]:
    found = (inspect.getdoc(kind) or "").split("\n\n")
    return [part for part in found if not part.startswith("Raises:")]


def _inline(text: str) -> str:
    """A docstring's paragraph as Markdown: names with underscores and stars stay as they are written."""
    parts = re.split(r"(`[^`]+`)", " ".join(text.split()))
    escaped = [part if part.startswith("`") else re.sub(r"([_*|<])", r"\\\1", part) for part in parts]
    return "".join(escaped).replace("arXiv ", "arXiv\u00a0")


def cell(code: str) -> str:
    """Code in a cell of a table."""
    return code.replace("|", "\\|")
