"""The package index: found as pip finds it, read as JSON or HTML, downloads that survive a broken connection."""

import os
from pathlib import Path

import pytest
from fake_index import ARCHIVE, VOLUMES, names

from mrilib.data import download
from mrilib.data.fetch import FetchError, get


def test_a_broken_connection_is_taken_up_where_it_broke(index, cache):
    index.break_after = 1000
    assert names(get("brain-vfa")) == VOLUMES
    assert index.asked[-1][1]["Range"] == "bytes=1000-"


def test_a_server_that_cannot_resume_starts_again(index, cache):
    index.break_after, index.ranges = 1000, False
    assert names(get("brain-vfa")) == VOLUMES


def test_an_index_without_the_project_or_file(index, cache):
    index.archive = b""
    with pytest.raises(FetchError, match=r"has no file other.tar.gz"):
        download.fetch_file("fake", "other.tar.gz", 1, cache)
    with pytest.raises(FetchError, match="simple/none/: Not Found"):
        download.fetch_file("none", ARCHIVE, 1, cache)


def test_extra_indexes_are_tried_too_and_files_work_as_index(index, forms, tmp_path, monkeypatch):
    page = tmp_path / "local" / "fake" / "index.html"
    page.parent.mkdir(parents=True)
    page.write_text(f'<a href="../../forms/{ARCHIVE}">a</a>')
    settings = {"index-url": "ftp://nowhere/simple", "extra-index-url": page.parent.parent.as_uri()}
    monkeypatch.setattr(download, "pip_settings", lambda: settings)
    assert names(get("brain-vfa")) == VOLUMES
    assert index.asked == []


def test_credentials_go_to_their_host_and_into_no_message(index, monkeypatch):
    index.url = index.url.replace("http://", "http://user:s%40cret@")
    assert names(get("brain-vfa")) == VOLUMES
    assert {headers["Authorization"] for _, headers in index.asked} == {"Basic dXNlcjpzQGNyZXQ="}
    with pytest.raises(FetchError) as caught:
        download.fetch_file("none", ARCHIVE, 1, Path("unused"))
    assert "cret" not in str(caught.value)


def test_pip_is_asked_where_its_index_is(tmp_path, monkeypatch):
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    (tmp_path / "pip.conf").write_text(
        "[global]\nindex-url = http://a/simple\ncert = /c.pem\nextra-index-url = x\n y\n"
    )
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))
    settings = download.pip_settings()
    assert settings["cert"] == "/c.pem"
    assert download.index_urls(settings) == ["http://a/simple", "x", "y"]
    monkeypatch.setenv("PIP_INDEX_URL", "http://b/simple")
    assert download.index_urls(download.pip_settings())[0] == "http://b/simple"
    built_in = download.index_urls({})
    assert len(built_in) == 1
    assert built_in[0].endswith("/simple")


def test_without_pip_it_says_so(cache, monkeypatch):
    monkeypatch.setattr(download, "pip_settings", dict)
    monkeypatch.setattr(download.sys, "executable", "/nowhere/python")
    with pytest.raises(FetchError, match=r"pip is missing; set PIP_INDEX_URL.*--source FILE"):
        get("brain-vfa")
