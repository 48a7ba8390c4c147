"""The numbers of the model card: fills the tables of docs/results/emoji-model.md from a JSON file.

    python -m training.card

`benchmarks/emoji_model.py --out docs/results/emoji-model.json` measures; this writes the results into the page.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import tyro

from potstill.io.files import write


class Target(NamedTuple):
    """A measure with its limit."""

    words: str
    value: Callable[[Mapping[str, Any]], float]
    """Finds it among the numbers."""
    rule: str
    """With {} for the limit."""
    limit: float


TARGETS: Mapping[str, Target] = {
    "retrieval": Target(
        "right emoji, captions of training", lambda n: 100 * n["retrieval"]["top_5"], "at least {} %", 85
    ),
    "korean": Target(
        "in Korean instead, points less",
        lambda n: 100 * (n["retrieval"]["top_5"] - n["korean"]["top_5"]),
        "at most {} points",
        3,
    ),
    "background": Target("right background", lambda n: 100 * n["retrieval"]["background"], "at least {} %", 95),
    "composition": Target(
        "right emoji, held-out pairs", lambda n: 100 * n["composition"]["top_5"], "at least {} %", 70
    ),
    "colours": Target("right colour, held-out objects and colours", lambda n: 100 * n["colours"], "at least {} %", 90),
    "places": Target("right place, held-out emoji and places", lambda n: 100 * n["places"], "at least {} %", 95),
    "seconds": Target("8 pictures of 50 steps", lambda n: n["seconds"], "at most {} s", 10),
    "megabytes": Target("size on disk", lambda n: n["megabytes"], "at most {} MB", 25),
}
NOTHING = "*Not measured yet: `make model-card` measures the model and fills this in.*"


@dataclass(frozen=True)
class Card:
    """The page and its numbers."""

    numbers: Path = Path("docs/results/emoji-model.json")
    """The output of the benchmark."""
    page: Path = Path("docs/results/emoji-model.md")
    """The page to fill in."""


def reached(numbers: Mapping[str, Any], targets: Mapping[str, Target] = TARGETS) -> dict[str, bool]:
    """Whether each target is reached."""
    return {
        name: value(numbers) <= limit if rule.startswith("at most") else value(numbers) >= limit
        for name, (_, value, rule, limit) in targets.items()
    }


def rows(numbers: Mapping[str, Any], targets: Mapping[str, Target] = TARGETS) -> list[str]:
    """The targets as lines of a table in markdown."""
    lines = ["| measure | found | must be |", "|---|---|---|"]
    for words, value, rule, limit in targets.values():
        lines.append(f"| {words} | {value(numbers):.3g} {rule.split()[-1]} | {rule.format(limit)} |")
    return lines


def table(numbers: Mapping[str, Any]) -> str:
    """The targets and the denoising errors as markdown."""
    chosen, composed = numbers["settings"], numbers["composition"]
    errors = numbers["denoising"]
    lines = [
        *rows(numbers),
        "",
        f"{chosen['retrieval']} captions and {chosen['composition']} pairs, guidance {chosen['guidance_scale']:g}, "
        f"{chosen['steps']} steps, seed {chosen['seed']}, {chosen['threads']} thread(s). Of the held-out pairs, "
        f"{100 * composed['background']:.3g} % have the right background. The true drawings, a pixel aside, "
        f"blurred and noisy, reach {100 * numbers['retrieval']['ceiling']:.3g} % and "
        f"{100 * composed['ceiling']:.3g} %; true drawings of other captions {100 * numbers['retrieval']['floor']:.3g} "
        f"% and {100 * composed['floor']:.3g} %.",
        "",
        "| mean squared error of x̂₀ at t = | " + " | ".join(errors["training"]) + " |",
        "|---|" + "---|" * len(errors["training"]),
    ]
    kinds = {"training": "training pictures", "relatives": "relatives of the held-out", "held_out": "held-out variants"}
    for kind, words in kinds.items():
        lines.append(f"| {words} | " + " | ".join(f"{error:.4f}" for error in errors[kind].values()) + " |")
    return "\n".join(lines)


def filled(page: str, text: str) -> str:
    """The page with `text` between its markers.

    Raises:
        ValueError: the page does not have the markers exactly once.
    """
    page, count = re.subn(
        r"(<!-- measured -->\n).*?(\n<!-- /measured -->)", lambda mark: mark[1] + text + mark[2], page, flags=re.DOTALL
    )
    if count != 1:
        raise ValueError(f"the page has {count} pairs of <!-- measured --> and <!-- /measured -->: it must have one")
    return page


def fill(card: Card, table: Callable[[Mapping[str, Any]], str]) -> None:
    """Fill in the page."""
    text = table(json.loads(card.numbers.read_text())) if card.numbers.exists() else NOTHING
    write(card.page, filled(card.page.read_text(), text).encode())
    print(text)


if __name__ == "__main__":
    fill(tyro.cli(Card, description=__doc__), table)
