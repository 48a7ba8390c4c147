"""The priors: an exact one for proofs and pictures."""

from potstill.priors.mixture import Mixture

__all__ = ["Mixture"]
