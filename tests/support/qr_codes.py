"""Reads the QR codes on a picture of a screen, as a phone would."""

import io

import zxingcpp
from PIL import Image


def qr_codes(png):
    """The texts of the codes on a PNG; one that is inverted, as phones may not read it, is none."""
    picture = Image.open(io.BytesIO(png))
    found = zxingcpp.read_barcodes(picture, formats=zxingcpp.BarcodeFormat.QRCode, try_invert=False)
    return [code.text for code in found]
