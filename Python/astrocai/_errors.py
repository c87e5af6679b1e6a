"""The error of all calls."""

import re


class Error(ValueError):
    """What is wrong, in one line, as the command line `cai` reports it."""

    def __init__(self, message: str) -> None:
        # A value that is shown in it, such as an array, may have several lines.
        super().__init__(re.sub(r"\s*\n\s*", " ", message))
