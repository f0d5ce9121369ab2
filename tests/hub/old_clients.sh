#!/bin/sh
# Runs the tests of the Hub's protocol with older generations of its clients, each in an environment of its own:
# tests/hub/old_clients.sh PYTHON FOLDER DATASETS:HUGGINGFACE_HUB...
set -eu
python=${1:?Name the Python that has the requirements of the tests.}
folder=${2:?Name a folder for the environments.}
shift 2
for pair; do
    datasets=${pair%:*} hub=${pair#*:} place=$folder/datasets-${pair%:*}
    if [ ! -e "$place/installed" ]; then
        "$python" -m venv --clear "$place"
        "$place/bin/python" -m pip install --quiet --disable-pip-version-check \
            "datasets==$datasets" "huggingface_hub==$hub" pillow
        touch "$place/installed"
    fi
    echo "== datasets $datasets, huggingface_hub $hub"
    HUB_CLIENT_PYTHON=$place/bin/python "$python" -m pytest -q -n 2 tests/hub/test_real_clients.py tests/hub/test_real_clients_access.py
done
