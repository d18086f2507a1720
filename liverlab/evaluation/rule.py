"""The rule of the verdict: its numbers, fixed and fingerprinted before a run has results.

A rule chosen after the numbers are known can always be met. So a run writes `rule.json` before its first stage, and
evaluation refuses to apply another one (preregistration, Nosek et al. 2018, PNAS 115:2600, made by machine).
"""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from data_modules.errors import InputError
from data_modules.whole_file import replacing

FILE = "rule.json"
# A bootstrap of predictions keeps the trained networks; another training run would differ too. Our simulation of 101
# patients with 182 lesions needed standard errors of single arms larger by a tenth.
ARM_FACTOR = 1.1


@dataclass(frozen=True)
class Rule:
    """All that decides a verdict but the data.

    Attributes:
        rope: Half-width of the region of practical equivalence, as a share of lesions.
        draws: Of the patient-cluster bootstrap.
        flips: Sign patterns of the permutation test.
        alpha: Benefit and harm need a Holm-adjusted p below this.
        sure: And this probability of the direction.
        equivalent: Equivalence needs this probability of a difference within the rope.
        arm_factor: The standard error of one arm's metric is that of the bootstrap times this; differences between
            arms have the variance between splits instead (paired.py).
        version: Of the procedure; raised with every change that can change a verdict.
    """

    rope: float = 0.02
    draws: int = 5000
    flips: int = 10000
    alpha: float = 0.05
    sure: float = 0.975
    equivalent: float = 0.95
    arm_factor: float = ARM_FACTOR
    version: int = 2  # 1: bootstrap's error times 1.1, or the correlated t from ten splits; no Holm

    @property
    def hash(self) -> str:
        """Twelve hexadecimal digits over every field."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()[:12]


def freeze(folder: Path, rule: Rule) -> None:
    """Write the rule of a run that begins; one that was frozen before must be the same.

    A folder with results but no rule is left without: what is written now would claim to be older than they are.

    Raises:
        InputError: If another rule was frozen.
    """
    if frozen(folder, rule) or (folder / "predictions.csv").is_file():
        return
    with replacing(folder / FILE) as part:
        part.write_text(json.dumps(asdict(rule) | {"hash": rule.hash}, indent=1) + "\n")


def frozen(folder: Path, rule: Rule) -> bool:
    """Whether this rule was frozen before the run had results; False for a run older than frozen rules.

    Raises:
        InputError: If another rule was frozen.
    """
    path = folder / FILE
    if not path.is_file():
        return False
    written = json.loads(path.read_text())
    if written != asdict(rule) | {"hash": rule.hash}:
        raise InputError(
            f"{path} froze the verdict rule {written.get('hash')} before the run had results, and rule {rule.hash} was "
            "about to be applied, so nothing was evaluated. Use the settings and the version of liverlab that the run "
            "began with, or take the folder away and run again: finished stages are reused."
        )
    return True
