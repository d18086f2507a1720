import torch

from data_modules.pool import Provenance
from liverlab.synthesis import draw_pool

ORIGIN = Provenance("acgan", "abc", 0, 0, ("P1",), 5)


class Painter:
    """Paints the label, plus noise of the seed, in the first pixel."""

    def __init__(self, offset=0.0):
        self.offset = offset
        self.seeds = []

    def sample(self, labels, *, seed):
        self.seeds.append(seed)
        return (labels.float() + self.offset).view(-1, 1, 1, 1).expand(-1, 1, 4, 4) / 10


def test_equal_shares_in_class_order_with_fresh_noise_for_every_call():
    painter = Painter()
    pool = draw_pool([painter], per_class=300, num_classes=3, provenance=ORIGIN)
    assert torch.bincount(pool.labels).tolist() == [300, 300, 300]
    torch.testing.assert_close(pool.images[:, 0, 0, 0], pool.labels / 10)
    assert len(set(painter.seeds)) == len(painter.seeds) == 6
    assert pool.provenance == ORIGIN


def test_one_generator_per_class():
    pool = draw_pool([Painter(0), Painter(3), Painter(6)], per_class=2, num_classes=3, provenance=ORIGIN)
    torch.testing.assert_close(pool.images[:, 0, 0, 0] * 10, torch.tensor([0.0, 0, 4, 4, 8, 8]))
