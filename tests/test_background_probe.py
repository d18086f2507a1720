import numpy as np
import pytest

from data_modules.background_probe import giveaways
from data_modules.cohort import Lesion

RNG = np.random.default_rng(0)


def cohort(count=60, *, thickness=lambda c: 2.5, per_patient=2):
    """Two classes in turn, patient by patient."""
    lesions = []
    for i in range(count):
        c = i // per_patient % 2
        size, spacing = RNG.uniform(10, 40), RNG.uniform(0.6, 0.9)
        lesions.append(Lesion(f"L{i}", f"P{i // per_patient}", "ab"[c], size, spacing, thickness(c), "s"))
    return lesions


def test_background_that_differs_between_classes_is_found():
    lesions = cohort()
    rings = [(100.0 + 40 * (x.class_name == "b") + RNG.normal(0, 5), RNG.normal()) for x in lesions]
    tissue, diameter, scanner = giveaways(lesions, rings)
    assert tissue.accuracy > 0.95
    assert tissue.predicts
    assert not diameter.predicts
    assert not scanner.predicts
    assert (tissue.lesions, tissue.patients, tissue.majority_share) == (60, 30, 0.5)


def test_slice_thickness_that_differs_between_classes_is_found():
    lesions = cohort(thickness=lambda c: (1.5, 5.0)[c])
    found = {one.by: one.predicts for one in giveaways(lesions, [(RNG.normal(),) for _ in lesions])}
    assert found["pixel spacing and slice thickness"]
    assert not found["the tissue around the lesion"]


def test_what_belongs_to_the_patient_is_not_taken_for_the_class():
    """Every patient has a background of his own: only a split that tears patients apart could predict by it."""
    wrong = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        lesions = cohort(80, per_patient=8)
        level = {x.patient_id: rng.normal(100, 50) for x in lesions}
        (tissue, *_) = giveaways(lesions, [(level[x.patient_id],) for x in lesions])
        wrong += tissue.predicts
    assert wrong <= 2


def test_the_interval_counts_patients():
    lesions = cohort(40, per_patient=4)  # ten patients
    rings = [(float(x.class_name == "b"),) for x in lesions]
    (tissue, *_) = giveaways(lesions, rings)
    assert tissue.accuracy == 1
    z2 = 1.959964**2
    assert tissue.interval == pytest.approx((10 / (10 + z2), 1.0))  # Wilson 1927, ten of ten


def test_too_few_patients_give_nothing_and_lesions_without_surround_are_left_out():
    lesions = cohort(4)  # one patient per class
    assert giveaways(lesions, [(1.0,)] * 4) == ()
    # of the two patients of class b one has both: a model that sees the others alone sees one class
    few = [Lesion(f"L{i}", p, c, 10.0 + i, 0.7, 2.5, "s") for i, (p, c) in enumerate(zip("0322", "abab", strict=True))]
    assert giveaways(few, [(float(i),) for i in range(4)]) == ()
    lesions = cohort(20)
    tissue, diameter, _ = giveaways(lesions, [(float(i),) if i >= 4 else () for i in range(20)])
    assert (tissue.lesions, diameter.lesions) == (16, 20)
