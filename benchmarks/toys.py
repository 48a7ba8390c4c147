"""What the exact score must know of the view, on three toys with a face: PSNR and the Janus number (docs/3d.md).

    python benchmarks/toys.py --out docs/3d.json

SDS with annealed times and guidance 1, three views a step, pictures of 32 x 32 pixels, one thread; nine runs of about
half a minute.
"""

import argparse
import json
import time
from pathlib import Path

import torch

from potstill.io.contact_sheet import contact_sheet
from potstill.worlds.toys.bank import ToyBank
from potstill.worlds.toys.prior import Toys
from potstill.worlds.toys.starts import Cloud
from potstill.worlds.toys.study import GENERATE, ToysStudy
from potstill.worlds.toys.views import ByCamera, BySector, Untold

FACES = ("red snowman", "blue duck", "purple owl")
KNOWN = {"nothing": Untold(), "sector": BySector(), "camera": ByCamera()}
SHOWN = (24, 27, 30, 33, 36)  # elevation 15: front, 45, left, 135, back


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--picture", type=Path)
    parser.add_argument("--steps", type=int, default=120)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    torch.set_num_threads(1)
    rows, pictures, captions = [], [], []
    for target in FACES:
        for known, views in KNOWN.items():
            prior = Toys(views, ToyBank(size=32))
            study = ToysStudy(
                [("sds", GENERATE["sds"])],
                target,
                prior=prior,
                steps=given.steps,
                seed=given.seed,
                scene=Cloud(count=500),
                guidance_scale=1.0,
                views=3,
            )
            run, began = study.begin(), time.process_time()
            for _ in run:
                pass
            result = run.runs[0]
            row = {"target": target, "knows": known, "janus": result.metrics.janus, "psnr": result.metrics.psnr}
            rows.append(row)
            print(json.dumps(row), f"{time.process_time() - began:.0f} s of CPU time", flush=True)
            pictures.append(result.pictures[[*SHOWN]])
            captions += [f"knows {known}, Janus {row['janus']:.2f}", *[""] * (len(SHOWN) - 1)]
    if given.out:
        given.out.write_text(json.dumps({"janus": rows, "steps": given.steps, "seed": given.seed}, indent=1) + "\n")
    if given.picture:
        given.picture.write_bytes(contact_sheet(torch.cat(pictures), len(SHOWN), captions, zoom=3))


if __name__ == "__main__":
    main()
