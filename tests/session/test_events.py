"""What a session publishes, and who hears of it."""

import pytest
from IPython.core.interactiveshell import InteractiveShell

import wx_notebook as wx
from wx_notebook.session import disconnect
from wx_notebook.session import events as session_events
from wx_notebook.session.events import SecretHeld, SessionChanged, emit, subscribe, unsubscribe


@pytest.fixture
def published():
    """The events since the test began."""
    events = []
    subscribe(events.append)
    yield events
    unsubscribe(events.append)


def connect(sandbox):
    return wx.connect(**sandbox.credentials())


def test_connecting_publishes_the_secret_and_then_that_the_session_changed(sandbox, published):
    session = connect(sandbox)
    held, changed = published
    assert (held.kind, held.secret) == ("api_key", session.state.params.api_key)
    assert changed == SessionChanged()
    disconnect()
    assert published[-1] == SessionChanged()


def test_each_new_token_is_published(sandbox, published):
    connect(sandbox)
    wx.ask("hello")
    sandbox.revoke_tokens()
    wx.ask("hello")
    kinds = [event.kind for event in published if isinstance(event, SecretHeld)]
    assert kinds == ["api_key", "token", "token"]


def test_a_subscriber_that_fails_is_no_reason_not_to_sign_in(sandbox, published):
    def fail(event):
        raise RuntimeError("a subscriber is broken")

    subscribe(fail)
    try:
        assert connect(sandbox).verify()
    finally:
        unsubscribe(fail)
    assert SessionChanged() in published


def test_a_function_subscribes_once_and_can_unsubscribe_twice(published):
    subscribe(published.append)
    emit(SessionChanged())
    assert published == [SessionChanged()]
    unsubscribe(published.append)
    unsubscribe(published.append)
    emit(SessionChanged())
    assert published == [SessionChanged()]


def test_loading_subscribes_the_guard_and_the_login_and_unloading_takes_both_off():
    shell = InteractiveShell.instance()
    before = list(session_events._subscribers)
    wx.unload_ipython_extension(shell)
    assert session_events._subscribers == []
    try:
        wx.load_ipython_extension(shell)
        names = [subscriber.__module__ for subscriber in session_events._subscribers]
        assert names == ["wx_notebook", "wx_notebook.login"]
        wx.unload_ipython_extension(shell)
        assert session_events._subscribers == []
    finally:
        session_events._subscribers[:] = before
