import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


TEST = re.compile(r"\b(?:(test_\w+\.py)::)?(test_\w+)(?![\w.])")


def named_tests(text):
    """(file, name) of every test; a name without a file is in that of the pair before it in its line, else in none."""
    found = []
    for line in text.splitlines():
        file = None
        for pair in TEST.finditer(line):
            file = pair[1] or file
            found.append((file, pair[2]))
    return found


def test_a_name_without_a_file_is_in_that_of_the_pair_before_it():
    rows = "| `test_a.py::test_one`, control `test_two` |\n`test_three`\n`tests/test_b.py::test_four`, see test_c.py"
    assert named_tests(rows) == [
        ("test_a.py", "test_one"), ("test_a.py", "test_two"), (None, "test_three"), ("test_b.py", "test_four"),
    ]  # fmt: skip


def test_every_test_that_a_page_names_is_in_its_file():
    known = {
        (path.name, name)
        for path in (ROOT / "tests").glob("test_*.py")
        for name in re.findall(r"^def (test_\w+)", path.read_text(), re.M)
    }
    named = [pair for page in PAGES for pair in named_tests(page.read_text())]
    assert len(named) > 20
    assert not [pair for pair in named if pair not in known]


def test_every_file_that_a_page_links_to_is_there():
    links = [(page, link) for page in PAGES for link in re.findall(r"\]\(([\w/.-]+)\)", page.read_text())]
    assert links
    assert not [(page.name, link) for page, link in links if not (page.parent / link).exists()]
