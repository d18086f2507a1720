import json

import pytest
from full_run import QUALITY, write_full_run

from liverlab.report.known_facts import Facts, Unknown, counted, joined, read_facts, told


@pytest.fixture
def facts():
    return Facts({"cohort": {"lesions": 0, "sources": None}, "splits": []}, {}, {"roi": {"size": 64}}, {})


def test_a_value_by_its_path(facts):
    assert facts["run.cohort.lesions"] == 0  # nought is known
    assert facts["config.roi.size"] == 64


@pytest.mark.parametrize("path", ["run.cohort.patients", "run.cohort.sources", "metrics.arms", "config.roi.size.x"])
def test_missing_and_null_are_unknown(facts, path):
    with pytest.raises(Unknown):
        facts[path]
    assert facts.get(path, "other") == "other"


def test_what_is_empty_is_not_enough_where_something_is_required(facts):
    assert facts["run.splits"] == []
    facts.require("run.cohort.lesions")
    with pytest.raises(Unknown):
        facts.require("run.splits")


def test_a_sentence_that_needs_more_is_not_told(facts):
    def size(known):
        return f"{known['config.roi.size']} pixels."

    def sources(known):
        return f"From {known['run.cohort.sources']}."

    assert told(size, facts) == "64 pixels."
    assert told(sources, facts) is None
    assert joined(size, sources)(facts) == "64 pixels."
    assert told(joined(sources, size), facts) is None  # the first must be known


def test_a_fault_of_ours_is_no_missing_fact(facts):
    with pytest.raises(ZeroDivisionError):
        told(lambda known: str(1 / known["run.cohort.lesions"]), facts)


def test_keys_missing_deep_in_a_file_are_unknown(tmp_path):
    folder = write_full_run(tmp_path, quality=QUALITY)
    facts = read_facts(folder)
    assert facts["config.classifier.lr"] == 0.001  # of the resolved config
    assert facts["quality.draws"] == 200
    with pytest.raises(Unknown):
        facts["run.leak_checks"][0]["severity"]
    (folder / "quality.json").unlink()
    assert read_facts(folder).get("quality.draws") is None
    assert json.loads((folder / "run.json").read_text())["arm"] == read_facts(folder)["run.arm"]


def test_counts_in_words():
    assert (counted(1, "lesion"), counted(2000, "lesion")) == ("1 lesion", "2,000 lesions")
