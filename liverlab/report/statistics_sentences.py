"""Sentences of a methods section on metrics, inference, quality of synthetic images and software.

Only what was really computed is named; see `design_sentences.py`.
"""

from collections.abc import Iterator
from typing import Any

from liverlab.evaluation.further_metrics import BOUNDS
from liverlab.quality import distances
from liverlab.report.generator_words import listed
from liverlab.report.known_facts import Facts, Unknown
from liverlab.report.references import uncited

# of quality.json; several measures may come from one paper
QUALITY_MEASURES = {
    "kid": "kernel inception distance [@binkowski2018]",
    "fid": "Fréchet distance [@heusel2017]",
    "precision": "precision and recall [@kynkaanniemi2019]",
    "density": "density and coverage [@naeem2020]",
    "tstr": "the accuracy on real lesions of a classifier trained on synthetic ones",
    "trts": "that on synthetic images of one trained on real lesions",
    "two_sample_auc": "a classifier two-sample test [@lopezpaz2017]",
    "spectrum_distance": "the radial power spectrum",
    "ms_ssim": "the multiscale structural similarity within classes [@wang2003]",
}
FEATURE_SPACES = {
    "radiomics": "radiomic numbers",
    "cnn": "the split’s own classifier",
    "random": "networks with random weights",
    "own": "a network of the authors’",
    "pixels": "the pixels",
}
FURTHER = {
    "ppv": "predictive values",
    "f1": "F1",
    "mcc": "Matthews’ correlation [@gorodkin2004]",
    "average_precision": "average precision",
    "brier": "the Brier score [@brier1950]",
    "log_loss": "the log-loss",
}
LIBRARIES = {
    "torch": "PyTorch {} [@paszke2019]",
    "pytorch-lightning": "PyTorch Lightning {}",
    "torchmetrics": "TorchMetrics {}",
    "monai": "MONAI {}",
    "scikit-learn": "scikit-learn {} [@pedregosa2011]",
    "scipy": "SciPy {}",
    "numpy": "NumPy {}",
}


def metrics(facts: Facts) -> str:
    """What is measured of an arm."""
    facts.require("metrics.arms")
    part = "repeats" if facts.get("metrics.holdout") else "folds"
    return (
        "Metrics were accuracy, specificity (one-vs-rest, averaged with prevalence weights as by Frid-Adar et al. "
        "[@frid2018]; so weighted, sensitivity equals accuracy), macro-averaged sensitivity, sensitivity and "
        f"specificity of each class, and the macro one-vs-rest area under the ROC curve, averaged over {part}."
    )


def further_metrics(facts: Facts) -> str:
    """Metrics beside the paper's."""
    known = {name for arm in facts["metrics.arms"].values() for name in arm.get("further", {})}
    if not known:
        raise Unknown("metrics.arms.*.further")
    return f"Described beside them: {listed([words for name, words in FURTHER.items() if name in known])}."


def calibration(facts: Facts) -> str:
    """Reliability and temperature."""
    if not any("reliability" in arm for arm in facts["metrics.arms"].values()):
        raise Unknown("metrics.arms.*.reliability")
    return (
        "Calibration was described by a reliability curve of the predicted class, the expected calibration error "
        "beside that of a calibrated model, and the temperature of best fit [@guo2017]."
    )


def intervals(facts: Facts) -> str:
    """Unit, bootstrap, and what widens it."""
    factor, draws = facts["metrics.rule.arm_factor"], facts["metrics.settings.draws"]
    text = (
        f"The patient was the unit of inference: 95 % intervals came from {draws:,} bootstrap samples of patients "
        "[@field2007], each drawn with all lesions and used for every arm, and those of single arms were widened by a "
        f"factor of {factor:g} for the variation of training, which a bootstrap of predictions does not see."
    )
    if (fewer := facts.get("metrics.settings.fewer_draws", draws)) < draws:
        text += (
            " ROC curves and their areas, average precision, Brier score, log-loss and calibration got the first "
            f"{fewer:,} of these samples."
        )
    if facts.get("metrics.holdout") and facts["metrics.counts.repeats"] > 1:
        worth = " and of their worth in real lesions" if facts.get("metrics.worth") else ""
        text += (
            f" To intervals of single arms{worth}, but not of calibration, the deviation of a sample of repeats was "
            "added [@owen2007]."
        )
    if any(share in (0.0, 1.0) for share in _shares(facts["metrics.arms"])):
        text += " A proportion of 0 or 1 got Wilson’s interval with patients for trials [@wilson1927]."
    return text


def _shares(arms: dict[str, Any]) -> Iterator[float | None]:
    """Every proportion with an interval; arms of earlier versions have fewer."""
    for arm in arms.values():
        found = [arm[name] for name in ("accuracy", "specificity", "macro_sensitivity")]
        found += [value for name, value in arm.get("further", {}).items() if name not in BOUNDS]
        for of_class in (*arm["per_class"].values(), *arm.get("further_classes", {}).values()):
            found += [value for value in of_class.values() if isinstance(value, dict)]  # the others are counts
        roc = arm.get("roc", {"macro": None, "classes": {}})
        found += [curve["area"] for curve in (roc["macro"], *roc["classes"].values()) if curve]
        found += [point | {"estimate": point["correct"]} for point in arm.get("reliability", {}).get("points", ())]
        yield from (value["estimate"] for value in found if value["interval"])


def difference(facts: Facts) -> str:
    """The interval of the difference and its probabilities."""
    pair = facts["metrics.comparison"]
    if not pair["splits_seen"]:
        return "The interval of the difference was one over patients alone: a single split shows nothing of training."
    source = "training sets" if facts.get("metrics.holdout") else "splits"
    text = (
        f"To the variance of a difference between arms was added that by which {source} differed beyond what their "
        "patients explain [@cameron2011], with Satterthwaite’s degrees of freedom and Student’s quantile "
        "[@satterthwaite1946,hesterberg2015]."
    )
    if pair["standard_error"]:
        rope = f"{100 * facts['metrics.settings.rope']:g}"
        text += (
            f" The probabilities of a difference above 0, above {rope} percentage points and within {rope} points were "
            "the shares of the bootstrap samples so widened."
        )
    return text


def sign_flips(facts: Facts) -> str:
    """The test, and Holm where several comparisons were declared."""
    facts.require("metrics.comparison.sign_flip_p")
    text = (
        "The test was a permutation test that exchanged the arms within random sets of patients, "
        f"{facts['metrics.settings.flips']:,} times, two-sided [@phipson2010]."
    )
    if (declared := len(facts["metrics.comparisons"])) > 1:
        text += f" Its p values were adjusted by Holm’s method over the {declared} declared comparisons [@holm1979]."
    return text


def verdict_rule(facts: Facts) -> str:
    """The rule and its thresholds."""
    rule = facts["metrics.rule"]
    facts.require("metrics.comparison")
    adjusted = "adjusted p" if len(facts["metrics.comparisons"]) > 1 else "p"
    frozen = f" and was frozen when the run began (rule {rule['hash']})" if rule["frozen"] else ""
    return (
        f"A benefit needed an interval above 0, {adjusted} < {rule['alpha']:g} and a probability of an advantage above "
        f"{100 * rule['sure']:g} %; harm the mirror image; equivalence a probability above "
        f"{100 * rule['equivalent']:g} % of a difference within {100 * rule['rope']:g} percentage points; all else was "
        f"inconclusive. The rule was applied by the software{frozen}. All other differences were described, not tested."
    )


def checks_beside(facts: Facts) -> str:
    """What stands beside the verdict and decides nothing: McNemar, and the correlated t where it is defined."""
    facts.require("metrics.comparison.mcnemar")
    told = ["McNemar’s exact test on one repeat, which takes lesions of one patient for independent [@mcnemar1947]"]
    if t := facts.get("metrics.comparison.correlated_t"):
        told.append(f"Nadeau and Bengio’s corrected t over {t['splits']} splits [@nadeau2003,corani2015]")
    return f"Beside the verdict, and no part of it, stood {listed(told)}."


def power(facts: Facts) -> str:
    """What differences could be seen."""
    facts.require("metrics.comparison.detectable")
    text = "The smallest difference found with a power of 80 % was calculated from the standard error of the difference"
    if facts.get("metrics.comparison.detectable_by_mcnemar"):
        text += ", and for independent lesions from the discordance of the arms [@connor1987]"
    return text + "."


def noise_floor(facts: Facts) -> str:
    """The A/A run."""
    twins = facts["metrics.noise_floor"]
    return f"{twins['arm']} repeated {twins['baseline']} with other seeds alone, as a noise floor (A/A run)."


def worth(facts: Facts) -> str:
    """Reading an arm off the curve of real lesions."""
    points = len(facts["metrics.worth.points"])
    return (
        f"The worth of an arm in real lesions was read off the accuracies of {points} numbers of real lesions, made to "
        "rise by isotonic regression [@barlow1972] and straight in the logarithm between two of them."
    )


def quality(facts: Facts) -> str:
    """How synthetic images were compared with held-out lesions."""
    rows = [row for pool in facts["quality.pools"] for row in pool["rows"]]
    measures, spaces = ({row[key] for row in rows} for key in ("measure", "features"))
    told = [words for name, words in QUALITY_MEASURES.items() if name in measures]
    if not told:
        raise Unknown("quality.pools")
    known = listed([words for name, words in FEATURE_SPACES.items() if name in spaces])
    leaks = [pool["arm"] for pool in facts["quality.pools"] if pool.get("leak")]
    seen = f" but those of {listed(leaks)}, on purpose" if leaks else ""
    nearest = [uncited(words) for name, words in QUALITY_MEASURES.items() if name in measures & {*distances.MEASURES}]
    once = f"; for {listed(nearest)} each patient of a sample counted once [@politis1999]" if nearest else ""
    return (
        f"Synthetic images were compared with lesions of held-out patients, of whom no generator had seen one{seen}, "
        f"beside real training lesions and classically augmented ones, by {listed(told)}; the features were those of "
        f"{known}. Intervals came from {facts['quality.draws']:,} bootstrap samples of patients{once}."
    )


def copies(facts: Facts) -> str:
    """The search for copies."""
    if not any(pool["copies"] for pool in facts["quality.pools"]):
        raise Unknown("quality.pools.copies")
    return (
        "Copies of training lesions were searched for by nearest neighbours over flips and rotations, with the share "
        "of synthetic images nearer to a training lesion than held-out lesions are and the test of Meehan et al. "
        "[@meehan2020]; generators that copy on purpose and held-out lesions were the controls."
    )


def software(facts: Facts) -> str:
    """Programs, versions, hardware and seeds."""
    versions = facts["run.versions"]
    names = [words.format(versions[name]) for name, words in LIBRARIES.items() if name in versions]
    text = f"Everything was run with liverlab {facts['run.versions.liverlab']}"
    text += f" under Python {facts['run.versions.python']}"
    text += f", with {listed(names)}" if names else ""
    return f"{text}, on {facts['run.hardware']}."


def seeds(facts: Facts) -> str:
    """Seeds, and the fingerprint of the data."""
    return (
        f"Seeds were {facts['run.protocol.seed']} for splits, images and networks and {facts['metrics.settings.seed']} "
        f"for bootstrap and permutations; the data have the fingerprint {facts['run.cohort.fingerprint']}."
    )
