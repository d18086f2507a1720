import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FLOORS = {"data_modules": 0, "callbacks": 1, "liverlab": 2}
SOURCES = [path for package in FLOORS for path in sorted((ROOT / package).rglob("*.py"))]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_point_down_only(path):
    floor = FLOORS[path.relative_to(ROOT).parts[0]]
    for node in ast.walk(ast.parse(path.read_text())):
        names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        for name in names:
            assert FLOORS.get(name.split(".")[0], -1) <= floor, f"{path.name} imports {name}"


def test_module_names_are_unique():
    names = [path.stem for path in SOURCES if path.stem not in ("__init__", "__main__")]
    assert sorted(names) == sorted(set(names))


def test_no_file_is_longer_than_250_lines():
    long = {str(path): n for path in SOURCES if (n := len(path.read_text().splitlines())) > 250}
    assert not long
