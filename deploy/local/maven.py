"""Where Maven artifacts come from: the mirror that the user configured for Maven, else the default repository.

A mirror in `~/.m2/settings.xml` that stands for `central` is used, with the user name and password of the server entry of
the same id.  An HTTP proxy comes from the environment (`https_proxy`, `no_proxy`).
"""

import os
import re
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from urllib.parse import quote, urlsplit
from xml.etree import ElementTree

from deploy.local.errors import LocalStackError

TIMEOUT_S = 10
CHUNK_BYTES = 1 << 18
_REFERENCE = re.compile(r"\$\{(env\.(?P<env>\w+)|user\.home)\}")


class Interrupted(Exception):
    """The repository did not answer, or not to the end; it may at another attempt."""


@dataclass(frozen=True)
class Repository:
    """`url` without a trailing slash and without credentials, which never appear in a message."""

    url: str
    username: str | None = None
    password: str | None = None

    @property
    def url_with_credentials(self) -> str:
        if self.username is None:
            return self.url
        scheme, rest = self.url.split("://", 1)
        return f"{scheme}://{quote(self.username, safe='')}:{quote(self.password or '', safe='')}@{rest}"

    def read(self, path: str) -> Iterator[bytes]:
        """The artifact at `path` below the repository, in pieces; raises LocalStackError when it is refused or missing,
        Interrupted when the repository cannot be reached or the connection breaks."""
        request = urllib.request.Request(f"{self.url}/{path}")  # noqa: S310 - `repository` admits http, https and file only
        if self.username is not None:
            token = b64encode(f"{self.username}:{self.password or ''}".encode()).decode()
            request.add_unredirected_header("Authorization", f"Basic {token}")
        try:
            with urllib.request.build_opener().open(request, timeout=TIMEOUT_S) as response:  # heeds the proxy variables
                while chunk := response.read(CHUNK_BYTES):
                    yield chunk
        except urllib.error.HTTPError as error:
            if error.code in (401, 403, 404, 407, 410):
                raise LocalStackError(f"{self.url} answers {error.code} {error.reason} for {path}: {_remedy(error.code)}") from None
            raise Interrupted(f"{error.code} {error.reason}") from None
        except (OSError, HTTPException) as error:
            raise Interrupted(str(getattr(error, "reason", error))) from None


def repository(settings: Path | None = None) -> Repository:
    """The repository to fetch from; `settings` is Maven's settings.xml (default: ~/.m2/settings.xml)."""
    settings = settings or Path.home() / ".m2" / "settings.xml"
    found = _mirror(settings) if settings.is_file() else None
    if found is None:
        from jgo.constants import MAVEN_CENTRAL_URL  # imports much, and only a download needs it

        found = Repository(MAVEN_CENTRAL_URL)
    if urlsplit(found.url).scheme not in ("http", "https", "file"):
        raise LocalStackError(f"{settings}: the mirror {found.url!r} is no http, https or file address: correct its <url>")
    return found


def _mirror(settings: Path) -> Repository | None:
    try:
        root = ElementTree.parse(settings).getroot()  # noqa: S314 - the user's own file
    except (ElementTree.ParseError, OSError) as error:
        raise LocalStackError(f"{settings} cannot be read ({error}): correct or remove it") from None
    mirrors = [m for m in root.iterfind("{*}mirrors/{*}mirror") if _stands_for_central(_text(m, "mirrorOf"))]
    mirrors.sort(key=lambda m: _text(m, "mirrorOf") != "central")  # as Maven does: the exact id before any pattern
    if not mirrors:
        return None
    if _text(mirrors[0], "blocked") == "true":
        raise LocalStackError(f"{settings} blocks the repository `central`: name a mirror for it that may be used")
    url, name = _text(mirrors[0], "url").rstrip("/"), _text(mirrors[0], "id")
    for server in root.iterfind("{*}servers/{*}server"):
        if name and _text(server, "id") == name:
            return Repository(url, _text(server, "username") or None, _password(settings, name, server))
    return Repository(url)


def _stands_for_central(pattern: str) -> bool:
    parts = {part.strip() for part in pattern.split(",")}
    return "!central" not in parts and not parts.isdisjoint({"central", "*", "external:*"})


def _password(settings: Path, name: str, server: ElementTree.Element) -> str:
    password = _text(server, "password")
    if re.search(r"(?<!\$)\{.+\}", password):
        raise LocalStackError(
            f"{settings}: the password of server {name!r} is encrypted, which only Maven can read: use ${{env.NAME}} instead"
        )
    return password


def _text(element: ElementTree.Element, name: str) -> str:
    text = (element.findtext("{*}" + name) or "").strip()
    return _REFERENCE.sub(lambda m: os.environ.get(m["env"], "") if m["env"] else str(Path.home()), text)


def _remedy(code: int) -> str:
    if code == 407:
        return "put the proxy's user and password into the https_proxy variable"
    if code in (401, 403):
        return "check the server entry of this mirror in Maven's settings.xml"
    return "use a mirror that carries it (Maven's settings.xml)"
