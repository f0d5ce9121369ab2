"""How a scene looks: Pillow alone, anti-aliased, the same bytes for the same picture."""

from __future__ import annotations

import io
import math
from collections.abc import Callable
from random import Random

from PIL import Image, ImageChops, ImageDraw, ImageEnhance, ImageFilter, ImageOps

from annotator.demo.scenes import Picture, Scene, Thing

SCALE = 3  # masks are drawn this many times larger, then reduced: smooth edges
INKS = {
    "red": (214, 51, 58),
    "orange": (240, 132, 38),
    "yellow": (246, 203, 58),
    "green": (63, 153, 84),
    "blue": (48, 104, 196),
    "purple": (126, 74, 172),
    "pink": (238, 128, 172),
    "brown": (124, 82, 54),
}
# Top and bottom of the background: light, and of hues that no thing has.
SKIES = (
    ((247, 243, 235), (226, 232, 236)),
    ((236, 244, 247), (214, 226, 234)),
    ((245, 240, 248), (226, 222, 238)),
    ((240, 247, 240), (218, 232, 226)),
    ((250, 244, 236), (238, 224, 214)),
    ((242, 242, 246), (216, 218, 228)),
)
JPEG_QUALITY = 91
WOBBLE = 0.05  # of the radius: an unsteady hand, but a hexagon is still told from a circle

Point = tuple[float, float]
Box = tuple[float, float, float, float]  # left, top, right, bottom


def draw(picture: Picture) -> bytes:
    """The picture as a JPEG file. It names its generator in its EXIF data, as the files of real generators do."""
    rng = Random(f"{picture.seed} {picture.prompt}")  # noqa: S311
    width, height = picture.size
    canvas = _background(width, height, rng)
    if picture.is_rough:
        canvas = _stain(canvas, rng)
    for box, things in _arrange(picture.scene, width, height, rng):
        for thing, (x, y), radius in _place(things, box, rng):
            _draw_thing(canvas, thing, x, y, radius, picture.is_rough, rng)
    exif = Image.Exif()
    exif[0x0131] = picture.generator  # Software
    exif[0x010E] = picture.prompt  # ImageDescription
    file = io.BytesIO()
    canvas.save(file, "JPEG", quality=JPEG_QUALITY, subsampling=0, exif=exif)
    return file.getvalue()


def _background(width: int, height: int, rng: Random) -> Image.Image:
    top, bottom = rng.choice(SKIES)
    gradient = Image.new("RGB", (1, 2))
    gradient.putpixel((0, 0), top)
    gradient.putpixel((0, 1), bottom)
    canvas = gradient.resize((width, height), Image.Resampling.BICUBIC)
    # Large pale discs, soft because they are drawn small and stretched.
    discs = Image.new("L", (width // 16, height // 16), 0)
    pen = ImageDraw.Draw(discs)
    for _ in range(rng.randint(3, 5)):
        x, y, radius = rng.uniform(0, discs.width), rng.uniform(0, discs.height), rng.uniform(0.12, 0.34) * discs.width
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=rng.randint(50, 110))
    discs = discs.filter(ImageFilter.GaussianBlur(1)).resize((width, height), Image.Resampling.BICUBIC)
    canvas.paste(Image.new("RGB", (width, height), (255, 255, 255)), mask=discs)
    return canvas


def _arrange(scene: Scene, width: int, height: int, rng: Random) -> list[tuple[Box, tuple[Thing, ...]]]:
    """The part of the canvas each group stands in."""
    edge = 0.06 * min(width, height)
    inner = (edge, edge, width - edge, height - edge)
    groups = [group.things for group in scene.groups]
    if len(groups) == 1:
        return [(inner, groups[0])]
    stacked = scene.relation in ("above", "below") if scene.relation else height > width
    if scene.relation in ("below", "to the right of"):
        groups.reverse()
    elif not scene.relation:
        rng.shuffle(groups)
    left, top, right, bottom = inner
    length = bottom - top if stacked else right - left
    gap = 0.05 * length
    # A group of many gets more room, but not all of it.
    shares = [1 + 0.35 * math.sqrt(len(things)) for things in groups]
    unit = (length - gap * (len(groups) - 1)) / sum(shares)
    boxes, start = [], top if stacked else left
    for things, share in zip(groups, shares, strict=True):
        end = start + share * unit
        boxes.append(((left, start, right, end) if stacked else (start, top, end, bottom), things))
        start = end + gap
    return boxes


def _place(things: tuple[Thing, ...], box: Box, rng: Random) -> list[tuple[Thing, Point, float]]:
    """Each thing with its centre and radius: on the grid with the largest cells, a little out of line."""
    left, top, right, bottom = box
    count = len(things)

    def cell(columns: int) -> float:
        return min((right - left) / columns, (bottom - top) / math.ceil(count / columns))

    columns = max(range(1, count + 1), key=lambda n: (cell(n), -n))
    rows = math.ceil(count / columns)
    side = min(cell(columns), 0.62 * max(right - left, bottom - top))
    radius = side * rng.uniform(0.37, 0.41)
    step_x, step_y = min((right - left) / columns, 1.5 * side), min((bottom - top) / rows, 1.5 * side)
    order = list(things)
    rng.shuffle(order)
    placed = []
    for index, thing in enumerate(order):
        row, column = divmod(index, columns)
        in_row = min(columns, count - row * columns)
        x = (left + right) / 2 + (column - (in_row - 1) / 2) * step_x + rng.uniform(-0.06, 0.06) * side
        y = (top + bottom) / 2 + (row - (rows - 1) / 2) * step_y + rng.uniform(-0.06, 0.06) * side
        placed.append((thing, (x, y), radius * rng.uniform(0.92, 1.05)))
    return placed


def _circle() -> list[Point]:
    return [(math.cos(angle), math.sin(angle)) for angle in _angles(72)]


def _square() -> list[Point]:
    return _along([(-0.84, -0.84), (0.84, -0.84), (0.84, 0.84), (-0.84, 0.84)])


def _triangle() -> list[Point]:
    return _along([(0, -0.98), (1, 0.78), (-1, 0.78)])


def _star() -> list[Point]:
    corners = []
    for index in range(10):
        angle, reach = -math.pi / 2 + index * math.pi / 5, 1.08 if index % 2 == 0 else 0.46
        corners.append((reach * math.cos(angle), reach * math.sin(angle)))
    return _along(corners)


def _heart() -> list[Point]:
    points = []
    for angle in _angles(72):
        x = 16 * math.sin(angle) ** 3
        y = -(13 * math.cos(angle) - 5 * math.cos(2 * angle) - 2 * math.cos(3 * angle) - math.cos(4 * angle))
        points.append((x / 16.5, (y - 2.5) / 16))
    return points


def _diamond() -> list[Point]:
    return _along([(0, -1.1), (0.74, 0), (0, 1.1), (-0.74, 0)])


def _hexagon() -> list[Point]:
    return _along([(math.cos(angle), math.sin(angle)) for angle in _angles(6)])


def _crescent() -> list[Point]:
    outer = [(math.cos(angle), math.sin(angle)) for angle in (math.radians(degrees) for degrees in range(50, 311, 5))]
    # The inner arc runs back through the same two tips, around a centre further right.
    tip_x, tip_y = outer[0]
    centre = 0.62
    radius, start = math.hypot(tip_x - centre, tip_y), math.atan2(tip_y, tip_x - centre)
    inner = [(centre + radius * math.cos(angle), radius * math.sin(angle)) for angle in _between(-start, start - 2 * math.pi, 36)]
    return [(x + 0.22, y) for x, y in outer + inner]


def _angles(count: int) -> list[float]:
    return [2 * math.pi * index / count for index in range(count)]


def _between(start: float, end: float, count: int) -> list[float]:
    return [start + (end - start) * index / count for index in range(count + 1)]


def _along(corners: list[Point], parts: int = 8) -> list[Point]:
    """Points along the edges, so that an edge can wobble."""
    points = []
    for (x1, y1), (x2, y2) in zip(corners, corners[1:] + corners[:1], strict=True):
        points += [(x1 + (x2 - x1) * step / parts, y1 + (y2 - y1) * step / parts) for step in range(parts)]
    return points


OUTLINES: dict[str, Callable[[], list[Point]]] = {
    "circle": _circle,
    "square": _square,
    "triangle": _triangle,
    "star": _star,
    "heart": _heart,
    "diamond": _diamond,
    "hexagon": _hexagon,
    "crescent": _crescent,
}


def _draw_thing(canvas: Image.Image, thing: Thing, x: float, y: float, radius: float, is_rough: bool, rng: Random) -> None:
    tilt = math.radians(rng.uniform(-9, 9))
    points = _wobble(OUTLINES[thing.shape](), WOBBLE if is_rough else 0.0, rng)
    side = round(radius * 3)
    corner = (round(x - side / 2), round(y - side / 2))
    # From here on in the large pixels of the masks.
    large = radius * SCALE
    centre_x, centre_y = (x - corner[0]) * SCALE, (y - corner[1]) * SCALE
    outline = [
        (
            centre_x + large * (px * math.cos(tilt) - py * math.sin(tilt)),
            centre_y + large * (px * math.sin(tilt) + py * math.cos(tilt)),
        )
        for px, py in points
    ]
    mask = Image.new("L", (side * SCALE, side * SCALE), 0)
    ImageDraw.Draw(mask).polygon(outline, fill=255)
    ink = tuple(min(255, max(0, part + rng.randint(-8, 8))) for part in INKS[thing.colour])
    if is_rough:
        canvas.paste(tuple(part * 9 // 10 for part in ink), corner, _hatching(mask, large, rng))
        canvas.paste(tuple(part * 3 // 5 for part in ink), corner, _pencil_line(outline, side, large, rng))
        return
    mask = mask.reduce(SCALE)
    shadow = mask.reduce(4).filter(ImageFilter.GaussianBlur(radius / 45)).resize(mask.size, Image.Resampling.BILINEAR)
    shadow = shadow.point([value * 3 // 10 for value in range(256)])
    canvas.paste((38, 44, 66), (corner[0] + round(radius * 0.06), corner[1] + round(radius * 0.12)), shadow)
    canvas.paste(_shaded(side, ink), corner, mask)


def _shaded(side: int, ink: tuple[int, ...]) -> Image.Image:
    """The ink, lit from above left."""
    light = Image.new("L", (2, 2))
    for spot, value in {(0, 0): 255, (1, 0): 190, (0, 1): 190, (1, 1): 96}.items():
        light.putpixel(spot, value)
    light = light.resize((side, side), Image.Resampling.BICUBIC)
    pale = tuple(part + (255 - part) // 4 for part in ink)
    return ImageOps.colorize(light, black=tuple(part * 4 // 5 for part in ink), white=pale, mid=ink, midpoint=176)


def _wobble(points: list[Point], amount: float, rng: Random) -> list[Point]:
    """The outline as an unsteady hand draws it: bulges of a few wave lengths."""
    if not amount:
        return points
    waves = [(rng.randint(2, 9), rng.uniform(0, 2 * math.pi), rng.uniform(0.3, 1)) for _ in range(4)]
    wobbly = []
    for index, (x, y) in enumerate(points):
        angle = 2 * math.pi * index / len(points)
        bulge = 1 + amount * sum(height * math.sin(count * angle + phase) for count, phase, height in waves) / 1.6
        wobbly.append((x * bulge, y * bulge))
    return wobbly


def _hatching(mask: Image.Image, large: float, rng: Random) -> Image.Image:
    """Crayon strokes inside the outline, which they miss here and there. A mask of the canvas's pixels."""
    strokes = Image.new("L", mask.size, 60)
    pen = ImageDraw.Draw(strokes)
    side = mask.width
    slope = rng.uniform(0.5, 1.4)
    offset = -2.0 * side
    while offset < side:
        wide = large * rng.uniform(0.06, 0.13)
        pen.line((offset, 0, offset + side / slope, side), fill=rng.randint(150, 250), width=round(wide))
        offset += wide * rng.uniform(1.0, 1.6)
    slip = [round(large * rng.uniform(-0.08, 0.08)) for _ in "xy"]
    return ImageChops.multiply(ImageChops.offset(mask, *slip), strokes).reduce(SCALE)


def _pencil_line(outline: list[Point], side: int, large: float, rng: Random) -> Image.Image:
    """The outline drawn twice, each time a little beside it. A mask of the canvas's pixels."""
    lines = Image.new("L", (side * SCALE, side * SCALE), 0)
    pen = ImageDraw.Draw(lines)
    for _ in range(2):
        shift_x, shift_y = (rng.uniform(-0.05, 0.05) * large for _ in "xy")
        line = [
            (x + shift_x + rng.uniform(-0.02, 0.02) * large, y + shift_y + rng.uniform(-0.02, 0.02) * large) for x, y in outline
        ]
        pen.line([*line, line[0]], fill=235, width=max(2, round(large * 0.03)), joint="curve")
    return lines.reduce(SCALE)


def _stain(canvas: Image.Image, rng: Random) -> Image.Image:
    """Worn paper: less colour, and soft stains."""
    stains = Image.new("L", (canvas.width // 16, canvas.height // 16))
    pen = ImageDraw.Draw(stains)
    for _ in range(26):
        x, y, radius = rng.uniform(0, stains.width), rng.uniform(0, stains.height), rng.uniform(0.5, 3.5)
        pen.ellipse((x - radius, y - radius * 0.7, x + radius, y + radius * 0.7), fill=rng.randint(24, 84))
    stains = stains.filter(ImageFilter.GaussianBlur(0.9)).resize(canvas.size, Image.Resampling.BICUBIC)
    canvas.paste((146, 128, 100), mask=stains)
    return ImageEnhance.Color(canvas).enhance(0.7)
