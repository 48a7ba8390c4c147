"""The methods: residuals with sources of noise, weights and rules for t.

`Generating` and `Editing` below are the only list, beside plugins; everything else follows from it.
"""

from functools import cache
from typing import Any, TypeAlias, get_args

from potstill.errors import InputError
from potstill.methods.bridge import Bridge
from potstill.methods.coefficients import Coefficients, Consistent, DefaultCoefficients, Identity, Release
from potstill.methods.csd import CSD
from potstill.methods.dds import DDS
from potstill.methods.draw import Source
from potstill.methods.flowedit import FlowEdit
from potstill.methods.ids import IDS
from potstill.methods.infedit import InfEdit
from potstill.methods.ism import ISM
from potstill.methods.method import Method, OptimizerSettings, Residual
from potstill.methods.nfsd import NFSD
from potstill.methods.pds import PDS
from potstill.methods.sdi import SDI
from potstill.methods.sds import SDS
from potstill.methods.shrinkedit import ShrinkEdit
from potstill.methods.vsd import VSD

Generating: TypeAlias = SDS | SDI | CSD | NFSD | ISM | VSD
Editing: TypeAlias = DDS | PDS | IDS | InfEdit | ShrinkEdit | Bridge | FlowEdit
PLUGGED: list[type[Method]] = []
"""The methods of plugins, which `potstill.tasks.settings.plugins` adds."""


def named() -> dict[str, Method]:
    """Every method by its name on the command line: `pds` with its defaults, `pds-consistent` for a preset."""
    return dict(_named((*get_args(Generating), *get_args(Editing), *PLUGGED)))


@cache
def _named(classes: tuple[Any, ...]) -> dict[str, Method]:
    """`named` of these classes; a table of thousands of rows asks in each."""
    choices = {cls.__name__.lower(): cls() for cls in classes}
    presets = {f"{cls.__name__.lower()}-{name}": getattr(cls, name)() for cls in classes for name in cls.presets}
    return choices | presets


def by_name(name: str) -> Method:
    """The method of that name.

    Raises:
        InputError: there is none.
    """
    choices = named()
    if name not in choices:
        raise InputError(f"unknown method {name!r}: choose from {', '.join(sorted(choices))}")
    return choices[name]


__all__ = [
    "CSD",
    "DDS",
    "IDS",
    "ISM",
    "NFSD",
    "PDS",
    "PLUGGED",
    "SDI",
    "SDS",
    "VSD",
    "Bridge",
    "Coefficients",
    "Consistent",
    "DefaultCoefficients",
    "Editing",
    "FlowEdit",
    "Generating",
    "Identity",
    "InfEdit",
    "Method",
    "OptimizerSettings",
    "Release",
    "Residual",
    "ShrinkEdit",
    "Source",
    "by_name",
    "named",
]
