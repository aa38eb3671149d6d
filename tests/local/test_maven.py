"""Where the jars come from follows Maven's own configuration."""

from pathlib import Path

import pytest
from jgo.constants import MAVEN_CENTRAL_URL

from deploy.local.errors import LocalStackError
from deploy.local.maven import Repository, repository

NAMESPACE = 'xmlns="urn:maven:settings"'


def settings(directory: Path, mirrors: str, servers: str = "", namespace: str = NAMESPACE) -> Path:
    file = directory / "settings.xml"
    file.write_text(f"<settings {namespace}><mirrors>{mirrors}</mirrors><servers>{servers}</servers></settings>")
    return file


def mirror(of: str, url: str = "https://mirror.example/maven/", name: str = "ours") -> str:
    return f"<mirror><id>{name}</id><mirrorOf>{of}</mirrorOf><url>{url}</url></mirror>"


def server(username: str, password: str, name: str = "ours") -> str:
    return f"<server><id>{name}</id><username>{username}</username><password>{password}</password></server>"


def test_without_maven_settings_the_default_repository_is_used(tmp_path: Path) -> None:
    assert repository(tmp_path / "none.xml") == Repository(MAVEN_CENTRAL_URL)


@pytest.mark.parametrize("of", ["central", "*", "external:*", "other, central", "*,!other"])
def test_a_mirror_of_central_replaces_it(tmp_path: Path, of: str) -> None:
    assert repository(settings(tmp_path, mirror(of))) == Repository("https://mirror.example/maven")


@pytest.mark.parametrize("of", ["other", "*,!central", "external:http:*", ""])
def test_a_mirror_of_something_else_does_not(tmp_path: Path, of: str) -> None:
    assert repository(settings(tmp_path, mirror(of))) == Repository(MAVEN_CENTRAL_URL)


def test_a_mirror_of_exactly_central_goes_before_a_pattern(tmp_path: Path) -> None:
    both = mirror("*", "https://all.example") + mirror("central", "https://central.example")
    assert repository(settings(tmp_path, both)).url == "https://central.example"


def test_settings_without_a_namespace_are_read_too(tmp_path: Path) -> None:
    assert repository(settings(tmp_path, mirror("*"), namespace="")).url == "https://mirror.example/maven"


def test_user_and_password_are_those_of_the_server_with_the_mirrors_id(tmp_path: Path) -> None:
    servers = server("eve", "other", "theirs") + server("ann", "secret")
    found = repository(settings(tmp_path, mirror("*"), servers))
    assert found == Repository("https://mirror.example/maven", "ann", "secret")


def test_a_password_may_come_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIRROR_PASSWORD", "p@ss/word")
    found = repository(settings(tmp_path, mirror("*"), server("ann", "${env.MIRROR_PASSWORD}")))
    assert found.url_with_credentials == "https://ann:p%40ss%2Fword@mirror.example/maven"


def test_an_encrypted_password_is_refused_with_the_remedy(tmp_path: Path) -> None:
    file = settings(tmp_path, mirror("*"), server("ann", "{COQLCE6DU6GtcS5P=}"))
    with pytest.raises(LocalStackError, match=r"password of server 'ours' is encrypted.*\$\{env.NAME\}"):
        repository(file)


def test_a_blocked_mirror_is_refused(tmp_path: Path) -> None:
    blocked = mirror("*").replace("</mirror>", "<blocked>true</blocked></mirror>")
    with pytest.raises(LocalStackError, match="blocks the repository"):
        repository(settings(tmp_path, blocked))


def test_an_unreadable_file_and_a_strange_address_are_named(tmp_path: Path) -> None:
    broken = tmp_path / "settings.xml"
    broken.write_text("<settings>")
    with pytest.raises(LocalStackError, match=f"{broken} cannot be read"):
        repository(broken)
    with pytest.raises(LocalStackError, match="is no http, https or file address"):
        repository(settings(tmp_path, mirror("*", "ftp://mirror.example")))
