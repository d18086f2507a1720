import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def test_every_test_that_a_page_names_is_there():
    known = {
        name
        for path in (ROOT / "tests").glob("test_*.py")
        for name in re.findall(r"^def (test_\w+)", path.read_text(), re.M)
    }
    named = [name for page in PAGES for name in re.findall(r"\b(test_\w+)(?![\w.])", page.read_text())]
    assert len(named) > 20
    assert not [name for name in named if name not in known]


def test_every_file_that_a_page_links_to_is_there():
    links = [(page, link) for page in PAGES for link in re.findall(r"\]\(([\w/.-]+)\)", page.read_text())]
    assert links
    assert not [(page.name, link) for page, link in links if not (page.parent / link).exists()]
