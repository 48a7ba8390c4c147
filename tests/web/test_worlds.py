"""The tab Worlds without a browser: its runs are the library's, and its files say how to make them again."""

import base64
import json

import numpy as np
import pytest
import torch

from potstill.web import limits, worlds
from potstill.worlds import EditStudy, LiveStudy, load_world

SMALL = {"methods": ["sds", "pds"], "points": 5, "steps": 40}


def begun(**settings):
    answer = worlds.worlds_begin(SMALL | settings)
    assert "error" not in answer, answer
    return answer


def advance(run, **settings):
    return worlds.worlds_advance({"run": run, "steps": 100, **settings})


@pytest.fixture(autouse=True)
def patient(monkeypatch):
    """As many steps as are asked for, however slow the machine is."""
    monkeypatch.setattr(limits, "SHARE", 60.0)


def points(text):
    return np.frombuffer(base64.b64decode(text), np.float32).reshape(-1, 2)


def test_a_run_of_the_page_is_that_of_the_library():
    first = begun()
    last = advance(first["run"], judge=True)
    (sds, pds) = EditStudy([(name, worlds.by_name(name)) for name in ("sds", "pds")], points=5, steps=40).run()
    for panel, run in zip(last["panels"], (sds, pds), strict=True):
        assert np.array_equal(points(panel["points"]), run.path[-1].numpy())
        assert panel["evaluations"] == run.evaluations
        assert panel["verdict"]["outcome"] == run.metrics.outcome
    assert last["done"]
    assert np.array_equal(points(first["start"]), sds.path[0].numpy())
    assert worlds.worlds_find({"run": first["run"], "kind": "png"})["step"] == 40


def test_settings_act_while_it_runs():
    run = begun()["run"]
    for settings in (
        {"guidance_scale": 1.0},
        {"noise": "mixed", "share": 0.2},
        {"identity": 0.5},
        {"times": "falling"},
    ):
        assert advance(run, **{**settings, "steps": 3})["step"] % 3 == 0
    changes = worlds.FLOWS.get(run).flow.document()["changes"]
    assert [change["step"] for change in changes] == [0, 3, 6, 9]
    assert changes[1]["methods"] == ["SDS(noise=Mixed(share=0.2))", "PDS(noise=Mixed(share=0.2))"]
    assert changes[2]["methods"] == ["sds", "PDS(coefficients=Identity(strength=0.5))"]


DRAWN = "x,y,label\n" + "".join(
    f"{x},{y},{label}\n" for x, y, label in [(10, 1, 1), (11, 1, 1), (12, 3, 2), (13, 3, 2)]
)


@pytest.mark.parametrize("drawn", [False, True])
def test_the_code_makes_the_picture_to_the_byte(tmp_path, monkeypatch, drawn):
    run = begun(**({"csv": base64.b64encode(DRAWN.encode()).decode()} if drawn else {"world": "rings"}))["run"]
    advance(run, steps=5, noise="fixed")
    advance(run, steps=0, guidance_scale=2.0)
    advance(run, steps=6, guidance_scale=3.0, learning_rate=0.02)
    files = {
        kind: base64.b64decode(worlds.worlds_take({"run": run, "kind": kind})["data"]) for kind in ("py", "png", "csv")
    }
    monkeypatch.chdir(tmp_path)
    (tmp_path / "points.csv").write_bytes(files["csv"])
    exec(compile(files["py"], "code", "exec"), {})
    (made,) = tmp_path.glob("*.png")
    assert made.read_bytes() == files["png"]
    assert files["py"].count(b"\n") <= 14


def test_without_changes_the_code_has_ten_lines():
    run = begun()["run"]
    advance(run, steps=2)
    assert base64.b64decode(worlds.worlds_take({"run": run, "kind": "py"})["data"]).count(b"\n") == 10


def test_files_of_a_run():
    run = begun()["run"]
    advance(run, steps=2)
    taken = {kind: worlds.worlds_take({"run": run, "kind": kind}) for kind in ("gif", "json", "csv")}
    data = {kind: base64.b64decode(file["data"]) for kind, file in taken.items()}
    assert taken["gif"]["name"] == "moons.gif"
    assert data["gif"].startswith(b"GIF8")
    assert json.loads(data["json"])["step"] == 2
    assert data["csv"].startswith(b"x,y,label\n1.0,")


def test_a_world_and_its_table_are_the_same_points(tmp_path):
    path = tmp_path / "points.csv"
    path.write_text(worlds.table(load_world("blobs")))
    again = load_world(path)
    path.write_text(worlds.table(again))
    assert torch.allclose(load_world(path).source, again.source, atol=1e-12)


def test_the_score_is_a_lattice_around_the_world():
    answer = worlds.worlds_score({"run": begun()["run"], "time": 0.4})
    assert points(answer["points"]).shape == points(answer["scores"]).shape == (361, 2)
    assert np.isfinite(points(answer["scores"])).all()
    assert "time = 3" in worlds.worlds_score({"run": begun()["run"], "time": 3})["error"]


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"methods": []}, "methods = 0"),
        ({"methods": ["sds"] * 5}, "methods = 5"),
        ({"methods": ["no"]}, "unknown method"),
        ({"points": 10**6}, "points"),
        ({"steps": 10**6}, "steps"),
        ({"world": "/etc/passwd"}, "unknown world"),
        ({"world": "../points.csv"}, "unknown world"),
        ({"csv": "no"}, "upload it again"),
        ({"csv": base64.b64encode(b"x,y\n").decode()}, "'points.csv' has the columns"),
        ({"noise": "Inverted(steps=1000)"}, "noise"),
        ({"guidance_scale": 1e5}, "guidance scale"),
    ],
)
def test_what_cannot_be_is_one_line(settings, told):
    assert told in worlds.worlds_begin(SMALL | settings)["error"]


def test_at_most_so_many_points_are_uploaded():
    rows = "".join(f"{n},{n % 7},{n % 2}\n" for n in range(limits.CENTRES + 1))
    answer = worlds.worlds_begin(SMALL | {"csv": base64.b64encode(f"x,y,label\n{rows}".encode()).decode()})
    assert "give at most 1,000" in answer["error"]


def test_every_method_of_the_page_flows():
    for name in worlds.choices()["methods"]:
        run = begun(methods=[name], points=2)["run"]
        assert advance(run, steps=2).get("step") == 2, name


def test_a_question_takes_no_more_than_its_share_of_time(monkeypatch):
    monkeypatch.setattr(limits, "SHARE", 0.0)
    assert advance(begun()["run"], steps=30)["step"] == 1


def test_the_controls_stand_where_the_library_does():
    choices = worlds.choices()
    assert choices["begin"]["points"] == EditStudy.points
    flow = LiveStudy(EditStudy([worlds.Live().method("pds")]))
    assert flow.study.methods == [("pds", worlds.by_name("pds"))]
