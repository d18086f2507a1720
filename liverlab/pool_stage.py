"""The stage that makes a split's pool: synthetic lesions of its finished generators (paper, sec. 4.2), or a control."""

import json
from collections.abc import Sequence
from pathlib import Path

from data_modules.cohort import Cohort
from data_modules.errors import InputError
from data_modules.lineage import patients_of
from data_modules.pool import Provenance
from liverlab.arm_data import arm_seed, find_split, generator_split, synthetic_per_class
from liverlab.config import ExperimentConfig
from liverlab.control_pools import control_pool
from liverlab.models.registry import GENERATORS
from liverlab.place import Place
from liverlab.synthesis import draw_pool
from liverlab.watched_fit import samplers_file


def sample_pool(folder: Path, inputs: Sequence[Path], *, config: ExperimentConfig, place: Place) -> None:
    """Sample as many synthetic lesions of every class, and note whom their generators saw."""
    cohort = Cohort.load(inputs[0])
    seen = [set(json.loads((path / "patients.json").read_text())) for path in inputs[1:]]
    own = patients_of(cohort, generator_split(cohort, config, place).train)
    assert all(some and some <= own for some in seen), "a generator of another split"
    kind = GENERATORS[config.generator]
    weights = samplers_file(getattr(config, config.generator).ema_decay)
    generators = [
        kind.load_from_checkpoint(path / weights, map_location="cpu", weights_only=True) for path in inputs[1:]
    ]
    provenance = Provenance(
        generator=config.generator,
        cohort=cohort.fingerprint,
        repeat=place.repeat,
        fold=place.fold,
        patients=tuple(sorted(set.union(*seen))),
        seed=arm_seed(config, "pool", config.generator, *place.settings.values()),
    )
    per_class = synthetic_per_class(config, config.synthetic.pool_size or config.synthetic.size)
    pool = draw_pool(generators, per_class=per_class, num_classes=len(cohort.class_names), provenance=provenance)
    if not pool.images.isfinite().all():
        raise InputError(
            f"The {config.generator} of repeat {place.repeat}, fold {place.fold} diverged. Lower {config.generator}.lr."
        )
    pool.save(folder)


def fill_control_pool(folder: Path, inputs: Sequence[Path], *, config: ExperimentConfig, place: Place) -> None:
    """Make a control's pool of the training lesions alone."""
    cohort = Cohort.load(inputs[0])
    control_pool(config, cohort, find_split(cohort, config, place), place).save(folder)
