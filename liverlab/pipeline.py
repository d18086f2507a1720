"""The method of Frid-Adar et al. 2018 as stages, in order.

1. The cohort: lesions of a manifest, or of the embedded phantom (sec. 2.1).
2. For every split of the cross-validation, and on its training side only: generators on the classic pool (sec. 3.3,
   3.4), and the pool of synthetic lesions that they give.
3. The classifier on the arm's training images, and its predictions for the test side (sec. 2.2, 4).

`plan_arm` says which stages an arm needs; what each does is in `generator_stage.py`, `pool_stage.py` and
`classifier_stage.py`.
"""

from dataclasses import asdict
from functools import partial

from liverlab.bovw_stage import fit_bovw
from liverlab.classifier_stage import fit_classifier
from liverlab.config import ExperimentConfig
from liverlab.generator_stage import fit_generator
from liverlab.models.registry import GENERATORS
from liverlab.place import Place
from liverlab.pool_stage import sample_pool
from liverlab.sources import cohort_stage
from liverlab.stage_names import training_name, unit_name
from liverlab.stage_settings import control_settings, fit_settings, leaks_on_purpose, split_settings
from liverlab.stages import Stage

# which settings of `control` a stage depends on
GENERATOR_CONTROLS = ("reseed", "generator_sees")
CLASSIFIER_CONTROLS = ("reseed", "real_images", "corrupted_labels", "permuted_labels")


def plan_arm(config: ExperimentConfig, *, experiment: str) -> list[Stage]:
    """The classifier stages of an arm, one per split; each knows the stages that it needs."""
    cohort = cohort_stage(config)
    return [plan_classifier(config, cohort, place, experiment) for place in splits_to_run(config)]


def splits_to_run(config: ExperimentConfig) -> list[Place]:
    """Every split that the config asks for; a hold-out design has one in each repeat."""
    folds = range(1 if config.holdout else config.n_folds) if config.folds is None else config.folds
    return [Place(repeat, fold) for repeat in range(config.repeats) for fold in folds]


def plan_classifier(config: ExperimentConfig, cohort: Stage, place: Place, experiment: str) -> Stage:
    """The classifier of one split, with the pool of the split's generators where the arm has one."""
    settings = split_settings(config, place) | control_settings(config, *CLASSIFIER_CONTROLS)
    if config.method == "bovw":
        settings["bovw"] = asdict(config.bovw)
        run = partial(fit_bovw, config=config, place=place)
    else:
        settings |= fit_settings(config)
        network = settings["classifier"] = asdict(config.classifier)
        del network["epochs" if config.classifier.budget == "steps" else "steps"]  # the other one has no effect
        run = partial(fit_classifier, config=config, place=place, experiment=experiment)
    if config.augmentation == "classic":
        settings["classic"] = asdict(config.classic)
    needs = [cohort]
    if config.generator != "none":
        settings["synthetic"] = {"size": config.synthetic.size}
        needs.append(plan_pool(config, cohort, place, experiment))
    name, trains = f"{training_name(config)}-{place.name}", config.method == "cnn"
    return Stage("classifier", name, settings, run, tuple(needs), on_all_ranks=trains, resumes=trains)


def plan_pool(config: ExperimentConfig, cohort: Stage, place: Place, experiment: str) -> Stage:
    """The synthetic lesions of one split, from one generator or one per class; all splits share those that leak."""
    kind = config.generator
    classes = range(len(config.data.classes)) if GENERATORS[kind].one_per_class else [None]
    seen = Place(place.repeat, 0) if leaks_on_purpose(config) else place
    generators = [plan_generator(config, cohort, seen, label, experiment) for label in classes]
    drawn = {"size": config.synthetic.pool_size or config.synthetic.size, "count": config.synthetic.count}
    settings = split_settings(config, place) | control_settings(config, *GENERATOR_CONTROLS)
    settings |= {"generator": kind, "synthetic": drawn}
    run = partial(sample_pool, config=config, place=place)
    return Stage("pool", f"{kind}-{place.name}", settings, run, (cohort, *generators))


def plan_generator(config: ExperimentConfig, cohort: Stage, place: Place, label: int | None, experiment: str) -> Stage:
    """One generator of one split."""
    kind = config.generator
    sections = {"classic": asdict(config.classic), kind: asdict(getattr(config, kind)), "watch": asdict(config.watch)}
    if config.watch.action != "retry":
        del sections["watch"]["retries"]  # has no effect
    unit = unit_name(config, place, label)
    run = partial(fit_generator, config=config, place=place, label=label, experiment=experiment)
    settings = split_settings(config, place) | control_settings(config, *GENERATOR_CONTROLS) | fit_settings(config)
    settings |= sections | {"label": label}
    return Stage("generator", f"{kind}-{unit}", settings, run, (cohort,), on_all_ranks=True, resumes=True)
