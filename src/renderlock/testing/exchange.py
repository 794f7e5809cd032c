"""One request while it is answered: its body read and taken apart, and the faults that strike it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from starlette.datastructures import UploadFile
from starlette.requests import Request

from renderlock.testing.calls import SECRET_HEADERS, SECRET_PARAMETERS, Call, without_secrets
from renderlock.testing.faults import Fault

MOST_BODY_BYTES = 64 * 2**20


class NotReadable(Exception):
    """The request's body is not what its content type says."""


@dataclass(frozen=True)
class Upload:
    """A file of a multipart form."""

    filename: str
    media_type: str
    data: bytes

    def described(self) -> dict[str, object]:
        """The file as a call's body holds it."""
        digest = hashlib.sha256(self.data).hexdigest()
        return {"filename": self.filename, "media_type": self.media_type, "size": len(self.data), "sha256": digest}


@dataclass
class Exchange:
    """One request, read in full.

    `body` is the decoded JSON, or a form's text fields by name (a list where a name comes more than once); `files`
    are a form's files by name, in order. `strikes` are the faults that strike this call, filled in when it is
    counted.
    """

    request: Request
    body: object = None
    files: dict[str, list[Upload]] = field(default_factory=dict)
    strikes: tuple[Fault, ...] = ()

    @property
    def headers(self) -> Mapping[str, str]:
        """The request's headers, names without regard to case."""
        return self.request.headers

    @property
    def query(self) -> Mapping[str, str]:
        """The request's query parameters."""
        return self.request.query_params

    def path_value(self, name: str) -> str:
        """A part of the path that the route names."""
        return str(self.request.path_params[name])

    def has(self, name: str) -> bool:
        """Whether a fault strikes this call."""
        return any(fault.name == name for fault in self.strikes)

    def strike(self, name: str) -> Fault | None:
        """The fault of that name, where it strikes this call."""
        return next((fault for fault in self.strikes if fault.name == name), None)

    async def read(self) -> None:
        """Reads the body; raises `NotReadable`."""
        media_type = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        if int(self.headers.get("content-length", "0")) > MOST_BODY_BYTES:
            raise NotReadable(f"The body is larger than {MOST_BODY_BYTES} bytes.")
        if media_type == "multipart/form-data":
            await self._read_form()
            return
        raw = await self.request.body()
        if not raw:
            return
        if media_type != "application/json":
            raise NotReadable(f"The content type is {media_type or 'missing'}, not application/json.")
        try:
            self.body = json.loads(raw)
        except ValueError as error:
            raise NotReadable(f"The body is not JSON: {error}") from error

    async def _read_form(self) -> None:
        fields: dict[str, object] = {}
        async with self.request.form(max_part_size=MOST_BODY_BYTES) as form:
            for name, value in form.multi_items():
                if isinstance(value, UploadFile):
                    upload = Upload(value.filename or "", value.content_type or "", await value.read())
                    self.files.setdefault(name, []).append(upload)
                elif name in fields:
                    earlier = fields[name]
                    fields[name] = [*(earlier if isinstance(earlier, list) else [earlier]), value]
                else:
                    fields[name] = value
        self.body = fields

    def as_call(self) -> Call:
        """The request as the log keeps it."""
        request = self.request
        carried = [name for name in request.headers if name.lower() in SECRET_HEADERS]
        carried += [name for name in request.query_params if name.lower() in SECRET_PARAMETERS]
        body = self.body
        if self.files and isinstance(body, dict):
            files = {name: [upload.described() for upload in uploads] for name, uploads in self.files.items()}
            body = body | {name: each[0] if len(each) == 1 else each for name, each in files.items()}
        return Call(
            method=request.method,
            path=request.url.path,
            query=without_secrets(request.query_params.multi_items(), SECRET_PARAMETERS),
            headers=dict(without_secrets(request.headers.items(), SECRET_HEADERS)),
            auth=carried[0] if carried else "",
            body=body,
        )
