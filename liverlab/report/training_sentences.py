"""Sentences of a methods section on images and networks; see `design_sentences.py`."""

from collections.abc import Mapping, Sequence
from typing import Any

from liverlab.report.generator_words import listed
from liverlab.report.known_facts import Facts, Unknown

MOST_DESCRIBED = 6  # arms: more are points of a curve


def classic(facts: Facts) -> str:
    """Classic augmentation."""
    if not any(arm["training_images"]["classic"] for arm in facts["run.arms"].values()):
        raise Unknown("run.arms")
    c = facts["config.classic"]
    low, high = (f"{x:g}" for x in c["extra_margin"])
    return (
        f"Classic augmentation [@frid2018] rotated each lesion {c['rotations']} times, by 0 to "
        f"{c['max_angle_deg']:g}°. Each rotated region was then, separately, kept, flipped ({c['flips']} times), "
        f"translated ({c['translations']} times, by up to {c['max_shift_px']:g} pixels or {c['max_shift_diameters']:g} "
        f"lesion diameters, whichever was less) and scaled ({c['scales']} times, by {low} to {high} diameters of "
        "further tissue on each side). Of these transforms as many were drawn for every lesion as its group needed, "
        "and each was one resampling of the image around the lesion."
    )


def training_images(facts: Facts) -> str:
    """How many images of each kind the arms trained on."""
    second, shown = facts.get("run.by_epochs", {}).values(), {}
    every = {name: arm for name, arm in facts["run.arms"].items() if name not in second}
    names = list(every) if len(every) <= MOST_DESCRIBED else [facts["run.arm"], facts["run.baseline"]]
    for name in names:
        counts = every[name]["training_images"]
        shown[name] = ", ".join(f"{count:,} {kind}" for kind, count in counts.items() if count)
    return f"Training images in the first split were {'; '.join(f'{name}: {text}' for name, text in shown.items())}."


def generators(facts: Facts) -> str:
    """The trained generators, each kind with the settings that its arms used."""
    kinds: dict[str, list[Mapping[str, Any]]] = {}
    for entry in facts["run.generators"]:
        kinds.setdefault(entry["kind"], []).append(entry)
    if not kinds:
        raise Unknown("run.generators")
    return " ".join(_generator(kind, entries, facts) for kind, entries in kinds.items())


def _generator(kind: str, entries: Sequence[Mapping[str, Any]], facts: Facts) -> str:
    name = {"dcgan": "DCGAN [@radford2016]", "acgan": "ACGAN [@odena2017]"}.get(kind, kind)
    scope = "for all classes" if entries[0]["class"] is None else "for each class"
    epochs = sorted({entry["epochs"] for entry in entries})
    texts = [
        f"One {name} {scope} was trained in each split, on images of its training side alone{_but_for(kind, facts)}, "
        f"for {listed([str(each) for each in epochs])} epochs; the last generator was used and no image was selected."
    ]
    if any(entry["attempts"] > 1 for entry in entries):
        texts.append("A training that failed by rules set before was begun again with another seed.")
    own = [arm["details"] for arm in facts["run.arms"].values() if arm["generator"] == kind and arm["details"]]
    for details in [each for i, each in enumerate(own) if each not in own[:i] and "latent_dim" in each]:
        texts.append(_settings(details))
    return " ".join(texts)


def _but_for(kind: str, facts: Facts) -> str:
    leaks = [name for name in facts.get("metrics.leaks", []) if facts["run.arms"][name]["generator"] == kind]
    return f" (but for {listed(leaks)}: a control, on images of all lesions)" if leaks else ""


def _settings(d: Mapping[str, Any]) -> str:
    text = (
        f"It took {d['latent_dim']} {d['latent']} random numbers and the non-saturating loss [@goodfellow2014], with "
        f"Adam [@kingma2015] (learning rate {d['lr']:g}, betas {d['betas'][0]:g} and {d['betas'][1]:g}) and batches of "
        f"{d['batch_size']}; weights began normal with a standard deviation of 0.02"
    )
    if d.get("discriminator"):
        kinds = {"odena": "that of Odena et al.", "dcgan": "that of a DCGAN with a class head"}
        text += f"; its discriminator was {kinds[d['discriminator']]}"
    told = {
        "discriminator_lr": "a discriminator’s learning rate of {:g} [@heusel2017]",
        "ema_decay": "the average of its weights (decay {:g})",
        "label_smoothing": "one-sided label smoothing of {:g} [@salimans2016]",
        "spectral_norm": "spectral normalisation of the discriminator [@miyato2018]",
        "r1_gamma": "an R1 penalty of {:g} [@mescheder2018]",
        "gradient_clip": "gradients clipped to a norm of {:g}",
    }
    extensions = [words.format(d[key]) for key, words in told.items() if d.get(key)]
    return text + (f"; with {listed(extensions)}." if extensions else ".")


def chosen_volumes(facts: Facts) -> str:
    """Nested selection of the number of synthetic images."""
    if not any(arm.get("choices") for arm in facts["run.arms"].values()):
        raise Unknown("run.arms")
    return (
        "The number of added images was chosen in each split on patients held out of its own training side, so that "
        "no test lesion took part (nested selection [@varma2006])."
    )


def network(facts: Facts) -> str:
    """The classifier's architecture."""
    steps(facts)
    c = facts["config.classifier"]
    counts = [net["parameters"] for net in facts.get("run.networks", []) if net["network"] == "classifier"]
    size = f", {counts[0]:,} parameters" if counts else ""
    return (
        f"The classifier was the convolutional network of Frid-Adar et al. [@frid2018]: {len(c['channels'])} pairs of "
        f"3 × 3 convolution and 2 × 2 max-pooling ({', '.join(map(str, c['channels']))} filters), a dense layer of "
        f"{c['hidden']} units with dropout of {c['dropout']:g} and a softmax over {len(facts['run.class_names'])} "
        f"classes{size}."
    )


def initialization(facts: Facts) -> str:
    """Where the weights began."""
    steps(facts)
    return "The classifier’s weights began random (Glorot uniform [@glorot2010]), without pretraining."


def optimization(facts: Facts) -> str:
    """How the classifier was trained."""
    found, c = steps(facts), facts["config.classifier"]
    length = f"{found[0]:,} optimizer steps in every arm"
    if len(found) > 1:
        epochs = f"{c['epochs']} epochs, which were " if facts["run.budget"] == "epochs" else ""
        length = f"{epochs}{found[0]:,} to {found[-1]:,} optimizer steps, depending on the arm"
    return (
        f"The classifier was trained by stochastic gradient descent with Nesterov momentum of {c['momentum']:g}, a "
        f"learning rate of {c['lr']:g}, batches of {c['batch_size']} and the cross-entropy, for {length}."
    )


def centring(facts: Facts) -> str:
    """What is subtracted from the input."""
    mean = {"image": "The mean image", "scalar": "The mean value"}[facts["config.classifier.mean"]]
    steps(facts)
    return f"{mean} of the training side was subtracted from the classifier’s input."


def last_step(facts: Facts) -> str:
    """Which network was kept."""
    steps(facts)
    return "The classifier after the last step was tested; none was selected among epochs, and none were combined."


def visual_words(facts: Facts) -> str:
    """The bag of visual words, of arms that take no optimizer steps and no generator."""
    names = [name for name, arm in facts["run.arms"].items() if not arm["steps"] and not arm["generator"]]
    if not names:
        raise Unknown("run.arms")
    b = facts["config.bovw"]
    return (
        f"{listed(names)} was a bag of visual words chosen by mutual information [@diamant2017]: patches of "
        f"{b['patch_px']} pixels every {b['stride_px']}, {b['components']} principal components, {b['words']} words of "
        f"which {100 * b['kept_share']:g} % were kept, and a support vector machine ({b['kernel']} kernel, C = "
        f"{b['penalty']:g})."
    )


def class_heads(facts: Facts) -> str:
    """Arms that are the discriminator of their generator."""
    names = [name for name, arm in facts["run.arms"].items() if not arm["steps"] and arm["generator"]]
    if not names:
        raise Unknown("run.arms")
    return f"{listed(names)} classified by the class head of a generator’s discriminator."


def output(facts: Facts) -> str:
    """What a prediction is."""
    return (
        f"Each lesion got a probability of {listed(facts['run.class_names'])}, and was called the class of the highest "
        "one; no threshold was chosen."
    )


def steps(facts: Facts) -> list[int]:
    """Different numbers of steps of the arms, ascending; those of second lines count otherwise."""
    second = facts.get("run.by_epochs", {}).values()
    found = {arm["steps"] for name, arm in facts["run.arms"].items() if arm["steps"] and name not in second}
    if not found:
        raise Unknown("run.arms")
    return sorted(found)
