"""Read the tensors of other programs' files as numbers, and nothing else of them.

A file of torch is a pickle, which can hold code. Torch may build tensors and plain values only
(`weights_only`), and a file that holds anything else is refused.
"""

import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from saetui.core.codec import Float
from saetui.errors import InputError
from saetui.store.json_files import parse_json, read_regular_file

_CALLS = re.compile(r"GLOBAL ([\w.]+)")
# Prefixes of names when a model is saved while wrapped for several devices or compiled.
_WRAPPERS = re.compile(r"^(?:module\.|_orig_mod\.)+")


@dataclass(frozen=True)
class TensorFile:
    """Named tensors of a file.

    Attributes:
        path: Of the file.
        tensors: By name, as numpy arrays of float32 in whatever type they were stored.
        plain: Other values that lay beside them: numbers, strings, and dictionaries of these.
    """

    path: Path
    tensors: Mapping[str, Float]
    plain: Mapping[str, Any]

    def tensor(self, name: str, *shape: int | None) -> Float:
        """The tensor of a name and shape, in which None stands for any length.

        Raises:
            InputError: It is missing, has another shape, or holds what is not a number.
        """
        import numpy as np

        if name not in self.tensors:
            have = ", ".join(sorted(self.tensors)[:6]) or "nothing"
            raise InputError(
                f"{self.path} lacks the tensor {name}.",
                f"It holds {have}: it is another model's, or not a whole one.",
            )
        values = self.tensors[name]
        fits = len(values.shape) == len(shape) and all(
            wanted in (None, found) for wanted, found in zip(shape, values.shape, strict=True)
        )
        if not fits:
            found, wanted = _times(values.shape), _times(shape)
            if len(shape) == 2 and values.shape == shape[::-1]:
                raise InputError(
                    f"{self.path}: {name} is transposed: it is {found}, and {wanted} belongs "
                    "there.",
                    f"Save it as {name}.T, or get the file again.",
                )
            raise InputError(f"{self.path}: {name} is {found}, and {wanted} belongs there.")
        if not np.isfinite(values).all():
            raise InputError(f"{self.path}: {name} holds values that are not numbers.")
        return values


def _times(shape: tuple[int | None, ...]) -> str:
    return " x ".join("any" if each is None else str(each) for each in shape) or "one number"


def read_tensors(path: Path) -> TensorFile:
    """The tensors of a file of safetensors or of torch.

    Raises:
        InputError: It cannot be read, or holds more than tensors and plain values.
    """
    if path.suffix == ".safetensors":
        return TensorFile(path, _safetensors(path), {})
    loaded = torch_values(path)
    if not isinstance(loaded, dict):
        raise InputError(
            f"{path} holds {_kind(loaded)}, not a state dictionary of tensors.",
            "Save the model's state_dict() by itself.",
        )
    # Some libraries keep their configuration beside the state.
    state = loaded.get("state_dict")
    if isinstance(state, dict):
        beside = {name: value for name, value in loaded.items() if name != "state_dict"}
        loaded = {**state, **beside}
    return _sorted_out(path, loaded)


def _sorted_out(path: Path, loaded: Mapping[Any, Any]) -> TensorFile:
    import torch

    tensors, plain = {}, {}
    for key, value in loaded.items():
        name = _WRAPPERS.sub("", str(key))
        if isinstance(value, torch.Tensor):
            tensors[name] = value.detach().to_dense().float().numpy()
        elif value is None or isinstance(value, str | int | float | bool | list | dict):
            plain[name] = value
        else:
            raise refused(path, name, value)
    return TensorFile(path, tensors, plain)


def refused(path: Path, name: str, value: object) -> InputError:
    """The error for an entry of a file that is no tensor."""
    return InputError(
        f"{path} was refused: its entry {name[:40]!r} is {_kind(value)}, and only tensors are "
        "allowed.",
        "Save the model's state_dict() by itself.",
    )


def _safetensors(path: Path) -> dict[str, Float]:
    import torch
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as file:
            return {
                name: file.get_tensor(name).to(torch.float32).numpy()
                # It is a file with keys, not a dictionary.
                for name in file.keys()  # noqa: SIM118
            }
    except FileNotFoundError:
        raise InputError(f"There is no file {path}.", "Check the path.") from None
    except (SafetensorError, OSError, ValueError, TypeError, RuntimeError) as error:
        raise InputError(
            f"{path} is cut short or not safetensors ({error}).", "Copy it again."
        ) from None


def torch_values(path: Path) -> Any:  # noqa: ANN401 - a file can hold anything.
    """What a file of torch holds: tensors and plain values.

    Raises:
        InputError: It cannot be read, or asks for anything else.
    """
    import pickle

    import torch

    try:
        with warnings.catch_warnings():
            # Torch warns of the age of a pickle, which does not concern the user.
            warnings.simplefilter("ignore")
            return torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise InputError(f"There is no file {path}.", "Check the path.") from None
    except pickle.UnpicklingError as error:
        call = _CALLS.search(str(error))
        what = f"it asks to run {call[1]}" if call else "it holds something else, or is damaged"
        raise InputError(
            f"{path} was refused: only tensors are allowed, and {what}.",
            "Nothing of it was run. Get the weights from those who published them.",
        ) from None
    # Torch, zipfile and pickle raise many kinds of errors for damaged bytes.
    except Exception:  # noqa: BLE001
        raise InputError(
            f"{path} is cut short or damaged: torch cannot read it as weights.", "Copy it again."
        ) from None


def read_settings(path: Path) -> dict[str, Any]:
    """The object in a JSON file.

    Raises:
        InputError: It cannot be read, or holds something else.
    """
    try:
        values = parse_json(read_regular_file(path).decode("utf-8-sig"))
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror or error}).") from None
    except ValueError as error:
        raise InputError(f"{path} is cut short or not JSON ({error}).", "Copy it again.") from None
    if not isinstance(values, dict):
        raise InputError(f"{path} is not an object with settings.", "Copy it again.")
    return values


def whole_number(path: Path, settings: Mapping[str, Any], name: str) -> int:
    """A setting that must be a number of at least 1.

    Raises:
        InputError: It is missing or something else.
    """
    value = settings.get(name)
    if type(value) is not int or value < 1:
        raise InputError(
            f"{path} does not say what {name} is.", f"It must hold a whole number {name}."
        )
    return value


def _kind(value: object) -> str:
    return f"an object of type {type(value).__name__}"
