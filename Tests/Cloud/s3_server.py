"""Starts the S3 server of the tests, which verifies the signature of every request:
s3_server.py DATA_FOLDER PORT KEYS_PER_PAGE, with NANIO_ACCESS_KEY and NANIO_SECRET_KEY in the environment."""

import os
import sys
from pathlib import Path

import uvicorn
from nanio.app import build_app
from nanio.config import Settings


def main() -> None:
    folder, port, page = sys.argv[1:]
    os.fsync = lambda file: None  # nothing here has to outlive a power cut
    settings = Settings(data_dir=Path(folder), max_list_keys=int(page))
    uvicorn.run(build_app(settings), host="127.0.0.1", port=int(port), log_level="info")


if __name__ == "__main__":
    main()
