"""`saetui keys`: what every key of the app does, and a file in which to change them."""

from typing import Annotated

import typer

from saetui.cli.options import AsJson
from saetui.errors import InputError


def keys(
    *,
    write: Annotated[
        bool, typer.Option("--write", help="Write a file in which keys can be changed.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """List the keys of the app, by where they work, as they are set.

    To change some, write the file and edit it: its first lines say how. A mistake in it is told
    here and when the app starts, which then goes by the usual keys.
    """
    from saetui.cli.output import Column, Output
    from saetui.store.atomic import atomic_write, named_if_unwritable
    from saetui.tui.commands import command_id
    from saetui.tui.keymap import keys_file, keys_text, read_keymap

    path = keys_file()
    if write:
        if path.exists():
            raise InputError(f"{path} exists.", "Edit it, or remove it first.")
        with named_if_unwritable(path), atomic_write(path) as temporary:
            temporary.write_text(keys_text(), "utf-8")
        typer.echo(f"Wrote {path}. Its first lines say how to change a key.")
        return
    keymap = read_keymap(path)
    listed = [
        {"in": scope, "keys": each.shown, "does": each.help, "name": command_id(scope, each)}
        for scope, commands in keymap.commands.items()
        for each in commands
    ]
    output = Output()
    if as_json:
        output.json({"file": str(path), "keys": listed, "remarks": list(keymap.remarks)})
        return
    output.table(
        [Column("in"), Column("keys"), Column("does"), Column("name")],
        [list(each.values()) for each in listed],
    )
    for remark in keymap.remarks:
        typer.echo(remark, err=True)
