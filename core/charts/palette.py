"""The colours of all charts, safe for colour-blind readers on light and dark grounds.

Single colours are those of Okabe and Ito, "Color Universal Design" (2008). A thing has one colour
everywhere: what is registered as a buffer is green, what is not is vermillion.
"""

ORANGE = "#e69f00"
SKY_BLUE = "#56b4e9"
GREEN = "#009e73"
BLUE = "#0072b2"
VERMILLION = "#d55e00"
PURPLE = "#cc79a7"
GREY = "#808080"  # outlines and grounds: as far from black as from white

KIND_COLOURS = {  # a kind of tensor, as TensorRow names it
    "parameter": BLUE,
    "buffer": GREEN,
    "non-persistent buffer": SKY_BLUE,
    "plain attribute": VERMILLION,
}

# Heatmaps, from low to high: orange to blue around zero for scores, viridis for weights.
SCALES = {
    "scores": ["#994a07", "#c5690d", "#e8932f", "#fbbf74", "#fce0ba", "#f2f0eb",
               "#d2e5ef", "#9dcae1", "#5da2cb", "#2f78b3", "#134b85"],
    "weights": ["#440154", "#482878", "#3e4989", "#31688e", "#26828e", "#1f9e89",
                "#35b779", "#6ece58", "#b5de2b", "#fde725"],
}  # fmt: skip
MASKED = "#5f6673"  # grey that carries white text at 5.8 : 1
CELL_EDGE = "#888888"
HOVERED = "#ff9f1c"


def rgb(colour: str) -> tuple[int, int, int]:
    """Red, green and blue of a colour #rrggbb, 0 to 255."""
    red, green, blue = bytes.fromhex(colour.removeprefix("#"))
    return red, green, blue
