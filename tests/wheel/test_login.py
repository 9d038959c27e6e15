"""Logins: found, asked for, kept, sent to workers without their secrets."""

import logging
import pickle
import stat
import subprocess
import sys

import pytest

ELSEWHERE = "import pickle, sys; print(pickle.load(sys.stdin.buffer).status()['user'])"


def test_a_login_is_found_and_says_where(logged_in):
    import frazil

    status = frazil.login().status()
    assert status["user"] == logged_in.username
    assert status["found_in"] == "EARTHDATA_USERNAME and EARTHDATA_PASSWORD"
    assert status["renewable"]


def test_without_any_the_error_says_what_to_do(world):
    import frazil

    with pytest.raises(frazil.errors.LoginError) as raised:
        frazil.login()
    assert "urs.earthdata.nasa.gov" in str(raised.value)
    assert any("EARTHDATA_TOKEN" in note for note in raised.value.__notes__)


def test_a_wrong_password_is_told(logged_in, monkeypatch):
    import frazil

    monkeypatch.setenv("EARTHDATA_PASSWORD", "wrong-horse")
    with pytest.raises(frazil.errors.LoginError) as raised:
        frazil.login()
    assert raised.value.address == "https://urs.earthdata.nasa.gov/api/users/find_or_create_token"
    assert "wrong-horse" not in f"{raised.value} {raised.value.__notes__}"


def test_what_is_typed_is_kept_for_workers_if_wanted(world, monkeypatch):
    import frazil

    monkeypatch.setattr("builtins.input", lambda _: world.username)
    monkeypatch.setattr("getpass.getpass", lambda _: world.password)
    typed = frazil.login("interactive")
    with pytest.raises(frazil.errors.InvalidError, match="cannot be sent"):
        pickle.dumps(typed)
    kept = frazil.login("interactive", persist=True)
    netrc = world.home / ".netrc"
    assert stat.S_IMODE(netrc.stat().st_mode) == 0o600
    sent = subprocess.run(
        [sys.executable, "-c", ELSEWHERE], input=pickle.dumps(kept), capture_output=True, check=True
    )
    assert sent.stdout.decode().strip() == world.username


def test_a_wrong_password_does_not_take_the_place_of_the_right_one(world, monkeypatch):
    import frazil

    monkeypatch.setattr("builtins.input", lambda _: world.username)
    monkeypatch.setattr("getpass.getpass", lambda _: world.password)
    frazil.login("interactive", persist=True)
    before = (world.home / ".netrc").read_text()
    monkeypatch.setattr("getpass.getpass", lambda _: "wrong-horse")
    with pytest.raises(frazil.errors.LoginError):
        frazil.login("interactive", persist=True)
    assert (world.home / ".netrc").read_text() == before
    assert frazil.login("netrc").status()["user"] == world.username


def test_a_netrc_that_cannot_be_read_does_not_close_what_is_open(world):
    from frazil import _login

    (world.home / ".netrc").mkdir()
    with pytest.warns(UserWarning, match="nobody is logged in"):
        assert _login.current() is None


def test_a_token_may_be_typed(world, monkeypatch):
    import frazil

    token = world.token()
    monkeypatch.setattr("getpass.getpass", lambda _: token)
    session = frazil.login("token")
    assert not session.status()["renewable"]
    assert token not in repr(session)


def test_no_secret_is_in_pickles_words_or_logs(logged_in, monkeypatch, caplog, capfd):
    import frazil
    from frazil import Session

    caplog.set_level(logging.DEBUG)
    token = logged_in.token()
    monkeypatch.setenv("EARTHDATA_TOKEN", token)
    session = frazil.login()
    item = frazil.search_granules(short_name="ATL08", count=1)[0]
    typed = [Session._with_password("ada", logged_in.password, "prod"), Session._with_token(token, "prod")]
    said = [repr(session), str(session.status()), repr(item), caplog.text, *capfd.readouterr()]
    said += [repr(one) + str(one) for one in typed] + [str(frazil.where(item, session=typed[1]))]
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        said.append(pickle.dumps(session, protocol).decode("latin-1"))
    for secret in (logged_in.password, token, token.split(".")[-1]):
        assert not [text for text in said if secret in text]
    assert "urs.earthdata.nasa.gov" in said[0]


def test_a_worker_logs_in_by_what_it_finds_itself(logged_in):
    import frazil

    sent = pickle.dumps(frazil.login())
    found = subprocess.run([sys.executable, "-c", ELSEWHERE], input=sent, capture_output=True, check=True)
    assert found.stdout.decode().strip() == logged_in.username


def test_other_names_of_systems_and_places_are_refused(world):
    import frazil

    for wrong in ({"system": "sit"}, {"strategy": "wallet"}):
        with pytest.raises(frazil.errors.InvalidError):
            frazil.login(**wrong)
