"""Numbers that are copied digit by digit look as if the browser had written each as a text."""

import numpy as np
import pytest

# The same block of cells twice: as digits.js writes it, and as a browser writes texts. Both as bytes of red alone.
BOTH = """({ rows, columns, cell, texts, size, most, scale, shift }) => {
    const [width, height] = [columns * cell[0], rows * cell[1]];
    const made = write => {
        const canvas = document.createElement("canvas");
        [canvas.width, canvas.height] = [Math.ceil((width + 2) * scale), Math.ceil((height + 2) * scale)];
        const context = canvas.getContext("2d");
        context.setTransform(scale, 0, 0, scale, 0, 0);
        context.fillStyle = "#fff";
        context.fillRect(0, 0, width + 2, height + 2);
        write(new course.CanvasBrush(context));
        return [...context.getImageData(0, 0, canvas.width, canvas.height).data].filter((_, i) => i % 4 === 0);
    };
    const fills = new Uint8ClampedArray(4 * texts.length).fill(255);
    const inks = texts.map(() => "#102030");
    const copied = made(brush => brush.cells(shift, shift, width, height, fills, columns, { texts, inks, size, most }));
    const written = made(brush => {
        texts.forEach((text, i) => brush.text(text, shift + (i % columns + 0.5) * cell[0],
            shift + (Math.floor(i / columns) + 0.5) * cell[1], { size, color: inks[i], most }));
    });
    return [copied, written];
}"""


@pytest.fixture
def page(blank):
    yield blank
    assert blank.errors == []


@pytest.mark.parametrize("scale", [1, 1.25, 2, 3])
@pytest.mark.parametrize(("size", "squeezed"), [(7.5, False), (10, False), (8, True), (12.5, True)])
def test_they_stand_where_texts_would_and_have_as_much_ink(page, scale, size, squeezed):
    random = np.random.default_rng(int(10 * size))
    rows, columns, cell = 6, 5, (4.2 * size, 1.9 * size)
    texts = [f"{number:.2f}".replace("-", "–") for number in random.normal(scale=20, size=rows * columns - 3)]
    texts += ["0", ".05", "1.25e+7"]
    most = 2 * size if squeezed else 0
    given = dict(rows=rows, columns=columns, cell=cell, texts=texts, size=size, most=most, scale=scale, shift=0.6)
    high = int(np.ceil((rows * cell[1] + 2) * scale))
    copied, written = (255 - np.reshape(image, (high, -1)).astype(float) for image in page.ask(BOTH, given))
    assert copied[0].max() == 0  # nothing is left beside the cells
    for i in range(len(texts)):
        row, column = divmod(i, columns)
        top, left = (round((0.6 + at * length) * scale) for at, length in ((row, cell[1]), (column, cell[0])))
        part = np.s_[top : top + int(cell[1] * scale), left : left + int(cell[0] * scale)]
        one, other = copied[part], written[part]
        assert one.sum() == pytest.approx(other.sum(), rel=0.06), texts[i]
        for axis in (0, 1):
            places = np.arange(one.shape[1 - axis])
            middles = [(image.sum(axis) * places).sum() / image.sum() for image in (one, other)]
            assert middles[0] == pytest.approx(middles[1], abs=0.2), (texts[i], axis)


def test_the_middle_of_a_cell_is_of_its_own_color(page):
    """Each cell has its color to the last pixel, and an empty text writes nothing."""
    given = dict(rows=2, columns=3, cell=(10, 8), size=8, most=0, scale=1, shift=0)
    copied, _ = page.ask(
        BOTH.replace(".fill(255)", ".map((_, i) => i % 4 < 3 ? 40 * Math.floor(i / 4) : 255)"),
        {**given, "texts": [""] * 6},
    )
    image = np.reshape(copied, (18, 32))[:16, :30]
    assert (image == np.kron([[0, 40, 80], [120, 160, 200]], np.ones((8, 10)))).all()
