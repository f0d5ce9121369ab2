"""Exits 0 when the web server in this container answers on /healthz. Standard library only, because it runs often."""

import http.client
import os
import sys

TIMEOUT = 4  # seconds


def main() -> int:
    # Asked as the proxy asks, for a host that Django serves; "*" and ".example.org" stand for any name that fits.
    host = os.environ.get("ALLOWED_HOSTS", "localhost").split(",")[0].strip().removeprefix("*").lstrip(".") or "localhost"
    connection = http.client.HTTPConnection("127.0.0.1", int(os.environ.get("PORT") or 8000), timeout=TIMEOUT)
    try:
        connection.request("GET", "/healthz", headers={"Host": host, "X-Forwarded-Proto": "https"})
        return 0 if connection.getresponse().status == http.HTTPStatus.OK else 1
    except OSError:
        return 1


if __name__ == "__main__":
    sys.exit(main())
