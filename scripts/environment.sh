# Sourced by every script here: goes to the top of the tree, and gives each tool a place to write.
# shellcheck shell=bash

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# Tools keep their caches in the home folder. Where there is none that can be written, as in a
# container or in CI, the tree itself holds them.
if [ ! -d "${HOME:-}" ] || [ ! -w "${HOME:-}" ]; then
    export XDG_CACHE_HOME="$PWD/.cache"
    export UV_CACHE_DIR="$XDG_CACHE_HOME/uv"
    export PIP_CACHE_DIR="$XDG_CACHE_HOME/pip"
    export PYRIGHT_PYTHON_CACHE_DIR="$XDG_CACHE_HOME"
    export npm_config_cache="$XDG_CACHE_HOME/npm"
    mkdir -p "$XDG_CACHE_HOME"
fi

export PIP_DISABLE_PIP_VERSION_CHECK=1
export PYRIGHT_PYTHON_IGNORE_WARNINGS=1 # it would ask the network whether it is the newest
export UV_PYTHON_DOWNLOADS=never        # the machine's own Python is the one to use

# The machine's own certificates, where it has any: a clinic's proxy may be signed by its own.
if [ -n "$(ls -A /etc/ssl/certs 2>/dev/null)" ]; then
    export UV_SYSTEM_CERTS=1
    export NODE_USE_SYSTEM_CA=1
fi

# The tests start some hundred processes. Where compiled modules may not be kept, as images of
# containers like to have it, each of them compiles everything that it imports: twice as long.
unset PYTHONDONTWRITEBYTECODE
