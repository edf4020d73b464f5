"""The same rows from whatever holds them; and for whatever cannot be read, one sentence that says what to do."""

from __future__ import annotations

import datetime as dt
import decimal
import gzip
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
import pytest

from dte_panel.engine import tallies
from dte_panel.engine.sources import Connection, Source, connect, describe, open_source
from dte_panel.errors import InputError
from dte_panel.states import Table

TABLE = pa.table(
    {
        "n": pa.array([1, 2, None, -4], pa.int64()),
        "x": pa.array([0.5, None, -1.25, 1e9]),
        "s": ["a", None, "ü", 'it\'s; "quoted"'],
        "b": [True, False, None, True],
    }
)


@pytest.fixture
def connection() -> Iterator[Connection]:
    made = connect()
    yield made
    made.close()


def rows(connection: Connection, source: Source) -> list[tuple[Any, ...]]:
    return connection.execute(f'SELECT n, x, s, b FROM "{source.name}"').fetchall()


def _frame(**kinds: Any) -> pd.DataFrame:
    return TABLE.to_pandas().astype(kinds)


def _arrow_file(path: Path) -> str:
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, TABLE.schema) as writer:
        writer.write_table(TABLE)
    return str(path)


def _parquet(path: Path, table: pa.Table = TABLE) -> str:
    pq.write_table(table, path)
    return str(path)


def _csv(path: Path) -> str:
    text = TABLE.to_pandas().astype({"n": "Int64"}).to_csv(index=False)
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(text.encode(), mtime=0))
    else:
        path.write_text(text)
    return str(path)


def _feather(path: Path) -> str:
    pyarrow.feather.write_feather(TABLE, str(path))
    return str(path)


def _glob(folder: Path) -> str:
    for i in range(4):
        _parquet(folder / f"part-{i}.parquet", TABLE.slice(i, 1))
    return str(folder / "part-*.parquet")


def _relation(folder: Path) -> Any:
    return duckdb.connect().from_arrow(TABLE)


MAKERS: dict[str, Callable[[Path], Any]] = {
    "parquet": lambda p: _parquet(p / "d.parquet"),
    "parquet in upper case": lambda p: _parquet(p / "D.PARQUET"),
    "path object": lambda p: Path(_parquet(p / "d.pq")),
    "csv": lambda p: _csv(p / "d.csv"),
    "gzipped csv": lambda p: _csv(p / "d.csv.gz"),
    "arrow": lambda p: _arrow_file(p / "d.arrow"),
    "feather": lambda p: _feather(p / "d.feather"),
    "glob": _glob,
    "hostile name": lambda p: _parquet(p / "it's; DROP TABLE x --[1]*?.parquet"),
    "pandas object": lambda p: _frame(n="Int64", s="object", b="object"),
    "pandas nullable": lambda p: _frame(n="Int64", x="Float64", s="string", b="boolean"),
    "pandas category": lambda p: _frame(n="Int64", s="category", b="boolean"),
    "pandas arrow": lambda p: TABLE.to_pandas(types_mapper=pd.ArrowDtype),
    "pandas str": lambda p: _frame(n="Int64", s="str", b="boolean"),
    "polars": lambda p: pl.from_arrow(TABLE),
    "polars lazy": lambda p: pl.from_arrow(TABLE).lazy(),
    "polars categorical": lambda p: pl.from_arrow(TABLE).with_columns(pl.col("s").cast(pl.Categorical)),
    "arrow table": lambda p: TABLE,
    "arrow chunks": lambda p: pa.concat_tables([TABLE.slice(0, 1), TABLE.slice(1)]),
    "arrow batch": lambda p: TABLE.combine_chunks().to_batches()[0],
    "arrow reader": lambda p: TABLE.to_reader(),
    "duckdb relation": _relation,
}


@pytest.mark.parametrize("kind", MAKERS)
def test_the_same_rows_from_every_kind_of_data(kind: str, connection: Connection, tmp_path: Path) -> None:
    source = open_source(connection, "current", MAKERS[kind](tmp_path))
    assert source.rows == 4
    assert source.types == {"n": "integer", "x": "float", "s": "text", "b": "boolean"}
    assert rows(connection, source) == list(zip(*TABLE.to_pydict().values(), strict=True))


@pytest.mark.parametrize("kind", MAKERS)
def test_a_digest_is_of_the_content(kind: str, tmp_path: Path) -> None:
    digests = []
    for folder in (tmp_path / "a", tmp_path / "b"):
        folder.mkdir()
        made = connect()
        digests.append(open_source(made, "current", MAKERS[kind](folder)).sha256)
        made.close()
    assert digests[0] == digests[1]
    assert len(digests[0]) == 64


def test_other_data_has_another_digest(connection: Connection) -> None:
    frame = TABLE.to_pandas()
    changed = frame.assign(x=frame.x.fillna(0))
    digests = [open_source(connection, f"s{i}", data).sha256 for i, data in enumerate((frame, changed, frame[:-1]))]
    assert len(set(digests)) == 3
    whole = open_source(connection, "whole", TABLE).sha256
    assert open_source(connection, "cut", pa.concat_tables([TABLE.slice(0, 3), TABLE.slice(3)])).sha256 == whole


def test_a_file_with_a_star_in_its_name_is_one_file(connection: Connection, tmp_path: Path) -> None:
    _parquet(tmp_path / "dx.parquet")
    _csv(tmp_path / "dx.csv")
    assert open_source(connection, "a", _parquet(tmp_path / "d*.parquet")).rows == 4
    assert open_source(connection, "b", _csv(tmp_path / "d*.csv")).rows == 4


def test_files_of_one_glob_may_have_other_columns(connection: Connection, tmp_path: Path) -> None:
    _parquet(tmp_path / "1.parquet", pa.table({"a": [1]}))
    _parquet(tmp_path / "2.parquet", pa.table({"b": ["x"], "a": [2]}))
    source = open_source(connection, "current", "*.parquet", base=tmp_path)
    assert connection.execute("SELECT a, b FROM current ORDER BY a").fetchall() == [(1, None), (2, "x")]
    assert source.types == {"a": "integer", "b": "text"}


def test_column_types(connection: Connection) -> None:
    table = pa.table(
        {
            **{f"u{bits}": pa.array([1], f"uint{bits}") for bits in (8, 16, 32, 64)},
            **{f"i{bits}": pa.array([1], f"int{bits}") for bits in (8, 16, 32, 64)},
            "f32": pa.array([1.0], pa.float32()),
            "dec": pa.array([decimal.Decimal("1.5")]),
            "day": pa.array([dt.date(2020, 1, 1)]),
            "naive": pa.array([dt.datetime(2020, 1, 1)]),
            "aware": pa.array([dt.datetime(2020, 1, 1)], pa.timestamp("us", "Europe/Berlin")),
            "enum": pa.array(["a"]).dictionary_encode(),
            "list": pa.array([[1]]),
            "struct": pa.array([{"a": 1}]),
            "binary": pa.array([b"x"]),
            "nothing": pa.nulls(1),
        }
    )
    source = open_source(connection, "current", table)
    kinds = {
        "f32": "float",
        "dec": "float",
        "day": "time",
        "naive": "time",
        "aware": "time",
        "enum": "text",
        "nothing": "null",
    }
    for name in table.column_names:
        expected = "integer" if name[1:].isdigit() and name[0] in "ui" else kinds.get(name, "other")
        assert source.types[name] == expected, name
    assert source.zones == {"day": False, "naive": False, "aware": True}
    relation = duckdb.sql("SELECT 170141183460469231731687303715884105727::HUGEINT AS h, uuid() AS u")
    assert open_source(connection, "r", relation).types["u"] == "text"


def test_pandas_types_that_need_care(connection: Connection) -> None:
    frame = pd.DataFrame(
        {
            0: np.array([1.5, 2.5], dtype="float16"),
            "codes": pd.Categorical([3, None]),
            "flags": pd.Categorical([True, False]),
            "when": np.array([dt.datetime(2020, 1, 1, tzinfo=dt.UTC), pd.NaT], dtype=object),
            "days": [dt.date(2020, 1, 1), None],
        },
        index=pd.Index(["r1", "r2"], name="named"),
    )
    source = open_source(connection, "current", frame)
    assert source.types == {"0": "float", "codes": "integer", "flags": "boolean", "when": "time", "days": "time"}
    assert connection.execute('SELECT "0", codes, flags FROM current').fetchall() == [
        (1.5, 3, True),
        (2.5, None, False),
    ]


class Subclass(pd.DataFrame):
    """As GeoPandas does it."""


def test_a_subclass_of_a_frame_is_a_frame(connection: Connection) -> None:
    assert open_source(connection, "current", Subclass({"a": [1]})).rows == 1


@pytest.mark.parametrize("text", ["a\n1\n", "a,b\n1,2\n", "\ufeffa,b\n1,2\n", 'a,b\n"1","x, y"\n', "a;b\n1;2\n"])
def test_small_csv_files(text: str, connection: Connection, tmp_path: Path) -> None:
    (tmp_path / "d.csv").write_text(text)
    source = open_source(connection, "current", "d.csv", base=tmp_path)
    assert (source.rows, next(iter(source.types))) == (1, "a")


def test_a_csv_column_is_kept_as_text_when_asked(connection: Connection, tmp_path: Path) -> None:
    (tmp_path / "d.csv").write_text("t,n\n2020-01-01T00:00:00+01:00,1\n2020-01-01T00:00:00+02:00,2\n")
    source = open_source(connection, "current", "d.csv", base=tmp_path, keep_text=("t", "absent"))
    assert source.types == {"t": "text", "n": "integer"}


BROKEN: dict[str, tuple[bytes, str]] = {
    "empty.parquet": (b"", "the file is empty"),
    "empty.csv": (b"", "the file is empty"),
    "text.parquet": (b"a,b\n1,2\n" * 20, "cannot be read"),
    "short.parquet": (b"PAR1", "cannot be read"),
    "text.arrow": (b"a,b\n1,2\n" * 20, "cannot be read"),
    "header.csv": (b"a,b\n", "there are no rows"),
    "latin.csv": ("a,b\nü,2\n".encode("latin-1"), "cannot be read"),
    "plain.csv.gz": (b"a,b\n1,2\n", "cannot be read"),
    "sheet.xlsx": (b"PK", "files ending in '.xlsx' cannot be read"),
    "noname": (b"a", "files ending in '' cannot be read"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_files_that_cannot_be_read(name: str, connection: Connection, tmp_path: Path) -> None:
    content, said = BROKEN[name]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError) as caught:
        open_source(connection, "current", name, base=tmp_path)
    assert caught.value.where == name
    assert said in caught.value.message
    assert caught.value.hint


def test_truncated_and_empty_parquet(connection: Connection, tmp_path: Path) -> None:
    whole = Path(_parquet(tmp_path / "d.parquet")).read_bytes()
    (tmp_path / "half.parquet").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match=r"half\.parquet: cannot be read .* whole, valid file"):
        open_source(connection, "current", "half.parquet", base=tmp_path)
    _parquet(tmp_path / "none.parquet", TABLE.slice(0, 0))
    with pytest.raises(InputError, match=r"none\.parquet: there are no rows"):
        open_source(connection, "current", "none.parquet", base=tmp_path)


def test_damage_inside_a_parquet_file_is_not_a_number(connection: Connection, tmp_path: Path) -> None:
    path = Path(_parquet(tmp_path / "d.parquet", pa.table({"a": np.arange(20_000) % 977, "b": np.arange(20_000.0)})))
    content = bytearray(path.read_bytes())
    content[200 : len(content) // 2] = bytes(len(content) // 2 - 200)
    path.write_bytes(content)
    source = open_source(connection, "current", str(path))
    with pytest.raises(duckdb.Error):
        connection.execute(f"SELECT SUM(a), SUM(b) FROM {source.sql}").fetchall()


def test_a_missing_file_names_the_nearest(connection: Connection, tmp_path: Path) -> None:
    _parquet(tmp_path / "reference.parquet")
    with pytest.raises(InputError, match=r"referense\.parquet: no such file\. Did you mean 'reference\.parquet'"):
        open_source(connection, "current", "referense.parquet", base=tmp_path)


@pytest.mark.parametrize("uri", ["absent/file.parquet", "absent-*.csv", "x" * 5_000, "a\0b.csv"])
def test_paths_that_lead_nowhere(uri: str, connection: Connection, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no such file|is not a path"):
        open_source(connection, "current", uri, base=tmp_path)


def test_a_folder_an_address_and_a_mixture(connection: Connection, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"this is a folder.*\*\.parquet"):
        open_source(connection, "current", ".", base=tmp_path)
    with pytest.raises(InputError, match="Download the file"):
        open_source(connection, "current", "s3://bucket/d.parquet", base=tmp_path)
    _parquet(tmp_path / "d.parquet")
    _csv(tmp_path / "d.csv")
    with pytest.raises(InputError, match="different kinds"):
        open_source(connection, "current", "d.*", base=tmp_path)


AWARE, OTHER = (
    dt.datetime(2020, 1, 1, tzinfo=dt.UTC),
    dt.datetime(2020, 1, 1, tzinfo=dt.timezone(dt.timedelta(hours=1))),
)
FRAMES: dict[str, tuple[Callable[[], Any], str]] = {
    "a column twice": (
        lambda: pd.DataFrame([[1, 2]], columns=["a", "a"]),
        "<DataFrame>: column 'a' stands there twice",
    ),
    "1 and '1'": (lambda: pd.DataFrame([[1, 2]], columns=[1, "1"]), "column '1' stands there twice"),
    "arrow column twice": (lambda: pa.table([[1], [2]], names=["a", "a"]), "<Table>: column 'a' stands there twice"),
    "numbers and text": (lambda: pd.DataFrame({"mixed": [1, "x"]}), "column mixed"),
    "huge integers": (lambda: pd.DataFrame({"a": pd.Series([2**70], dtype=object)}), "<DataFrame>: cannot be read"),
    "complex": (lambda: pd.DataFrame({"z": [1 + 2j]}), "column z"),
    "sparse": (lambda: pd.DataFrame({"z": pd.arrays.SparseArray([0, 1])}), "column z"),
    "no rows": (lambda: pd.DataFrame({"a": []}), "<DataFrame>: there are no rows"),
    "no columns": (lambda: pd.DataFrame(index=[1]), "<DataFrame>: cannot be read"),
    "wide decimals": (
        lambda: pa.table({"a": pa.array([decimal.Decimal(10) ** 60], pa.decimal256(70, 0))}),
        "<Table>: cannot be read",
    ),
    "reserved name": (lambda: pd.DataFrame({"DTE__w": [1]}), "column 'DTE__w' cannot be read"),
    "two zones": (lambda: pd.DataFrame({"t": pd.Series([AWARE, OTHER], dtype=object)}), "'t' mixes time zones"),
    "zone and none": (
        lambda: pd.DataFrame({"t": pd.Series([AWARE, dt.datetime(2020, 1, 1)], dtype=object)}),
        "'t' mixes time zones (None, UTC)",
    ),
    "series": (lambda: pd.Series([1]), "data of type Series cannot be read"),
    "polars series": (lambda: pl.Series([1]), "data of type Series cannot be read"),
    "broken lazy frame": (lambda: pl.scan_parquet("/absent/file.parquet"), "<LazyFrame>: cannot be read"),
    "array": (lambda: np.zeros((2, 2)), "data of type ndarray cannot be read"),
    "arrow array": (lambda: pa.array([1]), "cannot be read"),
    "list": (lambda: [{"a": 1}], "data of type list cannot be read"),
    "mapping": (lambda: {"a": [1]}, "data of type dict cannot be read"),
    "none": (lambda: None, "data of type NoneType cannot be read"),
    "connection": (duckdb.connect, "data of type DuckDBPyConnection cannot be read"),
}


@pytest.mark.parametrize("kind", FRAMES)
def test_frames_that_cannot_be_read(kind: str, connection: Connection) -> None:
    make, said = FRAMES[kind]
    with pytest.raises(InputError) as caught:
        open_source(connection, "current", make())
    assert said in str(caught.value)
    assert caught.value.hint


def test_describe_says_what_a_column_holds() -> None:
    frame = pd.DataFrame(
        {"n": [3, 1, 1], "s": ["b", "a", "a"], "e": [None, None, None], "t": pd.to_datetime(["2020"] * 3)}
    )
    found = {c.name: c for c in describe(frame)}
    assert (found["n"].minimum, found["n"].maximum, found["n"].distinct, found["n"].nulls) == (1.0, 3.0, 2, 0)
    assert found["s"].examples == ("a", "b")
    assert (found["e"].distinct, found["e"].nulls, found["e"].examples) == (0, 3, ())
    assert found["t"].type == "time"
    assert all(c.rows == 3 for c in found.values())


def test_the_database_keeps_within_the_memory_it_is_given() -> None:
    connection = connect("512MB")
    try:
        ((given,),) = connection.execute("SELECT current_setting('memory_limit')").fetchall()
    finally:
        connection.close()
    assert given == "488.2 MiB"


def texts(connection: Connection, folder: Path) -> Source:
    """A side of two files, the texts of which differ."""
    words = pa.array(["b", None, "a", "b", ""] * 40_000).dictionary_encode()
    tables = (
        pa.table({"few": words, "many": [str(i) for i in range(200_000)], "n": range(200_000)}),
        pa.table({"few": pa.array(["c'", "a"]), "many": ["x", "y"], "n": [1, 2]}),
    )
    for i, table in enumerate(tables):
        pq.write_table(table, folder / f"part_{i}.parquet")
    return open_source(connection, "current", str(folder / "part_*.parquet"))


def test_texts_are_counted_in_their_files(connection: Connection, tmp_path: Path) -> None:
    source = texts(connection, tmp_path)
    counted = source.texts("few", 5)
    assert list((counted or {}).items()) == [("", 40_000), ("a", 40_001), ("b", 80_000), ("c'", 1), (None, 40_000)]
    assert tallies.table(source, "few") == Table(("value",), {(k,): n for k, n in (counted or {}).items()})
    assert len(source.texts("many", 100) or ()) > 100
    assert tallies.table(source, "many") is None, "too many are not counted to the end"
    assert source.texts("n", 5) is None
    assert replace(source, relation="dte__current").texts("few", 5) is None, "a view may hold something else"


def test_texts_that_cannot_be_read_are_left_to_the_database(connection: Connection, tmp_path: Path) -> None:
    source = texts(connection, tmp_path)
    whole = (tmp_path / "part_0.parquet").read_bytes()
    (tmp_path / "part_0.parquet").write_bytes(whole[:4] + b"\xff" * 50_000 + whole[50_004:])
    assert source.texts("few", 5) is None


def test_folders_that_name_a_column_are_left_to_the_database(connection: Connection, tmp_path: Path) -> None:
    (tmp_path / "year=2026").mkdir()
    pq.write_table(pa.table({"a": ["x"]}), tmp_path / "year=2026" / "a.parquet")
    assert open_source(connection, "current", str(tmp_path / "*" / "a.parquet")).files is None
