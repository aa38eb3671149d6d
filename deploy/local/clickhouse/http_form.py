"""multipart/form-data: more parameters, and external tables."""

import re
from dataclasses import dataclass
from email.message import Message
from email.parser import BytesHeaderParser


@dataclass(frozen=True)
class Form:
    """Fields by name, and files by name."""

    fields: dict[str, str]
    files: dict[str, bytes]


def boundary_of(headers: Message) -> bytes:
    """The boundary of a form; b"" when the body is none."""
    if headers.get_content_type() != "multipart/form-data":
        return b""
    return str(headers.get_param("boundary", "")).encode()


def read_form(body: bytes, boundary: bytes) -> Form:
    """The parts of `body`; a part with a file name is a file."""
    form = Form({}, {})
    for part in re.split(rb"(?:\A|\r\n)--" + re.escape(boundary), body)[1:-1]:
        head, _, content = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        disposition = BytesHeaderParser().parsebytes(head + b"\r\n\r\n")
        name = str(disposition.get_param("name", "", header="content-disposition"))
        if disposition.get_filename() is None:
            form.fields[name] = content.decode("utf-8", "surrogateescape")
        else:
            form.files[name] = content
    return form
