"""Damage to SQLite files: programs in place of data, odd values, forged pages."""

import sqlite3
import struct
from contextlib import closing, suppress
from pathlib import Path
from random import Random

from mutations.files import EXTREMES

ENDLESS = "WITH RECURSIVE c(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM c) SELECT i FROM c"
FILLING = "hex(zeroblob(100000000))"


def _executed(path: Path, statements: str) -> None:
    with closing(sqlite3.connect(path)) as connection, suppress(sqlite3.Error):
        connection.executescript(f"PRAGMA foreign_keys=OFF; {statements}")


def _tables(path: Path) -> list[tuple[str, list[str]]]:
    with closing(sqlite3.connect(path)) as connection:
        names = connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '%text%'"
        ).fetchall()
        return [
            (name, [row[1] for row in connection.execute(f"PRAGMA table_info({name})")])
            for (name,) in names
        ]


def sqlite_program(path: Path, chance: Random) -> None:
    """A view, a trigger or a computed column, where a table of data belongs."""
    table, columns = chance.choice(_tables(path))
    listed, column = ", ".join(columns), chance.choice(columns)
    endless = ", ".join(f"i AS {each}" for each in columns)
    filling = ", ".join(f"{FILLING} AS {each}" for each in columns)
    others = ", ".join(f"'x' AS {each}" for each in columns)
    computed = ", ".join(
        f"{each} AS ({FILLING})" if each == column else each for each in [*columns, "own"]
    )
    crossed = ", ".join(f"others o{i}" for i in range(6))
    _executed(
        path,
        chance.choice(
            [
                f"DROP TABLE {table}; CREATE VIEW {table} AS SELECT {endless} FROM ({ENDLESS});",
                f"DROP TABLE {table}; CREATE VIEW {table} AS SELECT {filling};",
                f"ALTER TABLE {table} RENAME TO others; "
                f"CREATE VIEW {table} AS SELECT {listed} FROM others;",
                f"ALTER TABLE {table} RENAME TO others; "
                f"CREATE VIEW {table} AS SELECT {others} FROM {crossed};",
                f"DROP TABLE {table}; CREATE TABLE {table}({computed}); "
                f"INSERT INTO {table}(own) VALUES(1);",
                f"ALTER TABLE {table} ADD COLUMN odd TEXT AS ({FILLING});",
                f"CREATE TRIGGER odd AFTER INSERT ON {table} BEGIN DELETE FROM {table}; END;",
                f"CREATE VIEW odd AS SELECT {FILLING};",
                f"CREATE INDEX odd ON {table}(hex(zeroblob(1000)));",
                f"PRAGMA writable_schema=ON; UPDATE sqlite_master SET sql = "
                f"'CREATE VIEW {table} AS {ENDLESS}' WHERE name = '{table}';",
                f"PRAGMA writable_schema=ON; UPDATE sqlite_master SET rootpage = "
                f"{chance.randint(1, 12)} WHERE name = '{table}';",
                f"PRAGMA writable_schema=ON; UPDATE sqlite_master SET sql = NULL "
                f"WHERE name = '{table}';",
                f"DROP TABLE {table};",
                f"DROP TABLE {table}; CREATE VIRTUAL TABLE {table} USING fts5({listed});",
                f"DROP TABLE {table}; CREATE TABLE {table}({listed});",
            ]
        ),
    )


_SQL_VALUES = (
    *("NULL", "-1", "9223372036854775807", "9e999", "-9e999", "'x'", "x'ff00'", "0.5", "''"),
    *("'{\"a\": ' || printf('%.*c', 900, '[') || '}'", "'{\"a\": NaN}'", "'{\"a\": 1e999}'"),
    *("printf('%.*c', 3000000, 'x')", "'[]'", "CAST(x'ff' AS TEXT)", "char(10, 27, 8238)"),
)


def sqlite_value(path: Path, chance: Random) -> None:
    table, columns = chance.choice(_tables(path))
    value = chance.choice(_SQL_VALUES)
    where = chance.choice(["", f" WHERE rowid = {chance.randint(0, 30)}", " WHERE rowid % 2"])
    column = chance.choice(columns)
    relaxed = chance.choice(
        [
            "",
            f"CREATE TABLE others AS SELECT * FROM {table}; DROP TABLE {table}; "
            f"ALTER TABLE others RENAME TO {table}; ",
        ]
    )
    change = chance.choice(
        [f"UPDATE OR REPLACE {table} SET {column} = {value}{where};"] * 3
        + [f"DELETE FROM {table}{where};", f"INSERT INTO {table} SELECT * FROM {table} LIMIT 9;"]
    )
    _executed(path, relaxed + change)


def sqlite_page(path: Path, chance: Random) -> None:
    """The header of the file, or numbers that say where pages and cells are."""
    content = bytearray(path.read_bytes())
    size = int.from_bytes(content[16:18], "big") or 65_536
    if size < 512:
        return
    if chance.random() < 0.4:
        place = chance.choice([16, 18, 20, 24, 28, 32, 36, 40, 44, 52, 56, 64, 92])
        struct.pack_into(">I", content, place, chance.choice(EXTREMES) & 0xFFFFFFFF)
    else:
        page = chance.randrange(len(content) // size) * size
        for _ in range(chance.choice([1, 4, 16])):
            place = page + chance.choice([chance.randrange(0, 14), chance.randrange(0, size - 4)])
            struct.pack_into(">H", content, place, chance.choice([0, 1, 2, 65_535, 5, 13, 32_768]))
    path.write_bytes(content)


def sqlite_full_text(path: Path, chance: Random) -> None:
    """What the full-text index keeps for itself."""
    _executed(
        path,
        chance.choice(
            [
                "UPDATE documents_text_data SET block = randomblob(length(block));",
                "UPDATE documents_text_data SET block = substr(block, 1, length(block) / 2);",
                "UPDATE documents_text_data SET block = zeroblob(length(block)) WHERE id > 10;",
                "UPDATE documents_text_data SET id = id + 1 WHERE id > 10;",
                "DELETE FROM documents_text_data WHERE id = 10;",
                "UPDATE documents_text_docsize SET sz = x'ffffffffffffffffff';",
                "DELETE FROM documents_text_docsize;",
                "UPDATE documents_text_idx SET pgno = 99999;",
                "UPDATE documents_text_config SET v = 99;",
                "INSERT INTO documents_text(rowid, title, text) VALUES(99999, 'black', 'hole');",
                "INSERT INTO documents_text(rowid, title, text) VALUES(-5, 'black', 'hole');",
                "INSERT INTO documents_text(documents_text) VALUES('delete-all');",
                "DROP TABLE documents_text;",
            ]
        ),
    )
