"""The operations of S3 that requests name."""

from dataclasses import dataclass
from urllib.parse import unquote

from nanio.errors import InvalidArgument, NotImplemented_
from nanio.handlers._body import parse_xml_safely
from starlette.requests import Request

# Bucket and key of an object.
Name = tuple[str, str]


@dataclass(frozen=True)
class Operation:
    """The operation that a request names."""

    request: Request
    bucket: str
    # Empty for operations on a bucket.
    key: str
    upload: str | None
    source: Name | None

    @classmethod
    def of(cls, request: Request) -> "Operation":
        """Throws `InvalidArgument` for a source that is not `/bucket/key` or `bucket/key`, percent-encoded."""
        bucket, _, key = request.scope["path"].removeprefix("/").partition("/")
        source = None
        if (given := request.headers.get("x-amz-copy-source")) is not None:
            parts = unquote(given).removeprefix("/").partition("/")
            source = parts[0], parts[2]
            if not all(source):
                raise InvalidArgument(f"x-amz-copy-source is {given!r}, expected /bucket/key")
        return cls(request, bucket, key, request.query_params.get("uploadId"), source)

    @property
    def name(self) -> Name:
        return self.bucket, self.key

    @property
    def is_completion(self) -> bool:
        return self.request.method == "POST" and self.upload is not None

    @property
    def is_copy_of_part(self) -> bool:
        return self.request.method == "PUT" and self.upload is not None and self.source is not None

    @property
    def is_begin_of_upload(self) -> bool:
        return self.request.method == "POST" and self.key != "" and "uploads" in self.request.query_params

    @property
    def is_batch_deletion(self) -> bool:
        return self.request.method == "POST" and self.key == "" and "delete" in self.request.query_params

    @property
    def is_list_of_uploads(self) -> bool:
        return self.request.method == "GET" and self.key == "" and "uploads" in self.request.query_params

    @property
    def enforced(self) -> set[str]:
        """Headers with conditions that are enforced for this operation."""
        method, names = self.request.method, set()
        if self.key and (self.upload is None and method in ("GET", "HEAD", "PUT", "DELETE") or self.is_completion):
            names.add("if-match")
            if method in ("PUT", "POST"):
                names.add("if-none-match")
        if method == "PUT" and self.source:
            names.add("x-amz-copy-source-if-match")
        return names

    def names(self, body: bytes) -> list[Name]:
        """The objects that it reads or changes. Throws `MalformedXML`, or `NotImplemented_` for conditions in lists."""
        if self.is_batch_deletion:
            entries = elements(body, "Object")
            if refused := {name for entry in entries for name in entry} - {"Key"}:
                raise NotImplemented_(f"not supported for lists of deletions: {', '.join(sorted(refused))}")
            return [(self.bucket, entry["Key"]) for entry in entries if "Key" in entry]
        return ([self.name] if self.key else []) + ([self.source] if self.source else [])


def elements(body: bytes, name: str) -> list[dict[str, str]]:
    """The children of each element of that name, as names and contents. Throws `MalformedXML`."""
    found = [element for element in parse_xml_safely(body) if element.tag.rpartition("}")[2] == name]
    return [{child.tag.rpartition("}")[2]: child.text or "" for child in element} for element in found]
