import re
from pathlib import Path

from liverlab.report import references as module
from liverlab.report.references import CITATION, numbered, references, uncited

REPORT = Path(module.__file__).parent


def test_numbers_follow_the_order_of_appearance():
    texts, cited = numbered(["A [@holm1979], B [@wilson1927,holm1979].", "C [@wilson1927]; [not a key]."])
    assert texts == ["A [1], B [2, 1].", "C [2]; [not a key]."]
    assert [text[:6] for text in cited] == ["Holm S", "Wilson"]


def test_a_text_without_citations():
    assert uncited("A test [@holm1979], and [in brackets] more [@wilson1927,holm1979].") == (
        "A test, and [in brackets] more."
    )


def test_every_reference_has_an_identifier_and_a_year():
    for key, text in references().items():
        assert re.search(r"doi:10\.\d{4,}/\S+|arXiv:\d{4}\.\d{4,5}|JSTOR \d+|proceedings\.mlr\.press/\S+", text)
        assert re.search(r"\d{4}$", key)[0] in text


def test_every_citation_is_known_and_every_reference_is_cited():
    sources = "".join(path.read_text() for path in REPORT.glob("*_sentences.py"))
    cited = {key for marks in CITATION.findall(sources) for key in marks.split(",")}
    listed = {re.search(r"^source: (\w+)$", path.read_text(), re.M)[1] for path in REPORT.glob("checklists/*.yaml")}
    assert (cited - {"key"}) | listed == set(references())  # "key" stands in a docstring
