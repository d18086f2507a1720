"""A finished run of a curve with both budgets, invented."""

import json

from fake_run import write_fake_run

SIZES = (0, 500, 1000, 2000, 3000, 5000, 7500, 10000, 15000)  # of the paper, per fold


def write_fake_curve(folder, *, selection="fixed", scale=1.0, setting="classic.size", sizes=SIZES):
    """Eighteen arms, the best at 3000 images and equal steps, which is not the declared one."""
    points = [
        {"arm": f"classic-{size}{suffix}", "value": round(size * scale), "budget": budget, "per_fold": float(size)}
        for budget, suffix in (("steps", ""), ("epochs", "-epochs"))
        for size in sizes
    ]
    skill = {point["arm"]: 0.55 + 0.00001 * point["per_fold"] for point in points} | {"classic-3000": 0.99}
    write_fake_run(folder, skill, arm="classic-5000", baseline="classic-0")
    run = json.loads((folder / "run.json").read_text())
    run |= {"selection": selection, "curve": {"setting": setting, "scale": scale, "points": points}}
    (folder / "run.json").write_text(json.dumps(run))
    return folder
