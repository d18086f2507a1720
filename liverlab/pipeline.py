"""The method of Frid-Adar et al. 2018 as stages, in order.

1. The cohort: lesions of a manifest, or of the embedded phantom (sec. 2.1).
2. For every split of the cross-validation, and on its training side only: generators on the classic pool (sec. 3.3,
   3.4), and the pool of synthetic lesions that they give.
3. The classifier on the arm's training images, and its predictions for the test side (sec. 2.2, 4).

With `synthetic.choose_from`, not in the paper, each split first selects its volume of synthetic lesions by the same
steps on an inner split of its training side.

`plan_arm` says which stages an arm needs; what each does is in `generator_stage.py`, `pool_stage.py` and
`classifier_stage.py`.
"""

from dataclasses import asdict, replace
from functools import partial

from liverlab.bovw_stage import fit_bovw
from liverlab.choice_stage import choose_size, fit_chosen, with_size
from liverlab.classifier_stage import fit_classifier
from liverlab.config import ExperimentConfig
from liverlab.discriminator_stage import ask_discriminator
from liverlab.generator_stage import fit_generator
from liverlab.models.registry import GENERATORS
from liverlab.place import Place
from liverlab.pool_kinds import is_trained
from liverlab.pool_stage import fill_control_pool, sample_pool
from liverlab.sources import cohort_stage
from liverlab.stage_names import training_name, unit_name
from liverlab.stage_settings import (
    CLASSIFIER_CONTROLS,
    GENERATOR_CONTROLS,
    control_settings,
    fit_settings,
    leaks_on_purpose,
    split_settings,
)
from liverlab.stages import Stage


def plan_arm(config: ExperimentConfig, *, experiment: str) -> list[Stage]:
    """The classifier stages of an arm, one per split; each knows the stages that it needs."""
    cohort = cohort_stage(config)
    plan = plan_chosen if config.synthetic.choose_from else plan_classifier
    return [plan(config, cohort, place, experiment) for place in splits_to_run(config)]


def splits_to_run(config: ExperimentConfig) -> list[Place]:
    """Every split that the config asks for; a hold-out design has one in each repeat."""
    folds = range(1 if config.holdout else config.n_folds) if config.folds is None else config.folds
    return [Place(repeat, fold) for repeat in range(config.repeats) for fold in folds]


def plan_chosen(config: ExperimentConfig, cohort: Stage, place: Place, experiment: str) -> Stage:
    """The classifier of one split with a volume selected on patients of its own training side (nested selection).

    An inner split has a generator of its own and a classifier for each size; the pools of both hold the largest size.
    """
    sizes, name = list(config.synthetic.choose_from or ()), f"{training_name(config)}-{place.name}"
    inner = replace(place, inner=True)
    candidates = [plan_classifier(with_size(config, size), cohort, inner, experiment) for size in sizes]
    choose = partial(choose_size, sizes=sizes)
    choice = Stage("choice", name, place.settings | {"choose_from": sizes}, choose, tuple(candidates))
    most = plan_classifier(with_size(config, sizes[-1]), cohort, place, experiment)
    settings = most.settings | {"synthetic": {"choose_from": sizes}}
    run = partial(fit_chosen, config=config, place=place, experiment=experiment)
    return replace(most, name=name, settings=settings, run=run, needs=(*most.needs, choice))


def plan_classifier(config: ExperimentConfig, cohort: Stage, place: Place, experiment: str) -> Stage:
    """The classifier of one split, with the pool of the split's generators where the arm has one."""
    if config.method == "discriminator":
        return plan_discriminator(config, cohort, place, experiment)
    settings = split_settings(config, place) | control_settings(config, *CLASSIFIER_CONTROLS)
    if config.method == "bovw":
        settings["bovw"] = asdict(config.bovw)
        run = partial(fit_bovw, config=config, place=place, experiment=experiment)
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


def plan_discriminator(config: ExperimentConfig, cohort: Stage, place: Place, experiment: str) -> Stage:
    """The class head of one split's ACGAN, which all arms of this ACGAN share; what it depends on, that stage knows."""
    settings = split_settings(config, place) | {"discriminator": config.generator}
    run = partial(ask_discriminator, config=config, place=place, experiment=experiment)
    needs = (cohort, plan_generator(config, cohort, place, None, experiment))
    return Stage("classifier", f"{training_name(config)}-{place.name}", settings, run, needs)


def plan_pool(config: ExperimentConfig, cohort: Stage, place: Place, experiment: str) -> Stage:
    """The pool of one split: from one generator or one per class, or a control, which needs the cohort alone."""
    kind = config.generator
    drawn = {"size": config.synthetic.pool_size or config.synthetic.size, "count": config.synthetic.count}
    settings = split_settings(config, place) | {"generator": kind, "synthetic": drawn}
    if not is_trained(config):
        settings |= control_settings(config, "reseed")
        settings |= {"classic": asdict(config.classic)} if kind == "classic_more" else {}
        run = partial(fill_control_pool, config=config, place=place)
        return Stage("pool", f"{kind}-{place.name}", settings, run, (cohort,))
    classes = range(len(config.data.classes)) if GENERATORS[kind].one_per_class else [None]
    settings |= control_settings(config, *GENERATOR_CONTROLS)
    seen = Place(place.repeat, 0) if leaks_on_purpose(config) else place  # all splits share generators that leak
    generators = [plan_generator(config, cohort, seen, label, experiment) for label in classes]
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
