"""`wx-notebook sandbox`: the stand-in alone, with what to paste."""

from __future__ import annotations

import argparse
import sys
import threading
from pathlib import Path


def run(chosen: argparse.Namespace) -> int:
    """Serve until Ctrl-C; returns the exit status."""
    from wx_notebook.sandbox import Sandbox, model_map

    pace = Sandbox.HUMAN_PACE if chosen.words_per_second is None else chosen.words_per_second
    try:
        if chosen.map and not chosen.upstream:
            raise ValueError("--map FILE belongs to --upstream URL: it names that server's models")
        with Sandbox(
            chosen.port,
            token_lifetime_s=chosen.token_lifetime,
            words_per_second=pace or None,
            faults=chosen.fault,
            tls=chosen.tls,
            upstream=chosen.upstream,
            model_map=model_map.read(chosen.map) if chosen.map else None,
        ) as sandbox:
            print("A stand-in of watsonx.ai on this machine. To use it, paste into a shell:\n")
            print(f"  export WATSONX_URL={sandbox.url}")
            print(f"  export WATSONX_API_KEY={sandbox.api_key}")
            print(f"  export WATSONX_PROJECT_ID={sandbox.project_id}")
            if chosen.tls:
                _print_trust(sandbox.ca_file)
            print("\nor type the three into the form of %watsonx login.")
            if chosen.upstream:
                print(f"\n{sandbox.upstream_report()}")
            print(f"\nWhat is asked and answered, and faults to switch: {sandbox.url}/")
            print("Ctrl-C ends it.", flush=True)
            threading.Event().wait()
    except KeyboardInterrupt:
        print("\nStopped.")
    except OSError as problem:
        print(f"Port {chosen.port} cannot be used: {problem.strerror}.", file=sys.stderr)
        print("Take another --port, or leave it away for any free one.", file=sys.stderr)
        return 1
    except ModuleNotFoundError as problem:
        print(f"{problem.msg}", file=sys.stderr)
        return 1
    except ValueError as problem:
        print(f"{problem}", file=sys.stderr)
        return 2
    return 0


def _print_trust(ca_file: Path) -> None:
    print("\nIts certificate was made a moment ago, and this file vouches for it:\n")
    print(f"  {ca_file}\n")
    print("To trust it, for wx_notebook and whatever else uses requests:\n")
    print(f"  export REQUESTS_CA_BUNDLE={ca_file}\n")
    print("and for IBM's SDK, which must be told all three addresses:\n")
    print("  Credentials(url=URL, platform_url=URL, auth_url=URL + '/identity/token',")
    print(f"              api_key=KEY, verify={str(ca_file)!r})")
