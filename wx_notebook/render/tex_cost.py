r"""What a formula costs the page: an estimate of the work of MathJax, before it is handed over.

The length says little: ``&`` repeated in one row of a matrix makes a column of every other row, so
that 4,000 characters become 74,000 cells and hold up the page for a minute. One unit is about the
work for one letter. The weights come from measurements with MathJax 3.2 in Chromium, of 28 kinds of
formulas that are large on purpose; the estimate is between half and twice of what they took.
"""

from __future__ import annotations

import re

from wx_notebook.render.tex_allowlist import STRUCTURES

#: Units for the formulas of one answer: about two seconds, where hostile ones took a minute. An
#: answer of 2,048 tokens, all of it formulas, has fewer.
MAX_COST = 5_000
_FORMULA, _COMMAND, _STRUCTURE, _SCRIPT, _CELL = 4, 2, 6, 2, 2
_PIECE = re.compile(
    r"\\(?P<edge>begin|end)\s*\{[^{}]*\}|(?P<row>\\\\|\\cr(?![A-Za-z]))|\\(?P<name>[A-Za-z]+)"
    r"|\\.|(?P<column>&)|(?P<script>[\^_])|[{}\s]|(?P<sign>.)",
    re.DOTALL,
)


class _Table:
    """The rows of a table or of a plain formula: each becomes as wide as the widest."""

    def __init__(self) -> None:
        self.rows = self.columns = self.widest = 1

    def add_row(self) -> None:
        self.rows, self.columns = self.rows + 1, 1

    def add_column(self) -> None:
        self.columns += 1
        self.widest = max(self.widest, self.columns)

    @property
    def cost(self) -> int:
        return _CELL * self.rows * self.widest


def tex_cost(tex: str) -> int:
    """Return the units of work that typesetting `tex`, without its delimiters, takes."""
    cost, tables = _FORMULA, [_Table()]
    for piece in _PIECE.finditer(tex):
        match piece.lastgroup:
            case "edge" if piece["edge"] == "begin":
                cost += _STRUCTURE
                tables.append(_Table())
            case "edge" if len(tables) > 1:
                cost += tables.pop().cost
            case "row":
                tables[-1].add_row()
            case "column":
                tables[-1].add_column()
            case "name":
                cost += _STRUCTURE if piece["name"] in STRUCTURES else _COMMAND
            case "script":
                cost += _SCRIPT
            case "sign":
                cost += 1
    return cost + sum(table.cost for table in tables)
