"""The tables of docs/results/cuda.md, from the numbers that benchmarks/cuda.py wrote.

python -m benchmarks.cuda_tables docs/results/cuda.json
"""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import tyro


def numbers(value: Any) -> list[float]:
    """All numbers in a result."""
    if isinstance(value, dict):
        return [each for part in value.values() for each in numbers(part)]
    return [value] if isinstance(value, float) else []


def table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """A table whose columns after the first hold numbers."""
    lines = [f"| {' | '.join(map(shown, line))} |" for line in (head, *rows)]
    return "\n".join([lines[0], f"|---|{'---:|' * (len(head) - 1)}", *lines[1:]])


def shown(value: Any) -> str:
    """Two digits of a number."""
    return f"{value:.1e}" if isinstance(value, float) and value else f"{value:g}" if value == 0.0 else str(value)


def laws(found: dict[str, Any]) -> str:
    """The largest number of each check of the laws."""
    rows = [[name, max(numbers(result))] for name, result in found.items()]
    return table(("check", "largest difference, relative"), rows)


def models(found: dict[str, Any]) -> str:
    """Pictures of the bundled models, with and without TF32."""
    rows = []
    for name, each in found.items():
        if isinstance(each, dict) and "without TF32" in each:
            whole, same = each["without TF32"], "yes" if each["same bytes twice"] else "no"
            rows.append([name, each["largest"], each["mean"], whole["largest"], whole["mean"], same])
    return table(("run", "largest", "mean", "largest, no TF32", "mean, no TF32", "same bytes twice"), rows)


def gaussians(found: dict[str, Any]) -> str:
    """Pictures of Gaussians and their gradients."""
    cases = {name: each for name, each in found.items() if name.startswith("picture, ")}
    rows = [
        [
            name.removeprefix("picture, "),
            each["colour"]["largest"],
            each["opacity"]["largest"],
            max(numbers(each["gradients"])),
        ]
        for name, each in cases.items()
    ]
    return table(("scene", "colour", "opacity", "gradients, relative"), rows)


def runs(found: dict[str, Any]) -> str:
    """Short runs of scenes."""
    rows = [[name, each["largest"], each["mean"]] for name, each in found["short runs"].items()]
    again = found["checkpoint of a growing scene"]
    rows += [[f"resumed on {name.upper()}", each["largest"], each["mean"]] for name, each in again.items()]
    return table(("run", "largest", "mean"), rows)


def speed(found: dict[str, Any]) -> str:
    """Milliseconds on the CPU and on the GPU."""
    pictures = {f"two pictures of {name}": each for name, each in found["speed of a picture"].items()}
    steps = {f"a step of {name}": each for name, each in found["speed of runs"].items()}
    rows = [[name, f"{each['cpu']:.0f}", f"{each['cuda']:.1f}"] for name, each in {**pictures, **steps}.items()]
    return table(("", "CPU, ms", "GPU, ms"), rows)


def main(file: tyro.conf.Positional[Path] = Path("docs/results/cuda.json")) -> None:
    """Print the tables.

    Args:
        file: the results.
    """
    found = json.loads(file.read_text(encoding="utf-8"))
    scenes = found["gaussians"]
    print(laws(found["laws"]), models(found["models"]), gaussians(scenes), runs(scenes), speed(scenes), sep="\n\n")


if __name__ == "__main__":
    tyro.cli(main)
