# Ammon: the API (`serve`), its workers (`worker`), and every other command.
#   docker build -t ammon .
#   docker build -t ammon:gpu --build-arg REQUIREMENTS=gpu .   # FAISS and torch for NVIDIA's GPUs
ARG BASE=python:3.11-slim-bookworm

FROM ${BASE} AS build
# Which lock file is installed: requirements/<this>.lock.
ARG REQUIREMENTS=server
ENV UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_NO_CACHE=1 UV_PYTHON_DOWNLOADS=never
WORKDIR /app
COPY requirements/uv.lock requirements/${REQUIREMENTS}.lock requirements/
RUN python3 -m venv /opt/uv \
 && /opt/uv/bin/pip install --no-cache-dir --require-hashes -r requirements/uv.lock \
 && python3 -m venv --without-pip /opt/ammon \
 && /opt/uv/bin/uv pip install --python /opt/ammon/bin/python --require-hashes \
      -r "requirements/${REQUIREMENTS}.lock"
# What changes often comes last. The packages stay where they are, as in a checkout.
COPY pyproject.toml README.md LICENSE NOTICE ./
COPY kg kg
COPY inference inference
COPY indexer indexer
COPY retrieval retrieval
COPY server server
RUN /opt/uv/bin/uv pip install --python /opt/ammon/bin/python --no-deps --no-build-isolation -e . \
 && /opt/ammon/bin/python -m compileall -q kg inference indexer retrieval server

FROM ${BASE}
RUN groupadd --gid 10001 ammon \
 && useradd --uid 10001 --gid ammon --home-dir /var/lib/ammon --create-home ammon
COPY --from=build /opt/ammon /opt/ammon
COPY --from=build /app /app
ENV PATH=/opt/ammon/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    ORT_DISABLE_TELEMETRY=1 \
    NUMBA_CACHE_DIR=/var/lib/ammon/cache/numba \
    AMMON_DATA_DIR=/var/lib/ammon \
    TMPDIR=/var/lib/ammon \
    AMMON_HOST=0.0.0.0 \
    AMMON_LOG_FORMAT=json
WORKDIR /var/lib/ammon
USER 10001:10001
VOLUME /var/lib/ammon
EXPOSE 8321
ENTRYPOINT ["ammon"]
CMD ["serve"]
