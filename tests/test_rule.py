import json

import pytest

from data_modules.errors import InputError
from liverlab.evaluation.rule import Rule, freeze, frozen


def test_every_number_of_the_rule_is_in_its_hash():
    changed = {"rope": 0.03, "draws": 4999, "flips": 9999, "alpha": 0.06, "sure": 0.97, "equivalent": 0.9,
               "arm_factor": 1.0, "version": 3}  # fmt: skip
    hashes = {Rule(**{name: value}).hash for name, value in changed.items()} | {Rule().hash}
    assert len(hashes) == 9
    assert all(len(text) == 12 and int(text, 16) >= 0 for text in hashes)


def test_a_frozen_rule_is_the_one_that_is_found(tmp_path):
    assert not frozen(tmp_path, Rule())
    freeze(tmp_path, Rule())
    assert frozen(tmp_path, Rule())
    assert json.loads((tmp_path / "rule.json").read_text())["hash"] == Rule().hash
    freeze(tmp_path, Rule())


def test_another_rule_is_refused_before_anything_runs(tmp_path):
    freeze(tmp_path, Rule())
    for step in (frozen, freeze):
        with pytest.raises(InputError, match=rf"froze the verdict rule {Rule().hash} .* rule {Rule(rope=0.05).hash} "):
            step(tmp_path, Rule(rope=0.05))


def test_a_rule_file_edited_by_hand_is_refused(tmp_path):
    freeze(tmp_path, Rule())
    path = tmp_path / "rule.json"
    path.write_text(path.read_text().replace('"alpha": 0.05', '"alpha": 0.2'))
    with pytest.raises(InputError, match="nothing was evaluated"):
        frozen(tmp_path, Rule())


def test_no_rule_is_written_beside_results_that_are_there(tmp_path):
    (tmp_path / "predictions.csv").touch()
    freeze(tmp_path, Rule())
    assert not (tmp_path / "rule.json").exists()
