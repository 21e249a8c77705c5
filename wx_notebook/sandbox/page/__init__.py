"""The web page of the sandbox: what was asked and answered, and switches for faults."""
