"""Pictures of screens, one SVG for each, kept in `snapshots/<test module>/`."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode
from syrupy.location import PyTestLocation

if TYPE_CHECKING:
    from saetui.tui.app import SaetuiApp

SNAPSHOTS = Path(__file__).parents[2] / "snapshots"


class ScreenSnapshots(SingleFileSnapshotExtension):
    """Keeps each picture in a file of its own, named for what it shows."""

    _write_mode = WriteMode.TEXT
    file_extension = "svg"

    @classmethod
    def dirname(cls, *, test_location: PyTestLocation) -> str:
        return str(SNAPSHOTS / Path(test_location.filepath).stem)


def picture(app: "SaetuiApp") -> str:
    """The screen as an SVG that only changes when the screen does."""
    svg = app.export_screenshot(title="saetui")
    # Rich names a picture's classes for a checksum of everything in it.
    svg = re.sub(r"terminal-\d+", "terminal", svg)
    # A viewer should not fetch fonts from the network.
    svg = re.sub(r"\s*@font-face \{.*?\}\n", "", svg, flags=re.DOTALL)
    # Lines are as long as the picture is wide, and need not be cut.
    svg = re.sub(r"<clipPath.*?</clipPath>\s*", "", svg, flags=re.DOTALL)
    svg = re.sub(r' clip-path="[^"]*"', "", svg)
    return "\n".join(line.rstrip() for line in svg.splitlines()) + "\n"
