"""Files of Gaussians: PLY as 3DGS writes it, and .splat.

A PLY file holds what is optimised, not what is drawn: logits of opacities, logarithms of scales, quaternions (w first)
of any length, and coefficients of spherical harmonics, those above degree 0 channel by channel. A .splat file holds
what is drawn, in 32 bytes a Gaussian: position and scale as float32, colour and opacity as bytes, and a quaternion as
bytes.
"""

import json
import re
import warnings
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from potstill.errors import InputError, Note
from potstill.io.documents import parse_json
from potstill.io.files import as_path, check_file, write
from potstill.io.ply import ply_bytes, read_columns, read_header
from potstill.io.printable import printable

SETTINGS = "potstill: "
"""Begins the comment that holds the settings of a run."""
NORMALS = ("nx", "ny", "nz")
"""Columns that 3DGS writes as 0."""
SMALLEST, LARGEST = -30.0, 30.0
"""What stands for the logarithm of 0, and the logits of 0 and 1."""
_CONSTANT = 0.5 / np.sqrt(np.pi)
_SPLAT = np.dtype([("position", "<f4", 3), ("scale", "<f4", 3), ("colour", "u1", 4), ("turn", "u1", 4)])


class GaussianArrays(NamedTuple):
    """n Gaussians as 3DGS stores them, in float32, and what else the file says of them."""

    means: np.ndarray
    """[n, 3]."""
    log_scales: np.ndarray
    """[n, 3]."""
    quaternions: np.ndarray
    """[n, 4], w first."""
    opacity_logits: np.ndarray
    """[n]."""
    colours: np.ndarray
    """Coefficients of degree 0, [n, 3]."""
    harmonics: np.ndarray
    """Those above, [n, (degree + 1)² - 1, 3]."""
    comments: tuple[str, ...] = ()
    columns: Mapping[str, np.ndarray] = MappingProxyType({})
    """Its other columns of one number each [n], of any kind; normals only if they are not 0."""

    @property
    def settings(self) -> Any:
        """The settings that a comment holds, None without.

        Raises:
            InputError: they are not JSON.
        """
        for comment in self.comments:
            if comment.startswith(SETTINGS):
                return parse_json(comment.removeprefix(SETTINGS), "the settings of the file")
        return None


def ply_settings(path: str | Path) -> Any:
    """The settings that a PLY of ours holds, from its header alone; None without.

    Raises:
        InputError: the file is no PLY.
    """
    empty = (np.zeros(0),) * 6
    return GaussianArrays(*empty, comments=read_header(as_path(path)).comments).settings


def read_gaussians(path: str | Path, most: int) -> GaussianArrays:
    """The Gaussians of a PLY or .splat file.

    Says what is changed: scales of 0 and opacities of 0 and 1, whose logarithms are infinite. Says if the numbers look
    as if they were those that are drawn.

    Args:
        path: ends in .ply or .splat.
        most: the most Gaussians; more are refused before they are read.

    Raises:
        InputError: the file cannot be read, is of another kind, holds no Gaussians or too many, is cut off, or holds
            NaN or a quaternion of zeros.
    """
    path = as_path(path)
    kind = path.suffix.lower()
    if kind not in (".ply", ".splat"):
        raise InputError(f"{str(path)!r} is no file of Gaussians: give a .ply or a .splat file")
    found = _read_ply(path, most) if kind == ".ply" else _read_splat(path, most)
    return _checked(found, repr(str(path)))


def gaussians_ply(
    arrays: GaussianArrays, settings: Mapping[str, Any] | None = None, degree: int | None = None
) -> bytes:
    """A PLY file as 3DGS writes it.

    Args:
        arrays: the Gaussians; their comments and other columns are kept, except for earlier settings.
        settings: written as a comment.
        degree: pads the harmonics with zeros up to this degree; some viewers know files of degree 3 only.

    Raises:
        InputError: the harmonics have a higher degree.
    """
    rest = arrays.harmonics
    if degree is not None:
        missing = (degree + 1) ** 2 - 1 - rest.shape[1]
        if missing < 0:
            raise InputError(f"degree = {degree} is below that of the Gaussians: leave it out, and all is written")
        rest = np.pad(rest, ((0, 0), (0, missing), (0, 0)))
    columns = {name: arrays.means[:, axis] for axis, name in enumerate("xyz")}
    columns |= {name: np.zeros(len(arrays.means)) for name in NORMALS}
    columns |= {f"f_dc_{k}": arrays.colours[:, k] for k in range(3)}
    by_channel = rest.transpose(0, 2, 1).reshape(len(rest), -1)
    columns |= {f"f_rest_{k}": by_channel[:, k] for k in range(by_channel.shape[1])}
    columns["opacity"] = arrays.opacity_logits
    columns |= {f"scale_{k}": arrays.log_scales[:, k] for k in range(3)}
    columns |= {f"rot_{k}": arrays.quaternions[:, k] for k in range(4)}
    columns = {name: values.astype(np.float32) for name, values in columns.items()} | dict(arrays.columns)
    comments = [each for each in arrays.comments if not each.startswith(SETTINGS)]
    return ply_bytes(columns, [*comments, *([SETTINGS + json.dumps(settings)] if settings is not None else [])])


def gaussians_splat(arrays: GaussianArrays) -> bytes:
    """A .splat file; says so if harmonics or other columns are left out, for which it has no place."""
    if arrays.columns:
        names = printable(", ".join(arrays.columns))[:120]
        warnings.warn(f"a .splat file has no columns {names}: use .ply to keep them", Note, stacklevel=2)
    if arrays.harmonics.any():
        warnings.warn(
            "a .splat file has no harmonics: colours are the same from every side; use .ply", Note, stacklevel=2
        )
    rows = np.empty(len(arrays.means), _SPLAT)
    rows["position"], rows["scale"] = arrays.means, np.exp(arrays.log_scales)
    shade = 0.5 + _CONSTANT * arrays.colours.astype(np.float64)
    opacity = 1 / (1 + np.exp(-arrays.opacity_logits.astype(np.float64)))
    rows["colour"] = _bytes(255 * np.concatenate([shade, opacity[:, None]], 1))
    turn = arrays.quaternions.astype(np.float64)
    length = np.linalg.norm(turn, axis=1, keepdims=True)
    turn = np.where(np.abs(length - 1) < 0.02, turn, turn / length)  # what was read from bytes keeps its bytes
    rows["turn"] = _bytes(128 * turn + 128)
    return rows.tobytes()


def write_gaussians(path: str | Path, arrays: GaussianArrays, settings: Mapping[str, Any] | None = None) -> None:
    """Write a PLY or .splat file, by the end of its name; only PLY holds settings.

    Raises:
        InputError: the name ends otherwise, or the file cannot be written.
    """
    path = as_path(path)
    kind = path.suffix.lower()
    if kind not in (".ply", ".splat"):
        raise InputError(f"cannot write Gaussians as {str(path)!r}: give a name that ends in .ply or .splat")
    write(path, gaussians_ply(arrays, settings) if kind == ".ply" else gaussians_splat(arrays))


def _read_ply(path: Path, most: int) -> GaussianArrays:
    what, header = repr(str(path)), read_header(path)
    vertex = header.element("vertex", what)
    names = {each.name for each in vertex.properties}
    if "packed_position" in names:
        raise InputError(f"{what} is a compressed PLY: save it as a plain PLY, as SuperSplat does")
    rest = sorted((name for name in names if re.fullmatch(r"f_rest_\d+", name)), key=lambda name: int(name[7:]))
    columns = [*"xyz", "f_dc_0", "f_dc_1", "f_dc_2", "opacity", *(f"scale_{k}" for k in range(3))]
    columns += [f"rot_{k}" for k in range(4)]
    if missing := [name for name in columns if name not in names]:
        cloud = " It is a cloud of points." if {"x", "y", "z"} <= names and "opacity" not in names else ""
        raise InputError(f"{what} lacks the columns {', '.join(missing)} of Gaussians.{cloud} Give a PLY of 3DGS")
    if len(rest) not in (0, 9, 24, 45) or rest != [f"f_rest_{k}" for k in range(len(rest))]:
        raise InputError(f"{what} has {len(rest)} columns f_rest: harmonics of degree 0 to 3 have 0, 9, 24 or 45")
    _check_count(vertex.count, most, what)
    known = {*columns, *rest}
    others = {each.name: each.kind for each in vertex.properties if each.name not in known and not each.length}
    unread = [each.name for each in vertex.properties if each.length]
    unread += [each.name for each in header.elements if each is not vertex and each.count]
    if unread:
        _note(f"{what} also holds {printable(', '.join(unread))[:120]}, which is not read")
    found = read_columns(path, header, "vertex", [*columns, *rest, *others])
    if not any(found[name].any() for name in NORMALS if name in others):
        others = {name: kind for name, kind in others.items() if name not in NORMALS}

    def stack(*names: str) -> np.ndarray:
        return np.stack([found[name] for name in names], 1).astype(np.float32)

    by_channel = stack(*rest) if rest else np.zeros((vertex.count, 0), np.float32)
    return GaussianArrays(
        stack(*"xyz"),
        stack("scale_0", "scale_1", "scale_2"),
        stack("rot_0", "rot_1", "rot_2", "rot_3"),
        found["opacity"].astype(np.float32),
        stack("f_dc_0", "f_dc_1", "f_dc_2"),
        np.ascontiguousarray(by_channel.reshape(vertex.count, 3, len(rest) // 3).transpose(0, 2, 1)),
        header.comments,
        {name: found[name].astype(kind) for name, kind in others.items()},
    )


def _read_splat(path: Path, most: int) -> GaussianArrays:
    what = repr(str(path))
    check_file(path, "a .splat file", most=None)
    size = path.stat().st_size
    if size % _SPLAT.itemsize:
        raise InputError(f"{what} has {size:,} bytes, which is no multiple of 32: it is cut off, or no .splat file")
    _check_count(size // _SPLAT.itemsize, most, what)
    rows = np.fromfile(path, _SPLAT)
    opacity = np.clip(rows["colour"][:, 3] / 255, 0.25 / 255, 1 - 0.25 / 255)  # finite logits that round to 0 and 255
    with np.errstate(divide="ignore", invalid="ignore"):
        scales = np.log(rows["scale"])
    return GaussianArrays(
        rows["position"].copy(),
        scales,
        ((rows["turn"].astype(np.float32) - 128) / 128),
        np.log(opacity / (1 - opacity)).astype(np.float32),
        ((rows["colour"][:, :3] / 255 - 0.5) / _CONSTANT).astype(np.float32),
        np.zeros((len(rows), 0, 3), np.float32),
    )


def _check_count(count: int, most: int, what: str) -> None:
    if count < 1:
        raise InputError(f"{what} holds no Gaussians: give a file with at least one")
    if count > most:
        raise InputError(f"{what} holds {count:,} Gaussians, and up to {most:,} fit here: prune it, or use a GPU")


def _checked(arrays: GaussianArrays, what: str) -> GaussianArrays:
    """Without infinite logarithms, and without what no Gaussian can have."""
    scales, logits = arrays.log_scales, arrays.opacity_logits
    parts = [part.reshape(len(part), -1) for part in arrays[:6]]
    wrong = np.isnan(np.concatenate(parts, 1)).any(1) | np.isinf(arrays.means).any(1) | (scales == np.inf).any(1)
    wrong |= np.isinf(parts[2]).any(1) | np.isinf(parts[4]).any(1) | np.isinf(parts[5]).any(1)
    wrong |= ~arrays.quaternions.any(1)
    if wrong.any():
        raise InputError(
            f"{what} has {int(wrong.sum()):,} of {len(wrong):,} Gaussians with NaN, infinity or a rotation of zeros, "
            f"the first in row {int(wrong.argmax()):,}: remove them in an editor of splats"
        )
    infinite = int(np.isinf(scales).any(1).sum() + np.isinf(logits).sum())
    if infinite:
        _note(f"{what}: {infinite:,} Gaussians of scale 0 or opacity 0 or 1 have the nearest finite ones")
    elif len(logits) > 1 and ((logits >= 0) & (logits <= 1)).all() and (scales > 0).all():
        _note(
            f"{what}: all opacities are from 0 to 1 and all scales above 0, as if they were no logits and logarithms: "
            "a PLY of Gaussians holds those"
        )
    return arrays._replace(
        log_scales=scales.clip(min=SMALLEST), opacity_logits=logits.clip(SMALLEST, LARGEST).astype(np.float32)
    )


def _note(text: str) -> None:
    warnings.warn(text, Note, stacklevel=2)


def _bytes(values: np.ndarray) -> np.ndarray:
    return np.rint(values).clip(0, 255).astype(np.uint8)
