"""What a comparison of this size can see: detectable differences and the lesions that would decide.

Two ways: from the discordance between the arms, as if lesions were independent (Connor 1987, Biometrics 43:207, for
McNemar's test), and from the bootstrap's standard error, which knows about patients and training variation.
"""

from math import inf, sqrt

from scipy.stats import norm
from scipy.stats import t as student_t

Z_ALPHA = float(norm.ppf(0.975))  # two-sided 5 %
Z_POWER = float(norm.ppf(0.80))


def detectable_by_mcnemar(discordance: float, lesions: int) -> float | None:
    """Smallest difference in accuracy found with 80 % power among independent lesions.

    Solves Connor's sample size n d^2 = (z_a sqrt(psi) + z_b sqrt(psi - d^2))^2 for d, a quadratic in d.

    Args:
        discordance: psi, the share of lesions that exactly one of the two arms classifies correctly.
        lesions: n, independent lesions.

    Returns:
        d, or None where it would exceed the discordance (too few lesions) or nothing is discordant.
    """
    if discordance <= 0:
        return None
    root = Z_ALPHA**2 * lesions * discordance - (lesions + Z_POWER**2) * (Z_ALPHA**2 - Z_POWER**2) * discordance
    if root < 0:
        return None
    d = (Z_ALPHA * sqrt(lesions * discordance) + sqrt(root)) / (lesions + Z_POWER**2)
    return d if d <= discordance else None


def detectable_by_bootstrap(standard_error: float, degrees: float = inf) -> float | None:
    """Smallest difference found with 80 % power given the standard error of the difference: (1.96 + 0.84) SE."""
    reach = float(student_t.ppf(0.975, degrees) + student_t.ppf(0.80, degrees))
    return reach * standard_error if standard_error > 0 else None


def lesions_needed(difference: float, detectable: float | None, lesions: int) -> int | None:
    """Lesions, with as many per patient as here, whose detectable difference would equal the observed one.

    The standard error falls with the square root of the number of patients. None where the observed difference is 0.
    """
    if detectable is None or difference == 0:
        return None
    return max(1, round(lesions * (detectable / abs(difference)) ** 2))
