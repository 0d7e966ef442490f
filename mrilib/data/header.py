"""ISMRMRD header of a fastMRI file: sizes and measured columns."""

from pathlib import Path
from xml.etree import ElementTree

from mrilib.data.layout import VolumeError

NAMESPACE = "http://www.ismrm.org/ISMRMRD"
TEMPLATE = """<?xml version="1.0" encoding="utf-8"?>
<ismrmrdHeader xmlns="{namespace}"><encoding>
<encodedSpace><matrixSize><x>{ky}</x><y>{kx}</y><z>1</z></matrixSize></encodedSpace>
<reconSpace><matrixSize><x>{y}</x><y>{x}</y><z>1</z></matrixSize></reconSpace>
<encodingLimits><kspace_encoding_step_1>
<minimum>0</minimum><maximum>{last}</maximum><center>{center}</center>
</kspace_encoding_step_1></encodingLimits>
</encoding></ismrmrdHeader>
"""
RECON_X, RECON_Y = "reconSpace/matrixSize/x", "reconSpace/matrixSize/y"
ENCODED_Y = "encodedSpace/matrixSize/y"
SCANNER = "acquisitionSystemInformation/systemModel"
CENTER, LAST = (f"encodingLimits/kspace_encoding_step_1/{name}" for name in ("center", "maximum"))


def compose(shape: tuple[int, int], recon_size: tuple[int, int], padding: tuple[int, int] | None = None) -> bytes:
    """Header of a file in which columns `padding[0]` to `padding[1]` − 1 were measured, or all columns when None.

    The header's x is the readout, which corresponds to our ky and y.
    """
    (ky, kx), (y, x) = shape, recon_size
    first, after = padding or (0, kx)
    numbers = {"ky": ky, "kx": kx, "y": y, "x": x, "last": after - first - 1, "center": kx // 2 - first}
    return TEMPLATE.format(namespace=NAMESPACE, **numbers).encode()


def parse(text: object, shape: tuple[int, int], path: Path) -> tuple[tuple[int, int], tuple[int, int]]:
    """Reconstruction size (y, x) and measured columns (first, last + 1), as fastMRI computes them.

    Without a header, the size is that of the k-space and all columns count as measured.

    Raises:
        VolumeError: the header is not XML, or lacks one of the five numbers.
    """
    if text is None:
        return shape, (0, shape[1])
    try:
        encoding = root(text, path).find(f"{{{NAMESPACE}}}encoding")
        number = {name: _number(encoding, name) for name in (RECON_X, RECON_Y, ENCODED_Y, CENTER, LAST)}
    except (LookupError, TypeError, ValueError) as reason:
        if isinstance(reason, VolumeError):
            raise
        raise VolumeError(f"{path}: `ismrmrd_header` cannot be used ({reason}); write the volume again") from reason
    if min(number[RECON_X], number[RECON_Y]) < 1:
        raise VolumeError(f"{path}: `ismrmrd_header` gives images of size 0; write the volume again")
    first = number[ENCODED_Y] // 2 - number[CENTER]
    return (number[RECON_X], number[RECON_Y]), (first, first + number[LAST] + 1)


def scanner(text: object, path: Path) -> str:
    """Scanner model as named in fastMRI's headers; empty if there is no header or the header does not name it."""
    return "" if text is None else root(text, path).findtext(_qualified(SCANNER), "").strip()


def root(text: object, path: Path) -> ElementTree.Element:
    """Root element of the header; raises VolumeError if it is not XML."""
    content = text.encode() if isinstance(text, str) else text
    # A document type could define entities that expand without bound; headers never have one.
    if not isinstance(content, bytes) or b"<!DOCTYPE" in content:
        raise VolumeError(f"{path}: `ismrmrd_header` is not plain XML text; write the volume again")
    try:
        return ElementTree.fromstring(content)
    except (ElementTree.ParseError, ValueError) as reason:
        raise VolumeError(f"{path}: `ismrmrd_header` cannot be used ({reason}); write the volume again") from reason


def _number(encoding: ElementTree.Element | None, name: str) -> int:
    found = None if encoding is None else encoding.findtext(_qualified(name))
    if found is None:
        raise LookupError(f"no {name}")
    return int(found)


def _qualified(name: str) -> str:
    return "/".join(f"{{{NAMESPACE}}}{part}" for part in name.split("/"))
