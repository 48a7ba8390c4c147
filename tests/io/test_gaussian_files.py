"""Files of Gaussians: exact round trips, the order of harmonics, and what is refused before memory is spent."""

import numpy as np
import pytest

from potstill.errors import InputError, Note
from potstill.io.gaussian_files import GaussianArrays, gaussians_ply, read_gaussians, write_gaussians
from potstill.io.ply import ply_bytes, read_columns, read_header

MOST = 1000


def arrays(count: int = 5, degree: int = 3) -> GaussianArrays:
    rng = np.random.default_rng(degree)
    shapes = [(count, 3), (count, 3), (count, 4), (count,), (count, 3), (count, (degree + 1) ** 2 - 1, 3)]
    return GaussianArrays(*(rng.standard_normal(shape).astype(np.float32) for shape in shapes))


def columns(**change: np.ndarray) -> dict[str, np.ndarray]:
    """The columns of two Gaussians."""
    names = ["x", "y", "z", "f_dc_0", "f_dc_1", "f_dc_2", "opacity", "scale_0", "scale_1", "scale_2"]
    names += ["rot_0", "rot_1", "rot_2", "rot_3"]
    return {name: np.full(2, -0.5) for name in names} | change


def refused(path, data: bytes, words: str) -> None:
    path.write_bytes(data)
    with pytest.raises(InputError, match=words) as caught:
        read_gaussians(path, MOST)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("degree", [0, 1, 2, 3])
def test_a_ply_comes_back_to_the_bit(tmp_path, degree):
    path, given = tmp_path / "a.ply", arrays(degree=degree)
    write_gaussians(path, given, {"task": "edit", "steps": 3})
    again = read_gaussians(path, MOST)
    for one, other in zip(given[:6], again[:6], strict=True):
        assert np.array_equal(one, other)
        assert one.dtype == other.dtype == np.float32
    assert again.settings == {"task": "edit", "steps": 3}
    write_gaussians(tmp_path / "b.ply", again, again.settings)
    assert (tmp_path / "b.ply").read_bytes() == path.read_bytes()


def test_harmonics_are_stored_channel_by_channel(tmp_path):
    """f_rest_1 of degree 1 is red's second coefficient, and no green's first."""
    rest = {f"f_rest_{k}": np.full(2, float(k == 1)) for k in range(9)}
    path = tmp_path / "a.ply"
    path.write_bytes(ply_bytes(columns(**rest), []))
    found = read_gaussians(path, MOST).harmonics[0]
    assert found.tolist() == [[0, 0, 0], [1, 0, 0], [0, 0, 0]]


def test_harmonics_can_be_padded_for_viewers_that_know_degree_3_only(tmp_path):
    path, given = tmp_path / "a.ply", arrays(degree=1)
    path.write_bytes(gaussians_ply(given, degree=3))
    again = read_gaussians(path, MOST).harmonics
    assert again.shape == (5, 15, 3)
    assert np.array_equal(again[:, :3], given.harmonics)
    assert not again[:, 3:].any()
    with pytest.raises(InputError, match="degree = 0 is below"):
        gaussians_ply(given, degree=0)


def test_comments_are_kept(tmp_path):
    path = tmp_path / "a.ply"
    path.write_bytes(ply_bytes(columns(), ["SplatRenderMode: mip"]))
    write_gaussians(tmp_path / "b.ply", read_gaussians(path, MOST), {"steps": 1})
    assert read_header(tmp_path / "b.ply").comments == ("SplatRenderMode: mip", 'potstill: {"steps": 1}')


def test_other_columns_come_back_in_their_kinds_and_other_elements_are_named(tmp_path):
    path = tmp_path / "a.ply"
    given = {
        "segment": np.array([70_000, 16_777_217], "u4"),
        "selected": np.array([0, 1], "u1"),
        "nz": np.ones(2, "f4"),
    }
    data = ply_bytes(columns(nx=np.zeros(2), ny=np.zeros(2), **given), [])
    path.write_bytes(data.replace(b"end_header\n", b"element camera 1\nproperty float fov\nend_header\n") + bytes(4))
    with pytest.warns(Note, match="also holds camera, which is not read"):
        found = read_gaussians(path, MOST)
    write_gaussians(tmp_path / "b.ply", found)
    again = read_gaussians(tmp_path / "b.ply", MOST).columns
    for name, values in given.items():
        assert np.array_equal(again[name], values)
        assert again[name].dtype == values.dtype
    with pytest.warns(Note, match=r"a .splat file has no columns nx, ny, segment, selected, nz: use .ply"):
        write_gaussians(tmp_path / "b.splat", found)


def test_the_columns_are_those_of_3dgs(tmp_path):
    path = tmp_path / "a.ply"
    write_gaussians(path, arrays(degree=1))
    names = [each.name for each in read_header(path).element("vertex", "").properties]
    rest = [f"f_rest_{k}" for k in range(9)]
    places = ["x", "y", "z", "nx", "ny", "nz", "f_dc_0", "f_dc_1", "f_dc_2", *rest, "opacity"]
    assert names == [*places, "scale_0", "scale_1", "scale_2", "rot_0", "rot_1", "rot_2", "rot_3"]
    assert not read_columns(path, read_header(path), "vertex", ["nx"])["nx"].any()


def test_a_splat_file_comes_back(tmp_path):
    rows = np.zeros(300, [("position", "<f4", 3), ("scale", "<f4", 3), ("colour", "u1", 4), ("turn", "u1", 4)])
    rng = np.random.default_rng(0)
    rows["position"], rows["scale"] = rng.standard_normal((300, 3)), np.exp(rng.standard_normal((300, 3)))
    rows["colour"] = rng.integers(0, 256, (300, 4))
    turn = rng.standard_normal((300, 4))
    turn /= np.linalg.norm(turn, axis=1, keepdims=True)
    rows["turn"] = np.rint(turn * 128 + 128).clip(0, 255)
    path = tmp_path / "a.splat"
    path.write_bytes(rows.tobytes())
    found = read_gaussians(path, MOST)
    assert np.allclose(np.exp(found.log_scales), rows["scale"], rtol=1e-6)
    assert np.allclose(1 / (1 + np.exp(-found.opacity_logits)), rows["colour"][:, 3] / 255, atol=0.002)
    assert np.allclose(found.quaternions, turn, atol=0.01)
    write_gaussians(tmp_path / "b.splat", found)
    again = np.frombuffer((tmp_path / "b.splat").read_bytes(), rows.dtype)
    for name in ("position", "colour", "turn"):
        assert np.array_equal(again[name], rows[name])
    assert np.allclose(again["scale"], rows["scale"], rtol=1e-6)
    assert found.opacity_logits.dtype == found.log_scales.dtype == found.quaternions.dtype == np.float32
    with pytest.warns(Note, match="has no harmonics"):
        write_gaussians(tmp_path / "c.splat", arrays())


def test_what_is_no_file_of_gaussians_is_refused(tmp_path):
    lacking = columns()
    del lacking["rot_3"], lacking["opacity"]
    refused(tmp_path / "a.ply", ply_bytes(lacking, []), "lacks the columns opacity, rot_3 of Gaussians. It is a cloud")
    refused(tmp_path / "a.ply", ply_bytes({"packed_position": np.zeros(2)}, []), "is a compressed PLY")
    odd = columns(**{f"f_rest_{k}": np.zeros(2) for k in range(10)})
    refused(tmp_path / "a.ply", ply_bytes(odd, []), "has 10 columns f_rest")
    refused(
        tmp_path / "a.ply", ply_bytes({name: each[:0] for name, each in columns().items()}, []), "holds no Gaussians"
    )
    refused(tmp_path / "a.splat", bytes(33), "33 bytes, which is no multiple of 32")
    refused(tmp_path / "a.splat", b"", "holds no Gaussians")
    refused(tmp_path / "a.obj", b"v 0 0 0", "no file of Gaussians: give a .ply or a .splat")


@pytest.mark.parametrize("column", ["x", "f_dc_1", "opacity", "rot_0", "scale_2"])
def test_not_a_number_is_refused_with_its_row(tmp_path, column):
    data = ply_bytes(columns(**{column: np.array([-0.5, np.nan])}), [])
    refused(
        tmp_path / "a.ply", data, "has 1 of 2 Gaussians with NaN, infinity or a rotation of zeros, the first in row 1"
    )


def test_rows_of_zeros_are_refused(tmp_path):
    data = ply_bytes({name: np.array([-0.5, 0.0]) for name in columns()}, [])
    refused(tmp_path / "a.ply", data, "a rotation of zeros")


def test_ten_million_gaussians_are_refused_by_their_header(tmp_path):
    path = tmp_path / "a.ply"
    data = ply_bytes(columns(), []).replace(b"vertex 2\n", b"vertex 10000000\n")
    path.write_bytes(data)
    with pytest.raises(InputError, match="holds 10,000,000 Gaussians, and up to 2,000,000 fit here"):
        read_gaussians(path, 2_000_000)
    sparse = tmp_path / "a.splat"
    with sparse.open("wb") as file:
        file.truncate(320_000_000)
    with pytest.raises(InputError, match="holds 10,000,000 Gaussians"):
        read_gaussians(sparse, 2_000_000)


def test_what_is_changed_or_looks_wrong_is_said(tmp_path):
    path = tmp_path / "a.ply"
    path.write_bytes(ply_bytes(columns(scale_0=np.array([-np.inf, 1.0]), opacity=np.array([np.inf, -np.inf])), []))
    with pytest.warns(Note, match="3 Gaussians of scale 0 or opacity 0 or 1"):
        found = read_gaussians(path, MOST)
    assert found.log_scales[0, 0] == -30
    assert found.opacity_logits.tolist() == [30, -30]
    drawn = {name: np.array([0.1, 0.02]) for name in ("opacity", "scale_0", "scale_1", "scale_2")}
    path.write_bytes(ply_bytes(columns(**drawn), []))
    with pytest.warns(Note, match="as if they were no logits and logarithms"):
        read_gaussians(path, MOST)
