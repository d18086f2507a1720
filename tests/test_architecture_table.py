from dataclasses import asdict

import pytest
import torch
from torch import nn

from liverlab.config import ClassifierConfig
from liverlab.generator_config import ACGANConfig, DCGANConfig
from liverlab.models.architecture_table import classifier_table, gan_tables, layer_rows

PAPER = {"size": 64, "num_classes": 3}


def with_parameters(table):
    return [(row["layer"], row["output"], row["parameters"]) for row in table["layers"] if row["parameters"]]


def test_the_published_cnn_has_the_published_number_of_parameters():
    table = classifier_table(asdict(ClassifierConfig()), **PAPER)
    assert table["parameters"] == 1_273_347
    assert with_parameters(table) == [  # each: weights + biases, by hand
        ("convolution", [32, 62, 62], 3 * 3 * 1 * 32 + 32),
        ("convolution", [64, 29, 29], 3 * 3 * 32 * 64 + 64),
        ("convolution", [128, 12, 12], 3 * 3 * 64 * 128 + 128),
        ("dense", [256], 6 * 6 * 128 * 256 + 256),
        ("dense", [3], 256 * 3 + 3),
    ]
    assert table["layers"][0] | {"kernel": 3, "stride": 1} == table["layers"][0]
    assert [row["layer"] for row in table["layers"]].count("max-pool") == 3
    assert "dropout 0.5" in [row["layer"] for row in table["layers"]]


def test_the_generator_grows_from_4_x_4_x_1024_to_64_x_64_x_1():
    generator, discriminator = gan_tables("dcgan", asdict(DCGANConfig()), **PAPER)
    assert generator["input"] == [100]
    assert with_parameters(generator) == [  # batch norm has a scale and a shift per channel, and stands for the bias
        ("dense", [4 * 4 * 1024], 100 * 4 * 4 * 1024),
        ("batch norm", [1024, 4, 4], 2 * 1024),
        ("fractionally-strided convolution", [512, 8, 8], 5 * 5 * 1024 * 512),
        ("batch norm", [512, 8, 8], 2 * 512),
        ("fractionally-strided convolution", [256, 16, 16], 5 * 5 * 512 * 256),
        ("batch norm", [256, 16, 16], 2 * 256),
        ("fractionally-strided convolution", [128, 32, 32], 5 * 5 * 256 * 128),
        ("batch norm", [128, 32, 32], 2 * 128),
        ("fractionally-strided convolution", [1, 64, 64], 5 * 5 * 128 * 1 + 1),
    ]
    assert generator["parameters"] == 18_848_641  # their sum
    assert generator["layers"][-1]["layer"] == "tanh"
    assert {(row["kernel"], row["stride"]) for row in generator["layers"]} == {(5, 2), (None, None)}
    convolutions = [row["output"] for row in discriminator["layers"] if row["layer"] == "convolution"]
    assert convolutions == [[64, 32, 32], [128, 16, 16], [256, 8, 8], [512, 4, 4]]
    assert discriminator["layers"][-1]["output"] == [1]


def test_the_acgan_s_discriminator_is_odena_s_table_2_with_a_logit_per_class():
    generator, discriminator = gan_tables("acgan", asdict(ACGANConfig()), **PAPER)
    convolutions = [row for row in discriminator["layers"] if row["layer"] == "convolution"]
    assert [(row["kernel"], row["stride"], row["output"][0]) for row in convolutions] == [
        (3, 2, 16), (3, 1, 32), (3, 2, 64), (3, 1, 128), (3, 2, 256), (3, 1, 512),
    ]  # fmt: skip
    assert discriminator["layers"][-1]["output"] == [1 + 3]
    assert generator["layers"][0] | {"layer": "embedding", "parameters": 3 * 3} == generator["layers"][0]


@pytest.mark.parametrize("norm", [False, True])
def test_settings_of_the_run_make_the_table(norm):
    settings = asdict(DCGANConfig(generator_channels=32, discriminator_channels=4, spectral_norm=norm))
    generator, discriminator = gan_tables("dcgan", settings, size=32, num_classes=2)
    assert generator["layers"][-1]["output"] == [1, 32, 32]
    names = [row["layer"] for row in discriminator["layers"]]
    assert ("convolution, spectral norm" in names) == norm
    assert ("batch norm" in names) != norm


def test_rows_come_in_the_order_of_the_forward_pass_and_leave_the_network_as_it_was():
    class Backwards(nn.Module):
        def __init__(self):
            super().__init__()
            self.last, self.first = nn.Linear(5, 2), nn.Linear(7, 5)

        def forward(self, x):
            return self.last(self.first(x))

    network = Backwards().train()
    assert [row["parameters"] for row in layer_rows(network, torch.zeros(1, 7))] == [7 * 5 + 5, 5 * 2 + 2]
    assert network.training
    assert not network.first._forward_hooks
