"""No output of programs and servers, and no written object, contains credentials."""

from pathlib import Path

import pytest

from s3 import S3, Keys


@pytest.mark.last
def test_no_output_log_or_object_contains_a_credential(logs: Path, s3: S3, work: Path) -> None:
    files = [path for path in logs.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) > 10_000
    written = [path for path in (s3.folder / "results").rglob("*") if path.is_file()]
    left = [path for folder in ("home", "tmp", "task") for path in (work / folder).rglob("*") if path.is_file()]
    assert files and written
    for path in files + written + [path for path in left if path.stat().st_size < 1 << 20]:
        content = path.read_bytes()
        for secret in Keys.made:
            assert secret not in content, f"{path} contains a credential"
        assert b"AWS4-HMAC-SHA256" not in content and b"X-Amz-Security-Token" not in content, path


@pytest.mark.last
def test_the_search_finds_a_credential(keys: Keys) -> None:
    assert keys.secret_key.encode() in Keys.made and (keys.session_token or "").encode() in Keys.made
