"""potstill compare."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from potstill.cli.common import print_records, step_progress, to_json
from potstill.cli.options import Model
from potstill.compare import Compare
from potstill.files import writable_folder, write


@dataclass(frozen=True)
class Command:
    """Run several methods from the same start and show the results side by side.

        potstill compare heart.png --source "red heart" --target "blue heart" --methods sds dds pds
        potstill compare --prompt "red heart" --methods sds sdi

    Writes compare.png (the source, each result and where it differs), compare.gif (on their way),
    compare.json (settings and numbers), and each result as a PNG of its own that can be replayed.
    """

    task: Compare
    image: Annotated[Path | None, tyro.conf.Positional, tyro.conf.arg(metavar="[IMAGE]")] = None
    """The picture to edit; without one, --prompt is generated."""
    mask: Path | None = None
    """Edit only where this picture, as large as IMAGE, is white."""
    model: Model = Model()
    out: Path = Path("compare")
    """The folder to write to."""
    json: bool = False
    """Print compare.json instead of the table."""

    def run(self) -> None:
        """Compare, write, print."""
        folder = writable_folder(self.out)
        self.task.tasks(self.image is not None)
        began = time.monotonic()
        with step_progress() as show:
            found = self.task.run(self.model.load(), self.image, self.mask, show)
        rows = found.numbers()
        results = {
            f"{''.join(c if c.isalnum() or c in '-' else '_' for c in name)}.png": r
            for name, r in found.results.items()
        }
        settings = self.task.settings()
        document = {"command": "compare", "settings": settings, "methods": rows, "seconds": time.monotonic() - began}
        sheet, animation = found.sheet(), found.animation()
        for name, result in results.items():
            result.save(folder / name)
        write(folder / "compare.png", sheet)
        write(folder / "compare.gif", animation)
        write(folder / "compare.json", to_json(document).encode())
        if self.json:
            print(to_json(document))
        else:
            print_records(rows)
            print(f"\nwrote {folder / 'compare.png'}, compare.gif, compare.json and {', '.join(results)}")
