"""`wx-notebook sandbox`: the sandbox alone, with the lines to paste into a shell."""

from __future__ import annotations

import argparse
import sys
import threading
from pathlib import Path

from wx_notebook.errors import make_visible
from wx_notebook.sandbox import Sandbox
from wx_notebook.sandbox.upstream.model_map import read_model_map

# the words of IBM's Node SDK for who signs users in
_AUTH_TYPES = {"mcsp": "aws", "software": "cp4d"}


def run_sandbox(args: argparse.Namespace) -> int:
    """Serve until Ctrl-C is pressed; return the exit status."""
    pace = Sandbox.HUMAN_PACE if args.words_per_second is None else args.words_per_second
    try:
        if args.map and not args.upstream:
            raise ValueError("--map FILE needs --upstream URL: it names that server's models.")
        with Sandbox(
            port=args.port,
            kind=args.kind,
            token_lifetime_s=args.token_lifetime,
            words_per_second=pace or None,
            faults=args.fault,
            tls=args.tls,
            upstream=args.upstream,
            model_map=read_model_map(args.map) if args.map else None,
        ) as sandbox:
            print("A stand-in of watsonx.ai runs on this machine. To use it, paste into a shell:\n")
            print(f"  export WATSONX_URL={sandbox.url}")
            print(f"  export WATSONX_API_KEY={sandbox.api_key}")
            print(f"  export WATSONX_PROJECT_ID={sandbox.project_id}")
            if args.kind in _AUTH_TYPES:
                print(f"  export WATSONX_AI_AUTH_TYPE={_AUTH_TYPES[args.kind]}")
            if args.kind == "software":
                print(f"  export WATSONX_USERNAME={sandbox.username}")
            if args.tls:
                _print_trust(sandbox.ca_file, args.kind)
            print("\nor type these values into the form of %watsonx login.")
            if args.upstream:
                print()
                print_foreign_lines(sandbox.upstream_report())
            print(f"\nTo see prompts and answers, and to switch faults, open {sandbox.url}/")
            print("Ctrl-C ends it.", flush=True)
            threading.Event().wait()
    except KeyboardInterrupt:
        print("\nStopped.")
    except OSError as error:
        print(f"Port {args.port} cannot be used: {error.strerror}.", file=sys.stderr)
        print("Choose another --port, or omit the option to get a free one.", file=sys.stderr)
        return 1
    except ModuleNotFoundError as error:
        print(f"{error.msg}", file=sys.stderr)
        return 1
    except ValueError as error:
        print(make_visible(str(error)), file=sys.stderr)
        return 2
    return 0


def print_foreign_lines(text: str) -> None:
    """Print lines with names that another server chose."""
    print("\n".join(map(make_visible, text.split("\n"))), flush=True)


def _print_trust(ca_file: Path, kind: str) -> None:
    print("\nIts certificate is new. Clients must trust this file:\n")
    print(f"  {ca_file}\n")
    print("For wx_notebook, and for other programs that use requests:\n")
    print(f"  export REQUESTS_CA_BUNDLE={ca_file}\n")
    if kind != "cloud":
        return
    print("For IBM's SDK, which needs all three addresses:\n")
    print("  Credentials(url=URL, platform_url=URL, auth_url=URL + '/identity/token',")
    print(f"              api_key=KEY, verify={str(ca_file)!r})")
