"""The error of all calls."""


class Error(ValueError):
    """What is wrong, in one line, as the command line `cai` reports it."""
