"""The password that the embedded database makes for itself."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from deploy.local.errors import LocalStackError
from deploy.local.password import stack_password


def test_it_is_made_once_for_each_data_directory(tmp_path: Path) -> None:
    one, two = stack_password(tmp_path / "one"), stack_password(tmp_path / "two")
    assert len(one) >= 32
    assert one != two
    assert stack_password(tmp_path / "one") == one


def test_only_its_owner_can_read_it(tmp_path: Path) -> None:
    stack_password(tmp_path / "data")
    assert stat.S_IMODE((tmp_path / "data/clickhouse.password").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "data").stat().st_mode) == 0o700
    assert [file.name for file in (tmp_path / "data").iterdir()] == ["clickhouse.password"]


def test_all_that_ask_at_the_same_time_get_the_same(tmp_path: Path) -> None:
    with ThreadPoolExecutor(16) as pool:
        assert len(set(pool.map(stack_password, [tmp_path] * 64))) == 1


def test_a_directory_that_cannot_be_used_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LocalStackError, match="cannot be written"):
        stack_password(tmp_path / "file")
