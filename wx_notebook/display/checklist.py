"""The checks of `doctor` while they run: a list that fills up, or lines that are added."""

from __future__ import annotations

from collections.abc import Sequence

from wx_notebook.display.canvas import Canvas
from wx_notebook.display.lines import lines_bundle
from wx_notebook.display.terminal import TerminalCanvas
from wx_notebook.doctor import Examination, Result, block, lines, summary


class Checklist:
    """Runs an examination and shows it, to its end or until it is interrupted.

    In a notebook one output fills up; in a terminal a check is written as soon as it and all before
    it have ended, because nothing can be taken back there.

    Parameters
    ----------
    canvas
        Where to.
    command
        What is typed to get the block for an issue.
    """

    def __init__(self, canvas: Canvas, command: str) -> None:
        self._canvas = canvas
        self._in_terminal = isinstance(canvas, TerminalCanvas)
        self._block_by = f"{command} --report prints this as a block for an issue"
        self._written = 0

    def run(self, examination: Examination, *, report: bool = False) -> None:
        """Show the checks as they end, and then all of them, or with `report` their block alone.

        Raises
        ------
        KeyboardInterrupt
            The user stopped it; what was known by then is shown.
        """
        try:
            for results in examination:
                self._progress(results, report=report)
        finally:
            # an interrupt takes away what has not ended, and nothing else
            examination.stop()
            self._finish(examination, report=report)

    def _progress(self, results: Sequence[Result], *, report: bool) -> None:
        open_ = [result.name for result in results if not result.has_ended]
        line = f"{len(results) - len(open_)} of {len(results)} checks"
        line += f", looking at: {', '.join(open_)}" if open_ else ""
        if report:
            self._canvas.wait(line)
        elif self._in_terminal:
            self._write(results)
            if open_:
                self._canvas.wait(line[:79])
        else:
            self._show(results, line)

    def _finish(self, examination: Examination, *, report: bool) -> None:
        results = examination.results
        told = summary(results, examination.seconds)
        if report:
            self._canvas.tell(block(results, examination.seconds).split("\n"))
        elif self._in_terminal:
            self._write(results)
            self._canvas.tell([told, self._block_by])
        else:
            self._show(results, told, block(results, examination.seconds))

    def _write(self, results: Sequence[Result]) -> None:
        """Write the checks that have ended, up to the first that has not."""
        while self._written < len(results) and results[self._written].has_ended:
            self._canvas.tell(lines(results[self._written]))
            self._written += 1

    def _show(self, results: Sequence[Result], line: str, whole: str = "") -> None:
        from wx_notebook.render import CheckRow, checks_html

        rows = [
            CheckRow(
                result.number,
                result.name,
                result.verdict,
                result.found,
                result.repair,
                "" if result.seconds is None else f"{result.seconds:.1f} s",
            )
            for result in results
        ]
        plain = [text for result in results for text in lines(result)]
        html = checks_html(rows, line, block=whole, block_title="Report for an issue")
        plain += [line, self._block_by] if whole else [line]
        self._canvas.show({**lines_bundle(plain), "text/html": html})
