"""potstill bench."""

import sys
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeVar

from potstill.batch.executors import WORKERS
from potstill.cli.console import bar, print_written, to_json
from potstill.cli.interrupts import note
from potstill.cli.output import Model
from potstill.diffusion.shared_calls import LARGEST
from potstill.errors import InputError
from potstill.io.claims import Claim, check_outputs, same_file
from potstill.io.files import write, write_drawing
from potstill.io.outputs import FolderOutputs, plain_names
from potstill.io.resize import Fit
from potstill.priors.loading import best_device
from potstill.priors.pipeline import Pipeline
from potstill.tasks.settings.models import load_for
from potstill.tasks.settings.plugins import with_plugins
from potstill.tasks.settings.schema import Advanced, Positional
from potstill.tasks.settings.versions import versions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from potstill.bench.drawing_pairs import DrawingPair
    from potstill.bench.editing import Network
    from potstill.bench.emoji_pairs import Pair
    from potstill.bench.entries import Suite
    from potstill.bench.reference_based import Judge
    from potstill.bench.report import Report
    from potstill.bench.run import Stored, Trial
    from potstill.bench.scene_pairs import ScenePair


P = TypeVar("P", "Pair", "DrawingPair", "ScenePair")
GROUPS = {
    "edits": ("skin", "hair", "colour", "background", "style", "recolour", "place", "size", "two", "both"),
    "drawings": ("colour", "background", "skin", "recolour", "part"),
}
"""The groups of pairs; those of scenes depend on the task."""
PAIRS = 10_000
"""Maximum number of pairs."""
SEEDS = 1_000
"""Maximum number of seeds."""


@dataclass(frozen=True)
class BenchCommand:
    """Make edits whose true results are known with every method, and measure which comes nearest.

    The pairs are emoji that differ in one attribute (skin, hair, colour, background, style), and painted ones: any
    object in another colour (recolour), place or size, one of two things, or a colour and the background (both). For
    reference the table also has bounds: doing nothing (relative error 1), the answer, the answer
    after the model's autoencoder, and plain sampling of the target prompt. Those of drawings have the same elements on
    both sides, and one more bound: the elements of the source, fitted to the picture of the answer. Scenes are toys,
    judged from 24 cameras (docs/results/scenes-benchmark.md).

        potstill bench edits                                      40 pairs, one seed, methods as tuned
        potstill bench edits --pairs 286 --seeds 3 --settings both
        potstill bench edits --methods dds "DDS(weight=Rho())" --groups recolour place --pairs 10
        potstill bench drawings --pairs 60 --settings both
        potstill bench scenes --task generate --seeds 3
        potstill bench edits --data my-pairs --methods "InfEdit()" dds
        potstill bench edits --data PIE-Bench --model MODEL --clip openai/clip-vit-large-patch14

    --data takes a folder with pairs of your own, with PIE-Bench, or with KAIST's CS492(D). List your own in pairs.csv
    with the columns image, source and target (prompts), and answer if you have the true results. Without answers
    nothing is ranked: what was kept is reported with how well the caption fits (docs/results/benchmark.md).

    Writes bench.md (tables), bench.json (every score, with 95 % intervals over pairs and seeds), curves.png (quality
    over evaluations), sheet.png (all methods side by side) and cases-METHOD.png (best, middle, worst). Finished edits
    are kept in the folder and not done again, so an interrupted run continues where it stopped.
    """

    what: Positional[Literal["edits", "drawings", "scenes"]]
    """What is edited: pictures, drawings (SVG) or 3-D scenes."""
    task: Literal["edit", "generate"] | None = None
    """Of scenes: edit them (the default), or generate new ones."""
    scene: Literal["gaussians", "volume"] | None = None
    """What scenes are made of; by default Gaussians."""
    methods: tuple[str, ...] = ()
    """Names, or expressions with the defaults of potstill edit; by default all."""
    settings: Literal["tuned", "published", "both"] | None = None
    """The settings that a search on other pairs found (tuned) or those of the papers (published); by default tuned,
    and published with --data."""
    guidance_scales: Advanced[tuple[float, ...]] = ()
    """The scales at which methods given as expressions run; by default that of `potstill edit`."""
    pairs: int = 40
    """Number of pairs, spread evenly over the groups."""
    groups: tuple[str, ...] = ()
    """Groups of pairs: skin, hair, colour, background, style, recolour, place, size, two, both; of drawings colour,
    background, skin, recolour, part; of scenes colour, part, both, added, taken, swap; by default all."""
    split: Advanced[Literal["held-out", "seen"] | None] = None
    """Pairs whose answers the bundled model was not trained on (held-out, the default), or was (seen)."""
    data: Path | None = None
    """A folder of pairs to use instead of the emoji. It holds pairs.csv (your own), mapping_file.json (PIE-Bench) or
    prompt_img_pairs.json (CS492(D))."""
    clip: Advanced[str | None] = None
    """With --data: the CLIP model for the caption score, a folder or a name on the hub."""
    dino: Advanced[str | None] = None
    """With --data: the DINO ViT for the structure distance, a folder or a name on the hub."""
    lpips: Advanced[Literal["alex", "vgg", "squeeze"] | None] = None
    """With --data: the network of LPIPS, from the package lpips."""
    seeds: int = 1
    """Number of seeds, counted from 0."""
    batch: Advanced[int | None] = None
    """Pairs in one call of the network; by default 16. A call for a scene holds the views of one."""
    jobs: int = 1
    """Number of processes; each loads the model, and several have one thread each."""
    model: Model = Model()
    out: Path = Path("bench")
    """The folder to write to. If it holds a report, the next free name is taken for the new one, such as bench-2; the
    finished edits stay where they are, and are not done again."""
    overwrite: bool = False
    """Replace an existing report instead of taking the next free name."""
    json: bool = False
    """Print bench.json instead of the tables."""

    def __post_init__(self) -> None:
        """Check the numbers, and that the options fit together."""
        for name, most in (("pairs", PAIRS), ("seeds", SEEDS), ("batch", LARGEST), ("jobs", WORKERS)):
            if (value := getattr(self, name)) is not None and not 1 <= value <= most:
                raise InputError(f"{name} = {value} must be from 1 to {most:,}")
        if self.data is not None and self.split is not None:
            raise InputError(f"--split {self.split} applies to the emoji, and --data has no splits: leave it out")
        if self.data is not None and self.groups:
            raise InputError("--groups are groups of the emoji: leave it out with --data")
        if unknown := [group for group in self.groups if group not in GROUPS.get(self.what, self.groups)]:
            known = ", ".join(GROUPS[self.what])
            raise InputError(f"there is no group {unknown[0]!r} of pairs: the groups are {known}")
        if self.overwrite and self.data is not None and same_file(self.data, self.out):
            raise InputError(f"--out {str(self.out)!r} is the folder of the pairs: give another one to --overwrite")
        if self.data is not None and self.what != "edits":
            raise InputError(f"--data holds pictures, and bench {self.what} edits its own {self.what}: leave it out")
        for name in ("task", "scene") if self.what != "scenes" else ("batch",):
            if getattr(self, name) is not None:
                fix = "leave it out" if name == "batch" else "use bench scenes, or leave it out"
                raise InputError(f"--{name} has no meaning for {self.what}: {fix}")
        for name in ("clip", "dino", "lpips"):
            if self.data is None and getattr(self, name) is not None:
                raise InputError(f"--{name} judges edits without true answers: give --data, or leave it out")

    def run(self) -> None:
        """Edit, measure, write, print."""
        from potstill.bench.entries import check_names, select_entries

        check_names(self.methods, self._suite())
        try:
            import potstill.bench.reference_based  # noqa: F401
        except ModuleNotFoundError as error:
            raise InputError(f"bench needs {error.name}: run `pip install potstill[bench]`") from None
        from potstill.bench.plots import cases, curves, sheet
        from potstill.bench.run import run_all, trials_of
        from potstill.bench.settings import Setting

        judge, pairs = self._chosen()
        suite = self._suite(self.what != "scenes" or isinstance(_loaded(self._used, self.what), Pipeline))
        settings = self.settings or ("published" if self.data else "tuned")
        setting = None if settings == "both" else Setting(settings)
        entries = select_entries(self.methods, setting, pairs[0].answer is not None, self.guidance_scales, suite)
        trials = trials_of(entries, pairs, self.seeds, self._batch)
        stems = {label: f"cases-{stem}" for label, stem in plain_names([entry.label for entry in entries]).items()}
        figures = ("curves.png", "sheet.png", *(f"{stem}.png" for stem in stems.values()))
        outputs, inputs = FolderOutputs(self.out, ("bench.json", "bench.md", *figures)), self.model.files()
        check_outputs(outputs, inputs, self.overwrite)
        print(f"{len(entries)} entries, {len(pairs)} pairs, seeds: {self.seeds}", file=sys.stderr)
        with Claim(outputs, inputs, self.overwrite, say=note) as claim:
            with bar("edits") as on_done:
                attempts = self.out / "attempts"  # whatever the report is called, so that none is made twice
                load = with_plugins(partial(_loaded, self._used, self.what))
                done = run_all(trials, load, judge, attempts, self.jobs, on_done)
            report = self._report(done, pairs, settings, judge)
            document, folder = to_json(report.document()), claim.settle().path
            write(folder / "bench.json", document.encode())
            write(folder / "bench.md", report.markdown().encode(errors="backslashreplace"))
            drawn = write_drawing(folder / "curves.png", lambda: curves(report))
            drawn += write_drawing(folder / "sheet.png", lambda: sheet(report))
            for results in report.ranked():
                place = folder / f"{stems[results.entry.label]}.png"
                drawn += write_drawing(place, partial(cases, report, results))
        print(document if self.json else report.markdown())
        print_written([folder / "bench.md", folder / "bench.json", *drawn], on_stderr=True)

    def _report(
        self, done: "list[tuple[Trial, Stored]]", pairs: "list[Pair]", settings: str, judge: "Judge"
    ) -> "Report":
        from potstill.bench.report import Report, collect_results

        settings_used = {name: getattr(self, name) for name in ("clip", "dino", "lpips", "seeds")}
        settings_used |= {"data": self.data and self.data.name, "split": pairs[0].split or None, "settings": settings}
        settings_used |= {"pairs": len(pairs), "model": self._used.model, "batch": self._batch}
        if self.what == "scenes":
            settings_used |= {"task": self.task or "edit", "scene": self.scene or "gaussians"}
        return Report(collect_results(done), {**settings_used, **versions()}, judge)

    def _suite(self, network: bool = True) -> "Suite":
        """What is measured, by a network or by a world."""
        from potstill.bench.drawing_suite import DRAWINGS
        from potstill.bench.entries import PICTURES
        from potstill.bench.scene_suite import suite

        if self.what == "scenes":
            return suite(self.task or "edit", self.scene or "gaussians", network)
        return DRAWINGS if self.what == "drawings" else PICTURES

    def _chosen(self) -> "tuple[Judge, list[Pair]]":
        """The judge and the pairs."""
        if self.data:
            return self._on_disk(self.data)
        if self.what == "edits":
            from potstill.bench.emoji_pairs import emoji_pairs
            from potstill.bench.reference_based import ReferenceBased

            return ReferenceBased(), self._evenly(emoji_pairs())
        if self.what == "scenes":
            return self._scenes()
        from potstill.bench.drawing_judge import DrawingJudge
        from potstill.bench.drawing_pairs import drawing_pairs

        return DrawingJudge(), [each.pair() for each in self._evenly(drawing_pairs())]

    def _scenes(self) -> "tuple[Judge, list[Pair]]":
        """Of scenes; a world is measured on what its toys have prompts for.

        Raises:
            InputError: it has none.
        """
        from potstill.bench.scene_judge import PromptJudge, SceneJudge
        from potstill.bench.scene_pairs import known_to, scene_pairs, scene_prompts

        task, material, prior = self.task or "edit", self.scene or "gaussians", _loaded(self._used, self.what)
        if self._used != self.model:
            print("the model is toys, since emoji does not know views", file=sys.stderr)
        found = scene_pairs() if task == "edit" else scene_prompts()
        chosen = known_to(prior, found)
        if len(chosen) < len(found):
            print(f"{self._used.model} has the toys of {len(chosen)} of {len(found)} pairs", file=sys.stderr)
        judge = SceneJudge(material) if task == "edit" else PromptJudge(material)
        return judge, [each.pair() for each in self._evenly(chosen)]

    @property
    def _used(self) -> Model:
        """The model that runs: for scenes `toys` in the place of `emoji`, which does not know views."""
        blind = self.what == "scenes" and self.model.model == "emoji"
        return replace(self.model, model="toys") if blind else self.model

    @property
    def _batch(self) -> int:
        """Pairs in one call."""
        return 1 if self.what == "scenes" else 16 if self.batch is None else self.batch

    def _evenly(self, pairs: "Sequence[P]") -> "list[P]":
        """So many pairs of the groups and the split that were asked for."""
        from potstill.bench.emoji_pairs import select_evenly

        names = list(dict.fromkeys(pair.group for pair in pairs))
        if unknown := [group for group in self.groups if group not in names]:
            raise InputError(f"there is no group {unknown[0]!r} of pairs: the groups are {', '.join(names)}")
        groups, split = self.groups or names, self.split or "held-out"
        chosen = [pair for pair in pairs if pair.split == split and pair.group in groups]
        if not chosen:
            raise InputError(f"no {split} pair is of {', '.join(groups)}: choose other --groups or another --split")
        return select_evenly(chosen, self.pairs)

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
            print("without --clip only what an edit kept is measured, not how well it fits the prompt", file=sys.stderr)
        _ = judge.identity  # fails early if its models cannot be loaded
        prior = _loaded(self.model, self.what)
        assert isinstance(prior, Pipeline)
        for item in chosen:
            try:
                prior.check_difference(item.source_prompt, item.target_prompt)
            except InputError as error:
                raise InputError(f"pair {item.name!r} of {str(folder)!r}: {error}") from None
        return judge, [item.read(Fit(prior.size, multiple=prior.size_multiple)) for item in chosen]


@cache
def _loaded(model: Model, what: str) -> "Network":
    """The model, loaded once in each process."""
    return load_for("scene" if what == "scenes" else "picture", model.spec())
