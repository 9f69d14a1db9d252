# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lookup as ansible-core calls it, with its loader."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
import yaml
from ansible import constants
from ansible.constants import DEFAULT_VAULT_ID_MATCH
from ansible.errors import AnsibleLookupError
from ansible.parsing.dataloader import DataLoader
from ansible.parsing.vault import VaultLib, VaultSecret
from ansible_collections.thingspace.fota.plugins.lookup import rollout_files

ROLLOUT = """account: "0402196254-00001"
upgrades:
- upgrade_id: 60b5d639-ccdc-4db8-8824-069bd94c95bf
  name: "{{ lookup('pipe', 'touch evil') }}"
  devices: ["990003425730535"]
"""
Lookup = t.Callable[..., list[dict[str, t.Any]]]


@pytest.fixture
def vault() -> VaultLib:
    return VaultLib([(DEFAULT_VAULT_ID_MATCH, VaultSecret(b"password of the vault"))])


@pytest.fixture
def lookup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, vault: VaultLib) -> Lookup:
    """The plugin, in the working directory ``tmp_path``."""
    monkeypatch.chdir(tmp_path)
    loader = DataLoader()
    loader.set_basedir("/")
    loader.set_vault_secrets(vault.secrets)
    # What ansible-core's loader of plugins does, which would change the imports of other tests.
    plugin = rollout_files.LookupModule(loader=loader)
    plugin._load_name = "thingspace.fota.rollout_files"
    constants.config.initialize_plugin_configuration_definitions("lookup", plugin._load_name, yaml.safe_load(rollout_files.DOCUMENTATION)["options"])
    return lambda *terms, **options: plugin.run(list(terms), {}, **options)


def test_files_are_found_from_the_working_directory(lookup: Lookup, tmp_path: Path) -> None:
    (tmp_path / "rollouts").mkdir()
    (tmp_path / "rollouts" / "a.yml").write_text(ROLLOUT, encoding="utf-8")
    for terms in (["rollouts"], [["rollouts/a.yml"]], [str(tmp_path / "rollouts"), "rollouts/a.yml"]):
        (found,) = lookup(*terms)
        assert found["account"] == "0402196254-00001"
        assert found["files"] == [str(tmp_path / "rollouts" / "a.yml")]
        assert found["upgrades"][0]["name"] == "{{ lookup('pipe', 'touch evil') }}"
    assert not (tmp_path / "evil").exists()


def test_a_vaulted_file_is_decrypted_and_leaves_nothing(lookup: Lookup, tmp_path: Path, vault: VaultLib, monkeypatch: pytest.MonkeyPatch) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr("ansible.constants.DEFAULT_LOCAL_TMP", str(temporary))
    (tmp_path / "a.yml").write_bytes(vault.encrypt(ROLLOUT))
    assert lookup("a.yml")[0]["upgrades"][0]["devices"] == ["990003425730535"]
    assert list(temporary.iterdir()) == []


def test_a_vault_without_its_password_names_the_file(lookup: Lookup, tmp_path: Path) -> None:
    other = VaultLib([(DEFAULT_VAULT_ID_MATCH, VaultSecret(b"another password"))])
    (tmp_path / "a.yml").write_bytes(other.encrypt(ROLLOUT))
    with pytest.raises(AnsibleLookupError, match=r"a\.yml"):
        lookup("a.yml")


def test_errors_fail_or_are_returned(lookup: Lookup, tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text("account: 1\nupgrades: []\n", encoding="utf-8")
    with pytest.raises(AnsibleLookupError) as caught:
        lookup("a.yml")
    assert caught.value.message.splitlines()[0].startswith("a.yml line 1, ")
    returned = lookup("a.yml", on_error="return")
    assert [result["msg"] for result in returned] == caught.value.message.splitlines()
    assert len(returned) == 2
    assert all(result["failed"] and result["error"]["kind"] == "input" and result["error"]["message"] == result["msg"] for result in returned)


@pytest.mark.parametrize("term", [1, None, {"a": 1}])
def test_other_terms_than_text_are_refused(lookup: Lookup, term: object) -> None:
    with pytest.raises(AnsibleLookupError, match="as text or as a list of texts"):
        lookup(term)


def test_a_link_to_nowhere_is_named(lookup: Lookup, tmp_path: Path) -> None:
    (tmp_path / "rollouts").mkdir()
    (tmp_path / "rollouts" / "a.yml").symlink_to("gone.yml")
    with pytest.raises(AnsibleLookupError, match=r"a\.yml"):
        lookup("rollouts")


@pytest.mark.parametrize("root", [None, "", " ", False])
def test_a_root_that_is_given_and_empty_is_refused(lookup: Lookup, tmp_path: Path, root: object) -> None:
    (tmp_path / "a.yml").write_text(ROLLOUT, encoding="utf-8")
    assert lookup("a.yml", root=".") == lookup("a.yml", root=str(tmp_path)) == lookup("a.yml")
    with pytest.raises(AnsibleLookupError, match="The root .* is no folder"):
        lookup("a.yml", root=root)
