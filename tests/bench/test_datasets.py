"""Data sets on the disk: a tiny copy of each layout, read to the pixel, and what is refused."""

import json

import numpy as np
import pytest
import torch
from PIL import Image

from potstill.bench.datasets import PIE_GROUPS, decode_runs, read_dataset
from potstill.bench.reference_based import ReferenceBased
from potstill.errors import InputError
from potstill.io.resize import Fit

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
    mask = decode_runs((512 * 3 + 5, 4, 512 * 10 + 510, 4, 512 * 300, 512, 512**2 - 600, 10**9))
    expected = np.zeros((512, 512))
    expected[[0, -1]] = expected[:, [0, -1]] = 1
    expected[3, 5:9] = 1
    expected[10, 510:] = expected[11, :2] = 1
    expected[300] = 1
    expected[510, 424:] = 1
    assert (mask == expected).all()


def test_pie_bench_is_read(pie):
    (one,) = read_dataset(pie(k600={**PIE, "mask": rows(128, 256)}))
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
    assert torch.equal(pair.edit_region, pair.region)
    whole = one.read(Fit(512))
    assert whole.region is not None
    assert torch.equal(whole.region[0, 0], torch.from_numpy(decode_runs(one.mask_runs)))


def rows(start: int, length: int) -> list[int]:
    """A square."""
    return [number for row in range(start, start + length) for number in (512 * row + start, length)]


def test_every_editing_type_is_a_group_and_no_mask_is_no_region(pie):
    records = {f"k{kind}": {**PIE, "editing_type_id": str(kind), "mask": []} for kind in range(10)}
    found = read_dataset(pie(**records))
    assert tuple(one.group for one in found) == PIE_GROUPS
    assert found[0].read(Fit(64)).region is None


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("image_path", "../../secret.png", "is outside"),
        ("image_path", "/etc/secret.png", "is outside"),
        ("image_path", None, "must be text"),
        ("image_path", "a\0.png", "is not a valid path"),
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
        read_dataset(pie(k600={**PIE, field: value}))
    assert "'k600'" in str(error.value)


def test_a_link_out_of_the_folder_is_refused(pie, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside") / "secret.png"
    picture(outside)
    folder = pie(k600={**PIE, "image_path": "link.png"})
    (folder / "annotation_images" / "link.png").symlink_to(outside)
    with pytest.raises(InputError, match="is outside"):
        read_dataset(folder)


def test_a_mask_needs_the_published_size_and_a_picture_must_be_there(pie):
    with pytest.raises(InputError, match=r"600\.png' is 256x256 pixels and its mask 512x512"):
        read_dataset(pie(256, k600=PIE))[0].read(Fit(64))
    (gone,) = read_dataset(pie(k600={**PIE, "image_path": "gone.png"}))
    with pytest.raises(InputError, match=r"gone\.png.*no such file"):
        gone.read(Fit(64))


def test_the_assignment_is_read_whatever_home_its_paths_name(tmp_path):
    picture(tmp_path / "data" / "imgs" / "a_cat.png", 100)
    (tmp_path / "data" / "prompt_img_pairs.json").write_text(
        json.dumps({"a": CS492D, "b": {**CS492D, "img_path": "$HOME/data/imgs/a_cat.png"}})
    )
    for folder in (tmp_path, tmp_path / "data"):
        found = read_dataset(folder)
        assert [one.name for one in found] == ["a", "b"]
        for one in found:
            assert (one.group, one.source_prompt, one.target_prompt) == ("cs492d", "a cat", "a dog")
            assert one.read(Fit(64)).region is None
    (tmp_path / "data" / "prompt_img_pairs.json").write_text(json.dumps({"a": {**CS492D, "img_path": ".."}}))
    with pytest.raises(InputError, match="is outside"):
        read_dataset(tmp_path)


@pytest.mark.parametrize(
    ("text", "says"), [("{", "not valid JSON"), ("[]", "one record per edit"), ("{}", "one record")]
)
def test_a_broken_list_is_named(tmp_path, text, says):
    (tmp_path / "mapping_file.json").write_text(text)
    with pytest.raises(InputError, match=says):
        read_dataset(tmp_path)


def test_another_folder_is_told_what_is_wanted(tmp_path):
    with pytest.raises(InputError, match=r"no pairs\.csv or mapping_file\.json or prompt_img_pairs\.json"):
        read_dataset(tmp_path)


@pytest.fixture
def own(tmp_path):
    """A folder of pairs of one's own: red to blue, 100 pixels, and the rows given."""
    for name, colour in {"red": (255, 0, 0), "blue": (0, 0, 255), "white": (255, 255, 255)}.items():
        Image.new("RGB", (100, 100), colour).save(tmp_path / f"{name}.png")
    Image.new("RGB", (50, 100)).save(tmp_path / "narrow.png")
    half = Image.new("L", (100, 100))
    half.paste(255, (0, 0, 50, 100))
    half.save(tmp_path / "half.png")

    def made(*rows):
        (tmp_path / "pairs.csv").write_text("\n".join(rows) + "\n")
        return tmp_path

    return made


def test_own_pairs_have_answers_masks_groups_and_names_or_none(own):
    found = read_dataset(
        own(
            "image,answer,source,target,mask,group,name",
            "red.png,blue.png,red square,blue square,half.png,colour,first",
            "red.png,white.png,red square,white square,,,",
        )
    )
    assert [(one.name, one.group) for one in found] == [("first", "colour"), ("row 2", "all")]
    first, second = (one.read(Fit(64)) for one in found)
    assert (first.source_prompt, first.target_prompt) == ("red square", "blue square")
    assert first.answer is not None
    assert first.edit_region is not None
    assert torch.equal(first.answer, torch.tensor([0.0, 0, 1])[None, :, None, None].expand(1, 3, 64, 64))
    assert torch.equal(
        first.edit_region[0, 0], (torch.arange(64) <= 32).float().expand(64, 64)
    )  # grown to whole pixels
    assert second.edit_region is not None
    assert second.edit_region.min() == 1
    assert ReferenceBased()(second.source, second) == pytest.approx(
        {"error": 1, "psnr": 10 * np.log10(1.5), "inside": (2 / 3) ** 0.5, "outside": 0, "outlines": 0}
        | {"ssim": ReferenceBased()(second.source, second)["ssim"], "retrieved": None}
    )
    (one,) = read_dataset(own("image,source,target", "red.png,red square,blue square"))
    assert one.read(Fit(64)).answer is None


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        (["image,source", "red.png,red"], "record 'row 1' .*target = None must be text; correct the row"),
        (["image,source,target", "../red.png,red,blue"], r"image = '\.\./red\.png' is outside"),
        (["image,source,target,answer", "red.png,red,blue,/etc/passwd"], "answer = '/etc/passwd' is outside"),
        (["image,source,target", "red.png,red,blue,green"], "4 cells and the header 3"),
        (["image,prompt", "red.png,red"], "unknown column 'prompt'"),
        (["image,source,target,name", "red.png,a,b,one", "red.png,a,c,one"], "'one' appears twice"),
        (["image,source,target,answer", "red.png,a,b,blue.png", "red.png,a,c,"], "some rows have an answer"),
    ],
)
def test_what_breaks_own_pairs(own, rows, says):
    with pytest.raises(InputError, match=says):
        read_dataset(own(*rows))


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ("narrow", "is 50x100 pixels and its image 100x100"),
        ("red", "is the same as the source image"),
        ("gone", "no such"),
    ],
)
def test_what_is_no_answer(own, answer, says):
    (one,) = read_dataset(own("image,answer,source,target", f"red.png,{answer}.png,a,b"))
    with pytest.raises(InputError, match=says):
        one.read(Fit(64))
