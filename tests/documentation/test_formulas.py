"""Equations of docstrings become LaTeX, and every letter of every method is explained."""

import inspect

import pytest

from documentation.formulas import latex, letters, symbol
from documentation.methods import main_methods

METHODS = {type(method).__name__: method for method in main_methods().values()}


@pytest.mark.parametrize(
    ("token", "made"),
    [
        ("eps_hat_src", r"\hat{\epsilon}^{\mathrm{src}}"),
        ("x_t^src", r"x_{t}^{\mathrm{src}}"),
        ("x0", "x_{0}"),
        ("x̂_0", r"\hat{x}_{0}"),
        ("eps*", r"\epsilon^{*}"),
        ("rho", r"\rho"),
        ("delta_D", r"\delta_{D}"),
        ("inversion", None),
    ],
)
def test_a_letter_and_its_marks(token, made):
    assert symbol(token) == made


def test_words_stand_as_text_and_lines_stay_lines():
    assert latex("kappa by DDIM inversion") == r"\kappa \text{ by DDIM inversion }"
    assert latex("a = b,\n  c = d") == r"\begin{aligned}&a = b, \\ &c = d\end{aligned}"


@pytest.mark.parametrize("name", METHODS)
def test_every_letter_of_a_method_is_explained(name):
    doc = inspect.getdoc(type(METHODS[name]))
    equation = "\n".join(part for part in doc.split("\n\n") if part.startswith("    "))
    assert equation, "the docstring shows no equation"
    assert len(dict(letters(equation, name))) >= 5
