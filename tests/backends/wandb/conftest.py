from __future__ import annotations

import pytest

from tests.backends.wandb.worlds import KEYS


@pytest.fixture(autouse=True)
def own_environment(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """No key, netrc or proxy of the machine takes part; alice's key is set."""
    monkeypatch.delenv("WANDB_CONFIG_DIR", raising=False)
    for name in ("WANDB_BASE_URL", "WANDB_IDENTITY_TOKEN_FILE", "NETRC", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.setenv("HOME", str(tmp_path_factory.mktemp("home")))
    monkeypatch.setenv("WANDB_API_KEY", KEYS["alice"])
