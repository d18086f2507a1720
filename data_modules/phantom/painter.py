"""One patient on pixels: body, organs, liver, vessels and lesions, painted in this order on thin sub-slices."""

import numpy as np
import numpy.typing as npt

from data_modules.phantom import imaging
from data_modules.phantom.canvas import Array, Box, Canvas
from data_modules.phantom.organs import paint_organ, paint_trunk
from data_modules.phantom.patient import LesionModel, PatientModel
from data_modules.phantom.truth import Mask
from data_modules.phantom.vessels import MASS_EFFECT, paint_vessels

SUB_SLICES = {1.0: 2, 2.0: 3, 2.5: 3, 3.0: 3, 5.0: 5}  # by slice thickness in mm


class Painter:
    """Paints slices of one patient on the pixels at `x` and `y` in mm; what is alike in all slices is kept."""

    def __init__(self, model: PatientModel, x: Array, y: Array) -> None:
        self._model, self._x, self._y = model, x, y
        body = model.body
        self._trunk = self._canvas(np.zeros(1))
        px, py, _ = self._trunk.points(self._trunk.everywhere())
        self._wall_level = model.anatomy.wall_level(px, py)
        self._wall = self._trunk.cover(self._wall_level)
        self._skin = paint_trunk(self._trunk, body, self._wall)
        self._liver_box = self._trunk.box(
            (-body.cavity_x_mm, -body.cavity_y_mm, -1), (0.6 * body.cavity_x_mm, body.cavity_y_mm, 1)
        )

    def paint(self, z: npt.NDArray[np.float64], texture: Array) -> tuple[Array, Mask, Mask]:
        """Paint some slices.

        Args:
            z: Their heights in mm, shape (Z,).
            texture: Of parenchyma, unit strength, shape (Z, Y, X).

        Returns:
            HU averaged over each slice, before blur and noise (Z, Y, X); pixels that the liver with all that lies in it
            covers by half or more (Z, Y, X); and the same for each lesion of the patient (lesions, Z, Y, X).
        """
        body, lesions = self._model.body, self._model.lesions
        parts = SUB_SLICES[body.thickness_mm]
        within = (np.arange(parts) - (parts - 1) / 2) * body.thickness_mm / parts
        canvas = self._canvas((z[:, None] + within).ravel())
        canvas.hu[:] = np.repeat(np.stack([self._around_the_liver(height) for height in z]), parts, axis=0)
        liver = self._paint_liver(canvas)
        strength = np.float32(body.texture_hu) * liver
        masks = np.zeros((len(lesions), *texture.shape), np.bool_)
        for lesion, mask in zip(lesions, masks, strict=True):
            texture = np.stack([self._push(t, lesion, height) for t, height in zip(texture, z, strict=True)])
            if np.abs(z - lesion.centre[2]).min() < lesion.reach_mm + body.thickness_mm:
                box, coverage = self._paint_lesion(canvas, strength, lesion)
                liver[box] = np.maximum(liver[box], coverage)
                mask[:, box[1], box[2]] = _mean(coverage, parts) >= 0.5
        return _mean(canvas.hu, parts) + _mean(strength, parts) * texture, _mean(liver, parts) >= 0.5, masks

    def _canvas(self, z: npt.NDArray[np.float64]) -> Canvas:
        shape = (len(z), len(self._y), len(self._x))
        return Canvas(self._x, self._y, z.astype(np.float32), np.empty(shape, np.float32))

    def _around_the_liver(self, z: float) -> Array:
        """Trunk and organs at one height, (Y, X): smooth enough along z for one sub-slice to stand for a slice."""
        canvas = self._canvas(np.array([z]))
        canvas.hu[:] = self._trunk.hu
        for organ in self._model.organs:
            paint_organ(canvas, organ, self._wall if organ.in_cavity else self._skin)
        slice_hu: Array = canvas.hu[0]
        return slice_hu

    def _paint_liver(self, canvas: Canvas) -> Array:
        """Paint liver, vessels and gallbladder; return the liver's coverage, of the canvas' shape."""
        anatomy, box = self._model.anatomy, (slice(None), *self._liver_box[1:])
        x, y, z = canvas.points(box)
        coverage = canvas.cover(anatomy.liver_level(x, y, z, self._wall_level[0, box[1], box[2]]))
        canvas.paint(box, coverage, self._model.body.liver)
        paint_vessels(canvas, self._model.vessels)
        if anatomy.gallbladder:
            bile = canvas.cover(anatomy.gallbladder.level(x, y, z)) * self._wall[:, box[1], box[2]]
            canvas.paint(box, bile, anatomy.gallbladder.hu)
            coverage *= 1 - bile
        liver = np.zeros_like(canvas.hu)
        liver[box] = coverage
        return liver

    def _paint_lesion(self, canvas: Canvas, strength: Array, lesion: LesionModel) -> tuple[Box, Array]:
        """Paint one lesion; return its box and how far it covers each pixel there."""
        low, high = lesion.centre - lesion.reach_mm, lesion.centre + lesion.reach_mm
        box = canvas.box((low[0], low[1], -np.inf), (high[0], high[1], np.inf))
        points = tuple(p - np.float32(c) for p, c in zip(canvas.points(box), lesion.centre, strict=True))
        x, y, z = points
        level = lesion.shape.level(x, y, z)
        inside = canvas.cover(self._wall_level[:, box[1], box[2]])
        soft = canvas.cover(level, lesion.look.edge_mm) * inside
        canvas.paint(box, soft, lesion.look.hu(-level, (x, y, z)))
        strength[box] += soft * (np.float32(lesion.look.texture_hu) - strength[box])
        return box, canvas.cover(level) * inside

    def _push(self, texture: Array, lesion: LesionModel, z: float) -> Array:
        """Texture as the lesion's growth has bent it, out to two diameters."""
        reach = 4 * lesion.radius_mm
        low, high = lesion.centre - reach, lesion.centre + reach
        if not low[2] < z < high[2]:
            return texture
        box = self._trunk.box((low[0], low[1], -1), (high[0], high[1], 1))
        x, y, _ = self._trunk.points(box)
        if x.size < 2 or y.size < 2:
            return texture
        cx, cy, cz = lesion.centre.astype(np.float32)
        offset = (x[0] - cx, y[0] - cy, np.asarray(z - cz, np.float32))
        result = texture.copy()
        result[box[1:]] = imaging.push_texture(texture[box[1:]], offset, lesion.radius_mm, MASS_EFFECT)
        return result


def _mean(stack: Array, parts: int) -> Array:
    """Average `parts` sub-slices at a time: (Z * parts, Y, X) to (Z, Y, X)."""
    mean: Array = stack.reshape(len(stack) // parts, parts, *stack.shape[1:]).mean(axis=1)
    return mean
