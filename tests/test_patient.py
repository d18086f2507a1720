import numpy as np
import pytest

from data_modules.phantom.patient import draw_patient, place
from data_modules.phantom.plan import LesionPlan, PatientPlan, plan_cohort


@pytest.fixture(scope="module")
def patients():
    return [draw_patient(plan, 0) for plan in plan_cohort(182, 0)]


def test_lesions_lie_in_the_liver_and_apart(patients):
    for patient in patients:
        for i, lesion in enumerate(patient.lesions):
            x, y, z = lesion.centre.astype(np.float32).reshape(3, 1)
            assert patient.anatomy.liver_level(x, y, z) < 0
            for other in patient.lesions[:i]:
                apart = np.linalg.norm(lesion.centre - other.centre)
                assert apart > 0.7 * (lesion.radius_mm + other.radius_mm)  # very large ones may meet


def test_about_one_in_ten_is_subcapsular_and_more_than_fifteen_in_a_hundred_touch_a_vessel(patients):
    lesions = [(p, m) for p in patients for m in p.lesions]
    assert np.mean([p.is_subcapsular(m) for p, m in lesions]) == pytest.approx(0.12, abs=0.07)
    assert 0.15 < np.mean([p.touches_vessel(m) for p, m in lesions]) < 0.5  # 15 % on purpose, others by their size
    small = [p.touches_vessel(m) for p, m in lesions if m.radius_mm < 8]
    assert np.mean(small) < 0.35


def test_a_vessel_that_ran_through_the_lesion_runs_around_it(patients):
    for patient in patients[:20]:
        for lesion in patient.lesions:
            middle = (patient.vessels.start + patient.vessels.end) / 2
            inside = np.linalg.norm(middle - lesion.centre, axis=1) < 0.8 * lesion.radius_mm
            assert inside.mean() < 0.02


def test_a_lesion_is_the_same_whatever_the_patients_other_lesions_are():
    first, second = LesionPlan("a", "metastasis", "rim", 30.0), LesionPlan("b", "cyst", "simple", 12.0)
    alone = draw_patient(PatientPlan(7, 2.0, (first,)), 3).lesions[0]
    among = draw_patient(PatientPlan(7, 2.0, (first, second)), 3).lesions[0]
    assert np.array_equal(alone.shape.blobs[0].radii, among.shape.blobs[0].radii)


def test_gallbladder_is_left_free(patients):
    for patient in patients:
        if patient.anatomy.gallbladder is not None:
            for lesion in patient.lesions:
                level = patient.anatomy.gallbladder.level(*lesion.centre.astype(np.float32).reshape(3, 1))
                assert level > 0


def test_single_lesions_lie_in_the_middle():
    patient = draw_patient(plan_cohort(3, 0)[0], 0)
    assert patient.lesions[0].centre[2] == 0
    body, vessels = patient.anatomy, patient.vessels
    two = (LesionPlan("a", "cyst", "simple", 20.0), LesionPlan("b", "cyst", "simple", 30.0))
    heights = [c[2] for c in place(two, body, vessels, np.random.default_rng(0))]
    assert all(0 < abs(h) <= 12 for h in heights)
