from potstill.bench.scene_pictures import truth
from tests.optional import needs

pytestmark = needs("embreex")


def test_the_answers_are_neither_trained_nor_in_the_benchmark():
    from training.toys.validation import chosen

    for group in ("colour", "swap"):
        ends = chosen(group, 2)
        assert len({source.kind for source, _ in ends}) == 2
        for source, answer in ends:
            assert answer.held_out
            assert not source.held_out
            assert answer.caption() not in truth().looks
            assert source.caption() in truth().starts
