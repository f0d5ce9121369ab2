"""A drawing shows what its scene says, so that the true answer can be seen."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from annotator.demo.drawing import INKS, OUTLINES, draw
from annotator.demo.scenes import COLOURS, GENERATORS, OPPOSITES, SHAPES, Group, Picture, Scene, Thing, plan_pictures


def picture(scene: Scene, *, is_rough: bool = False, seed: int = 7) -> Picture:
    return Picture(0, scene.prompt, scene.category, "careful-2", scene, (), is_rough, (480, 480), seed)


def group(count: int, colour: str, shape: str = "circle") -> Group:
    return Group((Thing(shape, colour),) * count)


def pixels_of(drawn: Picture) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(draw(drawn))).convert("RGB")).astype(int)


def red(pixels: np.ndarray) -> np.ndarray:
    return (pixels[..., 0] > pixels[..., 1] + 70) & (pixels[..., 0] > pixels[..., 2] + 70)


def blue(pixels: np.ndarray) -> np.ndarray:
    return pixels[..., 2] > pixels[..., 0] + 70


def count_patches(mask: np.ndarray, *, cell: int = 4) -> int:
    """How many patches of the colour hang together, looked at in cells of some pixels."""
    height, width = mask.shape
    cells = mask.reshape(height // cell, cell, width // cell, cell).mean(axis=(1, 3)) > 0.5
    left = {(int(y), int(x)) for y, x in np.argwhere(cells)}
    patches = 0
    while left:
        patches += 1
        border = [left.pop()]
        while border:
            y, x = border.pop()
            near = {(y + dy, x + dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1)} & left
            left -= near
            border += near
    return patches


@pytest.mark.parametrize("count", [1, 4, 7])
@pytest.mark.parametrize("shape", ["circle", "star", "crescent"])
def test_as_many_things_stand_apart_as_the_scene_has(count, shape):
    scene = Scene("counting", (group(count, "red", shape),))

    assert count_patches(red(pixels_of(picture(scene)))) == count


@pytest.mark.parametrize("relation", OPPOSITES)
@pytest.mark.parametrize("is_rough", [False, True])
def test_the_first_group_stands_where_the_relation_says(relation, is_rough):
    scene = Scene("relation", (group(2, "red"), group(2, "blue")), relation=relation)
    pixels = pixels_of(picture(scene, is_rough=is_rough))

    red_y, red_x = np.argwhere(red(pixels)).mean(axis=0)
    blue_y, blue_x = np.argwhere(blue(pixels)).mean(axis=0)

    is_so = {
        "above": red_y < blue_y,
        "below": red_y > blue_y,
        "to the left of": red_x < blue_x,
        "to the right of": red_x > blue_x,
    }
    assert is_so[relation]


def test_a_rough_drawing_and_another_seed_look_different():
    scene = Scene("counting", (group(3, "red"),))

    assert len({draw(picture(scene)), draw(picture(scene, is_rough=True)), draw(picture(scene, seed=8))}) == 3


def test_every_colour_and_shape_that_a_scene_may_have_can_be_drawn():
    assert set(INKS) == set(COLOURS)
    assert set(OUTLINES) == set(SHAPES)


def test_the_same_picture_is_the_same_bytes():
    picture = plan_pictures(0, 1)[0]

    assert draw(picture) == draw(picture)


def test_a_picture_is_a_jpeg_of_the_planned_size_that_names_its_generator_where_only_tools_look():
    for picture in plan_pictures(0, 4)[:: len(GENERATORS)]:
        image = Image.open(io.BytesIO(draw(picture)))
        assert (image.format, image.size) == ("JPEG", picture.size)
        assert image.getexif()[0x0131] == picture.generator


def test_what_is_asked_for_can_be_seen():
    """The asked colour covers some of a clean picture, and none of one without it."""

    def share_of_red(scene: Scene) -> float:
        picture = Picture(0, scene.prompt, scene.category, "careful-2", scene, (), False, (320, 320), 7)
        pixels = np.asarray(Image.open(io.BytesIO(draw(picture))).convert("RGB")).astype(int)
        red = (pixels[..., 0] > pixels[..., 1] + 90) & (pixels[..., 0] > pixels[..., 2] + 90)
        return float(red.mean())

    assert share_of_red(Scene("counting", (group(4, "red", "square"),))) > 0.05
    assert share_of_red(Scene("counting", (group(4, "blue", "square"),))) == 0


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("is_rough", [False, True])
def test_every_shape_stays_inside_the_canvas(shape: str, is_rough: bool):
    scene = Scene("counting", (group(5, "purple", shape), group(1, "green", shape)), relation="above")
    picture = Picture(0, scene.prompt, scene.category, "steady-1", scene, (), is_rough, (320, 240), 11)
    pixels = np.asarray(Image.open(io.BytesIO(draw(picture))).convert("RGB")).astype(int)
    edge = np.concatenate([pixels[:2].reshape(-1, 3), pixels[-2:].reshape(-1, 3), pixels[:, :2].reshape(-1, 3)])

    assert (edge.max(axis=1) - edge.min(axis=1)).max() < 60  # pale background only
