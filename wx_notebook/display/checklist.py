"""The checks of `doctor` while they run: a list that fills up, or lines that are added."""

from __future__ import annotations

from collections.abc import Sequence

from wx_notebook.display.canvas import Canvas
from wx_notebook.display.output import lines_bundle
from wx_notebook.display.terminal_canvas import TerminalCanvas
from wx_notebook.doctor import CheckRunner, CheckStatus, issue_block, status_lines, summary_line
from wx_notebook.render import CheckRow, checks_html


class Checklist:
    """Runs the checks and shows their results until all have ended or the user interrupts.

    In a notebook one output fills up. A terminal can't take anything back, so it shows a check when
    that check and all checks before it have ended.

    Parameters
    ----------
    canvas
        Where the results are shown.
    command
        The command that prints the block for an issue.
    """

    def __init__(self, canvas: Canvas, command: str) -> None:
        self._canvas = canvas
        self._in_terminal = isinstance(canvas, TerminalCanvas)
        self._report_hint = f"{command} --report prints this as a block for an issue"
        self._written = 0

    def run(self, runner: CheckRunner, *, report: bool = False) -> None:
        """Show the checks as they end, then all of them; with `report` only their block.

        Raises
        ------
        KeyboardInterrupt
            The user stopped it; the results so far are shown.
        """
        try:
            for statuses in runner:
                self._show_progress(statuses, report=report)
        finally:
            # an interrupt must not hide the results of the checks that have ended
            runner.stop()
            self._finish(runner, report=report)

    def _show_progress(self, statuses: Sequence[CheckStatus], *, report: bool) -> None:
        running = [status.name for status in statuses if not status.has_ended]
        line = f"{len(statuses) - len(running)} of {len(statuses)} checks"
        line += f", running: {', '.join(running)}" if running else ""
        if report:
            self._canvas.show_progress(line)
        elif self._in_terminal:
            self._write(statuses)
            if running:
                self._canvas.show_progress(line[:79])
        else:
            self._show_table(statuses, line)

    def _finish(self, runner: CheckRunner, *, report: bool) -> None:
        statuses = runner.statuses
        line = summary_line(statuses, runner.seconds)
        block = issue_block(statuses, runner.seconds)
        if report:
            self._canvas.show_lines(block.split("\n"))
        elif self._in_terminal:
            self._write(statuses)
            self._canvas.show_lines([line, self._report_hint])
        else:
            self._show_table(statuses, line, block)

    def _write(self, statuses: Sequence[CheckStatus]) -> None:
        """Write the new checks that have ended, up to the first that has not."""
        while self._written < len(statuses) and statuses[self._written].has_ended:
            self._canvas.show_lines(status_lines(statuses[self._written]))
            self._written += 1

    def _show_table(self, statuses: Sequence[CheckStatus], line: str, report: str = "") -> None:
        rows = [
            CheckRow(
                status.number,
                status.name,
                status.state,
                status.finding,
                status.repair,
                "" if status.seconds is None else f"{status.seconds:.1f} s",
            )
            for status in statuses
        ]
        plain = [text for status in statuses for text in status_lines(status)]
        plain += [line, self._report_hint] if report else [line]
        html = checks_html(rows, line, block=report, block_title="Report for an issue")
        self._canvas.show_bundle({**lines_bundle(plain), "text/html": html})
