"""A run of the smallest size with all stages finished: twelve patients as DICOM, two folds, one of them fitted."""

import numpy as np
from dicom_examples import body, write_ct, write_manifest, write_seg

from liverlab.pipeline import plan_arm
from liverlab.settings import load_experiment
from liverlab.stages import complete, in_order

CLASSES = ("cyst", "metastasis", "hemangioma")
SETTINGS = [
    "profile=smoke", "tracking=none", "classic.size=32", "classifier.steps=4", "acgan.epochs=1", "dcgan.epochs=1",
    "acgan.batch_size=8", "dcgan.batch_size=4", "synthetic.size=3", "trainer.accelerator=cpu", "n_folds=2",
    "folds=[0]", "jobs=1",
]  # fmt: skip


def finished_run(folder):
    """Write `folder`/manifest.csv and the CTs beside it, and complete the stages of two arms below `folder`/runs."""
    rng = np.random.default_rng(0)
    rows = []
    for k in range(12):
        # each at a place of its own: at one place, two patients of one class would be one image but for the noise
        hu, masks = body(lesions=[(4, 30 + k // 3, 28 - 2 * (k // 3), 6 + k % 3, 20 * (k % 3) - 20)])
        write_ct(folder / f"{k}" / "CT", hu + rng.normal(0, 8, hu.shape).astype(np.int16))
        write_seg(folder / f"{k}" / "SEG.dcm", folder / f"{k}" / "CT", masks, ["lesion"])
        rows.append({"patient_id": f"P{k}", "lesion_id": "one", "class": CLASSES[k % 3], "image": f"{k}/CT",
                     "mask": f"{k}/SEG.dcm"})  # fmt: skip
    manifest = write_manifest(folder / "manifest.csv", rows)
    place = [f"data.manifest={manifest}", f"runs_dir={folder / 'runs'}"]
    for name in ("acgan_aug", "dcgan_aug"):
        for stage in in_order(plan_arm(load_experiment(name, [*SETTINGS, *place]), experiment=name)):
            complete(stage, folder / "runs")
    return folder
