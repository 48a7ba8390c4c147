"""The numbers of the card of the model of toys: fills the table of docs/results/toys-model.md from a JSON file.

    python -m training.toys.card

`benchmarks/toys_model.py --out docs/results/toys-model.json` measures; this writes the results into the page.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tyro

from training.card import Card, Target, fill, rows

TARGETS: Mapping[str, Target] = {
    "seen": Target("right object, captions of training", lambda n: 100 * n["seen"]["top_5"], "at least {} %", 90),
    "unseen": Target("right object, held-out colours", lambda n: 100 * n["unseen"]["top_5"], "at least {} %", 75),
    "colour": Target("right colour, captions of training", lambda n: 100 * n["seen"]["colour"], "at least {} %", 95),
    "azimuth": Target(
        "right side, kinds whose sides differ", lambda n: 100 * n["seen"]["azimuth"], "at least {} %", 85
    ),
    "seconds": Target("8 pictures of 50 steps", lambda n: n["seconds"], "at most {} s", 8),
    "megabytes": Target("size on disk", lambda n: n["megabytes"], "at most {} MB", 25),
}


def table(numbers: Mapping[str, Any]) -> str:
    """The targets as markdown, and what else was measured, beside true pictures of other toys of the kind."""
    chosen = numbers["settings"]
    words = {"top_1": "nearest kind", "top_5": "among five", "colour": "colour", "background": "background"}
    words |= {"azimuth": "side"}
    lines = [
        *rows(numbers, TARGETS),
        "",
        f"{chosen['seen']} captions of training and {chosen['unseen']} with a held-out colour, guidance "
        f"{chosen['guidance_scale']:g}, {chosen['steps']} steps, seed {chosen['seed']}, {chosen['threads']} thread(s). "
        f"The sides differ in {len(numbers['asymmetric'])} kinds: {', '.join(numbers['asymmetric'])}.",
        "",
        f"| right, in % | {' | '.join(words.values())} |",
        f"|---|{'---|' * len(words)}",
    ]
    for name, about in (("seen", "captions of training"), ("unseen", "held-out colours")):
        for kind, found in ((about, numbers[name]), (f"{about}: true pictures", numbers[name]["ceiling"])):
            lines.append(f"| {kind} | {' | '.join(f'{100 * found[key]:.3g}' for key in words)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    usual = Card(Path("docs/results/toys-model.json"), Path("docs/results/toys-model.md"))
    fill(tyro.cli(Card, description=__doc__, default=usual), table)
