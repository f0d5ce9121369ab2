# The image of every Diptych process: web (as is), worker, beat and one-shot commands (by another command).
# Built in two stages, so that neither pip's leftovers nor anything only a build needs ends up in it.

# Give it a digest to build on exactly one image: docs/operators.md, "Images by digest".
ARG PYTHON_IMAGE=python:3.11-slim-bookworm

FROM ${PYTHON_IMAGE} AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /app
RUN python -m venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH
# Before the code, so that a change of the code does not install everything again.
COPY requirements.lock ./
RUN pip install --require-hashes --only-binary :all: -r requirements.lock
COPY . .
# The servers are named and not asked: without names the settings would start embedded ones.
RUN DATABASE_URL=postgres://build/build REDIS_URL=redis://build SECRET_KEY=build DATA_DIR=/tmp STATIC_ROOT=/app/staticfiles \
    python manage.py collectstatic --no-input \
    && python -m compileall -q annotator api

FROM ${PYTHON_IMAGE}
RUN useradd --system --uid 10001 --home-dir /app --shell /usr/sbin/nologin diptych \
    && install --directory --owner=diptych --mode=0750 /storage
COPY --from=build /opt/venv /opt/venv
COPY --from=build /app /app
WORKDIR /app
# DATA_DIR gets nothing that must last: the servers are others, images and releases are in STORAGE_URL.
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    HOST=0.0.0.0 PORT=8000 DATA_DIR=/tmp STATIC_ROOT=/app/staticfiles STORAGE_URL=/storage
USER diptych
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=3 CMD ["python", "deploy/healthcheck.py"]
CMD ["deploy/run", "web"]
