"""Checks of the network and the service, with free requests only.

`plan` imports this module when one of its checks runs, so that a library that can't be imported
becomes the finding of that check.
"""

from __future__ import annotations

import socket
from collections.abc import Mapping
from typing import NoReturn
from urllib.parse import urlsplit

from requests.utils import get_environ_proxies, select_proxy

from wx_notebook.credentials.token_source import TokenSource, steady_clock
from wx_notebook.doctor.anonymise import url_origin
from wx_notebook.doctor.check import CONNECTION_TIMEOUT_S, CheckContext, CheckResult
from wx_notebook.doctor.sign_in_checks import NOT_SENT
from wx_notebook.errors import NotConnected
from wx_notebook.hints import login_hint
from wx_notebook.service import Service, no_runtime_error
from wx_notebook.session.catalogue import Catalogue
from wx_notebook.session.near_models import CHAT, GENERATION, suggest_models
from wx_notebook.settings import SessionModel, effective_options, resolve_options
from wx_notebook.transport import is_loopback, is_offline
from wx_notebook.usage.meter import SCOPE_LABELS

_PROXY_REPAIR = (
    "Correct HTTPS_PROXY, or list the hosts that need no proxy in NO_PROXY; then restart the kernel"
)
#: A larger difference of the clock does harm, because certificates and tokens expire by it.
_MAX_CLOCK_ERROR_S = 60.0
_SET_CLOCK = (
    "Set the clock from the network, on the machine that runs the kernel (Linux: `timedatectl "
    "set-ntp true`; for a container or virtual machine, on its host)"
)
_PORTS = {"http": 80, "https": 443}
_SOCKS_PORT = 1080
_OTHER_MODEL = "`%watsonx models` lists the models; `%watsonx use --model NAME` selects one"
_PLAN_LIMIT = "only a paid prompt shows the tokens that are left in the plan"


# --- the network --------------------------------------------------------------------------------


def probe_proxy(context: CheckContext) -> CheckResult:
    """Find the hosts that are reached through a proxy, and connect to that proxy."""
    names = sorted(
        name
        for name in context.environ
        if name.lower() in ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
        and context.environ[name]
    )
    variables = f" ({', '.join(names)})" if names else ""
    if context.endpoints is None:
        return CheckResult.skipped(f"the hosts are unknown{variables}")
    bases = {context.endpoints.url, context.endpoints.iam_url, context.endpoints.platform_url}
    remote = sorted(url for url in bases if not is_loopback(urlsplit(url).hostname or ""))
    if not remote:
        return CheckResult.ok(f"no proxy is used: the sandbox is on this machine{variables}")
    proxies = _proxies_for(remote)
    if not proxies:
        return CheckResult.ok(f"no proxy is used{variables}")
    findings = []
    for address, hosts in proxies.items():
        origin = url_origin(address)
        if not origin:
            return CheckResult.failed(
                f"the address of the proxy cannot be read{variables}",
                "Write it as http://proxy.example.com:3128; in a user name or password, write @ as "
                "%40, : as %3A and / as %2F",
            )
        if reason := _connection_error(origin):
            return CheckResult.failed(
                f"the proxy {origin} cannot be reached ({reason}){variables}", _PROXY_REPAIR
            )
        findings.append(f"{origin} answers; it is the proxy for {', '.join(hosts)}")
    return CheckResult.ok("; ".join(findings) + variables)


def _proxies_for(urls: list[str]) -> Mapping[str, list[str]]:
    """Return the proxies that requests uses, each with its hosts."""
    proxies: dict[str, list[str]] = {}
    for url in urls:
        if address := select_proxy(url, get_environ_proxies(url)):
            proxies.setdefault(address, []).append(urlsplit(url).hostname or "")
    return proxies


def _connection_error(address: str) -> str:
    """Return why a proxy accepts no connection, "" if it accepts one."""
    parts = urlsplit(address)
    port = parts.port or _PORTS.get(parts.scheme, _SOCKS_PORT)
    try:
        socket.create_connection((parts.hostname or "", port), CONNECTION_TIMEOUT_S).close()
    except OSError as error:
        return error.strerror or type(error).__name__
    return ""


def probe_clock(context: CheckContext) -> CheckResult:
    """Compare this machine's clock with the time in the responses."""
    times = (
        (head.clock_ahead_s, head.host)
        for head in context.response_heads
        if head.clock_ahead_s is not None
    )
    ahead_s, host = next(times, (None, ""))
    if ahead_s is None:
        return CheckResult.skipped("no response contained the time")
    # a Date header has whole seconds, and the response took some time to arrive
    if abs(ahead_s) <= _MAX_CLOCK_ERROR_S:
        return CheckResult.ok(f"within {max(1, round(abs(ahead_s)))} s of the clock of {host}")
    direction = "ahead of" if ahead_s > 0 else "behind"
    return CheckResult.warning(
        f"this machine's clock is {_duration(abs(ahead_s))} {direction} the clock of {host}",
        _SET_CLOCK,
    )


def _duration(seconds: float) -> str:
    if seconds < 2 * 3600:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.0f} h" if seconds < 48 * 3600 else f"{seconds / 86400:.0f} days"


def probe_region(context: CheckContext) -> CheckResult:
    """Request the region's models, which needs no key."""
    if is_offline():
        return CheckResult.skipped(NOT_SENT)
    assert context.endpoints is not None  # noqa: S101  # set by a check that this one needs
    catalogue = context.catalogue = _build_catalogue(context)
    models = catalogue.models()
    chat_count = sum(model.can_chat for model in models)
    count = "1 model" if len(models) == 1 else f"{len(models)} models"
    finding = f"{context.endpoints.place} ({context.endpoints.url}) answers with {count}"
    if not chat_count:
        return CheckResult.failed(
            f"{finding}, but none can chat", "Use another region: `%watsonx use --region NAME`"
        )
    finding += f", {chat_count} of them for chat"
    if catalogue.problem:
        return CheckResult.warning(f"{finding}; {catalogue.problem}", "Run it again")
    if not (context.params.url or context.params.region):
        finding += "; it is the default region, because none is set"
    return CheckResult.ok(finding)


def _build_catalogue(context: CheckContext) -> Catalogue:
    if context.session is not None:
        return context.session.state.catalogue
    assert context.endpoints is not None and context.transport is not None  # noqa: PT018, S101
    tokens = TokenSource(_refuse_token, clock=steady_clock, renewable=False)
    service = Service(context.transport, context.endpoints, tokens)
    return Catalogue(service, today=context.today)


def _refuse_token() -> NoReturn:
    raise NotConnected("not connected.", hint=login_hint())


# --- the project --------------------------------------------------------------------------------


def probe_project(context: CheckContext) -> CheckResult:
    """Request the project or space; its name is personal, so the finding has the ID only."""
    assert context.authenticated_session is not None  # noqa: S101
    project = context.project = context.authenticated_session.verify()
    return CheckResult.ok(f"{project.kind} {project.id[:8]}… exists, and this user can open it")


def probe_runtime(context: CheckContext) -> CheckResult:
    """Check that the project has a runtime to run a model on."""
    project = context.project
    assert project is not None  # noqa: S101
    if project.has_runtime:
        return CheckResult.ok(f"the {project.kind} has a watsonx.ai Runtime")
    return CheckResult.failed(
        f"the {project.kind} has no watsonx.ai Runtime associated", no_runtime_error(project).hint
    )


def probe_quota(context: CheckContext) -> CheckResult:
    """Report the limits in responses and budgets; never sends a prompt, which would show more."""
    budgets, is_used_up = _budgets(context)
    if is_used_up:
        return CheckResult.failed(
            budgets,
            "`%watsonx usage --budget N` sets another budget, `%watsonx usage --budget off` "
            "removes it",
        )
    prefix = f"{budgets}; " if budgets else ""
    heads = [head for head in context.response_heads if head.rate_limit is not None]
    if not heads:
        return CheckResult.skipped(f"{prefix}the rate limit is unknown; {_PLAN_LIMIT}")
    remaining = heads[-1].rate_remaining
    finding = f"{prefix}{heads[-1].rate_limit} requests a second"
    finding += f", {remaining} of them left now" if remaining is not None else ""
    if remaining == 0:
        return CheckResult.warning(
            f"{finding}; {_PLAN_LIMIT}", "Wait a moment, and send fewer prompts at a time"
        )
    return CheckResult.ok(f"{finding}; {_PLAN_LIMIT}")


def _budgets(context: CheckContext) -> tuple[str, bool]:
    """Return the use of the user's own budgets, and whether one of them is used up."""
    if (meter := context.meter) is None:
        return "", False
    parts, is_used_up = [], False
    for scope, budget in meter.budgets().items():
        used = meter.used(scope)
        parts.append(
            f"{used:,} of {budget.tokens:,} tokens of the budget for {SCOPE_LABELS[scope]}"
        )
        is_used_up = is_used_up or used >= budget.tokens
    return f"{' and '.join(parts)} are used" if parts else "", is_used_up


def probe_model(context: CheckContext) -> CheckResult:
    """Check that the region has the model for prompts that name none."""
    params, catalogue, endpoints = context.params, context.catalogue, context.endpoints
    assert endpoints is not None and catalogue is not None  # noqa: PT018, S101
    session_model = SessionModel(params.model, params.model_is_chosen, params.model_source)
    # an error in a settings file stops each prompt, so it is this check's finding
    options = resolve_options({}, session_model)
    if options.deployment:
        return CheckResult.skipped(
            "prompts go to a deployment, which has its own model (see %watsonx settings)"
        )
    setting = effective_options(session_model).get("model")
    source = setting.current.source if setting is not None and setting.current else "the default"
    name = options.model or catalogue.default()
    model = catalogue.find(name)
    if model is None:
        function = GENERATION if options.generate else CHAT
        suggestion = suggest_models(name, catalogue.everything, {}, context.today(), [function])
        return CheckResult.failed(
            f"{endpoints.place} has no model '{name}' ({source}).{suggestion}", _OTHER_MODEL
        )
    outlook = model.outlook(context.today())
    function, verb = (GENERATION, "generate") if options.generate else (CHAT, "chat")
    finding = f"{name} ({source})"
    if model.is_withdrawn:
        return CheckResult.failed(f"{finding} is {outlook or 'withdrawn'}", _OTHER_MODEL)
    if function not in model.functions:
        return CheckResult.failed(f"{finding} cannot {verb}", _OTHER_MODEL)
    if model.stage != "available":
        return CheckResult.warning(f"{finding} is {outlook or model.stage}", _OTHER_MODEL)
    finding += f" is available and can {verb}"
    return CheckResult.ok(f"{finding}; it is {outlook}" if outlook else finding)
