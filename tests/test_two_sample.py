import numpy as np
import pytest
from gaussian_split import found, gaussian_split, space_of
from scipy.stats import norm
from sklearn.metrics import roc_auc_score

from liverlab.quality.draws import draw_patients
from liverlab.quality.feature_spaces import SETS
from liverlab.quality.two_sample import Side, area, two_sample

COUNTS = {"train": 2400, "held_out": 2400, "classic": 2400, "synthetic": 2400}


def measure(images, features, draws=3):
    return two_sample(images, space_of(features), draw_patients(images, draws, 0), seed=0)


def test_gaussians_at_a_distance_have_the_area_of_theory():
    rng = np.random.default_rng(0)
    images = gaussian_split(COUNTS)
    features = {which: rng.normal(size=(2400, 2)) for which in SETS}
    features["synthetic"] += [1.0, 0.0]
    measured = measure(images, features)
    for name in ("all", "a", "b"):
        assert found(measured, "two_sample_auc", "synthetic", name).value == pytest.approx(
            norm.cdf(1 / 2**0.5), abs=0.025
        )
        assert found(measured, "two_sample_auc", "train", name).value == pytest.approx(0.5, abs=0.035)
        assert found(measured, "two_sample_auc", "classic", name).value == pytest.approx(0.5, abs=0.035)
    row = found(measured, "two_sample_auc", "synthetic", "a")
    assert (row.count, row.reference) == (1200, 1200)


def test_class_shares_give_nothing_away():
    rng = np.random.default_rng(0)
    images = gaussian_split(COUNTS | {"synthetic": 400})
    few = images.synthetic.labels.copy()
    few[100:] = 1  # an eighth instead of half of the first class
    images.synthetic.labels[:] = few
    # classes far apart: taken together, sets of these shares would be told apart with .7
    features = {w: rng.normal(size=(len(getattr(images, w)), 2)) + 9 * getattr(images, w).labels[:, None] for w in SETS}
    row = found(measure(images, features), "two_sample_auc")
    assert (row.count, row.reference) == (400, 400)
    assert row.value == pytest.approx(0.5, abs=0.06)


@pytest.mark.parametrize(("per_patient", "low", "high"), [(5, 0.2, 0.75), (1, 0.9, 1.1)])
def test_patients_are_kept_together(per_patient, low, high):
    # each held-out patient has five times the same image: who has met a patient recognises the others
    rng = np.random.default_rng(0)
    images = gaussian_split(
        {"train": 60, "held_out": 60, "classic": 60, "synthetic": 60}, classes=1, per_patient=per_patient
    )
    features = {which: rng.normal(size=(60, 200)) for which in SETS}
    features["held_out"] = np.repeat(rng.normal(size=(12, 200)), 5, axis=0)
    assert low < found(measure(images, features), "two_sample_auc").value < high


def test_the_area_agrees_with_scikit_learn_where_images_count_several_times():
    rng = np.random.default_rng(0)
    scores, others = rng.integers(0, 5, 20).astype(float), rng.integers(1, 6, 15).astype(float)  # with ties
    times, other_times = rng.integers(0, 3, (4, 20)).astype(float), rng.integers(0, 3, (4, 15)).astype(float)

    def side(n, times):
        return Side(np.zeros((n, 1)), np.zeros(n, np.int64), np.zeros(n, np.int64), times)

    truth, both = np.repeat([1, 0], [20, 15]), np.concatenate([scores, others])
    expected = [
        roc_auc_score(truth, both, sample_weight=np.concatenate(w)) for w in zip(times, other_times, strict=True)
    ]
    np.testing.assert_allclose(area(side(20, times), side(15, other_times), scores, others), expected)


def test_only_images_of_one_fold_and_class_are_ranked():
    # (fold, class): (0, 0) won, (0, 1) lost, (1, 0) won twice of two; scores of the others would all be lower
    one = Side(np.zeros((3, 1)), np.array([0, 1, 0]), np.array([0, 0, 1]), np.ones((1, 3)))
    other = Side(np.zeros((4, 1)), np.array([0, 1, 0, 0]), np.array([0, 0, 1, 1]), np.ones((1, 4)))
    result = area(one, other, np.array([5.0, 1, 9]), np.array([4.0, 2, 8, 8]))
    assert result.tolist() == [3 / 4]


def test_fewer_than_five_patients_are_too_few():
    rng = np.random.default_rng(0)
    images = gaussian_split({"train": 40, "held_out": 12, "classic": 40, "synthetic": 40}, per_patient=2)
    # six held-out patients with a lesion of each class
    features = {which: rng.normal(size=(len(getattr(images, which)), 2)) for which in SETS}
    assert np.isfinite(found(measure(images, features), "two_sample_auc").value)
    images = gaussian_split({"train": 40, "held_out": 8, "classic": 40, "synthetic": 40}, per_patient=2)
    features["held_out"] = features["held_out"][:8]
    for name in ("all", "a"):
        row = found(measure(images, features), "two_sample_auc", class_name=name)
        assert np.isnan(row.value)
        assert np.isnan(row.draws).all()


def test_without_training_lesions_there_is_no_floor():
    rng = np.random.default_rng(0)
    images = gaussian_split({"train": 20, "held_out": 20, "classic": 20, "synthetic": 20})
    measured = measure(images, {which: rng.normal(size=(20, 2)) for which in ("held_out", "synthetic")})
    assert {row.images for row in measured} == {"synthetic"}
