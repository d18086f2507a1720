"""One invented run of four arms, and the same arms as two runs of two."""

import json

import pandas as pd
from fake_run import run_description, sign_predictions, write_fake_run

SKILL = {"none": 0.5, "classic": 0.6, "dcgan": 0.65, "acgan": 0.7}


def write_two_runs(folder, **shape):
    """Folders of the run of all arms, of "first" (classic against none) and "second" (acgan against dcgan)."""
    whole = write_fake_run(folder / "all", SKILL, arm="acgan", baseline="classic", **shape)
    frame = pd.read_csv(whole / "predictions.csv")
    parts = []
    for name, baseline, arm in (("first", "none", "classic"), ("second", "dcgan", "acgan")):
        (folder / name).mkdir()
        own = frame[frame["arm"].isin([baseline, arm])]
        own.to_csv(folder / name / "predictions.csv", index=False, float_format="%.6f")
        run = run_description(own, arm=arm, baseline=baseline, generator=None)
        (folder / name / "run.json").write_text(json.dumps(run))
        sign_predictions(folder / name)
        parts.append(folder / name)
    return whole, *parts


def edit_run(folder, **changes):
    """Change entries of run.json; those that are mappings on both sides are merged."""
    path = folder / "run.json"
    run = json.loads(path.read_text())
    for key, value in changes.items():
        run[key] = run.get(key, {}) | value if isinstance(value, dict) else value
    path.write_text(json.dumps(run))
