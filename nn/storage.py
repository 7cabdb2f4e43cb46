"""Model files: arrays of numbers and a header of plain data, as .npz or .json; never pickle.

    header    {"format": …, "version": …, "architecture": plain data or None}
    state     key -> float64 array

A .npz holds the header as JSON text beside the arrays, so NumPy alone can read it. The same model gives the same
bytes. What is read is checked: a file may come from anybody.
"""

from __future__ import annotations

import json
import os
import secrets
import zipfile
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd.graph import one_line
from nn.checks import check_unmasked

__all__ = ["floats", "read", "spelled", "told", "write"]

Floats = NDArray[np.float64]
State = dict[str, Floats]

FORMAT, VERSION = "gatewise model", 1
HEADER = "gatewise"  # the entry of a .npz that holds the header
LONGEST = 300  # characters of a reason


def write(path: str | os.PathLike[str], architecture: Mapping[str, Any] | None, state: Mapping[str, Floats]) -> None:
    """Write a model file aside, then put it in its place: a failure leaves an older file whole.

    Raises ValueError for a suffix other than .npz and .json, FileNotFoundError where there is no such folder, OSError
    where it cannot be written.
    """
    path = Path(path)
    encode, _ = _codec(path)
    if not path.parent.is_dir():
        raise FileNotFoundError(one_line(f"cannot save {path}: there is no folder {path.parent}"))
    data = encode({"format": FORMAT, "version": VERSION, "architecture": architecture}, state)
    target = path.resolve()  # not a link to it
    if target.exists() and not target.is_file():  # a device would be replaced, where nothing forbids it
        raise OSError(one_line(f"cannot save {path}: it is no file, but a folder or a device"))
    aside = target.with_name(f".{path.name[:40]}.{secrets.token_hex(8)}")  # short enough where the name itself is
    try:
        with open(aside, "xb") as file:
            file.write(data)
        os.replace(aside, target)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise


def read(path: str | os.PathLike[str]) -> tuple[dict[str, Any] | None, State]:
    """Return the architecture, if the file tells it, and the state.

    Raises ValueError where the file is damaged or of another kind or version, OSError where it cannot be read.
    """
    path = Path(path)
    _, decode = _codec(path)
    data = path.read_bytes()
    try:
        header, arrays = decode(data)
        _check(header)
        return header["architecture"], {str(key): floats(str(key), x) for key, x in arrays.items()}
    # damaged bytes make readers raise whatever they like: zlib.error, RecursionError, MemoryError, …
    except Exception as error:
        raise ValueError(told(path, "is no model that can be read", error)) from None


def told(path: str | os.PathLike[str], what: str, error: Exception) -> str:
    """Return the one line that tells what is wrong with a file, which may hold any names, of any length."""
    reason = one_line(str(error) or type(error).__name__)
    return f"{one_line(str(path))} {what}: {reason if len(reason) <= LONGEST else reason[: LONGEST - 1] + '…'}"


def _codec(path: Path) -> tuple[Any, Any]:
    suffix = path.suffix.lower()
    if suffix not in CODECS:
        raise ValueError(f"a model is saved as {' or '.join(CODECS)}, got {str(path)!r}")
    return CODECS[suffix]


def _check(header: Any) -> None:
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        raise ValueError(f"it is not in the format {FORMAT!r}")
    if header.get("version") != VERSION:
        raise ValueError(f"it is of version {header.get('version')!r}, this program reads version {VERSION}")
    if not isinstance(header.get("architecture"), (dict, type(None))):
        raise ValueError("its architecture is not readable")


# ---------------------------------------------------------------------------------------------------------- the formats


def _to_json(header: dict[str, Any], state: Mapping[str, Floats]) -> bytes:
    arrays = {key: x.tolist() for key, x in state.items()}
    return (json.dumps({**header, "state": arrays}, indent=1, allow_nan=False) + "\n").encode()


def _from_json(data: bytes) -> tuple[Any, Any]:
    header = json.loads(data.decode("utf-8-sig"))  # an editor may have put a mark in front
    if not isinstance(header, dict) or not isinstance(header.get("state"), dict):
        raise ValueError(f"it is not in the format {FORMAT!r}")
    return header, header["state"]


def _to_npz(header: dict[str, Any], state: Mapping[str, Floats]) -> bytes:
    # np.savez takes names as keyword arguments, some of which are its own, and writes the time of day
    file = BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, array in {HEADER: np.array(json.dumps(header)), **state}.items():
            entry = BytesIO()
            np.lib.format.write_array(entry, np.asarray(array), allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy"), entry.getvalue())
    return file.getvalue()


def _from_npz(data: bytes) -> tuple[Any, Any]:
    with zipfile.ZipFile(BytesIO(data)) as archive:
        # entries are stored as they are, so that no small file unpacks into a huge one
        if sum(entry.file_size for entry in archive.infolist()) > len(data):
            raise ValueError("its entries are larger than itself")
    with np.load(BytesIO(data), allow_pickle=False) as archive:
        arrays = {name: archive[name] for name in archive.files}
    if HEADER not in arrays:
        raise ValueError(f"it is not in the format {FORMAT!r}")
    return json.loads(_text(arrays.pop(HEADER))), arrays


def _text(array: NDArray[Any]) -> str:
    """Return the one text in an array; ValueError for anything else."""
    if array.dtype.kind != "U" or array.shape:
        raise ValueError(f"it is not in the format {FORMAT!r}")
    # decoded here: NumPy makes texts of any 32 bits per character, which Python then stumbles over
    return array.tobytes().decode("utf-32-be" if array.dtype.str[0] == ">" else "utf-32-le").rstrip("\0")


CODECS = {".npz": (_to_npz, _from_npz), ".json": (_to_json, _from_json)}


# ------------------------------------------------------------------------------------------------------------- numbers


def floats(name: str, numbers: Any) -> Floats:
    """Return an array, a tensor or lists of numbers as a new float64 array; ValueError for anything else."""
    if hasattr(numbers, "detach"):  # a tensor of torch's, perhaps with a gradient, on a device, of a type all its own
        numbers = numbers.detach().cpu().double()
    check_unmasked(name, numbers)
    try:
        array = np.asarray(numbers)
    except (ValueError, TypeError) as error:
        raise ValueError(f"{name} is no array of numbers: {error}") from None
    if array.dtype.kind not in "iuf":
        raise ValueError(f"{name} is no array of numbers, its type is {array.dtype}")
    return np.array(array, dtype=np.float64)


def spelled(shape: tuple[int, ...]) -> str:
    """Return a shape as people write it: 16 × 2; a single number has none."""
    return " × ".join(map(str, shape)) or "()"
