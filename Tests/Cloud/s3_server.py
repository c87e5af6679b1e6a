"""Starts the S3 server of the tests, which verifies the signature of every request:
s3_server.py DATA_FOLDER PORT KEYS_PER_PAGE, with NANIO_ACCESS_KEY and NANIO_SECRET_KEY in the environment."""

import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import uvicorn
from nanio.app import build_app
from nanio.config import Settings
from nanio.storage import filesystem
from starlette.middleware import Middleware

from conditional_s3 import ConditionalS3


def complete_and_in_order(walk: Callable[..., Iterable[str]]) -> Callable[..., Iterable[str]]:
    """Lists in key order: nanio walks folder by folder, and would lose `a.c` after `a/b` between two pages.

    Objects that are being written are files `.tmp.ID`, which nanio lists too.
    """

    def walk_in_order(*arguments: Any) -> Iterable[str]:
        return sorted(key for key in walk(*arguments) if not key.rpartition("/")[2].startswith(".tmp."))

    return walk_in_order


def main() -> None:
    folder, port, page = sys.argv[1:]
    os.fsync = lambda file: None  # durability is not needed here
    filesystem._walk_keys = complete_and_in_order(filesystem._walk_keys)
    app = build_app(Settings(data_dir=Path(folder), max_list_keys=int(page)))
    # After nanio's own, which verifies signatures.
    app.user_middleware.append(Middleware(ConditionalS3, storage=app.state.storage))
    uvicorn.run(app, host="127.0.0.1", port=int(port), log_level="info")


if __name__ == "__main__":
    main()
