"""The corpus as a build sees it: something with a fingerprint that can be read again."""

import contextlib
import hashlib
import shutil
import sys
from pathlib import Path

from saetui.errors import InputError
from saetui.store.atomic import atomic_write
from saetui.store.hashes import remembered_sha256


def settle_source(source: str, folder: Path) -> Path:
    """A path that can be read more than once; what comes through a pipe is kept in `folder`.

    Raises:
        InputError: There is no such file or folder, or nothing came through the pipe.
    """
    if source != "-":
        path = Path(source)
        if not path.exists():
            raise InputError(f"There is no corpus at {source}.", "Check the path.")
        return path
    spool = folder / "standard-input"
    with atomic_write(spool) as temporary, temporary.open("wb") as handle:
        shutil.copyfileobj(sys.stdin.buffer, handle)
    if not spool.stat().st_size:
        raise InputError("Nothing came through standard input.", "Pipe a corpus into it.")
    return spool


def fingerprint_of(path: Path) -> str:
    """Hash of a corpus's content; of a folder's files with their names.

    Raises:
        InputError: It cannot be read.
    """
    try:
        if path.is_file():
            return remembered_sha256(path)
        digest = hashlib.sha256()
        for file in sorted(path.rglob("*")):
            # A file that vanishes meanwhile is the reader's to report.
            with contextlib.suppress(FileNotFoundError):
                if file.is_file():
                    name = file.relative_to(path).as_posix()
                    digest.update(f"{name}\0{remembered_sha256(file)}\0".encode())
        return digest.hexdigest()
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror or error}).") from None
