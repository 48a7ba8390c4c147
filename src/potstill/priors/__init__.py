"""The priors: an exact one for proofs and pictures, and any pipeline of diffusers."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
