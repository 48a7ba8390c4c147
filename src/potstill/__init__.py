"""Score distillation with diffusion models: one core for SDS, SDI, DDS, PDS and what lies between."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
