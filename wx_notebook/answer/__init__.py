"""What came back, as a value, and the stream that it comes from."""

from wx_notebook.answer.stream import AnswerStream
from wx_notebook.answer.value import Answer

__all__ = ["Answer", "AnswerStream"]
