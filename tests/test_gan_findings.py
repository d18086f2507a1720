import math

import pytest

from callbacks.gan_findings import find_all, find_non_finite

HEALTHY = {"d_loss": 1.2, "g_loss": 0.9, "d_real": 0.6, "d_fake": 0.4, "generator_gradient": 3.0, "weights": 5.0}


def epoch(number, **changes):
    return HEALTHY | {"epoch": number, "batches_seen": 10 * number, "frozen": False} | changes


def check(number, **changes):
    return {"epoch": number, "spread_0": 0.8, "spread_1": 0.7, "label_effect": 0.3} | changes


def find(epochs, checks=(), max_epochs=9):
    return find_all(
        epochs, checks, max_epochs=max_epochs, class_names=("cyst", "metastasis"), saturated_epochs=3,
        saturated_gap=0.9, collapsed_spread=0.1, ignored_label=0.02, vanished_gradient=1e-6,
    )  # fmt: skip


def only(found):
    assert len(found) == 1
    return found[0]


def test_nothing_is_found_in_a_healthy_fit():
    assert find([epoch(n) for n in range(1, 10)], [check(n) for n in range(1, 10)]) == []


@pytest.mark.parametrize(
    ("name", "words"), [("d_loss", "discriminator's loss"), ("g_loss", "generator's loss"), ("weights", "weights")]
)
@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_non_finite(name, words, value):
    found = only(find([epoch(1), epoch(2, **{name: value})]))
    assert (found.kind, found.epoch, found.batches_seen, found.value) == ("non_finite", 2, 20, None)
    assert words in found.sentence
    assert "lower lr" in found.sentence


def test_a_gradient_that_overflowed_in_half_precision_is_no_finding():
    # the step was skipped by the scaler
    assert list(find_non_finite(epoch(1, generator_gradient=math.inf, discriminator_gradient=math.inf))) == []


SATURATED = {"d_real": 0.99, "d_fake": 0.05}


def test_saturated_after_so_many_epochs_in_a_row():
    found = only(find([epoch(1)] + [epoch(n, **SATURATED) for n in (2, 3, 4)]))
    assert (found.kind, found.epoch) == ("saturated", 4)
    assert found.value == pytest.approx(0.94)
    assert "3 epochs up to epoch 4" in found.sentence
    assert "0.990" in found.sentence
    assert "0.050" in found.sentence


def test_saturated_not_before_and_not_with_a_pause():
    assert find([epoch(n, **SATURATED) for n in (1, 2)]) == []
    assert find([epoch(1, **SATURATED), epoch(2), epoch(3, **SATURATED), epoch(4, **SATURATED)]) == []


def test_vanished_gradient():
    found = only(find([epoch(1, generator_gradient=1e-7)]))
    assert (found.kind, found.value) == ("vanished_gradient", 1e-7)
    assert "1e-07" in found.sentence


def test_frozen():
    assert only(find([epoch(1, frozen=True)])).kind == "frozen"


def test_collapsed_after_two_checks_in_a_row_of_one_class():
    checks = [check(3), check(6, spread_1=0.05), check(9, spread_1=0.04)]
    assert find([epoch(6)], checks[:2]) == []
    found = only(find([epoch(9)], checks))
    assert (found.kind, found.label, found.value) == ("collapsed", 1, 0.04)
    assert "epoch 6 and of epoch 9" in found.sentence
    assert "metastasis" in found.sentence
    assert "4.0%" in found.sentence


def test_a_class_that_recovers_between_two_checks_has_not_collapsed():
    assert find([epoch(9)], [check(3, spread_0=0.05), check(6), check(9, spread_0=0.05)]) == []


GREY = {"spread_0": 0.01, "spread_1": 0.01, "label_effect": 0.001}


def test_the_grey_images_of_the_first_third_are_not_counted():
    grey = [check(n, **GREY) for n in (1, 2, 3)]
    assert find([epoch(3)], grey) == []
    assert {found.kind for found in find([epoch(4)], [*grey, check(4, **GREY)])} == {"collapsed", "ignored_label"}


def test_an_only_check_decides_at_the_end_of_the_fit_alone():
    assert find([epoch(5)], [check(5, **GREY)]) == []
    kinds = [(found.kind, found.label) for found in find([epoch(9)], [check(9, **GREY)])]
    assert kinds == [("collapsed", 0), ("collapsed", 1), ("ignored_label", None)]


def test_ignored_label():
    found = only(find([epoch(9)], [check(6, label_effect=0.01), check(9, label_effect=0.005)]))
    assert (found.kind, found.label, found.value) == ("ignored_label", None, 0.005)
    assert "0.5%" in found.sentence


def test_a_generator_of_one_class_has_neither_the_others_spread_nor_a_label_effect():
    assert [f.label for f in find([epoch(9)], [{"epoch": n, "spread_1": 0.01} for n in (6, 9)])] == [1]


def test_what_could_not_be_measured_is_no_finding():
    assert find([epoch(9)], [check(n, spread_0=math.nan, spread_1=math.inf) for n in (6, 9)]) == []
