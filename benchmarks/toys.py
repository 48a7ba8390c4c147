"""The numbers of docs/results/scenes.md: views the exact score must know, sources of noise, edits with an answer.

    python -m benchmarks.toys --out docs/results/scenes.json --picture docs/pictures/toys-views.png

Pictures of 32 x 32 pixels, 500 Gaussians, one thread; 300 steps of 3 views unless a row says otherwise, or 200 of 2
where the score knows less of the view: about five minutes of CPU time. Each run is written when it ends, and a second
call makes only those that are missing, or whose method, guidance, steps or views have changed.
"""

import argparse
import json
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from potstill.io.contact_sheet import contact_sheet
from potstill.methods import DDS, PDS, SDS, InfEdit
from potstill.methods.noise import Inverted, Mixed, Previous
from potstill.methods.times import Annealed
from potstill.tasks.settings.parsing import to_text
from potstill.worlds.toys.bank import ToyBank
from potstill.worlds.toys.prior import Toys
from potstill.worlds.toys.starts import Cloud
from potstill.worlds.toys.study import GENERATE, ToyRun, ToysStudy
from potstill.worlds.toys.views import ByCamera, BySector, Untold

FACES = ("blue snowman", "blue duck", "purple owl")
KNOWN = {"nothing": Untold(), "sector": BySector(), "camera": ByCamera()}
RARE = {"nothing, and the back is a quarter as likely": Untold(0.25)}
SHOWN = (24, 27, 30, 33, 36, 42)  # elevation 15: front, 45, left, 135, back, right
LARGE = Annealed()  # t from 0.98
SDS_ = GENERATE["sds"]  # t from 0.7
NOISE = {
    "fresh (SDS)": (SDS_, 300),
    "fresh (SDS), t from 0.98": (replace(SDS_, times=LARGE), 300),
    "fresh (SDS), 950 steps": (SDS_, 950),
    "half fresh, half previous": (replace(SDS_, noise=Mixed(0.5)), 300),
    "previous (sigma = 0)": (replace(SDS_, noise=Previous()), 300),
    "previous (sigma = 0), t from 0.98": (replace(SDS_, noise=Previous(), times=LARGE), 300),
    "previous (sigma = 0), t from 0.3": (replace(SDS_, noise=Previous(), times=Annealed(high=0.3)), 300),
    "inverted (SDI), guidance 0": (replace(SDS_, noise=Inverted(guidance_scale=0.0)), 300),
    "inverted (SDI), guidance 0, t from 0.98": (
        replace(SDS_, noise=Inverted(guidance_scale=0.0), times=LARGE),
        300,
    ),
    "inverted (SDI), guidance 0, nothing fresh": (replace(SDS_, noise=Inverted(guidance_scale=0.0, extra=0.0)), 300),
    "inverted (SDI), guidance 1": (replace(SDS_, noise=Inverted(guidance_scale=1.0)), 300),
    "inverted (SDI), guidance -7.5": (replace(SDS_, noise=Inverted()), 300),
    "inverted (SDI), guidance -7.5, t from 0.98": (replace(SDS_, noise=Inverted(), times=LARGE), 300),
}
EDITS = {
    "InfEdit": (InfEdit(), 1.0),
    "SDS": (SDS(), 1.0),
    "SDS, t from 0.7": (SDS_, 1.0),
    "PDS, release": (PDS(), 1.0),
    "PDS, consistent": (PDS.consistent(), 1.0),
    "DDS": (DDS(), 1.0),
    "DDS, guidance 7.5": (DDS(), 7.5),
}


def studies(seed: int) -> Iterator[tuple[dict[str, Any], ToysStudy]]:
    """What identifies each run, and the run."""
    scene = Cloud(count=500)
    common: dict[str, Any] = {"seed": seed, "views": 3, "scene": scene}
    bank = ToyBank(size=32)
    short = common | {"steps": 200, "views": 2}
    for target in FACES:
        for known, views in KNOWN.items():
            study = ToysStudy([("sds", SDS_)], target, prior=Toys(views, bank), **short)
            yield {"part": "views", "target": target, "knows": known}, study
    for name, (method, steps) in NOISE.items():
        study = ToysStudy([(name, method)], "red teapot", prior=Toys(bank=bank), steps=steps, **common)
        yield {"part": "noise", "target": "red teapot", "noise": name, "steps": steps}, study
    slower = common | {"scene": replace(scene, learning_rate=0.5 * scene.learning_rate)}
    for name, (method, scale) in EDITS.items():
        pair = {"source": "red teapot", "target": "blue teapot"}
        study = ToysStudy([(name, method)], prior=Toys(bank=bank), guidance_scale=scale, **pair, **slower)
        yield {"part": "edits", **pair, "method": name}, study
    for target in FACES:  # slow: every picture is possible in every step
        for known, views in RARE.items():
            study = ToysStudy([("sds", SDS_)], target, prior=Toys(views, bank), **short)
            yield {"part": "views", "target": target, "knows": known}, study


def as_run(study: ToysStudy) -> dict[str, Any]:
    """What else the numbers rest on: another method or guidance is another row."""
    ((_, method),) = study.methods
    settings = {"guidance": study.guidance_scale, "steps": study.steps, "views": study.views}
    return {"expression": to_text(method), **settings}


def result(study: ToysStudy) -> ToyRun:
    """The completed run of the study's one method."""
    run = study.begin()
    for _ in run:
        pass
    return run.runs[0]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("build/toys.json"))
    parser.add_argument("--picture", type=Path, help="where to draw the toys with a face, which makes their runs again")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    torch.set_num_threads(1)
    rows = json.loads(given.out.read_text()) if given.out.exists() else []
    pictures, captions = [], []
    for key, study in studies(given.seed):
        name = {**key, "seed": given.seed}
        key = {**name, **as_run(study)}
        drawn = given.picture is not None and key.get("knows") in KNOWN
        if any(key.items() <= row.items() for row in rows) and not drawn:
            continue
        began = time.process_time()
        found = result(study)
        scores = vars(found.metrics) | {"evaluations": found.evaluations}
        rows = [row for row in rows if not name.items() <= row.items()] + [key | scores]
        print(json.dumps(rows[-1]), f"{time.process_time() - began:.0f} s of CPU time", flush=True)
        given.out.parent.mkdir(parents=True, exist_ok=True)
        given.out.write_text(json.dumps(rows, indent=1) + "\n")
        if drawn:
            face = found.metrics.janus
            pictures.append(found.pictures[[*SHOWN]])
            captions += [f"knows {key['knows']}: {'no face' if face is None else f'Janus {face:.2f}'}"]
            captions += [""] * (len(SHOWN) - 1)
    if pictures:
        given.picture.write_bytes(contact_sheet(torch.cat(pictures), len(SHOWN), captions, zoom=3))


if __name__ == "__main__":
    main()
