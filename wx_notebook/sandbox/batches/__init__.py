"""Files and batch jobs: prompts as lines of a file, answered within a day.

Facts: `BatchService` and its recorded replies in IBM's Java SDK, `batch_inference` of IBM's Python
SDK, types of IBM's Node SDK. What no public source settles is said where it is decided.
"""
