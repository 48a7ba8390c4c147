"""Score distillation with diffusion models: one core for SDS, SDI, DDS, PDS and what lies between."""

import lazy_loader

from potstill import moved

_attribute, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
moved.install()


def __getattr__(name: str) -> object:
    """Import a public name when it is used; a module that has moved answers with a warning."""
    return moved.module(name) if name in moved.MODULES and name not in __all__ else _attribute(name)
