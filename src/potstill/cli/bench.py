"""potstill bench."""

import sys
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Literal

import torch
import tyro

from potstill.cli.common import bar, to_json
from potstill.cli.options import Model
from potstill.errors import InputError
from potstill.files import writable_folder, write
from potstill.record import environment


@dataclass(frozen=True)
class Command:
    """Edit pictures whose true edits are known, with every method, and say which comes nearest.

        potstill bench edits                                      40 pairs, one seed, methods as tuned
        potstill bench edits --pairs 316 --seeds 3 --settings both
        potstill bench edits --methods dds "DDS(weight=Rho())" --pairs 10

    The pairs are emoji that differ in one attribute: skin tone, hair, the colour of an object, the background,
    the style of drawing. Printed beside the methods are bounds: doing nothing (relative error 1), the answer,
    the answer as the model makes it again, and plain sampling of the target prompt.

    Writes bench.md (tables), bench.json (every score, with 95 % intervals over pairs), curves.png (quality over
    evaluations), sheet.png (all methods side by side) and cases-METHOD.png (best, middle, worst). What was done
    is kept in the folder and not done again, so a run that was stopped goes on.
    """

    what: Annotated[Literal["edits"], tyro.conf.Positional, tyro.conf.arg(metavar="edits")]
    """What is measured."""
    methods: tuple[str, ...] = ()
    """Names, or expressions, which run as `potstill edit` would; none means all."""
    settings: Literal["tuned", "published", "both"] = "tuned"
    """At the best settings that a search on other pairs found, or those of the papers."""
    pairs: int = 40
    """How many, spread evenly over the groups."""
    split: Literal["held-out", "seen"] = "held-out"
    """Whether the answers were in the training of the bundled model."""
    seeds: int = 1
    """How many, from 0."""
    batch: int = 16
    """Pairs in one network call."""
    jobs: int = 1
    """Processes; each loads the model, and with several each has one thread."""
    model: Model = Model()
    out: Path = Path("bench")
    """The folder to write to."""
    json: bool = False
    """Print bench.json instead of the tables."""

    def __post_init__(self) -> None:
        """Check the numbers."""
        for name in ("pairs", "seeds", "batch", "jobs"):
            if getattr(self, name) < 1:
                raise InputError(f"{name} = {getattr(self, name)} must be at least 1")

    def run(self) -> None:
        """Edit, judge, write, print."""
        try:
            from potstill.bench.scores import Truth
        except ModuleNotFoundError as error:
            raise InputError(f"bench needs {error.name}: run `pip install potstill[bench]`") from None
        from potstill.bench.contestants import contestants
        from potstill.bench.pairs import emoji_pairs, spread
        from potstill.bench.report import Report, entries
        from potstill.bench.run import jobs_of, run_all

        folder = writable_folder(self.out)
        pairs = spread([pair for pair in emoji_pairs() if pair.split == self.split], self.pairs)
        taking_part = contestants(self.methods, self.settings)
        jobs = jobs_of(taking_part, pairs, self.seeds, self.batch)
        print(f"{len(taking_part)} contestants, {len(pairs)} pairs, seeds: {self.seeds}", file=sys.stderr)
        with bar("edits") as on_done, torch.no_grad():
            done = run_all(jobs, partial(Model.load, self.model), Truth(), folder / "attempts", self.jobs, on_done)
        told = {name: value for name, value in asdict(self).items() if name in ("split", "seeds", "batch", "settings")}
        report = Report(entries(done), {**told, "pairs": len(pairs), "model": self.model.model, **environment()})
        document = to_json(report.document())
        write(folder / "bench.json", document.encode())
        write(folder / "bench.md", report.markdown().encode())
        write(folder / "curves.png", report.curves())
        write(folder / "sheet.png", report.sheet())
        for entry in report.ranked():
            name = "".join(c if c.isalnum() or c in "-." else "_" for c in f"{entry.label}")
            write(folder / f"cases-{name}.png", report.cases(entry))
        print(document if self.json else report.markdown())
        print(f"wrote {folder / 'bench.md'}, bench.json, curves.png, sheet.png and the cases", file=sys.stderr)
