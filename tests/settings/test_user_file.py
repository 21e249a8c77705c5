"""The settings file says where keys go: it is the user's alone, and holds none."""

from __future__ import annotations

import dataclasses
import os
import stat
import string
import tempfile
import tomllib
import traceback
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.cases import all_cases

from wx_notebook import settings
from wx_notebook.errors import BadOption
from wx_notebook.settings import Profile
from wx_notebook.settings.user_file import PROFILE_KEYS

KEY = "Zq7_kEyCaNaRy-0123456789abcdefghijklmnopQRST"  # pragma: allowlist secret
WORK = Profile("work", region="eu-de", project_id="12345678-1234-4123-8123-123456789abc")
posix = pytest.mark.skipif(os.name != "posix", reason="Windows has other permissions")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A configuration folder of Jupyter that does not exist yet."""
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path / "jupyter"))
    return tmp_path / "jupyter"


@pytest.fixture
def file(folder):
    """The settings file, in a folder that exists."""
    folder.mkdir(mode=0o700)
    return folder / "wx_notebook.toml"


def put(file, text):
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    file.chmod(0o600)


def refused(*words):
    """The error that reading is; it has the path, these words, and no key."""
    with pytest.raises(BadOption) as caught:
        settings.profiles()
    error = caught.value
    said = str(error)
    assert str(settings.settings_file()) in error.message
    assert all(word in said for word in words), said
    assert KEY not in said
    assert error.hint
    assert len(error._render_traceback_()) <= 3
    assert error.__context__ is None
    return said


# -- written and read


def test_without_a_file_there_are_no_profiles_and_nothing_is_made(folder):
    assert settings.profiles() == {}
    assert settings.default_profile() == ""
    assert settings.remove_profile("work") is False
    assert not folder.exists()


def test_the_file_is_in_jupyters_configuration_folder(folder):
    assert settings.settings_file() == folder / "wx_notebook.toml"


def test_a_profile_comes_back_as_it_was_saved(folder):
    full = Profile(**{field.name: f"{field.name}-ä" for field in dataclasses.fields(Profile)})
    full = dataclasses.replace(full, name="full")
    settings.save_profile(full)
    settings.save_profile(WORK)
    assert settings.profiles() == {"full": full, "work": WORK}
    assert settings.profile("work") == WORK


def test_the_first_profile_is_the_default_and_the_next_is_not(folder):
    settings.save_profile(WORK)
    assert settings.default_profile() == "work"
    settings.save_profile(Profile("home"))
    assert settings.default_profile() == "work"


def test_a_default_that_names_no_profile_counts_as_none(file):
    put(file, 'profile = "gone"\n')
    settings.save_profile(WORK)
    assert settings.default_profile() == "work"


def test_removing_the_default_removes_its_mark_and_nothing_else(folder):
    settings.save_profile(WORK)
    settings.save_profile(Profile("home", region="us-south"))
    assert settings.remove_profile("work") is True
    assert settings.remove_profile("work") is False
    assert settings.default_profile() == ""
    assert list(settings.profiles()) == ["home"]


def test_what_is_empty_is_not_written(folder):
    settings.save_profile(WORK)
    assert tomllib.loads(settings.settings_file().read_text()) == {
        "profile": "work",
        "profiles": {"work": {"region": "eu-de", "project_id": WORK.project_id}},
    }


MINE = """\
# my own file
profile = "a"   # the one I use

[later]  # of another version
x = [1, 2]

# about a
[profiles.a]  # Frankfurt
region = "eu-de"  # moved in May
space_id = "s"

# about b
[profiles.b]
region = "us-south"
"""


def test_comments_and_tables_of_others_stay(file):
    put(file, MINE)
    settings.save_profile(Profile("a", region="eu-gb", model="ibm/x"))
    assert file.read_text() == MINE.replace('"eu-de"', '"eu-gb"').replace(
        'space_id = "s"', 'model = "ibm/x"'
    )


def test_a_removed_profile_leaves_what_is_said_about_the_next(file):
    put(file, MINE)
    settings.remove_profile("a")
    left = file.read_text()
    for line in ("# my own file", "[later]  # of another version", "# about b", "[profiles.b]"):
        assert line in left
    assert "Frankfurt" not in left
    assert 'profile = "a"' not in left


WAYS = {
    "tables": '[profiles.a]\nregion = "eu-de"\n',
    "dotted keys": '[profiles]\na.region = "eu-de"\n',
    "an inline table": '[profiles]\na = {region = "eu-de"}\n',
    "Windows' line ends": '[profiles.a]\r\nregion = "eu-de"\r\n',
    "Windows' mark": b'\xef\xbb\xbf[profiles.a]\nregion = "eu-de"\n',
    "no line end at the end": '[profiles.a]\nregion = "eu-de"',
    "a name in quotation marks": '[profiles."a"]\nregion = "eu-de"\n',
}


@all_cases("way", WAYS)
def test_however_a_file_is_written_it_can_be_added_to(way, file):
    put(file, WAYS[way])
    before = settings.profiles()
    assert before == {"a": Profile("a", region="eu-de")}
    settings.save_profile(Profile("b.c", region="us-south"))
    settings.save_profile(Profile("a", region="eu-gb"))
    assert settings.profiles() == {
        "a": Profile("a", region="eu-gb"),
        "b.c": Profile("b.c", region="us-south"),
    }
    settings.remove_profile("b.c")
    assert settings.profiles() == {"a": Profile("a", region="eu-gb")}


@pytest.mark.parametrize("text", ['profiles = {a = {region = "x"}}\n', 'profiles.a.region = "x"\n'])
def test_a_file_that_cannot_be_changed_without_harm_is_left_alone(text, file):
    put(file, text)
    with pytest.raises(BadOption, match="cannot be changed safely") as caught:
        settings.save_profile(WORK)
    assert "[profiles.work]" in caught.value.hint
    assert file.read_text() == text


# -- whose it is


@posix
@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077, 0o277])
def test_folder_and_file_are_the_users_alone_from_the_first_moment(umask, folder, monkeypatch):
    modes = {}

    def watched(real):
        def call(path, *args, **kwargs):
            existed = os.path.lexists(path)
            result = real(path, *args, **kwargs)
            if not existed and str(path).startswith(str(folder)):
                modes[str(path)] = stat.S_IMODE(Path(path).stat().st_mode)
            return result

        return call

    monkeypatch.setattr(os, "open", watched(os.open))
    monkeypatch.setattr(os, "mkdir", watched(os.mkdir))
    before = os.umask(umask)
    try:
        settings.save_profile(WORK)
    finally:
        os.umask(before)
    assert len(modes) == 2
    assert all(mode & 0o077 == 0 for mode in modes.values())
    assert stat.S_IMODE(settings.settings_file().stat().st_mode) == 0o600
    assert settings.profiles() == {"work": WORK}


@posix
def test_a_folder_that_exists_keeps_its_permissions(file):
    file.parent.chmod(0o755)
    settings.save_profile(WORK)
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o755


@posix
def test_a_folder_that_every_user_can_write_into_is_refused(file):
    file.parent.chmod(0o777)
    with pytest.raises(BadOption, match=r"every user of this machine can write") as caught:
        settings.save_profile(WORK)
    assert f"chmod o-w '{file.parent}'" in str(caught.value)
    assert list(file.parent.iterdir()) == []


@posix
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o644, 0o610])
def test_a_file_that_others_can_use_is_refused_with_what_to_type(mode, file):
    put(file, 'profile = "work"\n')
    file.chmod(mode)
    assert refused("Other users of this machine").endswith(f"Next: chmod 600 '{file}'")
    with pytest.raises(BadOption, match="chmod 600"):
        settings.save_profile(WORK)
    with pytest.raises(BadOption, match="chmod 600"):
        settings.remove_profile("work")


@posix
def test_a_file_of_another_user_is_refused(file, monkeypatch):
    put(file, "")
    somebody_else = os.geteuid() + 1
    monkeypatch.setattr(os, "geteuid", lambda: somebody_else)
    refused("belongs to another user", "chown")


@posix
def test_the_permissions_that_count_are_those_of_what_a_link_leads_to(file, tmp_path):
    real = tmp_path / "dotfiles.toml"
    put(real, '[profiles.a]\nregion = "eu-de"\n')
    file.symlink_to(real)
    settings.save_profile(WORK)
    assert file.is_symlink()
    assert "[profiles.work]" in real.read_text()
    real.chmod(0o644)
    refused("Other users of this machine")


@posix
def test_a_pipe_of_that_name_does_not_hold_the_kernel(file):
    os.mkfifo(file, 0o600)
    refused("is not a file")


def test_a_folder_of_that_name_is_an_error(file):
    file.mkdir()
    refused("cannot be read")


def test_a_file_in_the_place_of_the_folder_is_an_error(folder):
    folder.write_text("")
    refused("cannot be read")


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path, monkeypatch):
    (tmp_path / "jupyter").write_text("")
    monkeypatch.setattr(
        settings.writing, "read_user_file", lambda: settings.user_file.UserFile({}, "", "")
    )
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path / "jupyter"))
    with pytest.raises(BadOption, match="cannot be written"):
        settings.save_profile(WORK)


def test_a_write_that_fails_leaves_the_file_as_it_was_and_nothing_beside_it(file, monkeypatch):
    put(file, MINE)

    def full(self, target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(BadOption, match="cannot be written: No space left on device") as caught:
        settings.save_profile(WORK)
    assert caught.value.__context__ is None
    assert file.read_text() == MINE
    assert list(file.parent.iterdir()) == [file]


def test_a_file_as_long_as_none_is_an_error(file):
    put(file, "#" * 1_000_001)
    refused("too long for a settings file")


# -- what it may say


BAD = {
    "an unknown key": ('[profiles.work]\nregoin = "x"', "'regoin'", "Did you mean 'region'?"),
    "an unknown key at the top": ('profil = "work"', "'profil'", "Did you mean 'profile'?"),
    "an unknown table like ours": ("[profils.a]", "'profils'", "Did you mean 'profiles'?"),
    "a setting at the top": ('region = "x"', "'region' at the top"),
    "a table in a profile": ("[profiles.a.b]\nx=1", "'b' in [profiles.a]"),
    "a name as a key": ('[profiles.a]\nname = "b"', "'name' in [profiles.a]"),
    "a number": ("[profiles.a]\nproject_id = 12", "'project_id' in [profiles.a]", "not a text"),
    "a list": ('[profiles.a]\nmodel = ["x"]', "'model' in [profiles.a]", 'model = "..."'),
    "the default as a table": ('[profile.work]\nregion = "x"', "[profiles.work]"),
    "the default as a number": ("profile = 3", 'profile = "work"'),
    "profiles as a text": ('profiles = "work"', "[profiles.work]"),
    "a profile as a text": ('[profiles]\nregion = "x"', "[profiles.work]"),
    "profiles as a list": ('[[profiles]]\nregion = "x"', "[profiles.work]"),
    "a name with blanks": ('[profiles."my work"]', "'my work'", "letters, digits"),
    "an empty name": ('[profiles.""]', "letters, digits"),
    "a long name": (f"[profiles.{'a.' * 33}]".replace(".]", ".b]").replace("a.", "a-.")
                    .replace("profiles.", 'profiles."').replace("]", '"]'), "letters, digits"),
    "a key for a name": (f"[profiles.{KEY}]", "letters, digits"),
    "a line that is none": ('[profiles.a]\nregion "x"', "not valid TOML", "line 2"),
    "a key alone on a line": (f"[profiles.a]\n{KEY}\n", "not valid TOML", "line 2"),
    "a key without quotation marks": (f"[profiles.a]\n\nregion = {KEY}\n", "line 3"),
    "a quotation that never ends": (f'[profiles.a]\nregion = "{KEY}', "not valid TOML"),
    "a table twice": (f"[profiles.{KEY}]\n[profiles.{KEY}]", "not valid TOML", "line 2"),
    "a key twice": (f'[profiles.a]\n{KEY} = ""\n{KEY} = ""', "not valid TOML", "line 3"),
    "brackets without end": ("x = " + "[" * 5000, "not valid TOML"),
    "bytes that are no text": (b'[profiles.a]\nregion = "\xff\xfe"', "not UTF-8", "line 2"),
    "a key as a key": (f'[profiles.a]\n{KEY} = "x"', "in [profiles.a]", "not a setting"),
    "a password in a URL": (f'[profiles.a]\nurl = "https://me:{KEY}@x.y"', "before an @"),
    "a NUL": ('[profiles.a]\nregion = "\0"', "not valid TOML"),
}  # fmt: skip


@all_cases("which", BAD)
def test_what_is_wrong_with_the_file_is_said_with_its_place(which, file):
    text, *words = BAD[which]
    put(file, text)
    refused(*words)
    before = file.read_bytes()
    with pytest.raises(BadOption):
        settings.save_profile(WORK)
    assert file.read_bytes() == before


SECRETS = [
    "api_key", "apikey", "API_KEY", "apiKey", '"api key"', "key", "zen-key", "WATSONX_APIKEY",
    "token", "access_token", "bearer", "password", "passwd", "pwd", "secret", "client_secret",
    "credentials",
]  # fmt: skip


@all_cases("name", SECRETS)
@all_cases(
    "place",
    [
        "{}",
        "[profiles.a]\n{}",
        "[other]\n{}",
        "[other.inner]\n{}",
        "[[other]]\n{}",
        "[x]\ny=[{{{}}}]",
    ],
)
def test_a_key_in_the_file_is_refused_and_not_quoted(name, place, file):
    put(file, place.format(f'{name} = "{KEY}"'))
    refused("which must not be in a settings file", "%watsonx login --remember")


def test_a_limit_of_tokens_is_no_token(file):
    put(file, "[later]\nmax_tokens = 3\n")
    assert settings.profiles() == {}


def test_the_name_of_a_server_or_of_a_profile_is_the_users_own_word(file):
    put(
        file,
        '[mcp.token]\ncommand = "vault"\n[mcp.passwords]\nurl = "https://example.org/mcp"\n'
        '[profiles.secret-project]\nregion = "eu-de"\n',
    )
    assert set(settings.mcp_servers()) == {"token", "passwords"}
    assert list(settings.profiles()) == ["secret-project"]
    # what stands in them is looked at as ever
    for line in ("[mcp.token]\npassword", "[mcp]\napi_key", "[profiles.work]\nsecret",
                 "[profiles]\napi_key"):  # fmt: skip
        put(file, f'{line} = "{KEY}"\n')
        refused("contains a key")


def test_what_looks_like_a_secret_is_refused_whatever_it_holds(file):
    put(file, "[other]\ntoken = 3\n")
    refused("which must not be in a settings file")


def test_a_profile_that_is_not_there_is_an_error_with_the_nearest_name(folder):
    settings.save_profile(WORK)
    with pytest.raises(BadOption) as caught:
        settings.profile("wrok")
    assert "There is no profile 'wrok'" in str(caught.value)
    assert "Did you mean 'work'?" in str(caught.value)
    assert "%watsonx profiles" in caught.value.hint


@all_cases("name", [KEY, f"a {KEY}", KEY * 20, "\x1b[31mred", "a\nb"])
def test_what_somebody_typed_for_a_name_is_not_quoted_when_it_is_none(name, folder):
    with pytest.raises(BadOption, match="There is no profile of that name in") as caught:
        settings.profile(name)
    assert KEY not in str(caught.value)
    assert "\x1b" not in str(caught.value)


@all_cases("name", ["a", "A-b_c.d", "9", "x" * 39, "a." * 31 + "bc", " work "])
def test_a_name_has_letters_digits_and_three_signs(name):
    assert settings.validate_profile_name(name) == name.strip()


@all_cases(
    "name",
    ["", " ", "a b", "a/b", "../a", "-x", ".x", "ä", "a\n", "x\0", "a]", "a." * 32 + "b", KEY],
)
def test_other_names_are_refused(name, folder):
    if name == "a\n":
        assert settings.validate_profile_name(name) == "a", "a line end from copying"
        return
    with pytest.raises(BadOption, match="is not a valid profile name") as caught:
        settings.validate_profile_name(name)
    assert KEY not in str(caught.value)
    with pytest.raises(BadOption):
        settings.save_profile(Profile(name))
    assert not folder.exists()


@all_cases("place", ["url", "region", "iam_url", "platform_url"])
def test_a_url_with_a_password_is_not_saved(place, folder):
    with pytest.raises(BadOption, match="before an @") as caught:
        settings.save_profile(dataclasses.replace(WORK, **{place: f"https://me:{KEY}@cpd.example"}))
    assert KEY not in str(caught.value)
    assert not folder.exists()


def test_a_text_without_a_utf8_form_is_not_saved(folder):
    with pytest.raises(BadOption, match="a character without a UTF-8 form"):
        settings.save_profile(dataclasses.replace(WORK, username="\udcff"))
    assert settings.profiles() == {}


def test_a_project_file_sets_no_profile(folder, tmp_path, monkeypatch):
    (tmp_path / "pyproject.toml").write_text('[tool.wx_notebook]\nprofile = "evil"\n')
    (tmp_path / "wx_notebook.toml").write_text('profile = "evil"\n')
    monkeypatch.chdir(tmp_path)
    assert settings.default_profile() == ""
    assert settings.profiles() == {}


texts = st.text(max_size=30).filter(lambda text: "@" not in text)


names = st.text("ab.-_9", min_size=1, max_size=6).filter(lambda name: name[0] not in ".-")


@pytest.mark.slow
@given(
    st.lists(
        st.builds(Profile, names, **dict.fromkeys(PROFILE_KEYS, texts)), min_size=1, max_size=4
    )
)
def test_whatever_profiles_say_comes_back(saved):
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as place:
        patch.setenv("JUPYTER_CONFIG_DIR", place)
        for profile in saved:
            settings.save_profile(profile)
        assert settings.profiles() == {profile.name: profile for profile in saved}
        assert settings.default_profile() == saved[0].name
        for profile in saved:
            settings.remove_profile(profile.name)
        assert settings.profiles() == {}


LINES = [
    "{}", "{} =", "= {}", "[{}]", "[{}", "[[{}]]\n[{}]", "{} = 1\n{} = 2", "x = '''{}",
    "x.{}.y = 1\nx.{} = 2", "x = {{{} = 1, {} = 1}}", "api_key = {}", 'api_key = "{}"',
    "profile = ['{}']", "[profiles]\na = '{}'", "[profiles.a]\n{}", "[profiles.a]\nregion = {}",
    '[profiles.a]\nregion = "{}', "[profiles.a]\npassword = '{}'",
    "[profiles.a]\nurl = 'https://u:{}@h'",
]  # fmt: skip


def error_of_reading():
    try:
        settings.profiles()
    except BadOption as error:
        return error
    return None


@given(st.text(string.ascii_letters + string.digits + "_-", min_size=40, max_size=60),
       st.sampled_from(LINES))  # fmt: skip
def test_whatever_line_a_key_stands_in_no_error_quotes_it(key, line):
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as place:
        patch.setenv("JUPYTER_CONFIG_DIR", place)
        put(settings.settings_file(), line.replace("{}", key).replace("{{", "{").replace("}}", "}"))
        error = error_of_reading()
    if error is None:
        return
    assert key not in str(error)
    assert error.__context__ is None
    for frame, _ in traceback.walk_tb(error.__traceback__):
        assert "/tests/" in frame.f_code.co_filename or key not in repr(frame.f_locals)
