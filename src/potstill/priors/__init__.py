"""Trained models as priors: any pipeline of diffusers, and the bundled one."""

import lazy_loader

from potstill.diffusion.mixture import Mixture

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
__all__ += ["Mixture"]
