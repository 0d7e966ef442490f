"""Archives of a package index: downloaded, or found beside what the user gives; verified before they are parsed."""

from pathlib import Path

from mrilib.data.download import FetchError, Progress, fetch_file
from mrilib.data.volumes import digest


def download(project: str, archive: str, size: int, scratch: Path, progress: Progress | None) -> Path:
    """The archive of a project, in `scratch`; its content is for the caller to verify.

    Raises:
        FetchError: nothing reached; says how to give a copy instead.
    """
    path = scratch / archive
    try:
        fetch_file(project, archive, size, path, progress)
    except FetchError as error:
        advice = f"connect, or get {archive} of the package {project} elsewhere and give it with --source FILE"
        raise FetchError(f"{archive} could not be downloaded ({error}); {advice}") from error
    return path


def verify(path: Path, expected: str) -> None:
    """Nothing is parsed whose content is not the pinned one.

    Raises:
        FetchError: another sha256 than `expected`.
    """
    found = digest(path)
    if found != expected:
        raise FetchError(
            f"{path.name}: sha256 is {found[:16]}…, expected {expected[:16]}…; "
            "the copy is damaged or another version: get it again"
        )
