"""`saetui demo`: the bundle that comes with saetui."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from saetui.cli.open import require_terminal

if TYPE_CHECKING:
    from saetui.session.session import Session


def demo(
    *,
    path: Annotated[
        bool,
        typer.Option("--path", help="Print where the demo bundle is instead of opening it."),
    ] = False,
    rebuild: Annotated[
        Path | None,
        typer.Option(
            "--rebuild",
            metavar="FOLDER",
            help="Build the demo's files again, in FOLDER.",
            hidden=True,
        ),
    ] = None,
    train_also: Annotated[
        list[Path] | None,
        typer.Option("--train-also", metavar="CORPUS", help="See build.", hidden=True),
    ] = None,
    labels: Annotated[
        Path | None,
        typer.Option("--labels", metavar="FILE", help="Labels of ours.", hidden=True),
    ] = None,
) -> None:
    """Explore passages from 250 papers on computational linguistics, without a network."""
    if rebuild is not None:
        from saetui.cli.progress import shown_progress
        from saetui.pipeline.demo import rebuild_demo

        with shown_progress() as progress:
            rebuild_demo(rebuild, train_also or [], labels, progress)
        return
    if path:
        from saetui.pipeline.demo import prepare_demo

        typer.echo(prepare_demo(lambda sentence: typer.echo(sentence, err=True)))
        return
    require_terminal()

    def open_demo(say: Callable[[str], None]) -> "Session":
        from saetui.pipeline.demo import prepare_demo
        from saetui.session.session import open_session

        return open_session(prepare_demo(say))

    from saetui.tui.app import run_app

    run_app(open_demo, "demo")
