"""Everything is in pyproject.toml; only an editable install has to be told that there are data files."""

from setuptools import Distribution, setup


class WithDataFiles(Distribution):
    """setuptools asks for `has_data` before it puts data files into an editable wheel, and has no such method."""

    def has_data(self) -> bool:
        return bool(self.data_files)


setup(distclass=WithDataFiles)
