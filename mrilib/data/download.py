"""Download files from a package index by project and name, located as pip does; no package code is executed."""

import ast
import base64
import json
import os
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from html.parser import HTMLParser
from http.client import HTTPException
from pathlib import Path
from typing import IO, Any
from urllib.parse import unquote, urldefrag, urljoin, urlsplit
from urllib.request import HTTPSHandler, ProxyHandler, Request, build_opener

Progress = Callable[[int, int], None]
Reader = Callable[..., Any]  # (url, first byte) -> urllib response, which is untyped
ACCEPT = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.5, text/html;q=0.1"
CHUNK, TRIES, TIMEOUT, LONGEST_PAGE = 1 << 18, 3, 60.0, 1 << 26
SETTINGS = ("index-url", "extra-index-url", "cert", "proxy")
BUILT_IN = "from pip._internal.models.index import PyPI; print(PyPI.simple_url)"


class FetchError(OSError):
    """A data set could not be fetched; the message says what to do about it."""


def pip_settings() -> dict[str, str]:
    """pip's values of `SETTINGS`; environment variables take precedence, as in pip."""
    found: dict[str, str] = {}
    for line in _python("-m", "pip", "config", "list").splitlines():
        name, _, value = line.partition("=")
        if not name.startswith(":env:") and name.split(".")[-1] in SETTINGS:
            found[name.split(".")[-1]] = str(ast.literal_eval(value))
    for name in SETTINGS:
        if given := os.environ.get("PIP_" + name.upper().replace("-", "_")):
            found[name] = given
    return found


def index_urls(settings: dict[str, str]) -> list[str]:
    """URL of the configured index or else of pip's default, followed by those of the extra indexes."""
    first = settings.get("index-url") or _python("-c", BUILT_IN).strip()
    return [url for url in (first, *settings.get("extra-index-url", "").split()) if url]


def fetch_file(project: str, name: str, size: int, target: Path, progress: Progress | None = None) -> None:
    """Download the file `name` of a project to `target`; the caller must verify its content.

    Raises:
        FetchError: no index is configured or can be reached, or none has the file.
        OSError: `target` cannot be written.
    """
    settings = pip_settings()
    read = partial(_open, settings)
    failures = []
    for index in index_urls(settings):
        try:
            url = find_link(read, index, project, name)
            return _download(read, url, target, size, progress)
        except FetchError as error:
            failures.append(str(error))
    raise FetchError("; ".join(failures) or "no package index is configured (pip is missing; set PIP_INDEX_URL)")


def find_link(read: Reader, index: str, project: str, name: str) -> str:
    """URL of a file on a project's page, which is JSON (PEP 691) or HTML (PEP 503).

    Raises:
        FetchError: the page cannot be read, or does not have the file.
    """
    page = f"{index.rstrip('/')}/{project}/"
    if urlsplit(page).scheme == "file":
        page += "index.html"
    with _as_fetch_error(page), read(page) as answer:
        content, kind = answer.read(LONGEST_PAGE), answer.headers.get("Content-Type", "")
        base = answer.url
    try:
        links = _json_links(content) if "json" in kind else _html_links(content)
    except (ValueError, LookupError, TypeError) as error:
        raise FetchError(f"{_shown(page)}: not a page of a package index ({error})") from error
    for link in links:
        url = _with_credentials(urldefrag(urljoin(base, link)).url, index)
        if unquote(urlsplit(url).path).rsplit("/", 1)[-1] == name:
            return url
    raise FetchError(f"{_shown(page)}: has no file {name}")


def _with_credentials(url: str, index: str) -> str:
    credentials, _, host = urlsplit(index).netloc.rpartition("@")
    same = credentials and urlsplit(url).netloc == host
    return url.replace("://", f"://{credentials}@", 1) if same else url


def _json_links(content: bytes) -> list[str]:
    return [file["url"] for file in json.loads(content)["files"]]


def _html_links(content: bytes) -> list[str]:
    parser = _Anchors()
    parser.feed(content.decode("utf-8"))
    return parser.links


class _Anchors(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self.links += [value for name, value in attrs if name == "href" and value]


def _download(read: Reader, url: str, target: Path, size: int, progress: Progress | None) -> None:
    """Stream to `target`, resuming a broken connection if the server supports it."""
    failure: FetchError | None = None
    with open(target, "wb") as stream:
        for _ in range(TRIES):
            try:
                for _ in _append(read, url, stream, size):
                    if progress:
                        progress(stream.tell(), size)
            except FetchError as error:
                failure = error
                continue
            if stream.tell() == size:
                return
    raise failure or FetchError(f"{_shown(url)}: the download ended before {size / 1e6:.1f} MB were received")


def _append(read: Reader, url: str, stream: IO[bytes], size: int) -> Iterator[None]:
    with _as_fetch_error(url):
        answer = read(url, stream.tell())
    with answer:
        if getattr(answer, "status", None) != 206:  # the server restarts from the beginning, so do we
            stream.seek(0)
            stream.truncate()
        while stream.tell() < size:
            with _as_fetch_error(url):
                chunk = answer.read(min(CHUNK, size - stream.tell()))
            if not chunk:
                return
            stream.write(chunk)  # not reported as a network error: a full disk is not a broken connection
            yield


def _open(settings: dict[str, str], url: str, start: int = 0) -> Any:
    """Open a URL with pip's certificates and proxy; credentials are sent to its own host only."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https", "file"):
        raise FetchError(f"{_shown(url)}: expected an http, https or file address")
    request = Request(_shown(url), headers={"Accept": ACCEPT})
    if parts.username:
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        request.add_unredirected_header("Authorization", f"Basic {base64.b64encode(pair.encode()).decode()}")
    if start:
        request.add_header("Range", f"bytes={start}-")
    context = ssl.create_default_context()  # honours SSL_CERT_FILE
    if cert := settings.get("cert"):
        context.load_verify_locations(**{"capath" if Path(cert).is_dir() else "cafile": cert})
    proxy = settings.get("proxy")
    handlers = [ProxyHandler({"http": proxy, "https": proxy})] if proxy else []
    return build_opener(HTTPSHandler(context=context), *handlers).open(request, timeout=TIMEOUT)


@contextmanager
def _as_fetch_error(url: str) -> Iterator[None]:
    try:
        yield
    except FetchError:
        raise
    except (OSError, HTTPException, ValueError) as error:
        reason = getattr(error, "reason", None) or error
        raise FetchError(f"{_shown(url)}: {reason}") from error


def _shown(url: str) -> str:
    """The URL without credentials."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], fragment="").geturl()


def _python(*arguments: str) -> str:
    """Output of a separate Python process, or an empty string if it fails; the working directory is not on its path."""
    command = [sys.executable, "-P", *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT, check=True)
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout
