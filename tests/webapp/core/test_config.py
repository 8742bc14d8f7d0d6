"""Settings and secrets: what is wrong is named, and half of a secret is never used."""

from __future__ import annotations

from pathlib import Path

import pytest

from webapp.core.config import SECRETS, Settings, SettingsError, load, make_secrets


@pytest.mark.parametrize(
    ("file", "environ", "named"),
    [
        ("prot = 80", {}, "prot"),
        ("port = ", {}, "shuangge.toml"),
        ("", {"PORT": "eighty"}, "PORT"),
        ("", {"PORT": "70000"}, "PORT"),
        ("", {"SHUANGGE_SECURE_COOKIES": "perhaps"}, "SHUANGGE_SECURE_COOKIES"),
        ("", {"SHUANGGE_CONFIG": "/nowhere/x.toml"}, "/nowhere/x.toml"),
    ],
)
def test_a_wrong_setting_is_named(tmp_path: Path, file: str, environ: dict[str, str], named: str) -> None:
    (tmp_path / "shuangge.toml").write_text(file)
    with pytest.raises(SettingsError, match=named):
        load({"SHUANGGE_HOME": str(tmp_path), **environ})


def test_environment_over_file_over_default(tmp_path: Path) -> None:
    (tmp_path / "shuangge.toml").write_text('port = 8080\nbind = "10.0.0.1"\n')
    found = load({"SHUANGGE_HOME": str(tmp_path), "PORT": "8081"})
    assert (found.port, found.bind, found.workers) == (8081, "10.0.0.1", 2)


def test_secrets_are_made_once_and_are_private(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    assert {path.name for path in make_secrets(settings)} == set(SECRETS)
    before = settings.secret("context.key")
    assert make_secrets(settings) == []
    assert settings.secret("context.key") == before
    assert len(before) == 32
    modes = {path.stat().st_mode & 0o777 for path in settings.secrets_dir.iterdir()}
    assert modes == {0o600}


def test_a_secret_left_empty_by_a_power_cut_is_made_and_a_damaged_one_is_not(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    make_secrets(settings)
    (settings.secrets_dir / "csrf.key").write_text("")
    (settings.secrets_dir / "audit.key").write_text("half of something")
    assert [path.name for path in make_secrets(settings)] == ["csrf.key"]
    assert len(settings.secret("csrf.key")) == 32
    with pytest.raises(SettingsError, match="damaged"):
        settings.secret("audit.key")
