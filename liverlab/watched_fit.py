"""A generator's fit under watch: where the watch stopped it, and the settings say so, again with the next seed."""

import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from data_modules.errors import InputError

ATTEMPTS = "attempts.json"
Finding = dict[str, Any]


def fit_until_sound(
    folder: Path, seeds: Sequence[int], fit_once: Callable[[int], Sequence[Finding]], outputs: Sequence[str]
) -> None:
    """Fit with the first seed that the watch lets pass; note those that it stopped in `attempts.json`.

    Args:
        folder: Where the fit writes. An earlier process may have been killed at any point of this.
        seeds: To try, in this order.
        fit_once: Fits with a seed in the folder; returns what the watch found.
        outputs: Names of what a fit writes; a stopped one's are moved to `attempt-1/`, `attempt-2/`, ...

    Raises:
        InputError: If the watch stopped the last one as well.
    """
    path = folder / ATTEMPTS
    given_up: list[dict[str, Any]] = json.loads(path.read_text()) if path.is_file() else []
    while True:
        seed = seeds[len(given_up)]
        findings = list(fit_once(seed))
        stopped = [finding for finding in findings if finding["stopped"]]
        if not stopped:
            return
        if len(given_up) + 1 == len(seeds):
            tried = f" So did {len(given_up)} other seeds." if given_up else ""
            raise InputError(f"{stopped[0]['sentence']}{tried} The states before it are kept in {folder / 'states'}.")
        given_up.append({"seed": seed, "findings": findings})
        _set_aside(folder, outputs, folder / f"attempt-{len(given_up)}")
        path.write_text(json.dumps(given_up, indent=1))


def _set_aside(folder: Path, outputs: Sequence[str], target: Path) -> None:
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir()
    for name in outputs:
        if (folder / name).exists():
            (folder / name).replace(target / name)
