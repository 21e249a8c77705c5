"""Links say where they lead; an image is text."""

from __future__ import annotations

import re

from allowed_html import CODE
from support.cases import all_cases

from wx_notebook.render import markdown_html

LINK = 'target="_blank" rel="noopener noreferrer nofollow"'


def body(text: str) -> str:
    """The HTML of `text` without wrapper, line ends and what each link and block of code has."""
    html = markdown_html(text)
    start = (
        '<div class="wxn-answer mathjax_ignore tex2jax_ignore"'
        ' style="padding-left: var(--jp-code-padding, 5px)">'
    )
    assert html.startswith(start)
    assert html.endswith("</div>")
    inside = html[len(start) : -len("</div>")].replace("\n", "").replace(" " + LINK, "")
    return inside.replace(f'<pre style="{CODE}">', "<pre>")


LONG = ".".join(["a" * 60, "b" * 60, "c" * 60])


@all_cases(
    ("text", "html"),
    [
        # the host is printed unless it is what the text names, and all that it names
        ("[a](https://example.org/x)", '<a href="https://example.org/x">a</a> (example.org)'),
        (
            "[a](https://example.org 'b')",
            '<a href="https://example.org" title="b">a</a> (example.org)',
        ),
        ("[example.org](https://example.org/x)", '<a href="https://example.org/x">example.org</a>'),
        (
            "[at Example.org](https://example.org)",
            '<a href="https://example.org">at Example.org</a>',
        ),
        (
            "[`example.org`](http://example.org)",
            '<a href="http://example.org"><code>example.org</code></a>',
        ),
        ("<https://example.org/x>", '<a href="https://example.org/x">https://example.org/x</a>'),
        (
            "[ibm.com](http://evil.example)",
            '<a href="http://evil.example">ibm.com</a> (evil.example)',
        ),
        ("[g.org](http://big.org)", '<a href="http://big.org">g.org</a> (big.org)'),
        ("[big.org](http://g.org)", '<a href="http://g.org">big.org</a> (g.org)'),
        ("[ibm.com/g.org](http://g.org)", '<a href="http://g.org">ibm.com/g.org</a> (g.org)'),
        (
            "[a](http://münchen.example)",
            '<a href="http://xn--mnchen-3ya.example">a</a> (xn--mnchen-3ya.example)',
        ),
        ("[a][b]\n\n[b]: http://example.org", '<a href="http://example.org">a</a> (example.org)'),
        ("[a](mailto:me@example.org)", '<a href="mailto:me@example.org">a</a> (me@example.org)'),
        ("<me@example.org>", '<a href="mailto:me@example.org">me@example.org</a>'),
        ("[a](http://localhost:8888/x)", '<a href="http://localhost:8888/x">a</a> (localhost)'),
        # what is no absolute address with a plain host is no link
        ("[a](b.html)", "a (b.html)"),
        ("[a](/files/b)", "a (/files/b)"),
        ("[a](//example.org)", "a (//example.org)"),
        ("[a](http:b)", "a (http:b)"),
        ("[a](ftp://example.org)", "a (ftp://example.org)"),
        ("[a](https://ibm.com@example.org)", "a (https://ibm.com@example.org)"),
        ("[a](http://0x7f.1/)", "a (http://0x7f.1/)"),
        ("[a](http://2130706433/)", "a (http://2130706433/)"),
        ("[a](http://127.0.0.1:8/)", '<a href="http://127.0.0.1:8/">a</a> (127.0.0.1)'),
        # a mail has one receiver, the one that is printed
        (
            "[a](mailto:b@c.org?subject=d&body=e)",
            '<a href="mailto:b@c.org?subject=d&amp;body=e">a</a> (b@c.org)',
        ),
        ("[a](mailto:b@c.org?bcc=d@e.org)", "a (mailto:b@c.org?bcc=d@e.org)"),
        (
            "[a](mailto:b@c.org?subject=x%0Abcc:d@e.org)",
            "a (mailto:b@c.org?subject=x%0Abcc:d@e.org)",
        ),
        ("[a](mailto:d%40e.org%2Cb@c.org)", "a (mailto:d%40e.org%2Cb@c.org)"),
        # who owns a host stands at its end
        (
            f"[a](http://ibm.com.{LONG}.evil.example)",
            f'<a href="http://ibm.com.{LONG}.evil.example">a</a> (…{LONG[-87:]}.evil.example)',
        ),
        # the words over a link are as foreign as its text
        ("[a](http://b.org 'see c.org')", '<a href="http://b.org">a</a> (b.org)'),
        ("[a](http://b.org 'the docs')", '<a href="http://b.org" title="the docs">a</a> (b.org)'),
        ("[a](#b)", "a"),
        ("[a](javascript:alert(1))", "[a](javascript:alert(1))"),
        # a bare address is text
        ("https://example.org/x", "https://example.org/x"),
    ],
)
def test_a_link_tells_its_host(text, html):
    assert body(text) == f"<p>{html}</p>"


@all_cases(
    ("text", "shown"),
    [
        ("![a b](https://example.org/c.png)", "[image not loaded: a b https://example.org/c.png]"),
        ("![](c.png 'title')", "[image not loaded: c.png]"),
        ("![a][b]\n\n[b]: http://example.org/c", "[image not loaded: a http://example.org/c]"),
        ("![a](data:image/png;base64," + "x" * 999 + ")", r"\[image not loaded: a data:.{195}…\]"),
    ],
)
def test_an_image_is_text(text, shown):
    assert body(text) == f"<p>{shown}</p>" or re.fullmatch(f"<p>{shown}</p>", body(text))


def test_an_image_in_a_link_does_not_hide_where_the_link_leads():
    html = body("[![logo](http://ibm.com/logo.png)](http://evil.example)")
    assert html == (
        '<p><a href="http://evil.example">[image not loaded: logo http://ibm.com/logo.png]</a>'
        " (evil.example)</p>"
    )
