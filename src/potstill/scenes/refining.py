"""A volume whose grid becomes finer during a run: the shape first, then what is small."""

from torch import Tensor
from torch.optim import Optimizer

from potstill.fields import check_count
from potstill.scenes.growing import Growth, exchange
from potstill.scenes.volume import FINEST, Volume, resampled


class Refiner(Growth):
    """Brings a volume of n points along a side to `finest`, in steps of 2 n - 1, in which nothing changes but the grid.

    The changes are spread evenly over the steps up to `last`, and the last of them comes there. A point of a finer grid
    gets a smaller share r = (n / n')³ of the gradient, and so the moments of Adam are interpolated, and multiplied by r
    and r².
    """

    def __init__(self, scene: Volume, optimizer: Optimizer, finest: int, last: int) -> None:
        """For a run of this scene, which has its first grid, and optimiser; `last` counts steps from 1.

        Raises:
            InputError: a number is out of range.
        """
        start = len(scene.densities)
        check_count("finest grid", finest, FINEST, least=start)
        check_count("last step of refinement", last, 100_000_000)
        self.scene, self.optimizer = scene, optimizer
        grids = [start]
        while grids[-1] < finest:
            grids.append(min(2 * grids[-1] - 1, finest))
        count = len(grids) - 1
        self.grids = {(k + 1) * last // count: points for k, points in enumerate(grids[1:])}
        """Points along a side by the number of steps after which they are taken."""

    def after(self, index: int) -> None:
        """Refine the grid after step `index`, from 0 up, if it is time."""
        points = self.grids.get(index + 1)
        if points is None:
            return
        share = (len(self.scene.densities) / points) ** 3

        def moment(key: str, kept: Tensor) -> Tensor:
            return resampled(kept, points) * (share**2 if key.endswith("_sq") else share)

        for name, value in list(self.scene.named_parameters()):
            exchange(self.scene, self.optimizer, name, resampled(value.detach(), points), moment)
