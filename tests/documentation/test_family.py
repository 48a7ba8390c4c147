"""The page of the family: what it shows runs, and names what it is."""

import pytest

from documentation import family
from potstill.methods import Method, named
from potstill.tasks.settings.parsing import from_text, to_text
from potstill.worlds.cost import evaluations

EVERY = [method for kind in family.COMPARISONS for row in family.crossings(kind) for method in row]
EVERY += [method for _, methods in family.PATHS for method in methods]


@pytest.mark.parametrize("method", EVERY, ids=map(to_text, EVERY))
def test_every_expression_of_the_page_reads_back_and_runs(method):
    assert from_text(to_text(method), Method) == method
    assert evaluations(method, steps=2)[1] >= 1


def test_cells_that_have_a_name_are_the_named_methods():
    found = {name for method in EVERY if (name := family.known_as(method))}
    assert found == {"ids", "sdi"}


def test_every_named_method_has_a_row_of_its_own_numbers():
    page = family.pages()["methods/family.md"]
    for name, method in named().items():
        (row,) = (line for line in page.splitlines() if line.startswith(f"| [{name}]("))
        assert to_text(method.noise) in row
        assert to_text(method.times) in row
