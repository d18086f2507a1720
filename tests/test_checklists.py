import csv
import json

import pytest
from fake_holdout import write_fake_holdout
from full_run import CHOSEN, QUALITY, TWO, write_full_run

from liverlab.evaluation.evaluate import evaluate
from liverlab.evaluation.rule import Rule, freeze
from liverlab.report.checklists import ANSWERS, answered, checklists, counts, write_checklists
from liverlab.report.known_facts import Facts, NotApplicable, read_facts, told
from liverlab.report.references import references

CLAIM, TRIPOD, METRICS, SEVEN = range(4)
REAL = {"cohort.phantom": False, "cohort.sources": ["hospital"]}
# the numbers as printed in Collins et al. 2024, table 1
PARTS = {3: "abc", 5: "ab", 6: "abc", 8: "abc", 9: "abc", 12: "abcdefg", 18: "abcdef", 20: "abc", 23: "ab", 27: "abc"}


def rows_of(folder, which):
    return {row.number: row for row in answered(checklists()[which], read_facts(folder))}


def statuses(folder, which):
    return {number: row.status for number, row in rows_of(folder, which).items()}


def test_the_items_have_their_published_numbers():
    numbers = [[item.number for item in each.items] for each in checklists()]
    assert numbers[CLAIM] == [str(i) for i in range(1, 45)]
    assert numbers[TRIPOD] == [f"{i}{part}" for i in range(1, 28) for part in PARTS.get(i, ("",))]
    assert len(numbers[TRIPOD]) == 52
    assert numbers[METRICS] == [str(i) for i in range(1, 31)]
    assert [item.topic.split(":")[0] for item in checklists()[SEVEN].items] == [
        "Congruence", "Coverage", "Constraint", "Completeness", "Compliance", "Comprehension", "Consistency",
    ]  # fmt: skip


def test_every_item_has_a_topic_a_source_and_something_to_say():
    for each in checklists():
        assert each.source in references()
        for item in each.items:
            assert item.topic
            assert item.known or item.hint
            assert item.known is None or item.known in ANSWERS
            assert not (item.hint or "").endswith(".")  # the page adds it
    used = {item.known for each in checklists() for item in each.items}
    assert used - {None} == set(ANSWERS)


def test_what_is_true_of_patients_is_left_to_the_author(tmp_path):
    folder = write_full_run(tmp_path, changes=REAL)
    for which, numbers in (
        (CLAIM, ("5", "8", "11", "13", "14", "15", "16", "17", "18", "31", "34", "41", "44")),
        (TRIPOD, ("3c", "5b", "6a", "6b", "6c", "8b", "8c", "9c", "12d", "14", "17", "18a", "18e", "19")),
        (METRICS, ("2", "3", "4", "6", "7", "8", "19", "24", "28")),
    ):
        rows = rows_of(folder, which)
        for number in numbers:
            assert rows[number].status == "author to complete"
            assert rows[number].answer == ""
            assert rows[number].to_add
    assert "not applicable" not in statuses(folder, CLAIM).values()


def test_a_phantom_has_no_patients(tmp_path):
    folder = write_full_run(tmp_path)
    claim, tripod = rows_of(folder, CLAIM), statuses(folder, TRIPOD)
    for number in ("5", "8", "11", "14", "16", "34"):
        assert claim[number].status == "not applicable"
        assert claim[number].answer.startswith("Computer-made lesions")
    assert tripod["17"] == "not applicable"
    assert tripod["18a"] == "author to complete"  # whoever pays for it
    assert claim["7"].status == "filled by the run"
    assert "digital phantom" in claim["7"].answer
    assert "nothing about livers" in claim["40"].answer


def test_data_of_patients_are_known_in_part(tmp_path):
    claim = rows_of(write_full_run(tmp_path, changes=REAL), CLAIM)
    assert claim["7"].status == "in part"
    assert "sources: hospital" in claim["7"].answer
    assert "institutions" in claim["7"].to_add
    assert claim["12"].status == "in part"
    assert "nothing about livers" not in claim["40"].answer


def test_partitions_follow_the_design(tmp_path):
    folds = rows_of(write_full_run(tmp_path / "folds"), CLAIM)
    assert "3-fold cross-validation" in folds["19"].answer
    assert folds["20"].answer == "The patient; patients on both sides: 0 in 3 splits."
    assert folds["19"].where == "Patients, lesions, folds"
    folder = write_fake_holdout(tmp_path / "holdout")
    evaluate(folder, draws=200, flips=200)
    held = rows_of(folder, CLAIM)
    assert "hold-out side of 57 lesions" in held["19"].answer
    assert held["19"].where == "Patients, lesions, repeats"


def test_holm_where_several_comparisons_were_declared(tmp_path):
    one = rows_of(write_full_run(tmp_path / "one", generator=None), CLAIM)
    many = {"skill": {"no_aug": 0.5, **TWO}, "changes": {"also_compare": [["classic", "no_aug"]]}}
    several = rows_of(write_full_run(tmp_path / "many", generator=None, **many), CLAIM)
    assert "Holm" not in one["29"].answer
    assert "Holm’s method over the 2 declared comparisons" in several["29"].answer
    assert "classic with no_aug" in several["4"].answer


def test_results_are_those_of_the_report(tmp_path):
    folder = write_full_run(tmp_path)
    accuracy = json.loads((folder / "metrics.json").read_text())["arms"]["acgan"]["accuracy"]
    low, high = (f"{100 * x:.1f}" for x in accuracy["interval"])
    answer = rows_of(folder, CLAIM)["37"].answer
    assert f"acgan {100 * accuracy['estimate']:.1f}\u00a0% ({low}–{high})" in answer
    assert "[@" not in "".join(row.answer for which in range(4) for row in rows_of(folder, which).values())


def test_a_protocol_is_known_where_the_rule_was_frozen(tmp_path):
    assert statuses(write_full_run(tmp_path / "a"), CLAIM)["42"] == "author to complete"
    (tmp_path / "b").mkdir()
    rule = Rule(draws=200, flips=200)
    freeze(tmp_path / "b", rule)
    row = rows_of(write_full_run(tmp_path / "b"), CLAIM)["42"]
    assert row.status == "in part"
    assert rule.hash in row.answer


def test_a_leak_on_purpose_is_not_passed_over(tmp_path):
    changes = {"arms.acgan.leak_on_purpose": True}
    folder = write_full_run(tmp_path, changes=changes, quality=QUALITY)
    claim, seven = rows_of(folder, CLAIM), rows_of(folder, SEVEN)
    assert claim["32"].answer.endswith("unseen in training, but for the generators of acgan, on purpose.")
    for row in (*(claim[number] for number in ("19", "20", "37", "38", "40")), *(seven[i] for i in "125")):
        assert row.answer.endswith("Generators of acgan saw the tested patients, on purpose.")
    assert "Generators" not in seven["4"].answer


def test_an_arm_chosen_on_the_test_folds_is_not_called_unselected(tmp_path):
    folder = write_full_run(tmp_path, **CHOSEN)
    for which, numbers in ((CLAIM, ("26", "32", "37", "38", "40")), (TRIPOD, ("12c", "23a", "25"))):
        for row in (rows_of(folder, which)[number] for number in numbers):
            assert row.answer.endswith("acgan was the best of 2 arms on the test lesions, which favours it.")
            assert row.status == "in part"
            assert row.to_add.endswith("the result of an arm that no test lesion helped to choose")


def test_sides_of_one_cohort_differ_by_chance(tmp_path):
    row = rows_of(write_full_run(tmp_path, changes=REAL), TRIPOD)["16"]
    assert row.status == "in part"
    assert "None by design" not in row.answer
    assert "chance" in row.answer
    assert row.to_add == "how patients, outcome and predictors of the two sides differ"


def test_accuracy_of_the_test_sides_is_not_that_of_every_partition(tmp_path):
    row = rows_of(write_full_run(tmp_path), CLAIM)["37"]
    assert row.status == "in part"
    assert row.to_add.startswith("performance on the training sides")


def test_the_scorecard_is_about_generated_images(tmp_path):
    none = statuses(write_full_run(tmp_path / "none", generator=None), SEVEN)
    assert set(none.values()) == {"not applicable"}
    some = rows_of(write_full_run(tmp_path / "some"), SEVEN)
    assert some["1"].status == some["2"].status == some["5"].status == "author to complete"
    assert some["6"].status == "in part"
    assert some["7"].answer == "3 generators of 3 splits; the watch over training found fault with 1 of 3."
    measured = rows_of(write_full_run(tmp_path / "measured", quality=QUALITY), SEVEN)
    assert "kernel inception distance" in measured["1"].answer
    assert "density and coverage" in measured["2"].answer
    assert measured["5"].answer.startswith("Copies of training lesions were searched for")
    assert measured["3"].status == "author to complete"  # no power spectrum was measured


def test_hand_crafted_features_are_asked_of_visual_words_alone(tmp_path):
    network = rows_of(write_full_run(tmp_path / "network"), METRICS)
    assert {network[str(i)].status for i in range(12, 17)} == {"not applicable"}
    assert network["25"].status == "author to complete"
    changes = {"arms.acgan.steps": None}
    words = rows_of(write_full_run(tmp_path / "words", generator=None, changes=changes), METRICS)
    assert words["25"].answer.startswith("acgan was a bag of visual words")
    assert words["13"].status == "in part"


def test_nothing_is_answered_from_empty_files():
    empty = Facts({}, {}, {}, {})
    assert {key for key, (sentence, _) in ANSWERS.items() if told(sentence, empty) is not None} == set()


@pytest.mark.parametrize(
    ("path", "keys"),
    [
        ("run.cohort", {"cohort", "missing", "one_region", "included", "imbalance", "limits", "data_availability"}),
        ("run.splits", {"partitions", "internal", "external", "ensembles", "characteristics", "same_cohort"}),
        ("run.leak_checks", {"disjoint"}),
        ("run.networks", {"full_model"}),
        ("run.versions", {"software", "software_availability"}),
        ("run.class_names", {"outcome", "output", "user_marks", "completeness"}),
        ("config.roi", {"preprocessing", "predictors", "one_image_type"}),
        ("config.classifier", {"model", "training", "building"}),
        ("metrics.comparison", {"comparison", "goal", "sample_size", "verdict"}),
        ("metrics.arms", {"performance", "diagnostic", "failures", "metrics", "inference", "updating"}),
        ("metrics.rule", {"inference", "protocol"}),
        ("quality.pools", {"congruence", "coverage", "compliance"}),
        ("run.generators", {"consistency", "comprehension"}),
    ],
)
def test_nothing_is_answered_when_its_key_is_missing(tmp_path, path, keys):
    (tmp_path / "run").mkdir()
    freeze(tmp_path / "run", Rule(draws=200, flips=200))
    full = read_facts(write_full_run(tmp_path / "run", quality=QUALITY))
    assert all(told(ANSWERS[key][0], full) for key in keys)
    part, key = path.split(".")
    less = Facts(**full.parts | {part: {name: value for name, value in full.parts[part].items() if name != key}})
    answers = {key: told(ANSWERS[key][0], less) for key in keys}
    assert not [key for key, answer in answers.items() if answer and not isinstance(answer, NotApplicable)]


def test_counts_of_answers(tmp_path):
    folder = write_full_run(tmp_path, generator=None)
    for each in checklists():
        rows = answered(each, read_facts(folder))
        found = counts(rows, each.units)
        numbers = [int(word) for word in found.replace(",", "").split() if word.isdigit()]
        by_hand = {row.status for row in rows}
        assert f"of {len(rows)} {each.units} filled by the run" in found
        assert ("not applicable" in found) == ("not applicable" in by_hand)
        named = [n for n in numbers if n != 27] if each.units.startswith("parts") else numbers
        assert named[0] + sum(named[2:]) == named[1] == len(rows)


def test_the_table_has_every_item(tmp_path):
    folder = write_full_run(tmp_path)
    write_checklists(folder, read_facts(folder))
    with (folder / "checklists.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 44 + 52 + 30 + 7
    assert list(rows[0]) == ["checklist", "number", "topic", "status", "answer", "to_add", "where", "source"]
    assert {row["status"] for row in rows} == {"filled by the run", "in part", "author to complete", "not applicable"}
    assert all(row["answer"] or row["to_add"] for row in rows)
    assert all(row["number"] and row["topic"] and "doi:" in row["source"] for row in rows)
    assert not list(folder.glob("*.part"))
