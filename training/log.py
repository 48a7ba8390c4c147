"""The log of a training: `metrics.jsonl`, one line of JSON for every step, or for some, that is not trained again."""

import json
from pathlib import Path

from potstill.io.files import write


class Log:
    """The log of a run that goes on after a step."""

    def __init__(self, folder: Path, step: int) -> None:
        """Drop later or incomplete lines of an interrupted run."""
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / "metrics.jsonl"
        lines = self.path.read_text().splitlines(keepends=True) if self.path.exists() else []
        whole = (line for line in lines if line.endswith("\n"))
        write(self.path, "".join(line for line in whole if json.loads(line)["step"] <= step).encode())

    def add(self, metrics: dict) -> None:
        """Append a line."""
        with self.path.open("a") as log:
            log.write(json.dumps(metrics) + "\n")
