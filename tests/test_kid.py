import numpy as np
import pytest
import torch
from torchmetrics.image.kid import poly_mmd

from liverlab.quality.kid import kid


def one(x, y, patients=None):
    """KID of two sets as they are, by default of one patient an image."""
    patients = patients or (np.arange(len(x)), np.arange(len(y)))
    return kid((x, y), patients, (np.ones((1, len(x))), np.ones((1, len(y)))))[0]


def by_definition(x, y, patients):
    def kernel(a, b):
        return (a @ b / len(a) + 1) ** 3

    def within(rows, whose):
        return np.mean([kernel(a, b) for a, p in zip(rows, whose, strict=True)
                        for b, q in zip(rows, whose, strict=True) if p != q])  # fmt: skip

    return within(x, patients[0]) + within(y, patients[1]) - 2 * np.mean([kernel(a, b) for a in x for b in y])


def test_equal_numbers_give_what_torchmetrics_gives():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 30, 8))
    assert one(x, y + 0.3) == pytest.approx(float(poly_mmd(torch.tensor(x), torch.tensor(y + 0.3))), rel=1e-9)


def gaussian_kernel_mean(a, b):
    """E (x y / D + 1)^3 of independent x ~ N(a, 1), y ~ N(b, 1), by the moments of the scalar product."""
    D, ab, aa, bb = len(a), a @ b, a @ a, b @ b
    second = D + aa + bb + ab**2
    third = ab**3 + 3 * ab * aa + 3 * ab * (bb + D + 2)
    return third / D**3 + 3 * second / D**2 + 3 * ab / D + 1


def test_the_mean_over_samples_of_any_size_is_the_gaussians_own():
    rng = np.random.default_rng(1)
    a, b = np.array([0.5, 0.0, -0.5]), np.array([1.0, 0.5, 0.0])
    expected = gaussian_kernel_mean(a, a) + gaussian_kernel_mean(b, b) - 2 * gaussian_kernel_mean(a, b)
    values = [one(a + rng.normal(size=(7, 3)), b + rng.normal(size=(12, 3))) for _ in range(4000)]
    assert expected > 0.5
    assert np.mean(values) == pytest.approx(expected, abs=4 * np.std(values) / np.sqrt(4000))


def test_pairs_of_one_patient_do_not_count():
    rng = np.random.default_rng(2)
    x, y = rng.normal(size=(6, 4)), rng.normal(size=(5, 4))
    patients = (np.array([1, 1, 1, 2, 3, 3]), np.array([7, 8, 8, 9, 9]))
    assert one(x, y, patients) == pytest.approx(by_definition(x, y, patients), rel=1e-9)


def test_images_of_few_patients_are_no_further_away():
    # three images a patient, who causes half of their variance
    rng = np.random.default_rng(3)
    patients = np.repeat(np.arange(8), 3)
    clustered = [(rng.normal(size=(8, 3))[patients] + rng.normal(size=(24, 3))) / np.sqrt(2) for _ in range(1500)]
    fresh = rng.normal(size=(1500, 20, 3))
    left_out, kept = (
        np.array([one(x, y, given and (patients, np.arange(20))) for x, y in zip(clustered, fresh, strict=True)])
        for given in (True, False)
    )
    error = left_out.std() / np.sqrt(1500)
    assert abs(left_out.mean()) < 4 * error
    assert kept.mean() > 10 * error


def test_weights_are_repeated_images_whose_copies_are_no_pairs():
    rng = np.random.default_rng(4)
    x, y = rng.normal(size=(5, 3)), rng.normal(size=(4, 3))
    times = (np.array([2, 0, 1, 3, 1]), np.array([1, 1, 0, 2]))
    places = [np.repeat(np.arange(len(n)), n) for n in times]
    expected = by_definition(x[places[0]], y[places[1]], places)
    both = kid((x, y), (np.arange(5), np.arange(4)), tuple(np.stack([np.ones(len(n)), n]) for n in times))
    assert both == pytest.approx([one(x, y), expected], rel=1e-9)


def test_turning_the_space_changes_nothing():
    rng = np.random.default_rng(5)
    x, y = rng.normal(size=(2, 10, 4))
    turn = np.linalg.qr(rng.normal(size=(4, 4)))[0]
    assert one(x @ turn, y @ turn) == pytest.approx(one(x, y), rel=1e-9)
    assert one(y, x) == pytest.approx(one(x, y), rel=1e-9)


def test_one_patient_is_too_few():
    rng = np.random.default_rng(6)
    x, y = rng.normal(size=(2, 4, 3))
    assert np.isnan(one(x, y, (np.zeros(4), np.arange(4))))


def test_a_perfect_generator_is_at_0_in_any_mix_of_classes_and_with_several_lesions_a_patient():
    """Two classes 2 apart in each of 6 features; two held-out lesions a patient, mostly of one class."""
    rng = np.random.default_rng(7)
    labels = (np.repeat([0, 1], 15), np.repeat([0, 1], 30))
    patients = (np.arange(30) // 2, np.arange(60))
    times = (np.ones((1, 30)), np.ones((1, 60)))
    sets = [tuple(rng.normal(size=(len(own), 6)) + 2 * own[:, None] for own in labels) for _ in range(800)]
    of_classes, of_all = (np.array([kid(each, patients, times, *more)[0] for each in sets]) for more in ((labels,), ()))
    assert abs(of_classes.mean()) < 4 * of_classes.std() / np.sqrt(800)
    assert of_all.mean() < -8 * of_all.std() / np.sqrt(800)


def test_a_class_that_is_not_in_a_draw_of_the_first_set_weighs_nothing():
    rng = np.random.default_rng(8)
    x, y = rng.normal(size=(8, 3)), rng.normal(size=(8, 3))
    labels, patients = np.repeat([0, 1], 4), np.arange(8)
    times = (np.array([[1.0] * 4 + [0.0] * 4]), np.ones((1, 8)))
    found = kid((x, y), (patients, patients), times, (labels, labels))
    assert found == pytest.approx([one(x[:4], y[:4])])
    lacking = kid((x, y[:5]), (patients, patients[:5]), (np.ones((1, 8)), np.ones((1, 5))), (labels, labels[:5]))
    assert np.isnan(lacking).all()  # a single image of the second class
