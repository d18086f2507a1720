"""A finished run of a hold-out with a curve over real lesions, invented."""

import json

from fake_run import write_fake_run

CURVE = {"real-91": 0.55, "real-182": 0.7, "real-364": 0.85}  # skill of each point


def write_fake_holdout(folder, *, repeats=3, shared=4, arms=None, **shape):
    """Arms beside the curve's points, all tested on the same 57 lesions in every repeat."""
    skill = CURVE | (arms or {"classic_aug": 0.7, "acgan_aug": 0.78})
    arm, baseline = list(skill)[-1], list(skill)[-2]
    write_fake_run(folder, skill, arm=arm, baseline=baseline, folds=1, repeats=repeats, **shape)
    run = json.loads((folder / "run.json").read_text())
    for split in run["splits"]:
        split |= {"train_lesions": 182, "train_patients": 100}
    for entry in run["generators"]:
        entry["holdout"] = True
    points = [{"arm": name, "value": int(name[5:]), "budget": "steps", "per_fold": float(name[5:])} for name in CURVE]
    run["curve"] = {"setting": "holdout.train_lesions", "scale": 1.0, "points": points}
    run["protocol"] |= {"folds": 3, "holdout": {"test_lesions": 55, "train_lesions": 182, "shared": shared}}
    (folder / "run.json").write_text(json.dumps(run))
    return folder
