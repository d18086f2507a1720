"""What kinds of each lesion there are, how often, and at which sizes; shares as published for the portal phase.

Shares are dealt as quotas, not drawn one by one, so that a cohort's mix hardly depends on luck.
"""

import numpy as np

# Subtype -> (share of the class, smallest and largest diameter in mm, class that it mimics or "").
SUBTYPES: dict[str, dict[str, tuple[float, float, float, str]]] = {
    "cyst": {
        "simple": (0.94, 0, 999, ""),
        "dense_septated": (0.06, 0, 999, "metastasis"),
    },
    "metastasis": {
        "solid": (0.20, 0, 999, "hemangioma"),
        "rim": (0.29, 0, 999, ""),
        "rim_necrotic": (0.24, 25, 999, ""),
        "hypervascular": (0.11, 0, 999, "hemangioma"),
        "cystic": (0.09, 0, 999, "cyst"),
        "calcified": (0.07, 0, 999, ""),
    },
    "hemangioma": {
        "typical": (0.70, 0, 999, ""),
        "flash": (0.15, 0, 20, "metastasis"),
        "atypical": (0.11, 0, 999, "metastasis"),
        "giant_scar": (0.04, 50, 999, ""),
    },
}
# Share of lesions that are two grown together: two-lobed cysts, confluent metastases.
TWO_LOBED = {"cyst": 0.10, "metastasis": 0.20, "hemangioma": 0.0}


def draw_subtypes(class_name: str, diameters_mm: list[float], rng: np.random.Generator) -> list[str]:
    """A subtype for each lesion of one class, by quota; the first subtype of the class takes what is left.

    Subtypes bound to a size are dealt first, among the lesions of that size only.
    """
    rows = SUBTYPES[class_name]
    default = next(iter(rows))
    result = [default] * len(diameters_mm)
    by_range = sorted((name for name in rows if name != default), key=lambda name: rows[name][2] - rows[name][1])
    for name in by_range:
        share, low, high, _ = rows[name]
        free = [i for i, d in enumerate(diameters_mm) if result[i] == default and low <= d < high]
        for i in rng.permutation(free)[: _quota(share, len(diameters_mm), rng)]:
            result[int(i)] = name
    return result


def draw_lobes(class_name: str, lesions: int, rng: np.random.Generator) -> list[int]:
    """Number of lobes, 1 or 2, of each lesion of one class, by quota."""
    two = rng.permutation(lesions) < _quota(TWO_LOBED[class_name], lesions, rng)
    return [2 if chosen else 1 for chosen in two]


def _quota(share: float, lesions: int, rng: np.random.Generator) -> int:
    """A share of the lesions as a whole number, up or down so that it is right on average."""
    return int(share * lesions + rng.uniform())
