import numpy as np
import pytest

from data_modules.phantom.anatomy import TRUNK_EXPONENT, draw_anatomy
from data_modules.phantom.canvas import Canvas
from data_modules.phantom.organs import TUBE, Organ, Rib, draw_organs, paint_organ, paint_trunk
from data_modules.phantom.physique import WALL_MM, draw_physique

RNG = np.random.default_rng(3)
BODY = draw_physique(5.0, RNG)
AXIS = ((np.arange(256) - 127.5) * 2 * BODY.spacing_mm).astype(np.float32)


def canvas(z=0.0):
    return Canvas(AXIS, AXIS, np.array([z], np.float32), np.zeros((1, 256, 256), np.float32))


def test_sections_of_an_ellipsoid():
    organ = Organ((10, -5, 2), (20, 12, 40), 50.0, lean=0.5)
    centre, radii = organ.section(2 + 24)  # 24 of 40 up: what is left is .8 of the radii, as 3, 4, 5
    assert centre == pytest.approx((22, -5))
    assert radii == pytest.approx((16, 9.6))
    assert organ.section(43) is None


def test_a_painted_organ_has_its_area_where_there_is_room():
    for room, expected in ((1.0, np.pi * 20 * 12), (0.5, np.pi * 20 * 12 / 2)):
        painted = canvas()
        paint_organ(painted, Organ((10, -5, 0), (20, 12, TUBE), 1.0), np.full((1, 256, 256), room, np.float32))
        assert painted.hu.sum() * (2 * BODY.spacing_mm) ** 2 == pytest.approx(expected, rel=0.01)


@pytest.mark.parametrize("z", [-60.0, 0.0, 60.0])
def test_ribs_stay_in_the_middle_of_the_wall(z):
    a, b = BODY.cavity_x_mm + WALL_MM / 2, BODY.cavity_y_mm + WALL_MM / 2
    for organ in draw_organs(draw_anatomy(BODY, np.random.default_rng(0)), np.random.default_rng(0)):
        if isinstance(organ, Rib) and organ.section(z):
            (x, y), _ = organ.section(z)
            assert abs(x / a) ** TRUNK_EXPONENT + abs(y / b) ** TRUNK_EXPONENT == pytest.approx(1)


def test_trunk_is_air_skin_fat_and_muscle_from_outside_to_inside():
    painted = canvas()
    none = np.zeros((1, 256, 256), np.float32)
    paint_trunk(painted, BODY, none)
    middle = painted.hu[0, 128]
    seen = [middle[0], middle[128]]
    assert seen == pytest.approx([-1000, BODY.muscle])
    rind = np.abs(AXIS) < BODY.half_width_mm - 6
    rind &= np.abs(AXIS) > BODY.cavity_x_mm + WALL_MM + 3
    assert middle[rind] == pytest.approx(BODY.fat)
