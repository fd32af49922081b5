"""Commands that make Arrow tables do without pandas, and give DataFrames all the same."""

import json
import subprocess
import sys

import pytest

pytestmark = pytest.mark.run

_CODE = """
import json, sys
import pyarrow as pa
from manifests import no_pandas, packed, tables
table = tables.arrow([{"a": 1}], pa.schema([("a", pa.int64())]))
packed.Packed.of([])
before = "pandas" in sys.modules
frame = table.to_pandas()
print(json.dumps([before, frame.a.tolist(), pa.table(frame).to_pylist(), pa.array(frame.a).to_pylist()]))
"""


def test_pandas_is_imported_when_a_table_is_to_be_a_frame_and_not_before() -> None:
    done = subprocess.run([sys.executable, "-c", _CODE], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == [False, [1], [{"a": 1}], [1]]
