"""Bytes in words, as people say them."""


def in_bytes(number: int) -> str:
    """A number of bytes to three digits, with a unit of powers of 1,000: `50.3 MB`."""
    size, units = float(number), ["bytes", "kB", "MB", "GB", "TB"]
    while size >= 999.5 and len(units) > 1:
        size, units = size / 1000, units[1:]
    if units[0] == "bytes":
        return f"{number:,} bytes"
    return f"{size:.{max(0, 3 - len(str(int(size))))}f} {units[0]}"
