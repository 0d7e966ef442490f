"""What the command says to a user who got it wrong."""

from mrilib.cli import main


def refused(capsys, *arguments):
    """The error line of a command that the user got wrong."""
    assert main(arguments) == 2
    printed = capsys.readouterr()
    assert printed.err.startswith("mrilib: error: ")
    assert printed.err.count("\n") == 1, "one line"
    return printed.err
