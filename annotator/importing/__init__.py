"""Files of pairs in. `stage_file` reads and checks the lines, `ingest_batch` does the work on them, many at a time."""

from annotator.importing.file_formats import open_import_file
from annotator.importing.ingest_batch import ingest_batch
from annotator.importing.parse_line import COLUMNS
from annotator.importing.receive_upload import StoredUpload, UploadReceiver, quota_of
from annotator.importing.stage_upload import (
    check_column_map,
    create_import,
    fail_import,
    pending_batches,
    read_upload,
    stage_file,
)

__all__ = [
    "COLUMNS",
    "StoredUpload",
    "UploadReceiver",
    "check_column_map",
    "create_import",
    "fail_import",
    "ingest_batch",
    "open_import_file",
    "pending_batches",
    "quota_of",
    "read_upload",
    "stage_file",
]
