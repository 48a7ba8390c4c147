"""The names of the files of a family, and of files after labels."""

from pathlib import Path

import pytest

from potstill.errors import InputError
from potstill.io.outputs import FolderOutputs, pictures, plain_names


def test_a_family_has_one_name():
    outputs = pictures(Path("out/a.b.PNG"), 2, ".state").numbered(3)
    assert [path.name for path in outputs.files()] == [
        "a.b-3.PNG",
        "a.b-3.json",
        "a.b-3.gif",
        "a.b-3.safetensors",
        "a.b-3-preview.PNG",
        "a.b-3-1.PNG",
        "a.b-3-2.PNG",
        "a.b-3.state",
    ]
    assert outputs.lock == Path("out/.a.b-3.lock")
    folder = FolderOutputs(Path("out/moons"), ("world.png",), "world.state").numbered(2)
    assert folder.files() == [Path("out/moons-2/world.png"), Path("out/moons-2/world.state")]
    for name in ("", "..", "../.."):
        with pytest.raises(InputError, match="give another --out"):
            FolderOutputs(Path(name), ("world.png",)).numbered(2)
    with pytest.raises(InputError, match=r"--out 'a.jpg' must end in .png"):
        pictures(Path("a.jpg"))


def test_a_folder_has_no_name_of_a_picture(tmp_path):
    for name in ("moons.png", "moons.GIF", "moons.json"):
        with pytest.raises(InputError, match=r"is to be a folder of several files: leave \.\w+ out"):
            FolderOutputs(tmp_path / name, ("world.png",))
    assert FolderOutputs(tmp_path / "v1.2", ("world.png",)).member("world.png").parent.name == "v1.2"
    (tmp_path / "moons.png").mkdir()
    FolderOutputs(tmp_path / "moons.png", ("world.png",))


def test_names_from_labels_are_short_and_distinct():
    labels = ["dds", "DDS", "DDS(a=1)", "DDS(a:1)", "x" * 300, "x" * 301, "../../etc", "a/b\0c\udcff"]
    names = plain_names(labels)
    assert list(names) == labels
    assert len({name.casefold() for name in names.values()}) == len(labels)
    assert all(len(name) < 90 and "/" not in name and name.encode() for name in names.values())
    assert names["dds"] == "dds"
