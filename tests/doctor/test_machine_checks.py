"""Keyring, proxy and certificate authorities: each found wrong in the ways that people meet."""

from __future__ import annotations

import contextlib
import datetime as dt
import shutil
import socket
import ssl
import threading

import pytest
import trustme
from credentials.keyring_stand_ins import BlocksAtOnce, Keeps, system
from support.cases import all_cases
from transport.servers import Proxy, Server, http

from wx_notebook.doctor.anonymise import url_origin
from wx_notebook.sandbox import Sandbox

# --- the keyring -------------------------------------------------------------------------------


def test_no_keyring_is_a_warning_that_says_what_follows(run_checks):
    status = run_checks("keyring")["keyring"]
    assert status.state == "warning"
    assert status.finding == "this machine has no system keyring: the sign-in ends with this kernel"
    assert "gnome-keyring" in status.repair


def test_a_keyring_of_the_system_is_named(run_checks):
    with system(Keeps):
        status = run_checks("keyring")["keyring"]
    assert (status.state, status.finding) == (
        "ok", "Secret Service, for %watsonx login --remember NAME",
    )  # fmt: skip


def test_asking_for_a_keyring_opens_none(run_checks):
    with system(BlocksAtOnce) as keyring:
        assert run_checks("keyring")["keyring"].state == "ok"
        assert not keyring.asked.is_set()


def test_a_place_of_plain_text_is_none(run_checks):
    from credentials.keyring_stand_ins import chosen

    with chosen(Keeps()):
        status = run_checks("keyring")["keyring"]
    assert status.state == "warning"
    assert "is not used" in status.finding


# --- the proxy ---------------------------------------------------------------------------------


@pytest.fixture
def away(monkeypatch):
    """A region of IBM's is meant; whatever is sent there meets the test's own proxy."""
    monkeypatch.setenv("WATSONX_REGION", "eu-de")
    return monkeypatch


def test_without_a_proxy_it_says_so(run_checks, around):
    status = run_checks("proxy")["proxy"]
    assert (status.state, status.finding) == (
        "ok", "no proxy is used: the sandbox is on this machine",
    )  # fmt: skip


def test_a_proxy_is_not_used_on_the_way_to_this_machine(run_checks, around):
    around.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    results = run_checks("proxy", "IAM")
    assert (
        results["proxy"].finding == "no proxy is used: the sandbox is on this machine (HTTPS_PROXY)"
    )
    assert results["IAM"].state == "ok"


def test_a_proxy_is_named_by_its_host_without_its_user(run_checks, away):
    with Proxy(refuses=403) as proxy:
        address = proxy.url.replace("//", "//jane:p%40ss-w0rd-of-jane@")
        away.setenv("HTTPS_PROXY", address)
        status = run_checks("proxy")["proxy"]
    assert status.state == "ok"
    assert status.finding == (
        f"{proxy.url} answers; it is the proxy for api.eu-de.dataplatform.cloud.ibm.com, "
        "eu-de.ml.cloud.ibm.com, iam.cloud.ibm.com (HTTPS_PROXY)"
    )


def test_a_proxy_that_refuses_is_named_where_it_refused(run_checks, away):
    with Proxy(refuses=403) as proxy:
        away.setenv("HTTPS_PROXY", proxy.url)
        results = run_checks("IAM", "region")
    for name, host in (("IAM", "iam.cloud.ibm.com"), ("region", "eu-de.ml.cloud.ibm.com")):
        assert results[name].state == "failed"
        assert f"The proxy on the way to {host} refused the connection." in results[name].finding
        assert f"to allow https://{host}" in results[name].repair
        assert "HTTPS_PROXY" in results[name].repair


def test_a_proxy_that_is_not_there_is_told(run_checks, away):
    away.setenv("HTTPS_PROXY", "http://jane:p4ss-w0rd@127.0.0.1:1")
    status = run_checks("proxy")["proxy"]
    assert status.state == "failed"
    assert status.finding.startswith("the proxy http://127.0.0.1:1 cannot be reached (")
    assert "NO_PROXY" in status.repair


@pytest.mark.slow
def test_a_proxy_that_hangs_is_a_verdict(run_checks, away):
    with Server(token=False) as server:
        # it takes the connection, and says nothing to a CONNECT
        server.on("", server.silent())
        away.setenv("HTTPS_PROXY", server.url)
        results = run_checks("IAM", "proxy")
    assert results["proxy"].state == "ok"
    assert results["IAM"].state == "failed"
    assert results["IAM"].repair


@pytest.mark.parametrize(
    "address", ["http://[::bad", "http://jane:pa/ss-w0rd@proxy.example.com:3128", "http://",
                "http://jane:1234#w0rd@proxy.example.com", "http://host:port"],
)  # fmt: skip
def test_an_address_that_cannot_be_read_is_told_and_not_shown(run_checks, away, address):
    away.setenv("HTTPS_PROXY", address)
    status = run_checks("proxy")["proxy"]
    assert status.state == "failed"
    assert status.finding == "the address of the proxy cannot be read (HTTPS_PROXY)"
    assert "%40" in status.repair


def test_hosts_that_need_no_proxy_are_left_out(run_checks, away):
    away.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    away.setenv("NO_PROXY", ".ibm.com")
    status = run_checks("proxy")["proxy"]
    assert (status.state, status.finding) == ("ok", "no proxy is used (HTTPS_PROXY, NO_PROXY)")


@all_cases(
    ("address", "shown"),
    [("http://jane:secret@proxy.example.com:3128", "http://proxy.example.com:3128"),
     ("proxy.example.com:3128", "http://proxy.example.com:3128"),
     ("socks5h://proxy.example.com", "socks5h://proxy.example.com"),
     ("http://a@b@proxy.example.com", "http://proxy.example.com"),
     ("http://[::1]:3128", "http://[::1]:3128"),
     ("http://proxy.example.com/x@y", ""), ("http://pro xy", ""), ("", "")],
)  # fmt: skip
def test_of_an_address_scheme_host_and_port_are_shown(address, shown):
    assert url_origin(address) == shown


# --- certificate authorities -------------------------------------------------------------------


def test_the_authorities_are_counted_with_who_named_them(run_checks, around, tmp_path):
    own = tmp_path / "own.pem"
    trustme.CA().cert_pem.write_to_path(str(own))
    around.setenv("REQUESTS_CA_BUNDLE", str(own))
    status = run_checks("certificates")["certificates"]
    assert status.state == "ok"
    assert status.finding == f"1 authority in {own}, from REQUESTS_CA_BUNDLE"
    around.delenv("REQUESTS_CA_BUNDLE")
    around.setenv("SSL_CERT_FILE", str(own))
    status = run_checks("certificates")["certificates"]
    assert (
        "from certifi; SSL_CERT_FILE is not used, but REQUESTS_CA_BUNDLE would be" in status.finding
    )


def test_a_folder_of_authorities_will_do(run_checks, around, tmp_path):
    around.setenv("REQUESTS_CA_BUNDLE", str(tmp_path))
    status = run_checks("certificates")["certificates"]
    assert status.finding == f"the authorities in the folder {tmp_path}, from REQUESTS_CA_BUNDLE"


@pytest.mark.parametrize(
    ("content", "says"),
    [(None, "does not exist"), ("hello\n", "cannot be read"), ("", "cannot be read"),
     ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "cannot be read")],
)  # fmt: skip
def test_a_file_of_authorities_that_is_none_is_told(run_checks, around, tmp_path, content, says):
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_text(content)
    around.setenv("CURL_CA_BUNDLE", str(file))
    status = run_checks("certificates")["certificates"]
    assert status.state == "failed"
    assert says in status.finding
    assert str(file) in status.finding
    assert "Set CURL_CA_BUNDLE" in status.repair


def test_a_tilde_is_not_understood_there_and_it_says_so(run_checks, around):
    around.setenv("REQUESTS_CA_BUNDLE", "~/no-such-ca.pem")
    status = run_checks("certificates")["certificates"]
    assert status.state == "failed"
    assert "~ is not expanded here" in status.finding


def test_an_authority_that_nobody_trusts_is_recognised_with_its_repair(run_checks, monkeypatch):
    with Sandbox(tls=True) as sandbox:
        monkeypatch.setenv("WATSONX_URL", sandbox.url)
        monkeypatch.setenv("WATSONX_API_KEY", sandbox.api_key)
        results = run_checks("IAM", "region", "clock")
        for name in ("IAM", "region"):
            assert results[name].state == "failed"
            assert "could not be verified: unable to get local issuer" in results[name].finding
            assert "REQUESTS_CA_BUNDLE" in results[name].repair
        assert results["clock"].state == "skipped"
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(sandbox.ca_file))
        assert run_checks("IAM")["IAM"].state == "ok"


def test_the_bundle_of_a_session_is_the_one_that_counts(run_checks, monkeypatch, tmp_path):
    import wx_notebook as wx

    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/no/such/file")
    with Sandbox(tls=True) as sandbox:
        bundle = tmp_path / "bundle.pem"
        shutil.copy(sandbox.ca_file, bundle)
        held = wx.connect(api_key=sandbox.api_key, url=sandbox.url, ca_bundle=str(bundle),
                          project_id=sandbox.project_id)  # fmt: skip
        results = run_checks("certificates", "IAM", current_session=held)
    assert results["certificates"].finding == f"1 authority in {bundle}, from ca_bundle"
    assert results["IAM"].state == "ok"


def dated(days):
    """A TLS context whose certificate ended, or begins, that many days from now."""
    authority = trustme.CA()
    now = dt.datetime.now(dt.UTC)
    span = (
        {"not_after": now + dt.timedelta(days=days)} if days < 0
        else {"not_before": now + dt.timedelta(days=days)}
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1", **span).configure_cert(context)
    return authority, context


@pytest.mark.parametrize(("days", "says"), [(-1, "has expired"), (2, "is not yet valid")])
def test_a_certificate_that_is_out_of_date_by_our_clock_leads_to_the_clock(
    run_checks, serve, monkeypatch, tmp_path, days, says
):
    authority, context = dated(days)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "ca.pem"))
    monkeypatch.setenv("WATSONX_URL", serve(http(200, {}), tls=context).url)
    status = run_checks("region")["region"]
    assert status.state == "failed"
    assert f"could not be verified: certificate {says}." in status.finding
    assert status.repair.startswith("Check the clock of this machine")


def test_a_server_that_speaks_no_tls_is_not_called_a_bad_certificate(run_checks, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        monkeypatch.setenv("WATSONX_URL", f"https://127.0.0.1:{listener.getsockname()[1]}")

        def speak():
            with contextlib.suppress(OSError):
                while True:
                    listener.accept()[0].sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        threading.Thread(target=speak, daemon=True).start()
        status = run_checks("region")["region"]
        listener.shutdown(socket.SHUT_RDWR)
    assert "found no way to speak TLS" in status.finding
    assert "proxy" in status.repair


def test_a_certificate_of_another_host_leads_to_the_url(run_checks, serve, authority, monkeypatch):
    server = serve(http(200, {}), tls=authority.context)
    monkeypatch.setenv("WATSONX_URL", f"https://localhost:{server.port}")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(authority.bundle))
    status = run_checks("region")["region"]
    assert "mismatch" in status.finding.lower()
    assert status.repair == "Check the URL: the certificate is another host's."
