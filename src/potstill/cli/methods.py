"""potstill methods."""

from dataclasses import dataclass

from potstill.baselines import BASELINES
from potstill.cli.console import to_json
from potstill.methods import named
from potstill.tasks.settings.parsing import to_text
from potstill.worlds.cost import evaluations


@dataclass(frozen=True)
class MethodsCommand:
    """List every method with its equation, noise source, cost and reference.

        potstill methods

    `potstill edit --help pds` explains one of them.
    """

    json: bool = False
    """Print JSON instead of the table."""

    def run(self) -> None:
        """Print."""
        rows = [
            {
                "method": name,
                "use": "edits" if method.edits else "generates",
                "gradient": method.equation,
                "noise": to_text(method.noise),
                "compared with": method.comparison,
                "evaluations": _count(*evaluations(method)),
                "reference": method.reference,
            }
            for name, method in named().items()
        ]
        baselines = [
            {"method": name, "use": "edits, as a baseline", "how": baseline.equation, "reference": baseline.reference}
            for name, baseline in BASELINES.items()
        ]
        if self.json:
            print(to_json([*rows, *baselines]))
            return
        for row in rows:
            print(f"{row.pop('method')}\n" + "\n".join(f"  {name:<14}{text}" for name, text in row.items()) + "\n")
        print("Baselines, without a gradient (potstill edit, compare and invert):\n")
        for row in baselines:
            print(f"{row.pop('method')}\n" + "\n".join(f"  {name:<14}{text}" for name, text in row.items()) + "\n")
        print("Evaluations of the network are those of a step, for each sample, with guidance; counted in a run.")
        print("Any method takes any noise source: replace(SDS(), noise=Inverted()).")


def _count(fewest: int, most: int) -> str:
    return str(most) if fewest == most else f"{fewest} to {most}"
