"""Files of text: numbers as YAML 1.2 reads them, nothing said twice, nothing that hangs or exhausts the reader."""

import os
import re

import pytest

from mrilib.store.records import read_json
from mrilib.store.texts import FormatError, parse_json, parse_yaml, read_text

DEEP = "[" * 10_000


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("010", 10),
        ("0o10", 8),
        ("0x1F", 31),
        ("1:30", "1:30"),
        ("1_000", "1_000"),
        ("-3", -3),
        ("1e-4", 1e-4),
        (".5", 0.5),
        ("2.", 2.0),
        ("-.inf", float("-inf")),
        ("no", "no"),
        ("on", "on"),
        ("true", True),
        ("FALSE", False),
        ("~", None),
        ("", None),
        ("2026-01-02", "2026-01-02"),
        ("'010'", "010"),
        ("{a: [1, 2.5e3], b: null}", {"a": [1, 2500.0], "b": None}),
        ("!!int 010", 10),
    ],
)
def test_scalars_are_those_of_the_core_schema(text, value):
    assert parse_yaml(text) == value
    assert type(parse_yaml(text)) is type(value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: 1\nb: 2\na: 3\n", "line 3: 'a' is already set in line 1"),
        ("c: {x: 1, x: 2}", "line 1: 'x' is already set in line 1"),
        (DEEP, "nested more than 64 levels"),
        ("[1", "expected ',' or ']'"),
        ("9" * 5000, "4300"),
        ("!!python/object/apply:os.getcwd []", "could not determine a constructor"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_one_line(text, said):
    with pytest.raises(FormatError, match=re.escape(said)) as raised:
        parse_yaml(text)
    assert "\n" not in str(raised.value)


def test_json_nested_too_deeply_is_refused():
    with pytest.raises(FormatError, match="nested too deeply"):
        parse_json(DEEP)


def test_only_regular_files_of_bounded_size_are_read(tmp_path, monkeypatch):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", "/dev/zero", tmp_path):
        with pytest.raises(OSError, match="not a regular file"):
            read_text(type(tmp_path)(path))
    (tmp_path / "large").touch()
    os.truncate(tmp_path / "large", 2**40)
    with pytest.raises(OSError, match="larger than 64 MiB"):
        read_text(tmp_path / "large")
    (tmp_path / "run.json").write_text(DEEP)
    assert read_json(tmp_path / "run.json") is None
    assert read_json(tmp_path / "pipe") is None
