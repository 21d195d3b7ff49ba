# The two images of docker-compose.yml.

FROM debian:12-slim AS postgresql
RUN apt-get update && apt-get install -y --no-install-recommends postgresql && rm -rf /var/lib/apt/lists/* \
  && install -d -o postgres -g postgres /var/lib/postgresql/numero-nero /run/postgresql
USER postgres
ENV PATH=/usr/lib/postgresql/15/bin:$PATH PGDATA=/var/lib/postgresql/numero-nero
CMD ["sh", "-c", "[ -s $PGDATA/PG_VERSION ] || initdb -A trust -E UTF8 -k && exec postgres -c listen_addresses="]

FROM debian:12-slim AS numero-nero
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates make mmdebstrap python3 python3-venv \
  && rm -rf /var/lib/apt/lists/*
WORKDIR /srv/numero-nero
ENV NUMERO_NERO_CACHE=/srv/cache PIP_NO_CACHE_DIR=1
# What seldom changes comes first: new code fetches neither Python's packages nor Asterisk again.
COPY Makefile pyproject.toml requirements.lock ./
COPY asterisk_conf/python-environment.sh asterisk_conf/
RUN make setup
COPY asterisk_conf/__init__.py asterisk_conf/debian.py asterisk_conf/tree.py asterisk_conf/
RUN .venv/bin/python -c "from asterisk_conf import tree; tree.ensure(print)"
COPY asterisk_conf/*.py asterisk_conf/
RUN .venv/bin/python -c "from asterisk_conf import kamailio; kamailio.ensure(print)"
COPY . .
RUN .venv/bin/python -m compileall -q anonymizer asterisk_conf ivr recordings \
  && useradd --uid 10001 --home-dir /srv/numero-nero numero-nero
# `ivr`, started by root, becomes whoever the data folder belongs to. One that Docker has made is root's: it gets a user.
CMD ["sh", "-c", "[ $(stat -c %u data) != 0 ] || { chown -R numero-nero: data && chmod go= data; }; exec .venv/bin/ivr up"]
