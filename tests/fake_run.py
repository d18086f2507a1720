"""A finished run's folder with invented numbers, in the layout that the pipeline writes."""

import hashlib
import itertools
import json
from pathlib import Path

import numpy as np
import pandas as pd

CLASSES = ("cyst", "metastasis", "hemangioma")


def fake_predictions(
    skill: dict[str, float], *, classes=CLASSES, patients=30, folds=3, repeats=1, seed=0
) -> pd.DataFrame:
    """Rows whose arms are right with about the given probability; one to three lesions per patient, of one class."""
    rng = np.random.default_rng(seed)
    lesions = [(f"P{p:03d}", f"L{p:03d}{i}", p % len(classes)) for p in range(patients) for i in range(1 + p // 9 % 3)]
    rows = []
    for repeat in range(repeats):
        fold_of = {f"P{p:03d}": (p // len(classes) + repeat) % folds for p in range(patients)}
        for patient, lesion, label in lesions:
            hardness = rng.normal()  # shared by the arms, so that they are correlated
            for arm, right in skill.items():
                logits = rng.normal(0, 0.7, len(classes))
                logits[label] += 4 * (right - 0.5) - 0.8 * hardness
                p = np.round(np.exp(logits) / np.exp(logits).sum(), 6)
                key = (arm, repeat, fold_of[patient], lesion, patient, classes[label], classes[int(p.argmax())])
                rows.append((*key, *p))
    columns = ["arm", "repeat", "fold", "lesion_id", "patient_id", "label", "predicted"]
    return pd.DataFrame(rows, columns=columns + [f"p_{c}" for c in classes])


def run_description(predictions: pd.DataFrame, *, arm: str, baseline: str | None, generator: str | None) -> dict:
    """What `run.json` holds, consistent with the predictions."""
    classes = [column[2:] for column in predictions.columns if column.startswith("p_")]
    first = predictions[predictions["arm"] == predictions["arm"].iloc[0]]
    lesions = first.drop_duplicates("lesion_id")
    splits = []
    for (repeat, fold), test in first.groupby(["repeat", "fold"]):
        train = first[(first["repeat"] == repeat) & (first["fold"] != fold)]
        splits.append(
            {
                "repeat": int(repeat),
                "fold": int(fold),
                "train_lesions": len(train),
                "test_lesions": len(test),
                "train_patients": train["patient_id"].nunique(),
                "test_patients": test["patient_id"].nunique(),
                "test_per_class": {c: int((test["label"] == c).sum()) for c in classes},
            }
        )
    arms = {
        name: {
            "description": f"Invented numbers for the arm {name}.",
            "training_images": {"real": 120, "classic": 2400, "synthetic": 1200 if name == arm and generator else 0},
            "steps": 1500,
            "epochs": 25.8,
            "generator": generator if name == arm else None,
            "details": {"learning_rate": 0.001},
        }
        for name in dict.fromkeys(predictions["arm"])
    }
    spread = [
        {
            "repeat": 0,
            "fold": 0,
            "class": c,
            "real_mean_distance": 0.31,
            "synthetic_mean_distance": d,
            "ratio": d / 0.31,
        }
        for c, d in zip(classes, (0.27, 0.12, 0.29), strict=False)
    ]
    return {
        "experiment": "fake",
        "arm": arm,
        "baseline": baseline,
        "also_compare": [],
        "class_names": classes,
        "profile": "laptop",
        "profile_changes": [
            {"setting": "classifier.width", "published": 32, "used": 16},
            {"setting": "classic.per_fold", "published": 5000, "used": 1200},
            {"setting": "acgan.epochs", "published": 50, "used": 12},
        ],
        "budget": "steps",
        "cohort": {
            "lesions": len(lesions),
            "patients": lesions["patient_id"].nunique(),
            "per_class": {c: int((lesions["label"] == c).sum()) for c in classes},
            "fingerprint": "0123456789ab",
            "phantom": True,
            "sources": ["phantom"],
        },
        "splits": splits,
        "overrides": ["seed=3"],
        "arms": arms,
        "spread": spread if generator else None,
        "samples": [{"name": "pool_0", "kind": generator, "arm": arm}] if generator else None,
        "augmentation": fake_augmentation(arm, classes[0]),
        "networks": FAKE_NETWORKS,
        "generators": fake_generators(generator, arm, splits, classes) if generator else [],
        "leak_checks": [
            {"check": "Patients on both sides of a split", "result": "0 in 3 splits", "verdict": "clean"},
            {
                "check": "Test patients behind a generator or a pool",
                "result": "0, behind 3 classifiers",
                "verdict": "clean",
            },
        ],
        "protocol": {
            "name": "custom",
            "folds": int(first["fold"].nunique()),
            "repeats": int(first["repeat"].nunique()),
            "seed": 7,
        },
        "versions": {"python": "3.11.2", "torch": "2.13.0", "liverlab": "0.1.0"},
        "hardware": "2 CPU cores",
        "seconds": 913.4,
        "resumed": 0,
        "created": "2026-01-05T10:20:30+00:00",
        "config_yaml": "experiment: fake\nclassifier:\n  lr: 0.001\n",
    }


def fake_augmentation(arm: str, class_name: str) -> dict:
    """The original, a rotation and a flip, for three images."""
    place = {"arm": arm, "repeat": 0, "fold": 0, "per_lesion": 82}
    captions = ["original", "turned by 112°", "turned by 9°, then flipped up-down"]
    return place | {"class": class_name, "diameter_mm": 23.4, "pixel_mm": 0.75, "captions": captions}


FAKE_NETWORKS = [
    {
        "network": "classifier",
        "kind": "cnn",
        "input": [1, 64, 64],
        "layers": [
            {"layer": "convolution", "kernel": 3, "stride": 1, "output": [32, 62, 62], "parameters": 320},
            {"layer": "flatten", "kernel": None, "stride": None, "output": [123008], "parameters": 0},
            {"layer": "dense", "kernel": None, "stride": None, "output": [3], "parameters": 369027},
        ],
        "parameters": 369347,
        "arms": ["classic", "acgan"],
    }
]


def write_fake_run(
    folder: Path, skill: dict[str, float], *, arm: str, baseline: str | None, generator: str | None = None, **shape
) -> Path:
    """Write a run's tables, run.json, augmentation.npz and, with a generator, its curves and samples.npz."""
    folder.mkdir(parents=True, exist_ok=True)
    predictions = fake_predictions(skill, **shape)
    predictions.to_csv(folder / "predictions.csv", index=False, float_format="%.6f")
    run = run_description(predictions, arm=arm, baseline=baseline, generator=generator)
    (folder / "run.json").write_text(json.dumps(run))
    sign_predictions(folder)
    _curves(predictions, skill).to_csv(folder / "learning_curves.csv", index=False, float_format="%.6f")
    np.savez(folder / "augmentation.npz", images=_samples(1)["real"][:3])
    if generator:
        generator_curves(run["generators"], run["class_names"]).to_csv(folder / "generator_curves.csv", index=False)
        np.savez(folder / "samples.npz", **_samples(len(run["class_names"])))
    return folder


def sign_predictions(folder: Path) -> None:
    """Record the fingerprint of predictions.csv, as a run does."""
    run = json.loads((folder / "run.json").read_text())
    run["predictions_sha256"] = hashlib.sha256((folder / "predictions.csv").read_bytes()).hexdigest()
    (folder / "run.json").write_text(json.dumps(run))


def fake_generators(kind: str, arm: str, splits: list[dict], classes: list[str]) -> list[dict]:
    """An ACGAN per split, or a DCGAN per split and class; one collapsed, one is a second attempt."""
    collapsed = {
        "kind": "collapsed",
        "epoch": 5,
        "batches_seen": 380,
        "class": classes[1],
        "value": 0.06,
        "sentence": f"The images generated for {classes[1]} were nearly one image.",
        "stopped": False,
    }
    saturated = collapsed | {
        "kind": "saturated",
        "class": None,
        "value": 0.99,
        "sentence": "The discriminator was sure.",
    }
    entries = []
    for split, own in itertools.product(splits, classes if kind == "dcgan" else [None]):
        shown = [own] if own else classes
        found = [collapsed] if split is splits[0] and classes[1] in shown else []
        entries.append(
            {
                "arm": arm,
                "kind": kind,
                "repeat": split["repeat"],
                "fold": split["fold"],
                "class": own,
                "epochs": 12,
                "batches": 900 + 12 * split["fold"],
                "seconds": 301.5,
                "attempts": 1,
                "findings": found,
                "given_up": [],
                "d_real": 0.71 - 0.04 * split["fold"],
                "d_fake": 0.33,
                "kid": {c: 0.021 * (1 + i) for i, c in enumerate(shown)},
                "spread": {c: 0.06 if found and c == classes[1] else 0.81 for c in shown},
                "label_effect": None if own else 0.42,
            }
        )
    entries[-1] |= {"attempts": 2, "given_up": [{"seed": 11, "findings": [saturated]}]}
    return entries


def generator_curves(entries: list[dict], classes: list[str]) -> pd.DataFrame:
    """200 batches and 10 checks of each generator; the collapsed ones' KID stays high."""
    rng = np.random.default_rng(3)
    rows = []
    for entry in entries:
        place = {key: entry[key] for key in ("arm", "repeat", "fold", "class")}
        for i, step in enumerate(np.linspace(4, entry["batches"], 200).astype(int)):
            gap = 0.35 + 0.3 * np.exp(-step / 200) + rng.normal(0, 0.03)
            row = place | {"step": step, "d_loss": 1.3 - gap, "d_real": 0.5 + gap / 2, "d_fake": 0.5 - gap / 2}
            if i % 20 == 19:
                for c in entry["kid"]:
                    stuck = 0.15 * any(f["class"] == c for f in entry["findings"])
                    row[f"kid_{classes.index(c)}"] = stuck + 0.03 + 0.4 * np.exp(-step / 150) + rng.normal(0, 0.01)
                    row[f"spread_{classes.index(c)}"] = entry["spread"][c]
            rows.append(row)
    return pd.DataFrame(rows)


def _curves(predictions: pd.DataFrame, skill: dict[str, float]) -> pd.DataFrame:
    rng = np.random.default_rng(1)
    rows = []
    for arm, repeat, fold in predictions[["arm", "repeat", "fold"]].drop_duplicates().itertuples(index=False):
        for step in range(100, 1501, 100):
            grown = 1 - np.exp(-step / 400)
            test = 0.35 + (skill[arm] - 0.35) * grown + rng.normal(0, 0.015)
            train = 0.35 + 0.6 * grown + rng.normal(0, 0.01)
            rows.append((arm, repeat, fold, step, 1.1 - grown, train, test if step % 300 == 0 else None))
    return pd.DataFrame(
        rows, columns=["arm", "repeat", "fold", "step", "train_loss", "train_accuracy", "test_accuracy"]
    )


def _samples(num_classes: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(2)
    y, x = np.mgrid[-1:1:64j, -1:1:64j]
    labels = np.repeat(np.arange(num_classes), 8)

    def draw(label: int, blur: float) -> np.ndarray:
        radius, ring = rng.uniform(0.4, 0.6), 0.12 * rng.normal(1, 0.2)
        distance = np.hypot(x - rng.normal(0, 0.05), y * rng.uniform(0.8, 1.2))
        inside = 1 / (1 + np.exp((distance - radius) / blur))
        rim = np.exp(-(((distance - radius) / ring) ** 2)) * (label == 1)
        image = 140 + (-70 + 50 * label) * inside + 30 * rim + rng.normal(0, 8, x.shape)
        return np.clip(image, 0, 255).astype(np.uint8)

    return {
        "real": np.stack([draw(label, 0.03) for label in labels]),
        "real_labels": labels,
        "pool_0": np.stack([draw(label, 0.12) for label in labels]),
        "pool_0_labels": labels,
    }
