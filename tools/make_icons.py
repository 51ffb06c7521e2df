#!/usr/bin/env python3
"""Draw the suite's application icons, one family with one file per addon, and the demo company's logo.

Run ``python3 tools/make_icons.py`` after changing a glyph; it writes
``addons/<addon>/static/description/icon.png`` (128 x 128) and ``addons/psa/static/img/brightwater.png``.
"""

import argparse
import math
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

SIZE = 128
SCALE = 8  # glyphs are drawn large and reduced: smooth edges without a vector library
RADIUS = 26
WHITE = (255, 255, 255, 255)
SOFT = (255, 255, 255, 170)

# Top and bottom of the background gradient of each addon.
COLOURS = {
    "psa": ((70, 84, 230), (42, 50, 160)),
    "psa_crm": ((14, 165, 180), (8, 110, 130)),
    "psa_assets": ((100, 116, 139), (58, 70, 90)),
    "psa_helpdesk": ((236, 94, 72), (186, 52, 48)),
    "psa_billing": ((34, 164, 96), (16, 112, 66)),
    "psa_portal": ((154, 88, 214), (104, 48, 160)),
}


class Canvas:
    """A drawing surface in the icon's own units (0 to 128)."""

    def __init__(self, top, bottom):
        side = SIZE * SCALE
        self.image = Image.new("RGBA", (side, side), (0, 0, 0, 0))
        gradient = Image.new("RGBA", (1, side))
        for y in range(side):
            part = y / (side - 1)
            colour = [round(a + (b - a) * part) for a, b in zip(top, bottom, strict=True)]
            gradient.putpixel((0, y), (*colour, 255))
        mask = Image.new("L", (side, side), 0)
        ImageDraw.Draw(mask).rounded_rectangle((0, 0, side - 1, side - 1), RADIUS * SCALE, fill=255)
        self.image.paste(gradient.resize((side, side)), mask=mask)
        self.background = gradient.resize((side, side))
        self.layer = Image.new("RGBA", (side, side), (0, 0, 0, 0))
        self.draw = ImageDraw.Draw(self.layer)

    @staticmethod
    def _scaled(values):
        return [value * SCALE for value in values]

    def box(self, x0, y0, x1, y1, radius=0, fill=WHITE):
        """A (rounded) rectangle; ``fill=None`` cuts it out of the glyph."""
        self.draw.rounded_rectangle(self._scaled((x0, y0, x1, y1)), radius * SCALE, fill=fill or (0, 0, 0, 0))

    def disc(self, x, y, radius, fill=WHITE):
        """A filled circle; ``fill=None`` cuts it out of the glyph."""
        self.draw.ellipse(self._scaled((x - radius, y - radius, x + radius, y + radius)), fill=fill or (0, 0, 0, 0))

    def arc(self, x, y, radius, start, end, width, fill=WHITE):
        """An arc of a circle with round ends; degrees run clockwise from three o'clock."""
        self.draw.arc(
            self._scaled((x - radius, y - radius, x + radius, y + radius)), start, end, fill=fill, width=round(width * SCALE)
        )
        if end - start < 360:
            for angle in (start, end):
                reach = radius - width / 2
                self.disc(
                    x + reach * math.cos(math.radians(angle)),
                    y + reach * math.sin(math.radians(angle)),
                    width / 2,
                    fill,
                )

    def line(self, x0, y0, x1, y1, width, fill=WHITE):
        """A straight stroke with round ends."""
        self.draw.line(self._scaled((x0, y0, x1, y1)), fill=fill or (0, 0, 0, 0), width=round(width * SCALE))
        for x, y in ((x0, y0), (x1, y1)):
            self.disc(x, y, width / 2, fill)

    def shape(self, *points, fill=WHITE):
        """A filled polygon."""
        self.draw.polygon([tuple(self._scaled(point)) for point in points], fill=fill or (0, 0, 0, 0))

    def finished(self):
        """The icon at its final size."""
        self.image.alpha_composite(self.layer)
        return self.image.resize((SIZE, SIZE), Image.LANCZOS)


def draw_psa(canvas):
    """A hub with its spokes: one place where all the work meets."""
    centre = (64, 64)
    for index in range(6):
        angle = math.radians(60 * index - 90)
        x, y = centre[0] + 37 * math.cos(angle), centre[1] + 37 * math.sin(angle)
        canvas.line(*centre, x, y, 5, SOFT)
    for index in range(6):
        angle = math.radians(60 * index - 90)
        x, y = centre[0] + 37 * math.cos(angle), centre[1] + 37 * math.sin(angle)
        canvas.disc(x, y, 10 if index % 2 else 7.5)
    canvas.disc(*centre, 24, None)
    canvas.disc(*centre, 19)
    canvas.line(55.5, 65, 61.5, 71, 5, None)
    canvas.line(61.5, 71, 73, 58, 5, None)


def draw_psa_crm(canvas):
    """A client's building with two of its people in front."""
    canvas.box(24, 30, 62, 98, 5, SOFT)
    for y in (40, 54, 68):
        canvas.box(32, y, 40, y + 7, 1.5, None)
        canvas.box(46, y, 54, y + 7, 1.5, None)
    canvas.disc(80, 62, 19, None)
    canvas.box(47, 79, 113, 104, 0, None)
    canvas.disc(80, 62, 14)
    canvas.box(53, 82, 107, 122, 22)
    canvas.box(50, 98, 110, 124, 0, None)


def draw_psa_assets(canvas):
    """A screen with a tag hanging from it."""
    canvas.box(22, 30, 106, 86, 7)
    canvas.box(29, 37, 99, 79, 3, None)
    canvas.shape((56, 86), (72, 86), (75, 98), (53, 98))
    canvas.box(42, 96, 86, 103, 3.5)
    canvas.box(38, 46, 62, 52, 3, SOFT)
    canvas.box(38, 57, 54, 63, 3, SOFT)
    canvas.shape((70, 45), (90, 45), (90, 65), (80, 74), (70, 65))
    canvas.disc(80, 53, 4, None)


def draw_psa_helpdesk(canvas):
    """A headset."""
    canvas.arc(64, 66, 39, 180, 360, 8)
    canvas.box(21, 62, 39, 92, 8)
    canvas.box(89, 62, 107, 92, 8)
    canvas.arc(80, 84, 25, 20, 92, 6)
    canvas.disc(70, 106, 7.5)
    canvas.box(46, 58, 82, 82, 7, SOFT)
    canvas.shape((54, 80), (66, 80), (54, 91), fill=SOFT)


def draw_psa_billing(canvas):
    """An invoice and the clock it was made from."""
    canvas.box(28, 22, 84, 104, 7)
    canvas.box(38, 36, 74, 42, 3, None)
    canvas.box(38, 50, 66, 56, 3, None)
    canvas.box(38, 64, 58, 70, 3, None)
    canvas.disc(82, 82, 29, None)
    canvas.disc(82, 82, 23)
    canvas.line(82, 68, 82, 83, 5, None)
    canvas.line(82, 83, 91, 88, 5, None)


def draw_psa_portal(canvas):
    """A browser window with a conversation in it."""
    canvas.box(20, 28, 108, 100, 8)
    canvas.box(27, 45, 101, 93, 3, None)
    for x in (30, 39, 48):
        canvas.disc(x, 36.5, 3, None)
    canvas.box(34, 52, 74, 66, 6, SOFT)
    canvas.shape((40, 64), (50, 64), (40, 72), fill=SOFT)
    canvas.box(54, 72, 94, 86, 6)
    canvas.shape((78, 84), (88, 84), (88, 91))


def draw_demo_logo():
    """The logo of Brightwater IT, the company of the demo story: three waves and its name."""
    image = Image.new("RGBA", (540 * 2, 120 * 2), (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    for index, colour in enumerate([(14, 165, 180), (30, 120, 200), (42, 50, 160)]):
        points = [(20 + x, 74 + index * 46 + 16 * math.sin(x / 24 + index)) for x in range(170)]
        draw.line(points, fill=(*colour, 255), width=22, joint="curve")
        for x, y in (points[0], points[-1]):
            draw.ellipse((x - 11, y - 11, x + 11, y + 11), fill=(*colour, 255))
    draw.text((230, 112), "Brightwater", font=ImageFont.load_default(108), fill=(31, 41, 92, 255), anchor="lm")
    draw.text((846, 112), "IT", font=ImageFont.load_default(108), fill=(14, 165, 180, 255), anchor="lm")
    return image.crop(image.getbbox()).reduce(2)


def main():
    """Write the icon of every addon, or of those named."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("addons", nargs="*", help="addons to draw; all when none is named")
    parser.add_argument("--root", type=Path, default=Path(__file__).resolve().parent.parent / "addons")
    options = parser.parse_args()
    if unknown := set(options.addons) - set(COLOURS):
        parser.error(f"no icon is known for {', '.join(sorted(unknown))}; choose from {', '.join(COLOURS)}")
    for addon in options.addons or COLOURS:
        canvas = Canvas(*COLOURS[addon])
        globals()[f"draw_{addon}"](canvas)
        path = options.root / addon / "static" / "description" / "icon.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        canvas.finished().save(path, optimize=True)
    if not options.addons:
        path = options.root / "psa" / "static" / "img" / "brightwater.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        draw_demo_logo().save(path, optimize=True)


if __name__ == "__main__":
    main()
