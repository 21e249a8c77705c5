"""What stands between this machine and a service: proxies, company filters, gates of a network.

The services answer errors in JSON. A web page, or plain text with a refusal, comes from something
else: it says nothing about the key or the project.
"""

from __future__ import annotations

import contextlib
import html
import json
import os
import re
from urllib.parse import urlsplit

import requests

from wx_notebook.errors import ServiceDown

#: Characters of a page that are quoted.
_LONGEST_QUOTE = 200
#: As much of a page as can hold the words that are quoted.
_LONGEST_PAGE = 20_000
#: The parts of a web page that are not text: scripts, styles, comments, tags.
_MARKUP = re.compile(
    r"<(script|style|title)\b.*?(?:<[/]\1\s*>|$)|<!--.*?(?:-->|$)|<[a-z/!?][^>]*(?:>|$)",
    re.IGNORECASE | re.DOTALL,
)
#: Products that name themselves on their pages or in their headers.
_PRODUCTS = (
    "Zscaler", "Netskope", "Squid", "Forcepoint", "Blue Coat", "Symantec", "FortiGuard", "Fortinet",
    "Palo Alto", "McAfee", "Skyhigh", "Umbrella", "IronPort", "Sophos", "Check Point", "WatchGuard",
    "Barracuda", "Menlo Security", "iboss", "Cloudflare", "Akamai", "HAProxy", "Envoy",
)  # fmt: skip
#: How filters that do not name themselves speak of what they did.
_FILTER_WORDS = re.compile(
    r"\b(?:web ?filter|url ?filter|firewall|proxy|blocked by|access policy|internet access"
    r"|security policy|acceptable use)\b",
    re.IGNORECASE,
)
#: Statuses that only something in between sends (RFC 9110, 15.5.8; RFC 6585, 6).
_ONLY_IN_BETWEEN = (407, 511)
#: Statuses with which a service would explain itself in JSON.
_WITH_REASON = (403, 405, 407, 411, 413, 414, 431, 451, 511)


def comes_from_intermediary(status: int, content_type: str, body: str, *, is_json: bool) -> bool:
    """Return whether an answer is not that of a service, but of something on the way to it."""
    if is_json:
        return status in _ONLY_IN_BETWEEN or (status in _WITH_REASON and _names_a_filter(body))
    is_page = body.lstrip()[:1] == "<" or ("html" in content_type.lower() and bool(body.strip()))
    is_bare = status in _WITH_REASON and bool(body.strip() or "html" in content_type.lower())
    return status in _ONLY_IN_BETWEEN or is_page or is_bare


def _message_in(body: str) -> str:
    """Return the message in the JSON of a filter, "" for any other text."""
    with contextlib.suppress(ValueError, RecursionError):
        document = json.loads(body)
        document = document[0] if isinstance(document, list) and document else document
        while isinstance(document, dict):
            texts = (document.get(name) for name in ("message", "detail", "description", "title"))
            if said := next((text for text in texts if isinstance(text, str) and text), ""):
                return said
            document = document.get("error")
        return document if isinstance(document, str) else ""
    return ""


def _names_a_filter(body: str) -> bool:
    """Return whether JSON is that of a filter, and not a refusal in the shape of the services."""
    is_of_service = any(f'"{name}"' in body for name in ("errors", "trace", "errorCode"))
    named = any(product.lower() in body.lower() for product in _PRODUCTS)
    return not is_of_service and (named or _FILTER_WORDS.search(body[:_LONGEST_PAGE]) is not None)


def intermediary_error(
    status: int, host: str, body: str = "", *, headers: str = "", attempts: int = 1
) -> ServiceDown:
    """Return the error for such an answer.

    Parameters
    ----------
    status, host
        The HTTP status, and the host that was asked.
    body
        The page or the text, without secrets.
    headers
        Headers in which a product names itself.
    attempts
        How often the request was sent.
    """
    words = readable_text(_message_in(body) or body)
    product = next((p for p in _PRODUCTS if p.lower() in f"{headers} {body}".lower()), "")
    lines = [f"A proxy or filter on the way to {host} answered instead of the service."]
    if words:
        lines.append(f"It said: {words}")
    facts = [f"the answer names {product}"] if product else []
    facts.append(proxy_in_use(host) or "no proxy is set (HTTPS_PROXY)")
    facts.append(f"HTTP {status}" + (f", {attempts} attempts" if attempts > 1 else ""))
    facts[0] = facts[0][0].upper() + facts[0][1:]
    lines.append(", ".join(facts) + ".")
    return ServiceDown("\n".join(lines), hint=_next_step(status, host))


def tunnel_error(error: Exception, host: str) -> tuple[ServiceDown, bool]:
    """Return the error for a proxy that opened no way to a host, and whether it may do so later."""
    found = re.search(r"Tunnel connection failed: (\d{3})", str(error))
    status = int(found[1]) if found else 0
    facts = [*([f"HTTP {status}"] if status else []), *filter(None, [proxy_in_use(host)])]
    text = f"The proxy on the way to {host} refused the connection."
    if facts:
        line = ", ".join(facts)
        text += f"\n{line[0].upper()}{line[1:]}."
    hint = "Check HTTPS_PROXY and NO_PROXY, then run it again."
    error = ServiceDown(text, hint=_next_step(status, host) if status else hint)
    return error, not 400 <= status < 500


def proxy_in_use(host: str) -> str:
    """Return the proxy on the way to a host and the setting that names it, "" for none.

    Its user name and password are left out.
    """
    url = f"https://{host}"
    proxies = requests.utils.get_environ_proxies(url, no_proxy=None)
    try:
        parts = urlsplit(requests.utils.select_proxy(url, proxies) or "")
        address = (parts.hostname or "") + (f":{parts.port}" if parts.port else "")
    except ValueError:
        return ""
    if not address:
        return ""
    names = ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")
    name = next((name for name in names if os.environ.get(name)), "the system's settings")
    return f"the proxy in use is {address} ({name})"


def readable_text(body: str) -> str:
    """Return what a person would read of a web page, or of any other text."""
    text = " ".join(html.unescape(_MARKUP.sub(" ", body[:_LONGEST_PAGE])).split())
    return text if len(text) <= _LONGEST_QUOTE else f"{text[:_LONGEST_QUOTE]} ..."


def _next_step(status: int, host: str) -> str:
    if status == 407:
        return (
            "Put the proxy's user name and password into HTTPS_PROXY: "
            "http://USER:PASSWORD@PROXY:PORT, then restart the kernel."
        )
    if status == 413:
        return (
            "Make the prompt shorter, or ask the administrator of the proxy to allow larger "
            f"requests to {host} (HTTPS_PROXY, NO_PROXY)."
        )
    if status == 404:
        return (
            "Check the URL: nothing answers there. If it is right, check HTTPS_PROXY and NO_PROXY."
        )
    if status == 511:
        return "Sign in to the network first: open any web page in a browser. Then run it again."
    if status in (502, 503, 504):
        return "Run it again in a minute; if it stays so, check HTTPS_PROXY and NO_PROXY."
    return (
        f"Ask the administrator of your network to allow https://{host}, "
        "or check HTTPS_PROXY and NO_PROXY."
    )
