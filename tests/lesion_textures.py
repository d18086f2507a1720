"""Random smooth images in place of lesions: no two are alike, and each shows how it is turned."""

import numpy as np
import torch
from scipy.ndimage import gaussian_filter

from liverlab.quality.image_set import ImageSet, SplitImages

CLASSES = ("cyst", "metastasis", "hemangioma")


def textures(count, seed, size=64):
    """Images in (0, 1), shape (count, 1, size, size)."""
    noise = np.random.default_rng(seed).normal(size=(count, size, size))
    smooth = np.stack([gaussian_filter(each, size / 10) for each in noise])
    return torch.from_numpy(0.5 + 0.12 * smooth / smooth.std()).float().clamp(0, 1).unsqueeze(1)


def image_set(images, per_patient=1, first_patient=0):
    """Classes take turns, and so do patients."""
    positions = np.arange(len(images))
    return ImageSet(images, positions % len(CLASSES), first_patient + positions // per_patient)


def split_images(copies=0, fresh=60):
    """30 training lesions and 24 held-out ones; so many turned copies, then fresh images."""
    train, held_out = image_set(textures(30, 1), 2), image_set(textures(24, 2), 1, 100)
    turned = torch.rot90(train.images, 1, (2, 3))
    synthetic = torch.cat([turned[:copies], textures(fresh, 3)])
    return SplitImages(CLASSES, train, held_out, image_set(turned, 2), image_set(synthetic, 1, 200))
