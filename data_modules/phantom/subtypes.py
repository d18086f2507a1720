"""What kinds of each lesion there are, how often, and at which sizes; shares as published for the portal phase.

Shares are dealt as quotas, not drawn one by one, so that a cohort's mix hardly depends on luck.
"""

import numpy as np

# Subtype -> (share of the class, smallest and largest diameter in mm, class that it mimics or "").
SUBTYPES: dict[str, dict[str, tuple[float, float, float, str]]] = {
    "cyst": {
        "simple": (0.84, 0, 999, ""),
        "two_lobed": (0.10, 0, 999, ""),
        "dense_septated": (0.06, 0, 999, "metastasis"),
    },
    "metastasis": {
        "solid": (0.25, 0, 999, "hemangioma"),
        "rim": (0.24, 0, 999, ""),
        "rim_necrotic": (0.14, 25, 999, ""),
        "confluent": (0.11, 0, 999, ""),
        "hypervascular": (0.11, 0, 999, "hemangioma"),
        "cystic": (0.09, 0, 999, "cyst"),
        "calcified": (0.06, 0, 999, ""),
    },
    "hemangioma": {
        "typical": (0.70, 0, 999, ""),
        "flash": (0.15, 0, 20, "metastasis"),
        "atypical": (0.11, 0, 999, "metastasis"),
        "giant_scar": (0.04, 50, 999, ""),
    },
}


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
        quota = int(share * len(diameters_mm) + rng.uniform())
        for i in rng.permutation(free)[:quota]:
            result[int(i)] = name
    return result
