"""potstill bench."""

import sys
from dataclasses import asdict, dataclass
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import tyro

from potstill.cli.console import bar, to_json
from potstill.cli.output import Model
from potstill.errors import InputError
from potstill.io.files import sweep, writable_folder, write
from potstill.io.resize import Fit
from potstill.priors.loading import best_device
from potstill.priors.pipeline import Pipeline
from potstill.tasks.provenance import versions

if TYPE_CHECKING:
    from potstill.bench.emoji_pairs import Pair
    from potstill.bench.reference_based import Judge


@dataclass(frozen=True)
class Command:
    """Edit pictures whose true edits are known, with every method, and say which comes nearest.

    The pairs are emoji that differ in one attribute: skin tone, hair, the colour of an object, the background,
    the style of drawing. Printed beside the methods are bounds: doing nothing (relative error 1), the answer,
    the answer as the model makes it again, and plain sampling of the target prompt.

        potstill bench edits                                      40 pairs, one seed, methods as tuned
        potstill bench edits --pairs 146 --seeds 3 --settings both
        potstill bench edits --methods dds "DDS(weight=Rho())" --pairs 10
        potstill bench edits --methods "InfEdit()" "DDS()" --guidance-scales 1 1.5 3
        potstill bench edits --data my-pairs --methods "InfEdit()" dds
        potstill bench edits --data PIE-Bench --model MODEL --clip openai/clip-vit-large-patch14

    With --data, pairs of your own are edited in their place, or those of PIE-Bench or of KAIST's CS492(D). Your own
    are listed in pairs.csv, with the columns image, source and target (prompts), and if you have the true results,
    answer. Without answers nothing is ranked: what stayed stands against what the caption says (docs/benchmark.md).

    Writes bench.md (tables), bench.json (every score, with 95 % intervals over pairs), curves.png (quality over
    evaluations), sheet.png (all methods side by side) and cases-METHOD.png (best, middle, worst). What was done
    is kept in the folder and not done again, so a run that was stopped goes on.
    """

    what: Annotated[Literal["edits"], tyro.conf.Positional, tyro.conf.arg(metavar="edits")]
    """What is measured."""
    methods: tuple[str, ...] = ()
    """Names, or expressions, which run as `potstill edit` would; none means all."""
    settings: Literal["tuned", "published", "both"] | None = None
    """At the best settings that a search on other pairs found, or those of the papers. None means tuned, and
    with --data, for which nothing was tuned, published."""
    guidance_scales: tuple[float, ...] = ()
    """Of methods given as expressions, which run at each; none means the scale of `potstill edit`."""
    pairs: int = 40
    """How many, spread evenly over the groups."""
    split: Literal["held-out", "seen"] | None = None
    """Whether the answers were in the training of the bundled model. None means held-out."""
    data: Path | None = None
    """The folder of pairs on the disk: with pairs.csv (your own), mapping_file.json (PIE-Bench) or
    prompt_img_pairs.json (CS492(D))."""
    clip: str | None = None
    """With --data: the CLIP model of the caption score, a folder or a name on the hub."""
    dino: str | None = None
    """With --data: the DINO ViT of the structure distance, a folder or a name on the hub."""
    lpips: Literal["alex", "vgg", "squeeze"] | None = None
    """With --data: the network of LPIPS, from the package lpips."""
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
        """Check the numbers, and that options fit each other."""
        for name in ("pairs", "seeds", "batch", "jobs"):
            if getattr(self, name) < 1:
                raise InputError(f"{name} = {getattr(self, name)} must be at least 1")
        if self.data is not None and self.split is not None:
            raise InputError(f"--split {self.split} is of the emoji, and --data has no splits: leave it out")
        for name in ("clip", "dino", "lpips"):
            if self.data is None and getattr(self, name) is not None:
                raise InputError(f"--{name} judges edits without true answers: give --data, or leave it out")

    def run(self) -> None:
        """Edit, judge, write, print."""
        try:
            import potstill.bench.reference_based  # noqa: F401
        except ModuleNotFoundError as error:
            raise InputError(f"bench needs {error.name}: run `pip install potstill[bench]`") from None
        from potstill.bench.entries import select_entries
        from potstill.bench.plots import cases, curves, sheet
        from potstill.bench.report import Report, collect_results
        from potstill.bench.run import run_all, trials_of
        from potstill.bench.settings import Setting

        judge, pairs = self._on_disk(self.data) if self.data else self._emoji()
        folder = writable_folder(self.out)
        sweep(folder)
        settings = self.settings or ("published" if self.data else "tuned")
        setting = None if settings == "both" else Setting(settings)
        entries = select_entries(self.methods, setting, pairs[0].answer is not None, self.guidance_scales)
        trials = trials_of(entries, pairs, self.seeds, self.batch)
        print(f"{len(entries)} entries, {len(pairs)} pairs, seeds: {self.seeds}", file=sys.stderr)
        with bar("edits") as on_done:
            done = run_all(trials, partial(_loaded, self.model), judge, folder / "attempts", self.jobs, on_done)
        told = {
            name: value for name, value in asdict(self).items() if name in ("clip", "dino", "lpips", "seeds", "batch")
        }
        told |= {"data": self.data and self.data.name, "split": pairs[0].split or None, "settings": settings}
        told |= {"pairs": len(pairs), "model": self.model.model}
        report = Report(collect_results(done), {**told, **versions()}, judge)
        document = to_json(report.document())
        write(folder / "bench.json", document.encode())
        write(folder / "bench.md", report.markdown().encode())
        write(folder / "curves.png", curves(report))
        write(folder / "sheet.png", sheet(report))
        for results in report.ranked():
            name = "".join(c if c.isalnum() or c in "-." else "_" for c in results.entry.label)
            write(folder / f"cases-{name}.png", cases(report, results))
        print(document if self.json else report.markdown())
        print(f"wrote {folder / 'bench.md'}, bench.json, curves.png, sheet.png and the cases", file=sys.stderr)

    def _emoji(self) -> "tuple[Judge, list[Pair]]":
        from potstill.bench.emoji_pairs import emoji_pairs, select_evenly
        from potstill.bench.reference_based import ReferenceBased

        split = self.split or "held-out"
        return ReferenceBased(), select_evenly([pair for pair in emoji_pairs() if pair.split == split], self.pairs)

    def _on_disk(self, folder: Path) -> "tuple[Judge, list[Pair]]":
        from potstill.bench.datasets import read_dataset
        from potstill.bench.emoji_pairs import select_evenly
        from potstill.bench.reference_based import ReferenceBased
        from potstill.bench.reference_free import ReferenceFree

        chosen = select_evenly(read_dataset(folder), self.pairs)
        judge: Judge = ReferenceFree(self.clip, self.dino, self.lpips, self.model.device or best_device())
        if chosen[0].answer:
            if self.clip or self.dino or self.lpips:
                raise InputError(
                    f"--clip, --dino and --lpips judge without true answers, and {folder}/pairs.csv has them"
                )
            judge = ReferenceBased()
        elif self.clip is None:
            print("without --clip nothing says how far an edit went, only what it kept", file=sys.stderr)
        _ = judge.identity  # what cannot be loaded shows before the model is
        prior = _loaded(self.model)
        return judge, [item.read(Fit(prior.size, multiple=prior.multiple)) for item in chosen]


@cache
def _loaded(model: Model) -> Pipeline:
    """The model, once in each process."""
    return model.load()
