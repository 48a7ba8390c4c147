"""Pairs to choose settings by: the kinds of the benchmark, with answers that neither training nor the benchmark has.

The answers of the seen pairs are in the training set, so a method that forgets the source and draws the target from
memory does well on them. On these pairs it does not. They are the next of each group by the rule of `pairs`; groups
whose held-out answers are all in the benchmark (hair, style) have none.

    python -m training.validation --drawings-file build/emoji/icons.safetensors
"""

import json
from pathlib import Path

import safetensors.torch
import tyro

from potstill.bench.emoji_pairs import Pair
from training import composed_pairs, data
from training.compose import paint
from training.pairs import chosen

FILE = Path("build/validation.safetensors")


def pairs(file: Path = FILE) -> list[Pair]:
    """The pairs of a file, which is written first if there is none."""
    if not file.exists():
        main(out=file)
    with safetensors.safe_open(file, "pt") as opened:
        rows = json.loads(opened.metadata()["rows"])
        sources, answers = opened.get_tensor("sources"), opened.get_tensor("answers")
    return [
        Pair(**row, split="validation", source=source[None], answer=answer[None])
        for row, source, answer in zip(rows, sources, answers, strict=True)
    ]


def main(drawings_file: Path = Path("build/emoji/icons.safetensors"), each: int = 15, out: Path = FILE) -> None:
    """Write `each` pairs of every group."""
    drawings = data.load(drawings_file)
    changes = chosen(drawings, each)["further"]
    rows = []
    for change in changes:
        before, after = composed_pairs.prompts(change, drawings)
        name = change.name.removeprefix(f"{change.group} ")
        rows.append({"name": name, "group": change.group, "source_prompt": before, "target_prompt": after})
    tensors = {"sources": paint(drawings, [c.source for c in changes])}
    tensors["answers"] = paint(drawings, [c.answer for c in changes])
    out.parent.mkdir(parents=True, exist_ok=True)
    safetensors.torch.save_file(tensors, out, {"rows": json.dumps(rows)})
    print(f"{len(rows)} pairs: {out}")


if __name__ == "__main__":
    tyro.cli(main, description=__doc__)
