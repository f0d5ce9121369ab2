"""Who gets what with the Hub's own clients, and what the others are told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import DjangoDbBlocker
from pytest_django.live_server_helper import LiveServer

from annotator.models import Campaign
from tests.committed import committed, stored_in
from tests.factories import MemberFactory, UserFactory
from tests.hub.clients import ClientFailed, HubClient
from tests.hub.releases import key_of, manager_key, two_releases


@pytest.fixture(scope="module", autouse=True)
def storage_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with stored_in(tmp_path_factory.mktemp("storage")) as folder:
        yield folder


@pytest.fixture(scope="module")
def releases(django_db_setup: None, django_db_blocker: DjangoDbBlocker, storage_folder: Path) -> Iterator[Campaign]:
    """Built once. Whatever a test adds is committed at once, so that the server sees it."""
    with committed(django_db_blocker):
        yield two_releases()


@pytest.fixture
def campaign(releases: Campaign) -> Iterator[Campaign]:
    yield releases
    releases.data_is_public = False
    releases.save()


@pytest.fixture
def hub(server: LiveServer, tmp_path: Path, campaign: Campaign) -> HubClient:
    """A manager's machine."""
    return HubClient(f"{server.url}/hub", tmp_path / "home", manager_key(campaign))


@pytest.fixture
def stranger(server: LiveServer, tmp_path: Path) -> HubClient:
    """A machine without a token."""
    return HubClient(f"{server.url}/hub", tmp_path / "elsewhere")


def release(campaign, number):
    return campaign.releases.get(number=number)


LOAD = """
    from datasets import load_dataset
    return load_dataset("diptych/birds", "votes", split="train", revision="v2").num_rows
"""
# With the token of the environment: what each of REPOSITORIES is for each of KEYS, or the error and its message.
LOOK = """
    from huggingface_hub import HfApi
    from huggingface_hub.utils import HfHubHTTPError
    def look(repository, key):
        os.environ.pop("HF_TOKEN", None)
        if key:
            os.environ["HF_TOKEN"] = key
        try:
            return HfApi().dataset_info(repository).sha
        except HfHubHTTPError as error:
            return [type(error).__name__, str(error)]
    return [[look(name, key) for name in os.environ["REPOSITORIES"].split()] for key in json.loads(os.environ["KEYS"])]
"""


def look(client, *, keys, repositories=("diptych/birds",)):
    """What the client is told of each repository, for each key; no key is an empty one."""
    return client.run(LOOK, KEYS=json.dumps(keys), REPOSITORIES=" ".join(repositories))


def test_public_data_takes_no_token_and_bears_any(stranger, campaign):
    campaign.data_is_public = True
    campaign.save()

    assert stranger.run(LOAD) == 7
    keys = ["hf_theRealHubsTokenThatPeopleHaveSaved", key_of(UserFactory()), ""]
    assert look(stranger, keys=keys) == [[release(campaign, 2).revision]] * 3


def test_private_data_is_not_there_for_others(stranger, campaign):
    keys = {
        "nobody": "",
        "somebody": key_of(UserFactory()),
        "annotator": key_of(MemberFactory(campaign=campaign).user),
        "manager without the scope": manager_key(campaign, "annotate", "import", "manage"),
        "suspended manager": key_of(MemberFactory(campaign=campaign, role="manager", state="suspended").user),
    }
    there_and_not = ("diptych/birds", "diptych/bees")
    for who, told in zip(keys, look(stranger, keys=[*keys.values()], repositories=there_and_not), strict=True):
        refused = []
        for repository, (kind, message) in zip(there_and_not, told, strict=True):
            assert kind == "RepositoryNotFoundError", (who, message)
            refused.append(message.replace(repository, "…").partition("(Request ID")[0])
        assert refused[0].split("\n")[0] == refused[1].split("\n")[0], who
    with pytest.raises(ClientFailed) as failure:
        stranger.run(LOAD)
    assert failure.value.kind == "DatasetNotFoundError"
    assert "cannot be accessed" in failure.value.message


def test_a_token_that_opens_nothing_is_said_to_be_wrong(stranger, campaign):
    key = "dpt_" + "x" * 43
    with pytest.raises(ClientFailed) as failure:
        stranger.run(LOAD, HF_TOKEN=key)
    [[[_, told]]] = look(stranger, keys=[key])
    for message in (failure.value.message + str(failure.value), told):
        assert "Invalid credentials in Authorization header" in message


def test_what_is_missing_is_named(hub):
    said = hub.run("""
        from datasets import load_dataset
        from huggingface_hub import HfApi, hf_hub_download
        api, ours = HfApi(), dict(repo_id="diptych/birds", repo_type="dataset")
        asked = {
            "revision": lambda: load_dataset("diptych/birds", revision="v9"),
            "config": lambda: load_dataset("diptych/birds", "bees"),
            "file": lambda: hf_hub_download(**ours, filename="nothing"),
            "revision of a file": lambda: hf_hub_download(**ours, filename="README.md", revision="v9"),
            "write": lambda: api.upload_file(path_or_fileobj=b"x", path_in_repo="x", **ours),
            "tag": lambda: api.create_tag(**ours, tag="v9"),
            "model": lambda: hf_hub_download("stable/diffusion", "model.json"),
        }
        def answer_to(ask):
            try:
                return ["returned", repr(ask())]
            except Exception as error:
                return [type(error).__name__, str(error)]
        return {what: answer_to(ask) for what, ask in asked.items()}
    """)

    assert "Revision 'v9' doesn't exist" in said["revision"][1]
    assert said["config"][0] == "ValueError"
    assert said["file"][0] in ("EntryNotFoundError", "RemoteEntryNotFoundError")
    assert said["revision of a file"][0] == "RevisionNotFoundError"
    assert "Nothing can be written over this protocol" in said["write"][1]
    assert "Nothing can be written over this protocol" in said["tag"][1]
    assert said["model"][0] == "RepositoryNotFoundError"


def test_somebody_who_lost_access_is_told_so(hub, campaign):
    """`load_dataset` would go on with the older revision that it has; what the guide tells jobs to do, fails."""
    download = """
        from huggingface_hub import snapshot_download
        snapshot_download("diptych/birds", repo_type="dataset", revision=os.environ["REVISION"], allow_patterns=["votes/*"])
    """
    hub.run(download, REVISION="v1")
    campaign.members.filter(role="manager").update(state="suspended")

    with pytest.raises(ClientFailed) as failure:
        hub.run(download, REVISION="v2")

    assert failure.value.kind == "RepositoryNotFoundError"
