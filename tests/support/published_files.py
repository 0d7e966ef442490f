"""Small files in the formats in which paper B's datasets are published, made from images that the tests choose."""

from dataclasses import dataclass

import h5py
import ismrmrd
import numpy as np

HEADER = """<?xml version="1.0"?><ismrmrdHeader xmlns="http://www.ismrm.org/ISMRMRD">
<acquisitionSystemInformation><systemVendor>{vendor}</systemVendor>
<systemFieldStrength_T>{field}</systemFieldStrength_T><receiverChannels>{coils}</receiverChannels>
</acquisitionSystemInformation><encoding>
<encodedSpace><matrixSize><x>{rows}</x><y>{columns}</y><z>{depth}</z></matrixSize></encodedSpace>
<reconSpace><matrixSize><x>{recon_y}</x><y>{recon_x}</y><z>1</z></matrixSize></reconSpace>
<encodingLimits><kspace_encoding_step_1><minimum>0</minimum><maximum>{last}</maximum><center>{center}</center>
</kspace_encoding_step_1><segment><minimum>0</minimum><maximum>{segment}</maximum><center>0</center></segment>
</encodingLimits></encoding><userParameters>
<userParameterLong><name>ChopY</name><value>{chop_y}</value></userParameterLong></userParameters></ismrmrdHeader>"""


def transform(images, axes=(-2, -1)):
    """Centred orthonormal transform by numpy alone."""
    return np.fft.fftshift(np.fft.fftn(np.fft.ifftshift(images, axes), axes=axes, norm="ortho"), axes)


def random_images(*shape):
    """Every pixel its own value, so that no flip, shift or exchange of axes goes unseen."""
    random = np.random.default_rng(8)
    return (random.standard_normal(shape) + 1j * random.standard_normal(shape)).astype(np.complex64)


def write_arrays(path, kspace, header=None, attributes=None, **datasets):
    with h5py.File(path, "w") as file:
        file["kspace"] = kspace
        if header is not None:
            file["ismrmrd_header"] = header
        for name, data in datasets.items():
            file[name] = data
        file.attrs.update(attributes or {})
    return path


@dataclass
class Scan:
    """k-space (slice, coil, kz, ky, readout) and how the scanner describes it."""

    kspace: np.ndarray
    vendor: str
    field: float = 3.0
    volume: bool = False
    recon: tuple[int, int] | None = None
    chop_y: int = 1  # 0: the scanner alternated the signs of ky
    noise: np.ndarray | None = None
    segments: np.ndarray | None = None  # (ky,) echo of each line
    calibration: np.ndarray | None = None  # (slice, coil, echo, readout)
    coils_in_header: int | None = None
    encoded: int | None = None  # columns of the header's matrix, of which ours are the last

    def header(self):
        _, coils, depth, lines, samples = self.kspace.shape
        encoded = self.encoded or lines
        recon = self.recon or (samples, encoded)
        return HEADER.format(
            vendor=self.vendor, field=self.field, coils=self.coils_in_header or coils, rows=samples, columns=encoded,
            depth=depth if depth > 1 else 2 if self.volume else 1, recon_y=recon[0], recon_x=recon[1], last=lines - 1,
            center=encoded // 2 - (encoded - lines), chop_y=self.chop_y,
            segment=0 if self.segments is None else int(self.segments.max()),
        )  # fmt: skip

    def write(self, path, change=lambda one: None):
        """Append to a file; `change` is called with each readout of the image."""
        data = ismrmrd.Dataset(path, "dataset")
        slices, _, depth, lines, _ = self.kspace.shape
        places = [(s, z, y) for s in range(slices) for z in range(depth) for y in range(lines)]
        for s, z, y in places[::-1]:  # the order in the file does not matter
            segment = 0 if self.segments is None else self.segments[y]
            one = acquisition(self.kspace[s, :, z, y], y, z, s, segment)
            change(one)
            data.append_acquisition(one)
        if self.calibration is not None:
            for s, echo in np.ndindex(slices, self.calibration.shape[2]):
                data.append_acquisition(acquisition(self.calibration[s, :, echo], lines + echo, 0, s, echo))
        data.write_xml_header(self.header().encode())
        if self.noise is not None:
            data.append_array("rec_std", self.noise.astype(np.float32))
        data.close()
        return path


def acquisition(values, line, depth, slice_, segment):
    one = ismrmrd.Acquisition.from_array(np.ascontiguousarray(values, np.complex64))
    one.idx.kspace_encode_step_1, one.idx.kspace_encode_step_2 = line, depth
    one.idx.slice, one.idx.segment = slice_, segment
    return one
