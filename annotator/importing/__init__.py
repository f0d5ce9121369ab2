"""Files of pairs in. `stage_upload` reads and checks the lines, `ingest_batch` does the work on them, many at a time.

Nothing is imported here: the decoder's process (`decoder_child`) loads its modules of this room and neither models nor Django.
"""
