"""A profile: its key in the keyring, the rest in a file, and no way to move the key by the file."""

from __future__ import annotations

import dataclasses
import os
import shutil
import subprocess
import sys
import tempfile

import pytest
from credentials.keyring_stand_ins import (
    Blocks,
    BlocksAtOnce,
    Clings,
    Keeps,
    Loses,
    Tells,
    chosen,
    everything_about,
    system,
)
from hypothesis import given as generated
from hypothesis import strategies as st
from support.cases import all_cases

from wx_notebook import settings
from wx_notebook.credentials import keyring_backend, keyring_store, profiles
from wx_notebook.credentials.connection_params import ConnectionParams
from wx_notebook.credentials.secret import Secret
from wx_notebook.errors import BadOption, HostRefused, NotConnected, WatsonxError
from wx_notebook.settings import Profile

KEY = "Zq7_kEyCaNaRy-0123456789abcdefghijklmnopQRST"  # pragma: allowlist secret
OTHER = "0ther_kEyCaNaRy-0123456789abcdefghijklmnopQR"
PROJECT = "12345678-1234-4123-8123-123456789abc"
CLOUD = ConnectionParams("form", api_key=Secret(KEY), region="eu-de", project_id=PROJECT)
CLUSTER = ConnectionParams(
    "form",
    password=Secret(KEY),
    username="me",
    kind="software",
    url="https://cpd.example.com",
)


@pytest.fixture(autouse=True)
def _own_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path / "jupyter"))


@pytest.fixture
def kept():
    """A keyring that works, on a machine without one."""
    with system(Keeps) as backend:
        yield backend


@pytest.fixture
def no_keyring():
    import keyring.backends.fail

    with chosen(keyring.backends.fail.Keyring()):
        yield


def edit(old, new):
    """What somebody does to the file by hand."""
    file = settings.settings_file()
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


# -- there and back


GIVEN = {
    "a key of IBM Cloud": CLOUD,
    "a key with a trusted profile": dataclasses.replace(
        CLOUD, trusted_profile_id=f"Profile-{PROJECT}"
    ),
    "a token": ConnectionParams("arguments", token=Secret(KEY), url="https://eu-de.ml.cloud.ibm.com"),
    "a password": CLUSTER,
    "a key for each request": dataclasses.replace(
        CLUSTER, password=None, api_key=Secret(KEY), kind="zen"
    ),
    "a sandbox": ConnectionParams("form", api_key=Secret(KEY), url="http://127.0.0.1:8765"),
    "everything": ConnectionParams(
        "form", api_key=Secret(KEY), username="me", kind="software", url="https://cpd.example",
        region="", project_id=PROJECT, space_id=PROJECT, iam_url="https://cpd.example",
        platform_url="https://cpd.example", trusted_profile_id="p", ca_bundle="/etc/ca.pem",
    ),
}  # fmt: skip


@all_cases("which", GIVEN)
def test_what_is_remembered_comes_back(which, kept):
    given = GIVEN[which]
    profiles.remember_credentials("work", given)
    assert profiles.from_profile("work") == dataclasses.replace(
        given, source="profile work", profile="work"
    )


def test_the_key_is_in_the_keyring_and_the_rest_in_the_file(kept):
    profiles.remember_credentials("work", dataclasses.replace(CLOUD, model="ibm/granite"))
    text = settings.settings_file().read_text()
    assert KEY not in text
    assert settings.profile("work") == Profile(
        "work", region="eu-de", project_id=PROJECT, model="ibm/granite"
    )
    assert [name for _, name in kept.entries] == ["work"]


def test_the_line_says_what_was_done_and_where(kept):
    file = settings.settings_file()
    assert profiles.remember_credentials("work", CLOUD) == (
        "profile 'work' is remembered as the default: the API key in the Secret Service, "
        f"the rest in {file}"
    )
    assert profiles.remember_credentials("home", CLUSTER) == (
        f"profile 'home' is remembered: the password in the Secret Service, the rest in {file}"
    )


def test_a_profile_remembered_again_is_replaced(kept):
    profiles.remember_credentials("work", CLUSTER)
    profiles.remember_credentials("work", dataclasses.replace(CLOUD, api_key=Secret(OTHER)))
    found = profiles.from_profile("work")
    assert found.api_key == Secret(OTHER)
    assert (found.password, found.username, found.url) == (None, "", "")
    assert len(kept.entries) == 1


def test_the_first_profile_is_the_default(kept):
    assert profiles.from_default_profile() is None
    assert settings.default_profile() == ""
    profiles.remember_credentials("work", CLOUD)
    profiles.remember_credentials("home", CLUSTER)
    assert settings.default_profile() == "work"
    assert profiles.from_default_profile() == profiles.from_profile("work")
    assert profiles.saved_profiles() == [
        (settings.profile("work"), True),
        (settings.profile("home"), False),
    ]


def test_names_are_listed_without_asking_the_keyring():
    with system(BlocksAtOnce) as backend:
        settings.save_profile(Profile("work"))
        assert settings.default_profile() == "work"
        assert profiles.saved_profiles() == [(Profile("work"), True)]
        assert not backend.asked.is_set()


def test_a_certificate_file_is_found_from_another_folder(kept, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    profiles.remember_credentials("work", dataclasses.replace(CLUSTER, ca_bundle="ca.pem"))
    assert profiles.from_profile("work").ca_bundle == str(tmp_path / "ca.pem")


def test_the_model_of_a_profile_is_the_one_that_was_in_use(kept):
    profiles.remember_credentials("work", dataclasses.replace(CLOUD, model="ibm/old"))
    assert profiles.from_profile("work").model == "ibm/old"
    profiles.remember_credentials("work", dataclasses.replace(CLOUD, model="ibm/new"))
    assert profiles.from_profile("work").model == "ibm/new"


# -- what cannot be remembered


def test_a_host_that_did_not_come_with_the_key_is_not_remembered_with_it(kept):
    with pytest.raises(
        HostRefused, match=r"https://cpd\.example\.com was not given together with the key"
    ):
        profiles.remember_credentials("work", dataclasses.replace(CLUSTER, mixed_sources=True))
    assert kept.entries == {}
    for url in ("http://127.0.0.1:8765", "https://eu-de.ml.cloud.ibm.com"):
        profiles.remember_credentials(
            "work", dataclasses.replace(CLOUD, region="", url=url, mixed_sources=True)
        )
        assert profiles.from_profile("work").url == url


def test_a_function_cannot_be_remembered(kept):
    with pytest.raises(BadOption, match="A function that returns tokens can't be remembered"):
        profiles.remember_credentials("work", ConnectionParams("arguments", token=lambda: KEY))
    assert kept.entries == {}


@pytest.mark.parametrize(
    "given", [ConnectionParams("arguments"), ConnectionParams("form", api_key=Secret(""))]
)
def test_nothing_cannot_be_remembered(given, kept):
    with pytest.raises(BadOption, match="no key to remember"):
        profiles.remember_credentials("work", given)
    assert kept.entries == {}


@all_cases("name", ["", "my work", "../work", KEY])
def test_a_name_that_is_none_is_said_before_anything_is_written(name, kept):
    with pytest.raises(BadOption, match="is not a valid profile name"):
        profiles.remember_credentials(name, CLOUD)
    with pytest.raises(BadOption, match="is not a valid profile name"):
        profiles.forget_profile(name)
    assert kept.entries == {}
    assert not settings.settings_file().exists()


@all_cases("place", ["project_id", "space_id", "username", "url", "region", "trusted_profile_id"])
def test_a_key_that_also_stands_in_another_field_is_not_written_with_it(place, kept):
    given = dataclasses.replace(CLOUD, **{place: f"x {KEY}"})
    with pytest.raises(BadOption, match=f"The API key is also in {place}") as caught:
        profiles.remember_credentials("work", given)
    assert KEY not in str(caught.value)
    assert kept.entries == {}
    assert not settings.settings_file().exists()


def test_without_a_keyring_nothing_is_written_anywhere(no_keyring):
    with pytest.raises(BadOption, match="this machine has no system keyring") as caught:
        profiles.remember_credentials("work", CLOUD)
    assert "the sign-in ends with this kernel" in caught.value.hint
    assert not settings.settings_file().exists()


@pytest.mark.parametrize("kind", [Loses, Tells])
def test_a_keyring_that_does_not_keep_it_leaves_no_profile_either(kind):
    with system(kind) as backend:
        with pytest.raises(BadOption, match="was not remembered") as caught:
            profiles.remember_credentials("work", CLOUD)
        assert backend.entries == {}
    assert settings.profiles() == {}
    assert KEY not in everything_about(caught.value)


def test_a_keyring_that_is_locked_leaves_no_profile_either(monkeypatch):
    monkeypatch.setattr(keyring_backend, "LONGEST_WAIT", 0.2)
    with system(Blocks), pytest.raises(BadOption, match=r"did not answer within 0\.2 seconds"):
        profiles.remember_credentials("work", CLOUD)
    assert settings.profiles() == {}


def broken_replace(self, target):
    raise OSError(28, "No space left on device")


def test_a_file_that_cannot_be_written_takes_the_keyrings_entry_with_it(kept, monkeypatch):
    monkeypatch.setattr("pathlib.Path.replace", broken_replace)
    with pytest.raises(BadOption, match="No space left on device"):
        profiles.remember_credentials("work", CLOUD)
    assert kept.entries == {}


def test_a_file_that_cannot_be_written_leaves_the_profile_that_was_there(kept, monkeypatch):
    profiles.remember_credentials("work", CLUSTER)
    with monkeypatch.context() as patch:
        patch.setattr("pathlib.Path.replace", broken_replace)
        with pytest.raises(BadOption, match="No space left on device"):
            profiles.remember_credentials("work", dataclasses.replace(CLOUD, api_key=Secret(OTHER)))
    assert profiles.from_profile("work") == dataclasses.replace(
        CLUSTER, source="profile work", profile="work"
    )


def test_a_file_that_cannot_be_read_is_said_before_the_keyring_is_asked(kept):
    profiles.remember_credentials("work", CLOUD)
    edit("region", "regoin")
    with pytest.raises(BadOption, match="Did you mean 'region'"):
        profiles.remember_credentials("home", CLUSTER)
    assert [name for _, name in kept.entries] == ["work"]


# -- what cannot be found


def test_a_profile_that_is_not_there_has_a_near_name(kept):
    profiles.remember_credentials("work", CLOUD)
    with pytest.raises(BadOption, match="Did you mean 'work'") as caught:
        profiles.from_profile("wrok")
    assert "%watsonx profiles" in caught.value.hint


def test_a_profile_without_its_key_says_how_to_give_it(kept):
    settings.save_profile(Profile("work", region="eu-de"))
    with pytest.raises(NotConnected) as caught:
        profiles.from_profile("work")
    assert str(caught.value) == (
        "Profile 'work' has no key in the keyring of this machine.\n"
        "Next: run %watsonx login --remember work."
    )


def test_a_profile_on_a_machine_without_a_keyring_says_so(no_keyring):
    settings.save_profile(Profile("work", region="eu-de"))
    with pytest.raises(NotConnected, match="this machine has no system keyring") as caught:
        profiles.from_default_profile()
    assert "%watsonx login" in caught.value.hint


def test_a_default_that_is_not_there_is_an_error_with_a_near_name(kept):
    profiles.remember_credentials("work", CLOUD)
    edit('profile = "work"', 'profile = "wrok"')
    with pytest.raises(BadOption, match="Did you mean 'work'"):
        profiles.from_default_profile()
    assert profiles.saved_profiles() == [(settings.profile("work"), False)]


def test_a_kind_that_does_not_exist_has_a_near_name(kept):
    profiles.remember_credentials("work", CLUSTER)
    edit('"software"', '"sofware"')
    with pytest.raises(BadOption, match="Did you mean 'software'"):
        profiles.from_profile("work")


# -- where the key may go


CHANGED = {
    "another cluster": (CLUSTER, "https://cpd.example.com", "https://evil.example"),
    "a longer name": (CLUSTER, "https://cpd.example.com", "https://cpd.example.com.evil.example"),
    "another port": (CLUSTER, "https://cpd.example.com", "https://cpd.example.com:8443"),
    "without TLS": (CLUSTER, "https://cpd.example.com", "http://cpd.example.com"),
    "a cluster becomes IBM's": (CLUSTER, "https://cpd.example.com", "https://eu-de.ml.cloud.ibm.com"),
    "a cluster becomes none": (CLUSTER, 'url = "https://cpd.example.com"', ""),
    "a second host": (CLUSTER, 'kind =', 'iam_url = "https://evil.example"\nkind ='),
    "a slash that turns": (CLUSTER, "https://cpd.example.com",
                           "https://cpd.example.com\\\\\\\\.evil.example"),
    "IBM's becomes a cluster": (CLOUD, 'region = "eu-de"',
                                'kind = "software"\nurl = "https://evil.example"'),
    "IBM's gets an IAM": (CLOUD, 'region = "eu-de"', 'iam_url = "https://evil.example"'),
    "IBM's gets a platform": (CLOUD, "region =", 'platform_url = "https://evil.example"\nregion ='),
    "a region that is a host": (CLOUD, '"eu-de"', '"evil.example"'),
    "a region that is a URL": (CLOUD, '"eu-de"', '"https://evil.example/x"'),
    "a region on this machine": (CLOUD, '"eu-de"', '"localhost:9999"'),
    "this machine by its name": (CLOUD, '"eu-de"', '"localhost"'),
    "this machine by its number": (CLOUD, '"eu-de"', '"[::1]:80"'),
    "IBM's without TLS": (CLOUD, 'region = "eu-de"', 'url = "http://eu-de.ml.cloud.ibm.com"'),
    "IBM's at another port": (CLOUD, 'region = "eu-de"', 'url = "https://eu-de.ml.cloud.ibm.com:8"'),
    "a host like IBM's": (CLOUD, '"eu-de"', '"eu-de.ml.cloud.ibm.com.evil.example"'),
    "no address at all": (CLOUD, 'region = "eu-de"', 'url = "https://[evil"'),
}  # fmt: skip


@all_cases("which", CHANGED)
def test_a_file_that_names_other_hosts_than_the_key_was_given_with_is_refused(which, kept):
    given, old, new = CHANGED[which]
    profiles.remember_credentials("work", given)
    edit(old, new)
    with pytest.raises(HostRefused, match="now names") as caught:
        profiles.from_profile("work")
    assert str(settings.settings_file()) in str(caught.value)
    assert "%watsonx login --remember work" in caught.value.hint
    assert KEY not in everything_about(caught.value)


SAME = {
    "another region of IBM's": (CLOUD, '"eu-de"', '"us-south"'),
    "a city": (CLOUD, '"eu-de"', '"N. Virginia"'),
    "a URL of IBM's": (CLOUD, '"eu-de"', '"https://eu-de.dataplatform.cloud.ibm.com/wx/home?x=y"'),
    "IBM's IAM": (CLOUD, "region =", 'iam_url = "https://iam.cloud.ibm.com"\nregion ='),
    "a path": (CLUSTER, "cpd.example.com", "cpd.example.com/zen/#/home"),
    "capitals": (CLUSTER, "cpd.example.com", "CPD.example.com"),
    "its usual port": (CLUSTER, "cpd.example.com", "cpd.example.com:443"),
    "without the scheme": (CLUSTER, "https://cpd.example.com", "cpd.example.com"),
    "another user": (CLUSTER, '"me"', '"you"'),
}


@all_cases("which", SAME)
def test_a_file_may_be_edited_where_that_moves_no_key(which, kept):
    given, old, new = SAME[which]
    profiles.remember_credentials("work", given)
    edit(old, new)
    assert profiles.from_profile("work").has_credential


def test_a_region_that_does_not_exist_is_left_to_its_own_error(kept):
    profiles.remember_credentials("work", CLOUD)
    edit('"eu-de"', '"eu-dee"')
    assert profiles.from_profile("work").region == "eu-dee"


# -- forgotten


def test_a_profile_that_is_forgotten_is_nowhere(kept):
    profiles.remember_credentials("work", CLOUD)
    file = settings.settings_file()
    assert profiles.forget_profile("work") == (
        f"profile 'work' is forgotten: removed from the system keyring and {file}"
    )
    assert kept.entries == {}
    assert profiles.saved_profiles() == []
    assert settings.default_profile() == ""


def test_a_profile_without_a_key_can_be_forgotten(kept):
    settings.save_profile(Profile("work"))
    assert "(it had no key in a system keyring)" in profiles.forget_profile("work")
    assert settings.profiles() == {}


def test_a_key_without_a_profile_can_be_forgotten(kept):
    keyring_store.write_entry("work", Secret(KEY))
    assert profiles.forget_profile("work").endswith("removed from the system keyring")
    assert kept.entries == {}


def test_without_a_keyring_a_profile_can_be_forgotten(no_keyring):
    settings.save_profile(Profile("work"))
    profiles.forget_profile("work")
    assert settings.profiles() == {}


def test_what_is_nowhere_cannot_be_forgotten(kept):
    profiles.remember_credentials("work", CLOUD)
    with pytest.raises(BadOption, match=r"There is no profile 'wrok'\. Did you mean 'work'\?"):
        profiles.forget_profile("wrok")


def test_a_key_that_cannot_be_removed_leaves_the_profile_to_try_again():
    with system(Clings):
        profiles.remember_credentials("work", CLOUD)
        with pytest.raises(BadOption, match="was not removed") as caught:
            profiles.forget_profile("work")
        assert list(settings.profiles()) == ["work"]
    assert KEY not in everything_about(caught.value)


# -- no secret anywhere


@pytest.mark.slow
@generated(st.text("abcXYZ019_-$ä\n\"'\\", min_size=0, max_size=50), st.sampled_from(
    [Keeps, Loses, Tells, Clings]), st.sampled_from(sorted(GIVEN)))  # fmt: skip
def test_no_secret_is_in_the_file_or_in_an_error(text, kind, which):
    secret = Secret(f"Zq7${text}$7qZ")
    given = GIVEN[which]
    for place in ("api_key", "password", "token"):
        if getattr(given, place):
            given = dataclasses.replace(given, **{place: secret})
    shown = ""
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as folder:
        patch.setenv("JUPYTER_CONFIG_DIR", folder)
        with system(kind):
            for step in (
                lambda: profiles.remember_credentials("work", given),
                lambda: repr(profiles.from_default_profile()),
                lambda: repr(profiles.saved_profiles()),
                lambda: profiles.remember_credentials(
                    "home", dataclasses.replace(given, username=f"{text}$7qZ")
                ),
                lambda: profiles.forget_profile("work"),
            ):
                try:
                    shown += str(step())
                except WatsonxError as error:
                    shown += str(error)
                if settings.settings_file().exists() and not text:
                    shown += settings.settings_file().read_text()
    assert "Zq7$" not in shown


# -- the real thing


PROGRAMS = ("dbus-run-session", "gnome-keyring-daemon")
MISSING = [program for program in PROGRAMS if shutil.which(program) is None]
needs_a_secret_service = pytest.mark.skipif(
    bool(MISSING), reason=f"needs {', '.join(MISSING)}: apt-get install gnome-keyring dbus"
)


def in_a_session(folder, start, *steps):
    """Run pieces of Python, a process each, beside a Secret Service of their own."""
    pieces = [folder / f"{number}.py" for number in range(len(steps))]
    for piece, step in zip(pieces, steps, strict=True):
        piece.write_text(
            "from wx_notebook.credentials import Secret, keyring_store, profiles\n"
            "from wx_notebook.credentials.connection_params import ConnectionParams\n" + step
        )
    (folder / "run").mkdir(mode=0o700, exist_ok=True)
    command = "; ".join([start, *(f"'{sys.executable}' '{piece}'" for piece in pieces)])
    kept = {name: os.environ[name] for name in ("PATH", "JUPYTER_CONFIG_DIR")}
    done = subprocess.run(
        ["dbus-run-session", "--", "sh", "-c", command],
        env=kept | {"HOME": str(folder), "XDG_RUNTIME_DIR": str(folder / "run")},
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    return done.stdout + done.stderr


UNLOCKED = "printf pw | gnome-keyring-daemon --unlock --components=secrets"


@pytest.mark.slow
@needs_a_secret_service
def test_a_real_secret_service_keeps_a_profile_from_one_process_to_the_next(tmp_path):
    out = in_a_session(
        tmp_path, UNLOCKED,
        "print('available:', repr(keyring_store.missing_keyring()))\n"
        f"params = ConnectionParams('form', api_key=Secret('{KEY}'), region='eu-de')\n"
        "print(profiles.remember_credentials('work', params))",
        "found = profiles.from_default_profile()\n"
        f"print(found.source, found.api_key == Secret('{KEY}'), found)",
        "print(profiles.forget_profile('work'))",
        "print(keyring_store.read_entry('work'), profiles.saved_profiles())",
    )  # fmt: skip
    assert "available: ''" in out, out
    assert "the API key in the Secret Service" in out
    assert "profile work True ConnectionParams(" in out
    assert "removed from the system keyring and" in out
    assert "None []" in out
    assert KEY not in out
    for path in tmp_path.rglob("*"):
        assert not path.is_file() or path.suffix == ".py" or KEY.encode() not in path.read_bytes()


@pytest.mark.slow
@needs_a_secret_service
def test_a_real_secret_service_that_is_locked_is_said_in_a_few_seconds(tmp_path):
    remember = (
        f"params = ConnectionParams('form', api_key=Secret('{KEY}'), region='eu-de')\n"
        "profiles.remember_credentials('work', params)"
    )
    in_a_session(tmp_path, UNLOCKED, remember)
    out = in_a_session(tmp_path, "gnome-keyring-daemon --start --components=secrets",
                       "profiles.from_default_profile()")  # fmt: skip
    assert "NotConnected: The key of profile 'work' was not read: the system keyring" in out, out
    assert "did not answer" in out or "is locked" in out, out
    assert KEY not in out


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have their keyring always")
def test_without_a_secret_service_on_the_bus_there_is_no_keyring(tmp_path):
    (tmp_path / "run").mkdir(mode=0o700)
    out = subprocess.run(
        [sys.executable, "-c",
         "from wx_notebook.credentials import keyring_store as k; print(k.missing_keyring())"],
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path),
             "DBUS_SESSION_BUS_ADDRESS": f"unix:path={tmp_path}/none"},
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    assert out.stdout == "this machine has no system keyring: the sign-in ends with this kernel\n"
