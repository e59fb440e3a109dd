"""Settings that would leak keys are refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from phalanx.errors import ConfigError
from phalanx.share.hub import HubSettings, serve
from phalanx.store import place_of

PLACE = place_of("a.hub")
PEM = Path("hub.pem")


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "hub.example", "::"])  # noqa: S104
def test_keys_do_not_cross_a_network_in_clear(host: str) -> None:
    """TLS, or somebody in front who speaks it, or this machine only."""
    with pytest.raises(ConfigError, match="in clear"):
        HubSettings(PLACE, Path("k"), host=host)
    assert HubSettings(PLACE, Path("k"), host=host, behind_proxy=True).host == host
    assert HubSettings(PLACE, Path("k"), host=host, certificate=PEM).host == host


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "localhost"])
def test_this_machine_needs_no_tls(host: str) -> None:
    """Every way to write it."""
    assert HubSettings(PLACE, Path("k"), host=host).host == host


def test_client_certificates_need_tls() -> None:
    """And somebody who issues them."""
    for tls, authority in ((None, None), (PEM, None), (None, PEM)):
        with pytest.raises(ConfigError, match="issue"):
            HubSettings(
                PLACE,
                Path("k"),
                certificate=tls,
                client_authority=authority,
                client_certificates="required",
            )


def test_certificates_must_be_there(tmp_path: Path) -> None:
    """Before anything else is done."""
    settings = HubSettings(PLACE, tmp_path / "k", certificate=tmp_path / "none.pem")
    with pytest.raises(ConfigError, match="no such file"):
        serve(settings)


def test_repr_of_settings_names_no_key() -> None:
    """What is printed ends up in logs."""
    shown = repr(HubSettings(PLACE, Path("secret-place"), certificate_key=Path("other-place")))
    assert "-place" not in shown
