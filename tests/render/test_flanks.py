"""Emphasis beside the marks of Chinese, Japanese and Korean is found where its writer put it."""

from __future__ import annotations

from allowed_html import unwrap
from support.cases import all_cases

from wx_notebook.render import markdown_html, partial_html


def body(text: str) -> str:
    return unwrap(markdown_html(text))


@all_cases(
    ("text", "html"),
    [
        ("**注意：**正文", "<strong>注意：</strong>正文"),
        ("これは**「重要」**な点です。", "これは<strong>「重要」</strong>な点です。"),
        ("한국어**[강조]**한국어", "한국어<strong>[강조]</strong>한국어"),
        (
            "**注意：**正文，**重要：**正文",
            "<strong>注意：</strong>正文，<strong>重要：</strong>正文",
        ),
        ("**JWT(JSON Web Token)**는", "<strong>JWT(JSON Web Token)</strong>는"),
        ("使用**`npm`**安装", "使用<strong><code>npm</code></strong>安装"),
        ("他说*“好的”*，走了", "他说<em>“好的”</em>，走了"),
        ("価格は~~（旧）~~新", "価格は<s>（旧）</s>新"),
        ("**《书》**、**〈章〉**和", "<strong>《书》</strong>、<strong>〈章〉</strong>和"),
        ("まず **「x」** です", "まず <strong>「x」</strong> です"),
        ("ﾊﾝｶｸ**｢ｶﾅ｣**です", "ﾊﾝｶｸ<strong>｢ｶﾅ｣</strong>です"),
        ("**终于！**ok", "<strong>终于！</strong>ok"),
    ],
)
def test_a_full_width_mark_is_no_obstacle_to_emphasis(text, html):
    assert body(text) == f"<p>{html}</p>"


@all_cases(
    "text",
    ["a**(b)**c", "a*“b”*c", "a**🎉**b", "snake__case__name", "中文_（强调）_中文", "2 ** 3 ** 4"],
)
def test_between_other_letters_the_rule_of_commonmark_holds(text):
    assert body(text) == f"<p>{text}</p>"


@all_cases(
    ("text", "html"),
    [
        ("**注意：*", "<strong>注意：</strong>"),
        ("これは**「重", "これは<strong>「重</strong>"),
        ("한국어**[강조]**한", "한국어<strong>[강조]</strong>한"),
        ("a**(b", "a**(b"),
    ],
)
def test_a_frame_follows_the_same_rule(text, html):
    assert f"<p>{html}</p>" in partial_html(text)
