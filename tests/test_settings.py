import re
import shutil
from dataclasses import asdict

import pytest

from data_modules.errors import InputError
from liverlab import settings
from liverlab.config import ExperimentConfig
from liverlab.settings import EXPERIMENTS, experiment_names, load_experiment, profile_changes, protocol_name


@pytest.mark.parametrize("name", experiment_names())
def test_every_experiment_file_loads_and_opens_with_its_command(name):
    config = load_experiment(name, ["profile=paper"])
    assert config.name == name.replace("/", "-")
    assert (EXPERIMENTS / f"{name}.yaml").read_text().startswith(f"# make experiment EXP={name}\n# ")
    if config.compare_with:
        load_experiment(config.compare_with)


@pytest.mark.parametrize("profile", ["paper", "laptop", "smoke"])
def test_every_profile_loads(profile):
    assert load_experiment("acgan_aug", [f"profile={profile}"]).profile == profile
    assert {path.stem for path in (EXPERIMENTS / "profiles").glob("*.yaml")} == {"paper", "laptop", "smoke"}


def test_paper_is_the_defaults():
    changed = {"name", "description", "profile", "generator", "compare_with", "also_compare"}
    paper, defaults = asdict(load_experiment("acgan_aug", ["profile=paper"])), asdict(ExperimentConfig())
    assert {key for key in defaults if paper[key] != defaults[key]} == changed


def test_an_experiment_file_wins_over_the_profile(monkeypatch, tmp_path):
    shutil.copytree(EXPERIMENTS, tmp_path / "e")
    (tmp_path / "e" / "mine.yaml").write_text("extends: acgan_aug\nclassic:\n  size: 3000\n")
    monkeypatch.setattr(settings, "EXPERIMENTS", tmp_path / "e")
    config = load_experiment("mine", ["profile=laptop"])
    assert (config.classic.size, config.synthetic.size) == (3000, 200)
    assert "classic.size" not in {change.setting for change in profile_changes("mine", ["profile=laptop"])}


def test_every_number_that_a_profile_changed_is_listed():
    changes = {
        c.setting: (c.published, c.used) for c in profile_changes("acgan_aug", ["profile=smoke", "acgan.epochs=3"])
    }
    assert changes["data.phantom_lesions"] == (182, 24)
    assert changes["classifier.channels"] == ([32, 64, 128], [4, 8, 16])
    assert "acgan.epochs" not in changes  # set by the user, under any profile


def test_later_layers_win():
    assert load_experiment("acgan_aug", ["profile=laptop"]).classic.size == 1000
    assert load_experiment("acgan_aug", ["profile=laptop", "classic.size=7", "folds=[1]"]).classic.size == 7
    assert load_experiment("acgan_aug").generator == "acgan"


def test_profile_auto_is_resolved(monkeypatch):
    import torch

    monkeypatch.setattr(torch.accelerator, "is_available", lambda: True)
    assert load_experiment("acgan_aug").profile == "paper"
    monkeypatch.setattr(torch.accelerator, "is_available", lambda: False)
    assert load_experiment("acgan_aug").profile == "laptop"


@pytest.mark.parametrize(
    ("name", "override", "sentence"),
    [
        ("acgan_agu", None, "No experiment named 'acgan_agu' in experiments/. Did you mean 'acgan_aug'?"),
        ("zebra", None, "'zebra' in experiments/. There are: acgan_aug, acgan_nested, classic_aug, controls/a_a"),
        ("acgan_aug", "acgan.lrr=1", "Setting 'acgan.lrr': Key 'lrr' not in 'ACGANConfig'. Did you mean: 'lr'?"),
        ("acgan_aug", "acgan.lr=fast", "Setting 'acgan.lr': Value 'fast' of type 'str' could not be converted"),
        ("acgan_aug", "acgan.discriminator=wgan", "expected one of ['odena', 'dcgan']"),
        ("acgan_aug", "profile=gpu", "expected one of ['auto', 'paper', 'laptop', 'smoke']"),
        ("acgan_aug", "protocol=strict", "Invalid value 'strict', expected one of ['paper', 'honest']"),
        ("acgan_aug", "protocol=[honest]", "Setting 'protocol': "),
        ("acgan_aug", "folds=[7]", "folds=[7]: there is no fold 7; n_folds=3 gives folds 0 to 2."),
        ("acgan_aug", "folds=[]", "folds=[]: no fold is left to run."),
        ("acgan_aug", "n_folds=1", "n_folds: 1 is too small; it starts at 2."),
        ("acgan_aug", "repeats=0", "repeats: 0 is too small; it starts at 1."),
        ("acgan_aug", "augmentation=none", "a generator is trained on the classic pool"),
        ("controls/classic_more", "augmentation=none", "it continues the classic pool; set augmentation=classic."),
        ("controls/placebo", "method=bovw", "set generator=none"),
        ("classic_aug", "control.real_images=false", "generator=none makes none. Set a generator."),
        ("controls/corrupted_labels", "control.permuted_labels=true", "labels are either corrupted or permuted"),
        ("controls/synthetic_only", "control.corrupted_labels=0.3", "leaves no real label to change"),
        ("acgan_aug", "control.permuted_labels=true", "the classes could be learned from it; corrupted_labels and"),
        ("acgan_aug", "roi.size=60", "the networks need 32, 64 or 128 pixels"),
        ("acgan_aug", "data.classes=[cyst]", "data.classes: ['cyst']; 2 to 20 different classes are possible."),
        ("profiles/laptop", None, "No experiment named 'profiles/laptop'"),
        ("acgan_aug", "fast", "'fast' is not a setting. Write key=value"),
        ("acgan_aug", "folds=[0", "'folds=[0' is not a setting. Write key=value"),
    ],
)  # fmt: skip
def test_a_wrong_setting_is_named(name, override, sentence):
    with pytest.raises(InputError, match=re.escape(sentence)):
        load_experiment(name, [override] if override else [])


@pytest.mark.parametrize(
    ("given", "folds", "repeats", "name"),
    [
        ([], 3, 1, "paper"),  # Frid-Adar et al. 2018, sec. 4
        (["protocol=honest"], 5, 5, "honest"),
        (["protocol=honest", "n_folds=4"], 4, 5, "custom"),
        (["repeats=2", "protocol=honest"], 5, 2, "custom"),
        (["protocol=honest", "repeats=5"], 5, 5, "honest"),
        (["n_folds=5", "repeats=5"], 5, 5, "custom"),
        (["folds=[0]"], 3, 1, "custom"),
    ],
)
def test_a_protocol_sets_folds_and_repeats_where_nobody_else_does(given, folds, repeats, name):
    config = load_experiment("no_aug", [*given, "profile=smoke"])
    assert (config.n_folds, config.repeats, protocol_name(config)) == (folds, repeats, name)


def test_an_experiment_file_and_its_numbers_of_a_profile_win_over_the_protocol(monkeypatch, tmp_path):
    shutil.copytree(EXPERIMENTS, tmp_path / "e")
    text = "extends: no_aug\nprotocol: honest\nn_folds: 4\nprofiles:\n  smoke:\n    repeats: 2\n"
    (tmp_path / "e" / "mine.yaml").write_text(text)
    monkeypatch.setattr(settings, "EXPERIMENTS", tmp_path / "e")
    found = [load_experiment("mine", [f"profile={profile}"]) for profile in ("laptop", "smoke")]
    assert [(config.n_folds, config.repeats) for config in found] == [(4, 5), (4, 2)]


def test_an_experiment_that_extends_itself_is_named(monkeypatch, tmp_path):
    (tmp_path / "a.yaml").write_text("extends: b\n")
    (tmp_path / "b.yaml").write_text("extends: a\n")
    monkeypatch.setattr(settings, "EXPERIMENTS", tmp_path)
    with pytest.raises(InputError, match="'a' extends itself: a -> b -> a"):
        load_experiment("a")


@pytest.mark.parametrize(("text", "sentence"), [("a: [1", "mine.yaml is not YAML"), ("- a", "must hold settings")])
def test_a_file_that_is_no_experiment_is_named(text, sentence, monkeypatch, tmp_path):
    (tmp_path / "mine.yaml").write_text(text)
    monkeypatch.setattr(settings, "EXPERIMENTS", tmp_path)
    with pytest.raises(InputError, match=sentence):
        load_experiment("mine")


def test_a_misspelt_key_in_a_file_is_named(monkeypatch, tmp_path):
    (tmp_path / "mine.yaml").write_text("generatr: acgan\n")
    (tmp_path / "profiles").mkdir()
    monkeypatch.setattr(settings, "EXPERIMENTS", tmp_path)
    with pytest.raises(InputError, match=r"'generatr'.*Did you mean: 'generator'"):
        load_experiment("mine")
