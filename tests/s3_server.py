"""A real S3 server for the tests: SeaweedFS, from a wheel. It cannot outlive them.

`python -m tests.s3_server ARGUMENTS` runs `weed ARGUMENTS` until its own standard input ends. The test process holds the other
end of that pipe.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from tests.waiting import wait_until

ROOT = Path(__file__).resolve().parent.parent
HOST = "127.0.0.1"
KEY, SECRET, REGION = "tests", "only-for-tests", "us-east-1"
STOP_TIMEOUT = 10.0  # seconds
STARTS = 3  # a port that was free a moment ago can be taken when the server comes to it
PORTS = (
    "master.port",
    "master.port.grpc",
    "volume.port",
    "volume.port.grpc",
    "filer.port",
    "filer.port.grpc",
    "s3.port",
    "s3.port.grpc",
)


class S3Server:
    def __init__(self, folder: Path) -> None:
        for start in range(STARTS):
            started = folder / f"start-{start}"
            started.mkdir()
            self._start(started)
            if wait_until(lambda: self._answers() or self._ended(), seconds=60, why=self._story) != "ended":
                return
            self.stop()
        raise AssertionError(f"The S3 server ended by itself {STARTS} times; the last time:\n{self._story()}")

    def _start(self, folder: Path) -> None:
        self.log = folder / "weed.log"
        data, config = folder / "data", folder / "s3.json"
        data.mkdir()
        identity = {"name": KEY, "credentials": [{"accessKey": KEY, "secretKey": SECRET}], "actions": ["Admin", "Read", "Write"]}
        config.write_text(json.dumps({"identities": [identity]}))
        ports = dict(zip(PORTS, free_ports(len(PORTS)), strict=True))
        options = {
            "dir": data,
            "ip": HOST,
            "ip.bind": HOST,
            "master.volumeSizeLimitMB": 64,
            "master.telemetry": "false",
            "volume.max": 100,
            "volume.minFreeSpace": "100MiB",
            "filer.localSocket": folder / "filer.sock",
            "s3.localSocket": folder / "s3.sock",
            "s3.config": config,
            "s3.port.iceberg": 0,  # what is not asked for has ports of its own, the same for every server
            "s3.port.lance": 0,
            **ports,
        }
        self.endpoint = f"http://{HOST}:{ports['s3.port']}"
        arguments = ["server", "-s3", "-filer", *(f"-{name}={value}" for name, value in options.items())]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.s3_server", *arguments],
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for the tests; they then close the pipe
            )
        self.client = boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            aws_access_key_id=KEY,
            aws_secret_access_key=SECRET,
            region_name=REGION,
            config=Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=10),
        )

    def _answers(self) -> str:
        try:
            self.client.create_bucket(Bucket="ready")
            self.client.put_object(Bucket="ready", Key="probe", Body=b"x")
        except (BotoCoreError, ClientError):
            return ""
        return "answers"

    def _ended(self) -> str:
        return "ended" if self.process.poll() is not None else ""

    def _story(self) -> str:
        return f"the S3 server, whose log ends in:\n{self.log.read_text(errors='replace')[-3000:]}"

    def storage(self, bucket: str, folder: str = "") -> dict[str, Any]:
        """For STORAGES, with a bucket of its own; the options are those of STORAGE_URL=s3://bucket/folder."""
        self.client.create_bucket(Bucket=bucket)
        return {
            "BACKEND": "storages.backends.s3.S3Storage",
            "OPTIONS": {
                "bucket_name": bucket,
                "location": folder,
                "file_overwrite": True,
                "default_acl": None,
                "querystring_auth": True,
                "signature_version": "s3v4",
                "endpoint_url": self.endpoint,
                "access_key": KEY,
                "secret_key": SECRET,
                "region_name": REGION,
            },
        }

    def environment(self, bucket: str) -> dict[str, str]:
        """For a process that keeps its files in the bucket."""
        return {
            "STORAGE_URL": f"s3://{bucket}",
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_DEFAULT_REGION": REGION,
        }

    def names(self, bucket: str, prefix: str = "") -> list[str]:
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        return [found["Key"] for page in pages for found in page.get("Contents", [])]

    def stop(self) -> None:
        self.client.close()
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(STOP_TIMEOUT)


def free_ports(count: int) -> list[int]:
    listeners = [socket.socket() for _ in range(count)]
    try:
        for listener in listeners:
            listener.bind((HOST, 0))
        return [int(listener.getsockname()[1]) for listener in listeners]
    finally:
        for listener in listeners:
            listener.close()


def main() -> None:
    weed = Path(sys.executable).with_name("weed")
    server = subprocess.Popen([weed, *sys.argv[1:]], stdin=subprocess.DEVNULL, start_new_session=True)
    threading.Thread(target=lambda: (server.wait(), os._exit(1)), daemon=True).start()
    sys.stdin.buffer.read()
    with contextlib.suppress(ProcessLookupError):
        os.killpg(server.pid, signal.SIGKILL)


if __name__ == "__main__":
    main()
