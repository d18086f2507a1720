"""A fake run whose config and generator settings are complete, as the pipeline writes them."""

import json
from dataclasses import asdict

import yaml
from fake_run import sign_predictions, write_fake_run

from liverlab.config import ExperimentConfig
from liverlab.evaluation.evaluate import evaluate

TWO = {"classic": 0.6, "acgan": 0.7}
QUALITY = {
    "draws": 200,
    "pools": [
        {
            "arm": "acgan",
            "rows": [{"features": "radiomics", "measure": measure} for measure in ("kid", "coverage", "density")],
            "copies": {"rows": [{"images": "synthetic"}]},
        }
    ],
}
POINTS = [{"arm": arm, "budget": "steps", "value": i, "per_fold": 1.0} for i, arm in enumerate(("dcgan", "acgan"))]
# a run whose arm is the best of two on the test folds
CHOSEN = {
    "skill": {"classic": 0.6, "dcgan": 0.62, "acgan": 0.8},
    "generator": None,
    "baseline": "classic",
    "changes": {"selection": "test", "curve": {"setting": "synthetic.size", "scale": 1.0, "points": POINTS}},
}


def write_full_run(folder, skill=None, *, changes=None, quality=None, generator="acgan", **shape):
    """Write and evaluate a run; `changes` replace keys of run.json, one by dotted name each."""
    skill = skill or TWO
    names = list(skill)
    shape = {"arm": names[-1], "baseline": names[-2] if len(names) > 1 else None, "generator": generator} | shape
    write_fake_run(folder, skill, **shape)
    run = json.loads((folder / "run.json").read_text())
    config = asdict(ExperimentConfig(name="fake"))
    run["config_yaml"] = yaml.safe_dump(json.loads(json.dumps(config)))
    for arm in run["arms"].values():
        arm["details"] = config["acgan"] if arm["generator"] else {}
    for path, value in (changes or {}).items():
        *parents, last = path.split(".")
        part = run
        for key in parents:
            part = part[key]
        part[last] = value
    (folder / "run.json").write_text(json.dumps(run))
    sign_predictions(folder)
    evaluate(folder, draws=200, flips=200)
    if quality:
        (folder / "quality.json").write_text(json.dumps(quality))
    return folder
