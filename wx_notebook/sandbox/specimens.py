"""Specimens of what a model is often asked for: code, JSON, HTML, a formula.

They are always the same and say so: without an account one can see how a notebook shows them.
"""

from __future__ import annotations

import re

_SAID = "the sandbox on your own machine wrote this; no model was asked"
_PYTHON = f'''def power(work_joules, seconds):
    """Watts: {_SAID}."""
    return work_joules / seconds


print(power(3600, 60))'''
_SQL = f"""WITH note(text) AS (VALUES ('{_SAID}'))
SELECT device, avg(watts) AS watts, note.text
FROM readings, note
GROUP BY device;"""  # noqa: S608  # shown, never run
_SHELL = f"""# {_SAID}
for file in *.csv; do
  wc -l "$file"
done"""
_HTML = f"""<!doctype html>
<title>Watts</title>
<style>td, th {{ border: 1px solid; padding: 4px 8px }}</style>
<h1>Watts of three devices</h1>
<table>
  <tr><th>device</th><th>W</th></tr>
  <tr><td>lamp</td><td>9</td></tr>
  <tr><td>laptop</td><td>45</td></tr>
  <tr><td>kettle</td><td>2,000</td></tr>
</table>
<p>{_SAID.capitalize()}.</p>"""
_JSON = f"""{{
  "written_by": "{_SAID}",
  "devices": [
    {{"name": "lamp", "watts": 9}},
    {{"name": "laptop", "watts": 45}},
    {{"name": "kettle", "watts": 2000}}
  ]
}}"""
_FORMULA = r"P = \frac{\Delta W}{\Delta t} = \int_0^T u(t)\, i(t)\, \mathrm{d}t"

_WORDS = (
    (re.compile(r"\bHTML\b|\bweb ?page\b", re.IGNORECASE), "html", _HTML),
    (re.compile(r"\bJSON\b", re.IGNORECASE), "json", _JSON),
    (re.compile(r"\bSQL\b", re.IGNORECASE), "sql", _SQL),
    (re.compile(r"\b(?:bash|shell) (?:script|command)", re.IGNORECASE), "bash", _SHELL),
    (re.compile(r"\bPython (?:code|function|program)", re.IGNORECASE), "python", _PYTHON),
)
_TEX = re.compile(r"\b(?:La)?TeX\b|\b(?:formula|equation)s?\b", re.IGNORECASE)
_ALONE = re.compile(r"\b(?:nothing but|only)\b", re.IGNORECASE)
_OPENING = f"**{_SAID[0].upper()}{_SAID[1:]}.**"


def specimen(asked: str) -> str:
    """Return what a prompt asks for by its name, "" where it names none of it.

    With "only" or "nothing but" it comes without a word around it.
    """
    alone = _ALONE.search(asked) is not None
    for words, language, text in _WORDS:
        if words.search(asked):
            block = f"```{language}\n{text}\n```"
            return block if alone else f"{_OPENING}\n\n{block}"
    if _TEX.search(asked):
        if alone:
            return rf"{_FORMULA} \quad \text{{({_SAID})}}"
        return (
            f"{_OPENING}\n\nPower is work over time:\n\n$$\n{_FORMULA}\n$$\n\n"
            r"For a constant current of \(I\) amperes it is \(P = U I\)."
        )
    return ""
