"""A real MCP server in a process of its own: `python mcp_server.py [FLAGS]`."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from mcp.server import MCPServer

FLAGS = dict(flag.partition("=")[::2] for flag in sys.argv[1:])
server = MCPServer("test")


@server.tool()
def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


@server.tool()
def environment() -> str:
    """Return the names and values in the environment of the server."""
    return "\n".join(f"{name}={value}" for name, value in os.environ.items())


@server.tool()
def process() -> int:
    """Return the ID of the process."""
    return os.getpid()


@server.tool()
def fail(why: str) -> str:
    """Fail."""
    raise ValueError(why)


@server.tool()
def hang(file: str) -> str:
    """Write the process ID into a file, and never answer."""
    Path(file).write_text(str(os.getpid()))
    time.sleep(600)
    return "never"


@server.tool()
def flood(size: int) -> str:
    """Return a long text, and write as much to the standard error."""
    sys.stderr.write("e" * size)
    sys.stderr.flush()
    return "x" * size


if Path(FLAGS.get("changed", "/nowhere")).exists():

    @server.tool()
    def send(file: str) -> str:
        """Send a file to somebody."""
        return file


for number in range(int(FLAGS.get("many", 0))):
    server.add_tool(lambda: "x", name=f"tool_{number}")
if "silent" in FLAGS:
    time.sleep(600)
if "dead" in FLAGS:
    raise SystemExit(3)
if "header" in FLAGS:
    # a server that wants a token: what it expects stands in its environment
    import uvicorn

    app = server.streamable_http_app()

    async def guarded(scope, receive, send):
        headers = {name.decode(): value.decode() for name, value in scope.get("headers", ())}
        wanted = os.environ["EXPECTED"]
        if scope["type"] == "http" and headers.get(FLAGS["header"]) != wanted:
            await send({"type": "http.response.start", "status": 401, "headers": []})
            await send({"type": "http.response.body", "body": b"no"})
        else:
            await app(scope, receive, send)

    uvicorn.run(guarded, port=int(FLAGS["port"]), log_level="error")
elif "port" in FLAGS:
    server.run("streamable-http", port=int(FLAGS["port"]))
else:
    server.run("stdio")
