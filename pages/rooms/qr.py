"""The picture that phones scan."""

import io

import segno


def qr_svg(address: str, title: str = "Scan to join the room") -> str:
    """An address as an SVG picture: black on white with a border, in the dark theme too.

    In capital letters the picture is coarser, and so seen from farther away; hosts and our paths
    are the same in both.
    """
    picture = io.BytesIO()
    segno.make(address.upper(), error="m", micro=False).save(
        picture,
        kind="svg",
        scale=8,
        border=4,
        dark="#000000",
        light="#ffffff",
        title=title,
        svgclass=None,
        lineclass=None,
        xmldecl=False,
        omitsize=True,
    )
    return picture.getvalue().decode()
