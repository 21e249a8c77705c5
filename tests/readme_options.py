"""Writes the README's table of options anew: `python tests/readme_options.py`."""

from __future__ import annotations

from pathlib import Path

from wx_notebook.magics.option_line import options_table

README = Path(__file__).parents[1] / "README.md"
BEGIN, END = "<!-- options -->\n", "<!-- /options -->"

if __name__ == "__main__":
    before, _, rest = README.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    README.write_text(f"{before}{BEGIN}{options_table()}{END}{after}", encoding="utf-8")
