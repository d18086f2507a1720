"""Blocks and ranges, counted by hand."""

import pytest

from liverlab.report.generator_table import generator_table

CLASSES = ["cyst", "metastasis"]


def generator(fold=0, of=None, findings=(), **changed):
    measured = dict.fromkeys([of] if of else CLASSES, 0.5)
    return {
        "arm": "arm", "repeat": 0, "fold": fold, "class": of, "epochs": 12, "batches": 900, "attempts": 1,
        "d_real": 0.7, "d_fake": 0.3, "label_effect": None, "kid": measured, "spread": measured,
        "findings": [{"kind": kind, "class": where} for kind, where in findings],
    } | changed  # fmt: skip


def test_a_generator_of_all_classes_has_a_row_for_each():
    found = [("ignored_label", None), ("collapsed", "metastasis")]
    (block,) = generator_table([generator(fold=2, findings=found, kid={"cyst": 0.1, "metastasis": None})], CLASSES)
    assert (block["name"], block["attempts"], block["label_effect"]) == ("Fold 3", 1, None)
    assert block["batches"] == {"mean": 900, "low": 900, "high": 900}
    assert [(row["class"], row["found"]) for row in block["rows"]] == [
        ("cyst", "ignored label"),
        ("metastasis", "ignored label, collapsed"),
    ]
    assert block["rows"][0]["kid"] == {"mean": 0.1, "low": 0.1, "high": 0.1}
    assert block["rows"][1]["kid"] is None


def test_twelve_rows_are_shown_and_more_are_summed_up_by_class():
    twelve = [generator(fold, of) for fold in range(6) for of in CLASSES]
    assert len(generator_table(twelve, CLASSES)) == 12
    more = [*twelve, generator(6, "cyst", [("collapsed", "cyst")], spread={"cyst": 0.05}, attempts=3, d_real=1.0)]
    cyst, metastasis = generator_table(more, CLASSES)
    assert [block["name"] for block in (cyst, metastasis)] == ["7 generators", "6 generators"]
    assert cyst["d_real"] == {"mean": pytest.approx(5.2 / 7), "low": 0.7, "high": 1.0}
    assert cyst["attempts"] == 3
    assert cyst["rows"][0]["found"] == "collapsed 1 of 7"
    assert cyst["rows"][0]["spread"]["low"] == 0.05
    assert metastasis["rows"][0]["found"] == "none"


def test_seven_generators_of_two_classes_become_one_block():
    (block,) = generator_table([generator(fold) for fold in range(7)], CLASSES)
    assert (block["name"], len(block["rows"])) == ("7 generators", 2)


def test_not_watched_is_said_for_one_and_for_several():
    unwatched = generator(findings=()) | {"findings": None}
    assert generator_table([unwatched], CLASSES)[0]["rows"][0]["found"] == "not watched"
    many = [unwatched, *(generator(fold) for fold in range(1, 7))]
    assert generator_table(many, CLASSES)[0]["rows"][0]["found"] == "not watched 1 of 7"


def test_arms_are_named_where_there_are_two():
    both = [generator(), *(generator(fold, arm="other") for fold in range(7))]
    assert [block["name"] for block in generator_table(both, CLASSES)] == ["Fold 1 of arm", "7 generators of other"]
