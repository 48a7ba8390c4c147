"""What every law is held against: all methods and noise sources there are, and the example of the docs."""

import inspect
import re
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import TypeVar

import torch
from torch import Generator

from potstill.diffusion.guidance import Guided
from potstill.diffusion.schedule import Schedule, linear
from potstill.methods import Method, Source, named, noise
from potstill.methods.bank import DrawBank
from potstill.methods.method import SeparateSourceGuidance
from potstill.methods.noise import Inverted, NoiseSource
from potstill.methods.render_model import EmpiricalPrior, WithRenderModel
from potstill.methods.weighting import Rho
from potstill.priors import Mixture

T = TypeVar("T")
DOCS = Path(__file__).parents[2] / "docs" / "guides" / "add-a-method.md"


def final(module: ModuleType, kind: type[T]) -> list[type[T]]:
    """The final classes of a kind that a module defines."""
    classes = [cls for cls in vars(module).values() if isinstance(cls, type) and issubclass(cls, kind)]
    return [cls for cls in classes if cls.__module__ == module.__name__ and not inspect.isabstract(cls)]


def documented_source() -> str:
    """The file that docs/guides/add-a-method.md writes."""
    (code,) = re.findall(r"```python\n(from dataclasses.*?)```", DOCS.read_text(), flags=re.DOTALL)
    return code


def documented_method() -> Method:
    """The method that docs/guides/add-a-method.md adds, built from the page itself."""
    namespace: dict = {"__name__": "add_a_method"}
    exec(compile(documented_source(), str(DOCS), "exec"), namespace)
    return namespace["SJC"]()


METHODS = {**named(), "docs-example": documented_method()}
EDITING = {name: method for name, method in METHODS.items() if method.edits}
TWO_SCALES = {
    name
    for name, method in METHODS.items()
    if isinstance(method, SeparateSourceGuidance) and method.source_guidance is not None
}
"""Methods that guide source and target differently."""
ONE_SCALE = {name: method for name, method in METHODS.items() if method.guided_by != "none" and name not in TWO_SCALES}
"""Methods with the prior's guidance scale throughout."""
NOISES: dict[str, NoiseSource] = {cls.__name__: cls() for cls in (*final(noise, NoiseSource), DrawBank)} | {
    "Inverted as released": Inverted(overshoot=0.1, extra_at="every step", label="current", remap=False)
}


def mixture(schedule: Schedule | None = None, dtype: torch.dtype = torch.float64) -> Mixture:
    """Seven centres of two classes in three dimensions."""
    centres = torch.randn(7, 3, generator=Generator().manual_seed(3), dtype=torch.float64).to(dtype)
    return Mixture(centres, torch.tensor([0, 0, 0, 1, 1, 1, 1]), width=0.3, schedule=schedule or linear())


class Case:
    """Arguments for a gradient: a batch of three at three different times, and a model of more renders."""

    def __init__(self, schedule: Schedule | None = None, dtype: torch.dtype = torch.float64, scale: float = 7.5):
        self.mixture = mixture(schedule, dtype)
        self.prior = Guided(self.mixture, scale)
        rng = Generator().manual_seed(0)
        self.x0, x0_source, self.noise = (
            torch.randn(3, 3, generator=rng, dtype=torch.float64).to(dtype) for _ in range(3)
        )
        self.t = self.mixture.schedule.time(torch.tensor([0.1, 0.5, 0.9]))
        self.target = self.mixture.condition(1)
        self.source = Source(x0_source, self.mixture.condition(0))
        self.renders = EmpiricalPrior(self.mixture, torch.cat([self.x0, x0_source]))

    def drawing(self, method: Method) -> tuple:
        """What `Method.draw_noise` takes before the generator."""
        return self.prior, self.t, method.origin(self.x0, self.target, self.source)

    def gradient(self, method: Method, rows: slice = slice(None)):
        """The gradient of the rows."""
        source = Source(self.source.x0[rows], self.source.condition)
        arguments = (self.x0[rows], WithRenderModel(self.prior, self.renders), self.t[rows], self.noise[rows])
        return method.gradient(*arguments, self.target, source)


def weightless(method: Method) -> Method:
    """The method with a weight that does not depend on the scale of x_t."""
    return replace(method, weight=Rho())
