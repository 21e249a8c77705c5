#!/usr/bin/env bash
# The tests of this folder with JupyterLab 4.2 and Notebook 7.2, the oldest that the package allows.
# Run by hand, `bash tests/lab/old_pair.sh`: jupyter-collaboration needs newer ones, so it and what
# tests it are left out, and the environment is one of its own.
set -euo pipefail
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q '.[sandbox]' 'jupyterlab==4.2.*' 'notebook==7.2.*' \
  'axe-playwright-python>=0.1.8' 'hypothesis>=6.100' 'playwright>=1.45' 'pytest>=8.2,<9.2' \
  'pytest-rerunfailures>=14' 'pytest-timeout>=2.3' 'pytest-xdist>=3.6'
"$work/venv/bin/python" -m pytest -n 0 tests/lab "$@"
