"""Build the wheel, install it with pip alone into a bare environment, and run it there; this needs PyPI.

python -m documentation.wheel
"""

import subprocess
import sys
import tempfile
import venv
from pathlib import Path

import tyro

ROOT = Path(__file__).parents[1]


def main(constraints: bool = True) -> None:
    """Build, install and run.

    Args:
        constraints: install the versions that the test suite runs with; otherwise the newest.
    """
    with tempfile.TemporaryDirectory() as folder:
        _run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, str(ROOT), cwd=ROOT)
        (wheel,) = Path(folder).glob("*.whl")
        venv.create(Path(folder, "bare"), with_pip=True)
        programs = Path(folder, "bare/bin")
        kept = ["-c", str(ROOT / "constraints.txt")] if constraints else []
        _run(str(programs / "pip"), "install", "--quiet", "--disable-pip-version-check", *kept, str(wheel), cwd=folder)
        potstill = str(programs / "potstill")
        _run(potstill, "--version", cwd=folder)
        _run(potstill, "world", "moons", "--steps", "50", "--points", "20", cwd=folder)
        _run(potstill, "sample", "red heart", "--count", "1", "--out", "heart.png", cwd=folder)
        _run(
            potstill, "edit", "heart.png", "--source", "red heart", "--target", "blue heart", "--steps", "4", cwd=folder
        )


def _run(*words: str, cwd: str | Path) -> None:
    print("+", *words, flush=True)
    subprocess.run(words, cwd=cwd, check=True)


if __name__ == "__main__":
    tyro.cli(main, description=__doc__)
