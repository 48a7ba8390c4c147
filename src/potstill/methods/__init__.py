"""The methods. `Generating` and `Editing` below are the only list; everything else follows from it."""

from typing import TypeAlias

from potstill.methods.coefficients import Coefficients, Consistent, Identity, Release
from potstill.methods.dds import DDS
from potstill.methods.method import Method, Residual, Source
from potstill.methods.pds import PDS
from potstill.methods.sdi import SDI
from potstill.methods.sds import SDS

Generating: TypeAlias = SDS | SDI
Editing: TypeAlias = DDS | PDS

__all__ = [
    "DDS",
    "PDS",
    "SDI",
    "SDS",
    "Coefficients",
    "Consistent",
    "Editing",
    "Generating",
    "Identity",
    "Method",
    "Release",
    "Residual",
    "Source",
]
