"""Data sets on the disk: a tiny copy of each layout, read to the pixel, and what is refused."""

import json

import numpy as np
import pytest
import torch
from PIL import Image

from potstill.bench.datasets import PIE_GROUPS, decoded, listed
from potstill.errors import InputError
from potstill.fit import Fit

PIE = {
    "image_path": "6_change_attribute_color_40/1_artificial/600.png",
    "original_prompt": "a [red] heart",
    "editing_prompt": "a [blue] heart",
    "editing_instruction": "Change the heart from red to blue",
    "editing_type_id": "6",
    "blended_word": "heart heart",
    "mask": [512 * 128 + 128, 256],
}
CS492D = {"prompt": "a cat", "edit_prompt": "a dog", "img_path": "/home/someone/week6/data/imgs/a_cat.png"}


def picture(path, size=512):
    path.parent.mkdir(parents=True, exist_ok=True)
    across, down = np.meshgrid(np.linspace(0, 255, size), np.linspace(0, 255, size))
    Image.fromarray(np.stack([across, down, 0 * across], -1).astype(np.uint8)).save(path)


@pytest.fixture
def pie(tmp_path):
    """A folder of PIE-Bench with the records given."""

    def made(size=512, **records):
        picture(tmp_path / "annotation_images" / PIE["image_path"], size)
        (tmp_path / "mapping_file.json").write_text(json.dumps(records))
        return tmp_path

    return made


def test_a_mask_is_its_runs_and_the_border():
    mask = decoded((512 * 3 + 5, 4, 512 * 10 + 510, 4, 512 * 300, 512, 512**2 - 600, 10**9))
    expected = np.zeros((512, 512))
    expected[[0, -1]] = expected[:, [0, -1]] = 1
    expected[3, 5:9] = 1
    expected[10, 510:] = expected[11, :2] = 1
    expected[300] = 1
    expected[510, 424:] = 1
    assert (mask == expected).all()


def test_pie_bench_is_read(pie):
    (one,) = listed(pie(k600={**PIE, "mask": rows(128, 256)}))
    assert (one.name, one.group) == ("k600", "change colour")
    assert (one.source_prompt, one.target_prompt) == ("a red heart", "a blue heart")
    pair = one.read(Fit(64))
    assert pair.answer is None
    assert pair.region is not None
    assert pair.source.shape == (1, 3, 64, 64)
    # The gradient across, as the mean of 8 pixels.
    assert torch.allclose(pair.source[0, 0, 30], torch.linspace(0, 1, 512).reshape(64, 8).mean(1), atol=4e-3)
    # Eight pixels are one here, and what the region touches belongs to it, as the border does.
    assert pair.region.unique().tolist() == [0, 1]
    assert (pair.region[0, 0, 16:48, 16:48] == 1).all()
    assert (pair.region[0, 0, 2:15, 2:62] == 0).all()
    assert (pair.region[0, 0, 0] == 1).all()
    assert torch.equal(pair.must_change, pair.region)
    whole = one.read(Fit(512))
    assert whole.region is not None
    assert torch.equal(whole.region[0, 0], torch.from_numpy(decoded(one.runs)))


def rows(start: int, length: int) -> list[int]:
    """A square."""
    return [number for row in range(start, start + length) for number in (512 * row + start, length)]


def test_every_editing_type_is_a_group_and_no_mask_is_no_region(pie):
    records = {f"k{kind}": {**PIE, "editing_type_id": str(kind), "mask": []} for kind in range(10)}
    found = listed(pie(**records))
    assert tuple(one.group for one in found) == PIE_GROUPS
    assert found[0].read(Fit(64)).region is None


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("image_path", "../../secret.png", "leads out of"),
        ("image_path", "/etc/secret.png", "leads out of"),
        ("image_path", None, "must be text"),
        ("editing_prompt", " ", "must be text"),
        ("editing_type_id", "10", "from 0 to 9"),
        ("mask", [1, 2, 3], "pairs of whole numbers"),
        ("mask", [1, -2], "pairs of whole numbers"),
        ("mask", [1, 2.0], "pairs of whole numbers"),
        ("mask", [512**2, 1], "after the last"),
    ],
)
def test_what_breaks_pie_bench(pie, field, value, says):
    with pytest.raises(InputError, match=says) as error:
        listed(pie(k600={**PIE, field: value}))
    assert "'k600'" in str(error.value)


def test_a_link_out_of_the_folder_is_refused(pie, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside") / "secret.png"
    picture(outside)
    folder = pie(k600={**PIE, "image_path": "link.png"})
    (folder / "annotation_images" / "link.png").symlink_to(outside)
    with pytest.raises(InputError, match="leads out of"):
        listed(folder)


def test_a_mask_needs_the_published_size_and_a_picture_must_be_there(pie):
    with pytest.raises(InputError, match=r"600\.png' is 256 x 256 pixels and its mask 512 x 512"):
        listed(pie(256, k600=PIE))[0].read(Fit(64))
    (gone,) = listed(pie(k600={**PIE, "image_path": "gone.png"}))
    with pytest.raises(InputError, match=r"gone\.png.*no such file"):
        gone.read(Fit(64))


def test_the_assignment_is_read_whatever_home_its_paths_name(tmp_path):
    picture(tmp_path / "data" / "imgs" / "a_cat.png", 100)
    (tmp_path / "data" / "prompt_img_pairs.json").write_text(
        json.dumps({"a": CS492D, "b": {**CS492D, "img_path": "$HOME/data/imgs/a_cat.png"}})
    )
    for folder in (tmp_path, tmp_path / "data"):
        found = listed(folder)
        assert [one.name for one in found] == ["a", "b"]
        for one in found:
            assert (one.group, one.source_prompt, one.target_prompt) == ("cs492d", "a cat", "a dog")
            assert one.read(Fit(64)).region is None
    (tmp_path / "data" / "prompt_img_pairs.json").write_text(json.dumps({"a": {**CS492D, "img_path": ".."}}))
    with pytest.raises(InputError, match="leads out of"):
        listed(tmp_path)


@pytest.mark.parametrize(
    ("text", "says"), [("{", "no valid JSON"), ("[]", "one record for each"), ("{}", "one record")]
)
def test_a_broken_list_is_named(tmp_path, text, says):
    (tmp_path / "mapping_file.json").write_text(text)
    with pytest.raises(InputError, match=says):
        listed(tmp_path)


def test_another_folder_is_told_what_is_wanted(tmp_path):
    with pytest.raises(InputError, match=r"mapping_file\.json nor prompt_img_pairs\.json"):
        listed(tmp_path)
