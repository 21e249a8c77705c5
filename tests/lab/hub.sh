#!/usr/bin/env bash
# One sign-in for all notebooks below a real JupyterHub. Run by hand, `bash tests/lab/hub.sh`: it
# installs JupyterHub into an environment of its own, and its proxy by npm (Node.js 18 or later).
set -euo pipefail
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q '.[sandbox]' jupyterhub 'playwright>=1.45' 'pytest>=8.2,<9.2'
npm install --silent --prefix "$work/proxy" configurable-http-proxy
export PATH="$work/venv/bin:$work/proxy/node_modules/.bin:$PATH"
python tests/lab/hub.py "$work"
