"""Checksums: what was written comes back, and no flipped byte, cut or foreign file passes for it."""

import json
import random

import pytest
import torch
from safetensors.torch import save

from mrilib.store.records import write_json
from mrilib.store.sealed import DamagedError, check_file, kept, read_sealed, sealed, write_sealed
from mrilib.store.tensors import read_tensors, write_tensors

FACTS = {"seconds": 1.5, "history": {"3": [0.25]}, "name": "Füße"}
TENSORS = {
    "image": torch.arange(12.0).reshape(3, 4),
    "step": torch.tensor(7.0),
    "half": torch.ones(2, dtype=torch.bfloat16),
    "none": torch.zeros(0),
    "mask": torch.tensor([True, False]),
}


@pytest.fixture
def tensors(tmp_path):
    path = tmp_path / "neu ü" / "one.safetensors"
    write_tensors(path, TENSORS, FACTS)
    return path


@pytest.fixture
def document(tmp_path):
    path = tmp_path / "one.json"
    write_json(path, sealed({"rows": [{"share": 0.1, "ssim": [1, 2.5]}], "by": {12: "x", 2: "y"}, "note": "Füße"}))
    return path


def test_tensors_and_facts_come_back(tensors):
    found, facts = read_tensors(tensors)
    assert facts == FACTS
    assert found.keys() == TENSORS.keys()
    assert all(torch.equal(found[name], one) and found[name].dtype == one.dtype for name, one in TENSORS.items())


def test_a_document_comes_back_with_keys_as_text(document):
    content = read_sealed(document)
    assert content.pop("checksum")
    assert content == {"rows": [{"share": 0.1, "ssim": [1, 2.5]}], "by": {"12": "x", "2": "y"}, "note": "Füße"}


def flips(content, count, seed=0):
    """The content with one bit turned, at places drawn at random."""
    drawn = random.Random(seed)
    for _ in range(count):
        changed = bytearray(content)
        changed[drawn.randrange(len(changed))] ^= 1 << drawn.randrange(8)
        yield bytes(changed)


def test_no_flipped_bit_of_tensors_passes(tensors):
    content, lost = tensors.read_bytes(), 0
    for changed in flips(content, 300):
        tensors.write_bytes(changed)
        try:
            found, facts = read_tensors(tensors)
        except DamagedError:
            lost += 1
        else:  # blanks that fill the header up
            assert facts == FACTS
            assert all(torch.equal(found[name], one) for name, one in TENSORS.items())
    assert lost > 250


def test_no_flipped_bit_of_a_document_changes_what_is_read(document):
    content, expected = document.read_bytes(), read_sealed(document)
    lost = 0
    for changed in flips(content, 300):
        document.write_bytes(changed)
        try:
            assert read_sealed(document) == expected
        except DamagedError:
            lost += 1
    assert lost > 200


FOREIGN = [b"", b"hello", b"[1, 2]", b"null", b'{"rows": []}', b"\xff\xfe", b"[" * 100_000, b'{"checksum": 1, "a": ']


@pytest.mark.parametrize("content", FOREIGN)
def test_a_foreign_document_is_refused_by_name(document, content):
    document.write_bytes(content)
    with pytest.raises(DamagedError, match=r"one\.json: not a complete file of this version") as error:
        read_sealed(document)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("content", [*FOREIGN, save(TENSORS), save(TENSORS, {"facts": "{}"})])
def test_foreign_tensors_are_refused_by_name(tensors, content):
    tensors.write_bytes(content)
    with pytest.raises(DamagedError, match=r"one\.safetensors: not a complete file of this version"):
        read_tensors(tensors)


@pytest.mark.parametrize("size", [-1, 40, 8])
def test_a_cut_file_is_refused_by_name(tensors, size):
    tensors.write_bytes(tensors.read_bytes()[:size])
    with pytest.raises(DamagedError, match=r"one\.safetensors: not a complete file"):
        read_tensors(tensors)


def test_a_file_of_a_cache_is_made_again_with_a_line(tensors):
    assert kept(tensors.with_name("other"), read_tensors) is None, "what is not there needs no word"
    assert kept(tensors, read_tensors)[1] == FACTS
    content = bytearray(tensors.read_bytes())
    content[-1] ^= 1
    tensors.write_bytes(content)
    with pytest.warns(UserWarning, match=r"one\.safetensors: damaged; its content.*; it is made again"):
        assert kept(tensors, read_tensors) is None


def test_any_file_has_its_checksum_beside_it(tmp_path):
    path = tmp_path / "volume.h5"
    path.write_bytes(b"kspace")
    with pytest.raises(DamagedError, match=r"volume\.h5: not a complete file"):
        check_file(path)
    with write_sealed(path) as temporary:
        temporary.write_bytes(b"kspace")
    assert check_file(path) == path
    assert (tmp_path / "volume.h5.sha256").read_text().split()[1] == "volume.h5"
    path.write_bytes(b"kspacf")
    with pytest.raises(DamagedError, match=r"volume\.h5: damaged"):
        check_file(path)
    path.unlink()
    with pytest.raises(DamagedError, match=r"volume\.h5: not a complete file"):
        check_file(path)


def test_a_sealed_document_is_sealed_again_when_it_changes():
    first = sealed({"a": 1})
    assert sealed(first) == first
    assert sealed({**first, "a": 2})["checksum"] != first["checksum"]
    assert json.loads(json.dumps(first)) == first
