import base64
import io
import json

import numpy as np
import pytest
from fake_run import write_fake_run
from PIL import Image

from liverlab.evaluation.evaluate import evaluate
from liverlab.evaluation.gained_lost import SHOWN
from liverlab.exhibits import MOST_GRIDS, SHOWN_PER_CLASS
from liverlab.quality.copies import PAIRS
from liverlab.report.copies_section import MOST_GALLERIES
from liverlab.report.figures import tiles
from liverlab.report.image_grids import augmentation_tiles, sample_grids
from liverlab.report.page import write_report

SKILL = {"classic": 0.65, "dcgan": 0.7}


def size(uri):
    return Image.open(io.BytesIO(base64.b64decode(uri.split(",")[1]))).size


def gray_pools(folder, **counts):
    """One class; each array of that many images."""
    named = {name: np.full((count, 64, 64), 9, np.uint8) for name, count in counts.items()}
    labels = {f"{name}_labels": np.zeros(count, int) for name, count in counts.items()}
    np.savez(folder / "samples.npz", **named, **labels)


def test_real_beside_every_pool_by_name(tmp_path):
    gray_pools(tmp_path, real=40, pool_0=64, pool_1=64)
    pools = [
        ("pool_0", "dcgan", "dcgan_aug"),
        ("pool_1", "acgan", "paper-acgan"),
        (None, "placebo", "b"),
    ]
    run = {"samples": [dict(zip(("name", "kind", "arm"), pool, strict=True)) for pool in pools]}
    found = sample_grids(tmp_path, run, ["cyst", "metastasis"])
    cyst, metastasis = (entry["grids"] for entry in found["classes"])
    assert [(grid["title"], grid["count"]) for grid in cyst] == [
        ("Real", 40), ("dcgan, added in dcgan_aug", 64), ("acgan, added in paper-acgan", 64),
    ]  # fmt: skip
    assert [size(grid["image"]) for grid in cyst] == [(519, 324), (519, 519), (519, 519)]  # 8 x 65 - 1; 5 x 65 - 1
    assert metastasis == []  # none in this run
    assert found["left_out"] == ["placebo, added in b"]


def test_a_run_of_an_earlier_version_still_shows_its_one_pool(tmp_path):
    gray_pools(tmp_path, real=8, synthetic=8)
    [cyst] = sample_grids(tmp_path, {}, ["cyst"])["classes"]
    assert [grid["title"] for grid in cyst["grids"]] == ["Real", "Synthetic"]


def test_nothing_to_show(tmp_path):
    assert sample_grids(tmp_path, {"samples": None}, ["cyst"]) is None
    assert augmentation_tiles(tmp_path, {"augmentation": None}) is None
    assert augmentation_tiles(tmp_path, {}) is None


def report(folder):
    evaluate(folder, draws=50, flips=50)
    return write_report(folder).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    return write_fake_run(folder, SKILL, arm="dcgan", baseline="classic", generator="dcgan", patients=12)


def test_the_page_says_what_was_done_and_lists_the_layers(folder):
    text = report(folder)
    assert "a cyst of 23&nbsp;mm, the first training lesion of repeat 1, fold 1" in text
    assert "Of its 82 images" in text
    assert "<figcaption>turned by 9°, then flipped up-down</figcaption>" in text
    assert 'alt="8 images of the class cyst: dcgan, added in dcgan"' in text
    layers = text.split('aria-label="Layers: classifier, cnn"')[1].split("</table>")[0]
    for cell in ("3&nbsp;×&nbsp;3, 1", "62&nbsp;×&nbsp;62&nbsp;×&nbsp;32", "<td>123008</td>", "369,347"):
        assert cell in layers


def test_a_run_of_an_earlier_version_says_what_it_lacks(folder):
    run = json.loads((folder / "run.json").read_text())
    for key in ("augmentation", "networks"):
        del run[key]
    (folder / "run.json").write_text(json.dumps(run))
    text = report(folder)
    assert "no examples of its classic images: it was written by an earlier version" in text
    assert "do not describe its networks" in text
    run["networks"] = []
    for arm in run["arms"].values():
        arm["training_images"]["classic"] = 0
    (folder / "run.json").write_text(json.dumps(run))
    text = report(folder)
    assert "Classic augmentation" not in text
    assert "No arm of this run trains a network." in text


def test_grids_of_three_classes_and_two_generators_keep_the_page_small(tmp_path):
    rng = np.random.default_rng(0)
    # noise of 10 gray levels, as in the phantom and in CT, is what a PNG cannot shrink
    images = rng.normal(128, 10, (3 * 64, 64, 64)).clip(0, 255).astype(np.uint8)
    labels = np.repeat(range(3), 64)
    arrays = dict.fromkeys(("real", "pool_0", "pool_1"), images)
    np.savez(tmp_path / "samples.npz", **arrays, **{f"{name}_labels": labels for name in arrays})
    run = {"samples": [{"name": f"pool_{i}", "kind": "acgan", "arm": "a"} for i in range(2)]}
    found = sample_grids(tmp_path, run, ["a", "b", "c"])
    assert sum(len(grid["image"]) for entry in found["classes"] for grid in entry["grids"]) < 2.5e6


def test_the_largest_page_of_noise_stays_under_five_megabytes(tmp_path):
    skill = {"classic": 0.6, "a": 0.6, "b": 0.7, "c": 0.7, "d": 0.7, "acgan": 0.7}
    pools = [f"pool_{i}" for i in range(MOST_GRIDS // 3)]  # of three classes each
    write_fake_run(tmp_path, skill, arm="acgan", baseline="classic", generator="acgan", patients=90, repeats=1)
    noise = np.random.default_rng(0).normal(128, 10, (3 * SHOWN_PER_CLASS, 64, 64)).clip(0, 255).astype(np.uint8)
    labels = {f"{name}_labels": np.repeat(range(3), SHOWN_PER_CLASS) for name in ("real", *pools)}
    np.savez(tmp_path / "samples.npz", **dict.fromkeys(("real", *pools), noise), **labels)
    run = json.loads((tmp_path / "run.json").read_text())
    run["samples"] = [{"name": name, "kind": "acgan", "arm": "acgan"} for name in pools]
    (tmp_path / "run.json").write_text(json.dumps(run))
    metrics = evaluate(tmp_path, draws=50, flips=50)
    shown = [change["lesion_id"] for part in metrics["changes"]["shown"].values() for change in part]
    assert len(shown) == 2 * SHOWN
    np.savez(tmp_path / "changes.npz", lesions=np.array(shown), images=noise[: len(shown)])
    path = write_report(tmp_path)
    pair = len(tiles(noise[:2]))
    assert path.read_text(encoding="utf-8").count("data:image/png") >= 3 * (1 + len(pools)) + len(shown)
    assert path.stat().st_size + MOST_GALLERIES * PAIRS * pair < 5_000_000
