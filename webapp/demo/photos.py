"""Draw small synthetic photos of hazards: flat shapes, marked as a demo, the same bytes for the same dice."""

from collections.abc import Callable, Mapping
from io import BytesIO
from pathlib import Path
from random import Random

import numpy as np
from PIL import Image, ImageDraw, ImageFont

SIZE = (1200, 900)
QUALITY = 80
GRAIN = 4.5  # a camera's noise, so that a file weighs what a photo weighs
CJK_FONTS = (
    Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc"),
    Path("/usr/share/fonts/truetype/wqy/wqy-microhei.ttc"),
    Path("/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc"),
)
GROUND_Y = 700

Pen = ImageDraw.ImageDraw


def photo(class_code: str, rng: Random) -> bytes:
    """Return a JPEG of 1200 x 900 that says it is a demo. Raises KeyError for an unknown class."""
    image = Image.new("RGB", SIZE, rng.choice(("#bcd3e6", "#cfd8dc", "#e3d7c0", "#a9c4dd")))
    pen = ImageDraw.Draw(image)
    pen.rectangle((0, GROUND_Y, *SIZE), fill=rng.choice(("#8d8d86", "#99928a", "#7f8a7a")))
    _SCENES[class_code](pen, rng)
    _mark(pen)
    grain = np.random.default_rng(rng.getrandbits(64)).normal(0.0, GRAIN, (SIZE[1], SIZE[0], 1))
    pixels = np.clip(np.asarray(image, dtype=np.float64) + grain, 0, 255).astype(np.uint8)
    out = BytesIO()
    Image.fromarray(pixels).save(out, "JPEG", quality=QUALITY)
    return out.getvalue()


def _mark(pen: Pen) -> None:
    font = next((path for path in CJK_FONTS if path.exists()), None)
    text = "演示 DEMO" if font else "DEMO"
    letters = ImageFont.truetype(str(font), 64) if font else ImageFont.load_default(64)
    pen.rectangle((0, 790, SIZE[0], SIZE[1]), fill="#303030")
    pen.text((40, 800), text, fill="#ffd54f", font=letters)


def _house(pen: Pen, rng: Random, left: int, top: int, storeys: int) -> int:
    """Draw a block of flats and return its right side."""
    right = left + rng.randint(420, 560)
    pen.rectangle((left, top, right, GROUND_Y), fill=rng.choice(("#c9b79c", "#b9a28c", "#d2c6b2", "#a8b0b5")))
    height = (GROUND_Y - top) // storeys
    for storey in range(storeys):
        for window in range(left + 40, right - 70, 120):
            y = top + storey * height + height // 4
            pen.rectangle(
                (window, y, window + 64, y + height // 2), fill="#4d6478", outline="#e8e8e8", width=4
            )
    return right


def _flying_wire(pen: Pen, rng: Random) -> None:
    left = rng.randint(60, 160)
    right = _house(pen, rng, left, 120, 5)
    for number in range(rng.randint(1, 3)):
        x = right - 60 - number * 130
        foot = right + 90 + number * 110
        bow = [(x, 240), (x + 60, 420), (right + 30, 560), (foot, 655)]
        pen.line(bow, fill="#101010", width=6, joint="curve")
        for wheel in (foot - 45, foot + 65):
            pen.ellipse((wheel - 38, 650, wheel + 38, 726), outline="#202020", width=9)
        pen.line([(foot - 45, 688), (foot, 640), (foot + 65, 688)], fill="#b33a3a", width=14)


def _dilapidated_house(pen: Pen, rng: Random) -> None:
    left, top = rng.randint(180, 320), 360
    right = left + 560
    pen.rectangle((left, top, right, GROUND_Y), fill="#b58b6b")
    pen.polygon([(left - 50, top), ((left + right) // 2, 200), (right + 50, top)], fill="#6b4a3a")
    pen.rectangle((left + 80, 480, left + 190, GROUND_Y), fill="#4a3a30")
    for start in (left + 260, left + 430):
        x, y, crack = start, top + 10, []
        while y < GROUND_Y - 30:
            crack.append((x, y))
            x, y = x + rng.randint(-34, 34), y + rng.randint(26, 52)
        pen.line(crack, fill="#2a201a", width=9)
    pen.polygon([(right - 40, GROUND_Y), (right + 90, GROUND_Y), (right + 20, 630)], fill="#8f6c54")


def _fire_lane(pen: Pen, rng: Random) -> None:
    _house(pen, rng, 20, 180, 4)
    _house(pen, rng, 760, 140, 5)
    pen.polygon([(420, 790), (820, 790), (700, 560), (560, 560)], fill="#5f5f5f")
    pen.polygon([(470, 780), (500, 780), (590, 570), (580, 570)], fill="#e0c040")
    for number in range(rng.randint(1, 2)):
        x, y = 520 + number * 120, 640 - number * 60
        colour = rng.choice(("#b02a2a", "#2a4fb0", "#e8e8e8", "#303030"))
        pen.rounded_rectangle((x, y, x + 230, y + 80), 18, fill=colour)
        pen.polygon([(x + 40, y), (x + 75, y - 50), (x + 165, y - 50), (x + 200, y)], fill="#90a4ae")
        for wheel in (x + 50, x + 180):
            pen.ellipse((wheel - 28, y + 52, wheel + 28, y + 108), fill="#151515")


def _slope(pen: Pen, rng: Random) -> None:
    ridge = [(0, 330), *[(x, 330 + x // 4 + rng.randint(-40, 40)) for x in range(120, 1000, 110)]]
    pen.polygon([*ridge, (1040, GROUND_Y), (0, GROUND_Y)], fill="#8a7350")
    for _ in range(rng.randint(14, 26)):
        x, size = rng.randint(640, 1120), rng.randint(10, 38)
        y = GROUND_Y + rng.randint(-30, 60)
        pen.ellipse((x, y - size, x + size, y), fill=rng.choice(("#6d6353", "#7d7565", "#5a5348")))
    pen.line([(160, 470), (300, 500), (410, 480), (560, 560)], fill="#3a3020", width=10)


def _lead(pen: Pen, rng: Random) -> None:
    pen.rectangle((0, 0, SIZE[0], GROUND_Y), fill="#1f2733")
    _house(pen, rng, rng.randint(120, 500), 260, 3)
    pen.ellipse((940, 90, 1040, 190), fill="#f0e6b0")
    for _ in range(rng.randint(3, 6)):
        x = rng.randint(80, 1080)
        pen.ellipse((x, 590, x + 44, 634), fill="#0c0f14")
        pen.rounded_rectangle((x - 14, 632, x + 58, 740), 22, fill="#0c0f14")


def _other(pen: Pen, rng: Random) -> None:
    _house(pen, rng, 60, 220, 4)
    x = rng.randint(620, 820)
    pen.ellipse((x, 690, x + 330, 780), fill="#3c3c3c", outline="#c9a227", width=12)
    pen.line([(980, GROUND_Y), (980, 180), (1080, 160)], fill="#52606b", width=16)
    pen.ellipse((1060, 140, 1140, 185), fill="#777766")


_SCENES: Mapping[str, Callable[[Pen, Random], None]] = {
    "flying_wire": _flying_wire,
    "dilapidated_house": _dilapidated_house,
    "fire_lane": _fire_lane,
    "slope": _slope,
    "lead": _lead,
    "other": _other,
}
