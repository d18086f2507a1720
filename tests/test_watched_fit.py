"""A fit that the watch stops, and what comes after it."""

import json
from contextlib import nullcontext
from dataclasses import asdict

import pytest

from callbacks.gan_findings import Finding
from callbacks.gan_log import GANLog
from callbacks.gan_watch import GANWatch
from callbacks.generator_ema import GeneratorEMA
from callbacks.sample_grid import SampleGrid
from data_modules.errors import InputError
from data_modules.folds import make_splits
from liverlab.arm_data import generator_data
from liverlab.settings import load_experiment
from liverlab.watched_fit import ATTEMPTS, WATCH, findings_of, fit_until_sound, watching


def finding(sentence="It broke.", *, stopped=True):
    return Finding("non_finite", 1, 5, None, None, sentence, stopped)


class FakeFit:
    """Writes a log and a state; a seed among `bad` is stopped."""

    def __init__(self, folder, bad=(), noted=()):
        self.folder, self.bad, self.noted, self.asked = folder, bad, list(noted), []

    def __call__(self, given_up, seed):
        self.asked.append((given_up, seed))
        for name in ("log", "states"):
            (self.folder / name).mkdir(exist_ok=True)
            (self.folder / name / f"state-{seed:08d}.ckpt").touch()
        stop = [finding(f"Seed {seed} broke.")] if seed in self.bad else []
        return self.noted + stop


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_sound_fit_is_kept(tmp_path):
    fit = FakeFit(tmp_path, noted=[finding(stopped=False)])
    fit_until_sound(tmp_path, [7, 8], fit)
    assert fit.asked == [(0, 7)]
    assert names(tmp_path) == ["log", "states"]


def test_the_next_seed_follows_one_that_was_stopped_and_its_files_are_set_aside(tmp_path):
    fit = FakeFit(tmp_path, bad=[7, 8])
    fit_until_sound(tmp_path, [7, 8, 9], fit)
    assert fit.asked == [(0, 7), (1, 8), (2, 9)]
    assert names(tmp_path) == ["attempt-1", "attempt-2", ATTEMPTS, "log", "states"]
    assert names(tmp_path / "attempt-2" / "log") == ["state-00000008.ckpt"]
    assert names(tmp_path / "log") == ["state-00000009.ckpt"]
    noted = json.loads((tmp_path / ATTEMPTS).read_text())
    assert [(attempt["seed"], attempt["findings"][0]["sentence"]) for attempt in noted] == [
        (7, "Seed 7 broke."), (8, "Seed 8 broke."),
    ]  # fmt: skip


def test_what_a_killed_attempt_found_is_not_taken_for_this_ones(tmp_path):
    (tmp_path / WATCH).write_text("[]")
    fit_until_sound(tmp_path, [7], lambda given_up, seed: [finding(stopped=(tmp_path / WATCH).exists())])


def test_the_last_seeds_sentence_reaches_the_user_and_its_state_is_kept(tmp_path):
    with pytest.raises(InputError, match=r"^Seed 8 broke\. 2 seeds .* state is kept: .*/state-00000008\.ckpt\.$"):
        fit_until_sound(tmp_path, [7, 8], FakeFit(tmp_path, bad=[7, 8]))
    assert names(tmp_path / "states") == ["state-00000008.ckpt"]
    assert names(tmp_path / "attempt-1" / "states") == ["state-00000007.ckpt"]
    # the same command again tries the last seed, from its state
    again = FakeFit(tmp_path, bad=[7, 8])
    with pytest.raises(InputError, match="Seed 8 broke"):
        fit_until_sound(tmp_path, [7, 8], again)
    assert again.asked == [(1, 8)]


def built(cohort, folder, *settings):
    config = load_experiment("acgan_aug", ["profile=smoke", "classic.size=60", "acgan.epochs=9", *settings])
    data = generator_data(config, cohort, make_splits(cohort, folds=3)[0], None)
    return watching(config, data, folder, class_names=cohort.class_names, seed=0)


def test_what_happens_beside_a_fit(tiny_cohort, tmp_path):
    (log, grid, last), watch = built(tiny_cohort, tmp_path, "watch.checks=3")
    assert last is watch
    assert (type(log), type(grid), type(watch)) == (GANLog, SampleGrid, GANWatch)
    assert (grid.every_n_epochs, watch.every_n_epochs) == (3, 3)
    assert watch.weights is nullcontext
    assert watch.stop_on == {"non_finite"}
    _, strict = built(tiny_cohort, tmp_path, "watch.action=retry")
    assert {"collapsed", "saturated", "ignored_label", "frozen"} < strict.stop_on


def test_with_an_average_samples_are_drawn_from_it(tiny_cohort, tmp_path):
    (ema, _, grid, _), watch = built(tiny_cohort, tmp_path, "acgan.ema_decay=0.9")
    assert isinstance(ema, GeneratorEMA)
    assert grid.weights == watch.weights == ema.applied


def test_findings_are_read_from_the_file_or_where_none_was_written_from_memory(tiny_cohort, tmp_path):
    _, watch = built(tiny_cohort, tmp_path)
    watch.findings = [finding("In memory.")]
    assert findings_of(watch) == watch.findings
    watch.path.write_text(json.dumps([asdict(finding("In the file."))]))
    assert findings_of(watch) == [finding("In the file.")]
