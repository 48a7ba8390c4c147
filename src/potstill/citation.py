"""Whom to cite."""

from potstill.methods import by_name

POTSTILL = """@software{potstill,
  title = {potstill: score distillation with diffusion models on one core},
  author = {{The potstill authors}},
  year = {2026},
  license = {Apache-2.0}
}"""


def citation(method: str = "potstill") -> str:
    """BibTeX for potstill, or for the paper behind a method.

    >>> print(citation("dds").splitlines()[0])
    @inproceedings{hertz2023dds,

    Raises:
        InputError: no such method.
    """
    return POTSTILL if method == "potstill" else by_name(method).bibtex
