"""BibTeX entries of potstill, the methods and the baselines."""

from potstill.baselines import BASELINES
from potstill.methods import by_name

POTSTILL = """@software{potstill,
  title = {potstill: score distillation with diffusion models on one core},
  author = {{The potstill authors}},
  year = {2026},
  license = {Apache-2.0}
}"""


def citation(method: str = "potstill") -> str:
    """BibTeX for potstill, or for the paper behind a method or a baseline.

    >>> print(citation("dds").splitlines()[0])
    @inproceedings{hertz2023dds,

    Raises:
        InputError: the method is unknown.
    """
    if method == "potstill":
        return POTSTILL
    return BASELINES[method].bibtex if method in BASELINES else by_name(method).bibtex
