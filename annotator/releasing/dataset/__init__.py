"""The rows of a release, from one snapshot of the database to parquet files."""
