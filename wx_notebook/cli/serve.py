"""`wx-notebook sandbox`: the stand-in alone, with what to paste."""

from __future__ import annotations

import argparse
import sys
import threading


def run(chosen: argparse.Namespace) -> int:
    """Serve until Ctrl-C; returns the exit status."""
    from wx_notebook.sandbox import Sandbox

    pace = Sandbox.HUMAN_PACE if chosen.words_per_second is None else chosen.words_per_second
    try:
        with Sandbox(
            chosen.port,
            token_lifetime_s=chosen.token_lifetime,
            words_per_second=pace or None,
            faults=chosen.fault,
        ) as sandbox:
            print("A stand-in of watsonx.ai on this machine. To use it, paste into a shell:\n")
            print(f"  export WATSONX_URL={sandbox.url}")
            print(f"  export WATSONX_API_KEY={sandbox.api_key}")
            print(f"  export WATSONX_PROJECT_ID={sandbox.project_id}")
            print(
                "\nor type the three into the form of %watsonx login. Ctrl-C ends it.", flush=True
            )
            threading.Event().wait()
    except KeyboardInterrupt:
        print("\nStopped.")
    except OSError as problem:
        print(f"Port {chosen.port} cannot be used: {problem.strerror}.", file=sys.stderr)
        print("Take another --port, or leave it away for any free one.", file=sys.stderr)
        return 1
    except ValueError as problem:
        print(f"{problem}", file=sys.stderr)
        return 2
    return 0
