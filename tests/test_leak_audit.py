"""The audit on the files of invented stages: silent on clean ones, and each row fires on a planted leak."""

import csv
import json
from dataclasses import replace

import numpy as np
import pytest

from data_modules.errors import InputError
from data_modules.lineage import patients_of
from liverlab.arm_data import find_split
from liverlab.leak_audit import leak_checks, leaks
from liverlab.place import Place
from liverlab.settings import load_experiment
from liverlab.stages import Stage

CONFIG = load_experiment("acgan_aug", ["profile=smoke"])
EVERYBODY = {"generator_sees": "everybody"}


def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))


def arm(cohort, runs, *, control=None, record=True, leak=(), answers=None):
    """Classifiers of three folds with a generator and a pool each; `leak` of (file, key) also name a test patient."""
    stages = []
    for fold in range(3):
        split = find_split(cohort, CONFIG, Place(0, fold))
        own = sorted(patients_of(cohort, split.train))
        everybody = [*own, cohort.lesions[split.test[0]].patient_id]
        settings = {"repeat": 0, "fold": fold, "seed": 0} | ({"control": control} if control else {})
        generator = Stage("generator", "g", settings, print)
        pool = Stage("pool", "p", settings, print, (generator,))
        classifier = Stage("classifier", "c", settings | {"record": record}, print, (pool,))
        seen = {key: everybody if key in leak else own for key in ("generator", "pool", "patients", "mean_of")}
        write(generator.folder(runs) / "patients.json", seen["generator"])
        origin = {"generator": "acgan", "cohort": "", "repeat": 0, "fold": fold, "seed": 0}
        write(pool.folder(runs) / "provenance.json", origin | {"patients": seen["pool"]})
        if record:
            write(classifier.folder(runs) / "lineage.json", {key: seen[key] for key in ("patients", "mean_of")})
        rows = [cohort.lesions[i] for i in split.test]
        classifier.folder(runs).mkdir(parents=True, exist_ok=True)
        with (classifier.folder(runs) / "predictions.csv").open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["patient_id", "label", "predicted"])
            writer.writerows([x.patient_id, x.class_name, answers or x.class_name] for x in rows)
        stages.append(classifier)
    return stages


def audit(cohort, runs, **arms):
    return [tuple(row.values()) for row in leak_checks(cohort, CONFIG, arms, runs)]


def test_a_clean_run(tiny_cohort, tmp_path):
    rows = audit(tiny_cohort, tmp_path, acgan_aug=arm(tiny_cohort, tmp_path))
    assert rows[:4] == [
        ("Patients on both sides of a split", "0 in 3 splits", "clean"),
        ("Test patients behind a generator or a pool", "0, behind 3 classifiers", "clean"),
        ("Test patients among training images", "0, in 3 classifiers", "clean"),
        ("Test patients in a mean image", "0, in 3 classifiers", "clean"),
    ]
    assert rows[4][0] == "Lesions of two patients that show one image"
    assert rows[4][1].startswith("0; the largest correlation is 0.")
    assert len(rows) == 5


@pytest.mark.parametrize("where", ["generator", "pool", "patients", "mean_of"])
def test_a_test_patient_in_any_file_stops_the_run(tiny_cohort, tmp_path, where):
    clean = arm(tiny_cohort, tmp_path / "clean")
    with pytest.raises(AssertionError):
        audit(tiny_cohort, tmp_path, baseline=clean, other=arm(tiny_cohort, tmp_path, leak=[where]))


def test_classifiers_without_a_record_are_noted(tiny_cohort, tmp_path):
    rows = audit(tiny_cohort, tmp_path, a=arm(tiny_cohort, tmp_path), b=arm(tiny_cohort, tmp_path, record=False))
    assert rows[2] == ("Test patients among training images", "0, in 3 classifiers; 3 have no record", "noted")


def test_a_leak_on_purpose_is_counted_and_labelled(tiny_cohort, tmp_path):
    leaking = arm(tiny_cohort, tmp_path, control=EVERYBODY, leak=["generator", "pool"])
    honest = arm(tiny_cohort, tmp_path)
    assert leaks(leaking)
    assert not leaks(honest)
    rows = audit(tiny_cohort, tmp_path, honest=honest, demo=leaking)
    # one test patient of four in each of three folds
    assert rows[-1] == ("Test patients that a generator of demo saw", "3 of 12: a leak on purpose", "on purpose")
    assert rows[1] == ("Test patients behind a generator or a pool", "0, behind 3 classifiers", "clean")


@pytest.mark.parametrize(("answers", "right", "verdict"), [("cyst", "0.333", "clean"), (None, "1.000", "noted")])
def test_permuted_labels_should_give_chance(tiny_cohort, tmp_path, answers, right, verdict):
    """Of 24 lesions 8 are of each class: chance is a third, however one answers."""
    stages = arm(tiny_cohort, tmp_path, control={"permuted_labels": True}, answers=answers)
    check, result, found = audit(tiny_cohort, tmp_path, permuted=stages)[-1]
    assert check == "permuted: trained on labels dealt out anew"
    # 1/3 + 3 sqrt(2/9 / 12 patients)
    assert result.startswith(f"{right} of the lesions right; chance is 0.333, above 0.742 ")
    assert found == verdict


def turned_copy(cohort, source, target):
    patches = cohort.patches.copy()
    patches[target] = np.rot90(patches[source]) + 1
    return replace(cohort, patches=patches)


def test_twins_across_a_split_are_refused(tiny_cohort, tmp_path):
    split = find_split(tiny_cohort, CONFIG, Place(0, 0))
    cohort = turned_copy(tiny_cohort, split.train[0], split.test[0])
    with pytest.raises(InputError, match="show one image"):
        audit(cohort, tmp_path, a=arm(cohort, tmp_path))


def test_twins_on_one_side_are_noted(tiny_cohort, tmp_path):
    split = find_split(tiny_cohort, CONFIG, Place(0, 0))
    patient = tiny_cohort.lesions[split.test[0]].patient_id
    other = next(i for i in split.test if tiny_cohort.lesions[i].patient_id != patient)
    cohort = turned_copy(tiny_cohort, split.test[0], other)
    _, result, verdict = audit(cohort, tmp_path, a=arm(cohort, tmp_path)[:1])[-1]
    assert result.startswith("1, none across a split: lesion ")
    assert tiny_cohort.lesions[other].lesion_id in result
    assert verdict == "noted"
