#!/usr/bin/env bash
# Tests the Python package, or one of its integrations, in a virtual environment of its own.
#
#     scripts/test-python.sh package        the package itself
#     scripts/test-python.sh ray            one integration: the names are those of tests/python/requirements/
#
# RETALLY_WHEEL is a wheel to install (default: it is built). With RETALLY_BIN, a built program, the package of the checkout is tested over it and
# nothing is installed; inspect_ai and the notebook need the wheel. RETALLY_VENVS is where the environments are kept (default: target/python),
# PYTHON the interpreter that makes them (default: python3; every_eval_ever needs 3.12).
# Nothing is mocked: every integration runs the real tool, whose version the requirements name, on a small model that is made on the spot.
set -euo pipefail
cd "$(dirname "$0")/.."
name="${1:?expected the name of a file in tests/python/requirements/, without .txt}"
requirements="tests/python/requirements/$name.txt"
[ -f "$requirements" ] || { echo "there is no $requirements" >&2; exit 2; }

place="${RETALLY_VENVS:-target/python}/$name"
[ -x "$place/bin/python" ] || "${PYTHON:-python3}" -m venv "$place"
python="$place/bin/python"
"$python" -m pip install --quiet --disable-pip-version-check -r "$requirements"
if [ "$name" = types ]; then
    "$python" scripts/python-model.py --check
    "$python" scripts/python-api.py --check
    "$python" -m mypy
    # Where the package is found by its own name, a tool that is not installed is not mistaken for the module about it.
    PYTHONPATH="$PWD/python" "$python" -m pyright --pythonpath "$python"
    exit
fi
if [ -n "${RETALLY_BIN:-}" ]; then
    RETALLY_BIN="$(realpath "$RETALLY_BIN")"
    export RETALLY_BIN PYTHONPATH="$PWD/python"
else
    "$python" -m pip install --quiet --disable-pip-version-check --no-deps --force-reinstall "${RETALLY_WHEEL:-.}"
fi
case "$name" in
package) tests=(tests/python/test_*.py) ;;
*) tests=("tests/python/integrations/test_$name.py") ;;
esac
exec "$python" -m pytest -q -p no:cacheprovider --rootdir tests/python -c /dev/null "${tests[@]}"
