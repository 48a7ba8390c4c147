"""potstill theorem."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from potstill.cli.console import print_records, print_written, to_json
from potstill.cli.interrupts import note
from potstill.io.claims import Claim, check_outputs
from potstill.io.files import write, write_drawing
from potstill.io.outputs import FolderOutputs
from potstill.tasks.settings.schema import Positional
from potstill.worlds.loading import load_world
from potstill.worlds.theorem import Twins, plot_theorem_1, theorem_1
from potstill.worlds.world import World


@dataclass(frozen=True)
class TheoremCommand:
    """Show Theorem 1 on an exact world: a DDIM step with any sigma is a score distillation step.

    With u_t the prediction of x_0 at t, and n = sqrt(1 - share²) eps_hat_t + share z, the next prediction is
    u_s = u_t - rho_s (eps_hat(alpha_s u_t + sigma_s n, s) - n). share = sigma / sigma_s runs from 0 (DDIM: the noise
    is the previous prediction) to 1 (SDS: the noise is fresh).

        potstill theorem
        potstill theorem rings --steps 20 --shares 0 0.5 1

    Runs both sides for each sigma, prints their largest difference, and writes theorem.png and theorem.json.
    """

    world: Positional[str] = "moons"
    """moons, blobs, rings, spirals, grid, or a .csv, .tsv or .npz file of labelled points. The smaller label is class
    1; the points are guided to class 2."""
    shares: tuple[float, ...] = (0.0, 0.25, 0.5, 0.75, 1.0)
    """The values of sigma, as shares in [0, 1] of the largest one."""
    guidance_scale: float = 2.0
    """How strongly the class counts: uncond + scale (cond - uncond), as in diffusers. Theorem 1 holds for any."""
    points: int = 200
    """Number of points, 1 to 100,000."""
    steps: int = 40
    """Steps of each run, 1 to 980."""
    seed: int = 0
    """Random seed."""
    out: Path = Path("theorem")
    """The folder to write to. If it holds such files, the next free name is taken, such as theorem-2."""
    overwrite: bool = False
    """Replace existing files instead of taking the next free name."""
    json: bool = False
    """Print theorem.json instead of the table."""

    def run(self) -> None:
        """Run both sides, write, print."""
        world = load_world(self.world)
        outputs, inputs = FolderOutputs(self.out, ("theorem.png", "theorem.json")), [Path(self.world)]
        check_outputs(outputs, inputs, self.overwrite)
        with Claim(outputs, inputs, self.overwrite, say=note) as claim:
            numbers = {"guidance_scale": self.guidance_scale, "points": self.points, "steps": self.steps}
            twins = theorem_1(world, self.shares, **numbers, seed=self.seed)
            self._finish(world, twins, claim.settle().path)

    def _finish(self, world: World, twins: Sequence[Twins], folder: Path) -> None:
        rows = [{"sigma_share": twin.share, "largest_difference": twin.difference} for twin in twins]
        settings = {"world": world.name, **world.named(), "guidance_scale": self.guidance_scale, "seed": self.seed}
        document = to_json({**settings, "runs": rows})
        write(folder / "theorem.json", document.encode())
        drawn = write_drawing(folder / "theorem.png", lambda: plot_theorem_1(world, self.guidance_scale, twins))
        if self.json:
            print(document)
        else:
            if classes := world.classes:
                print(f"class 1 is {classes[0]!r}; class 2 (blue) is {classes[1]!r}, and the points are guided to it\n")
            print_records(rows)
            print()
            print_written([*drawn, folder / "theorem.json"])
