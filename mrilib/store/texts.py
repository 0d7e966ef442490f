"""Text, JSON and YAML files: regular and of bounded size and depth, so that no file can hang or exhaust the reader."""

import errno
import json
import re
import stat
from pathlib import Path
from typing import Any

import yaml

LARGEST = 64 * 2**20  # bytes
DEEPEST = 64  # levels of nested lists and mappings


class FormatError(ValueError):
    """A text is not what its format or this project allows; the message is one line."""


def read_text(path: Path) -> str:
    """Text of a regular UTF-8 file of at most 64 MiB; raises OSError or UnicodeDecodeError."""
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "not a regular file", str(path))
    if status.st_size > LARGEST:
        raise OSError(errno.EFBIG, f"larger than {LARGEST // 2**20} MiB", str(path))
    return path.read_text(encoding="utf-8")


def parse_json(text: str) -> Any:
    """Value of a JSON text; raises FormatError."""
    try:
        return json.loads(text)
    except ValueError as error:
        raise FormatError(f"not valid JSON ({error})") from None
    except RecursionError:
        raise FormatError("not usable JSON (nested too deeply)") from None


def parse_yaml(text: str) -> Any:
    """Value of a YAML text by the core schema of YAML 1.2: `010` is ten, `1:30` and `no` are text.

    Raises FormatError for text that is not YAML, a key given twice, or more than 64 levels.
    """
    try:
        return yaml.load(text, _CoreLoader)
    except yaml.YAMLError as error:
        raise FormatError(" ".join(str(error).split())) from None
    except (ValueError, RecursionError) as error:  # such as an integer of 5000 digits
        raise FormatError(str(error)) from None


class _CoreLoader(yaml.SafeLoader):
    """PyYAML's safe loader, with the scalars of YAML 1.2 instead of 1.1."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 - as in the base class
    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        self.depth += 1
        if self.depth > DEEPEST:
            raise yaml.YAMLError(f"nested more than {DEEPEST} levels deep")
        try:
            return super().compose_node(parent, index)
        finally:
            self.depth -= 1

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        lines: dict[str, int] = {}
        for key in (key for key, _ in node.value if isinstance(key, yaml.ScalarNode)):
            line = key.start_mark.line + 1
            if key.value in lines:
                raise yaml.YAMLError(f"line {line}: {key.value!r} is already set in line {lines[key.value]}")
            lines[key.value] = line
        return super().construct_mapping(node, deep)

    def construct_integer(self, node: yaml.ScalarNode) -> int:
        base = {"0o": 8, "0x": 16}.get(node.value[:2], 10)
        return int(node.value[2:] if base != 10 else node.value, base)

    def construct_number(self, node: yaml.ScalarNode) -> float:
        return float(node.value.lower().replace(".inf", "inf").replace(".nan", "nan"))


for _name, _pattern, _first in (
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", list("-+0123456789")),
    (
        "float",
        r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)",
        list("-+.0123456789"),
    ),
):
    _CoreLoader.add_implicit_resolver(f"tag:yaml.org,2002:{_name}", re.compile(f"^(?:{_pattern})$"), _first)
_CoreLoader.add_constructor("tag:yaml.org,2002:int", _CoreLoader.construct_integer)
_CoreLoader.add_constructor("tag:yaml.org,2002:float", _CoreLoader.construct_number)
