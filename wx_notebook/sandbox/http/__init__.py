"""HTTP of the sandbox: server, messages, routes, the log of requests, and faults."""
