"""How well drawings of the emoji sets are rendered: the mean absolute difference from resvg, at two resolutions.

    python -m benchmarks.svg_agreement --count 200

Needs the packs that `python -m training.data` downloads.
"""

import argparse
import warnings
from pathlib import Path

import torch

from potstill.errors import InputError
from potstill.io.svg import read_svg
from potstill.io.svg.fixed import draw_svg
from potstill.vectors import Renderer
from training.data import PACKS, fetch


def drawings(folder: Path, count: int) -> list[tuple[str, str]]:
    """The names and texts of emoji, spread evenly over each pack."""
    found = []
    for pack, address in PACKS.items():
        icons = fetch(address, folder)
        names = sorted(icons["icons"])
        for name in names[:: max(1, len(names) * len(PACKS) // count)][: count // len(PACKS)]:
            icon = icons["icons"][name]
            width, height = (icon.get(side, icons.get(side, 16)) for side in ("width", "height"))
            box = f"{icon.get('left', 0)} {icon.get('top', 0)} {width} {height}"
            svg = f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="{box}">'
            found.append((f"{pack}/{name}", f"{svg}{icon['body']}</svg>"))
    return found


def by_resvg(text: str, height: int, width: int) -> torch.Tensor:
    """RGB over white."""
    rgba = draw_svg(text, "the drawing", height, width)
    return rgba[:3] * rgba[3:] + 1 - rgba[3:]


def by_us(text: str, height: int, width: int) -> torch.Tensor:
    """RGB over white."""
    sketch = read_svg(text.encode()).sketch
    with torch.no_grad():
        return Renderer(sketch, height, width)(sketch.numbers[None], torch.ones(1, 3, dtype=torch.float64))[0]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("build/emoji/packs"))
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--sizes", type=int, nargs="+", default=[128, 64])
    given = parser.parse_args()
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    found = drawings(given.folder, given.count)
    for size in given.sizes:
        rows = []
        for name, text in found:
            try:
                rows.append((float((by_us(text, size, size) - by_resvg(text, size, size)).abs().mean()), name))
            except InputError as error:
                rows.append((1.0, f"{name}: {error}"))
        rows.sort(reverse=True)
        values = torch.tensor([value for value, _ in rows])
        share = float((values <= 0.004).double().mean())
        print(
            f"{size} x {size}: {len(rows)} drawings, {share:.1%} within 0.004; "
            f"median {float(values.median()):.5f}, 95 % {float(values.quantile(0.95)):.5f}"
        )
        for value, name in rows[:8]:
            print(f"    {value:.5f}  {name}")


if __name__ == "__main__":
    main()
