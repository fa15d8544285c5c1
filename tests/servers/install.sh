#!/usr/bin/env bash
# What the tests of real servers need, on Debian or Ubuntu as root: Redis, RabbitMQ, Chromium,
# docker-compose and, for Neo4j and S3, Java, Maven and Go. What is there already is left alone.
set -euo pipefail
cd "$(dirname "$0")/../.."

declare -A packages=(
  [java]=openjdk-17-jre-headless [mvn]=maven [go]=golang-go [redis-server]=redis-server
  [chromium]=chromium [docker-compose]=docker-compose [/usr/lib/rabbitmq/bin/rabbitmq-server]=rabbitmq-server
)
wanted=()
for program in "${!packages[@]}"; do
  command -v "$program" >/dev/null || wanted+=("${packages[$program]}")
done
if ((${#wanted[@]})); then
  command -v apt-get >/dev/null || { echo "Install by hand: ${wanted[*]}" >&2; exit 1; }
  if [ "$(id -u)" != 0 ]; then
    echo "Run as root: apt-get install --no-install-recommends ${wanted[*]}" >&2
    exit 1
  fi
  echo "Installing ${wanted[*]} …"
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq
  # Nothing is to start by itself.
  policy=/usr/sbin/policy-rc.d
  if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod +x "$policy"
    trap 'rm -f "$policy"' EXIT
  fi
  apt-get install -qq -y --no-install-recommends "${wanted[@]}" >/dev/null
fi
.venv/bin/python -m tests.servers
