# One image for every plane: the command says which (see docker-compose.yml). Built from a clean checkout; nothing but the npm
# registry is asked.
FROM node:20.19.5-bookworm-slim AS build
# The SQLite driver is compiled against the headers that come with this Node.
RUN apt-get update \
 && apt-get install -y --no-install-recommends python3 make g++ \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /layover
COPY package.json package-lock.json .npmrc ./
RUN npm_config_nodedir=/usr/local npm_config_build_from_source=better-sqlite3 npm ci --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY common common
COPY proto proto
COPY schema schema
COPY control-plane control-plane
COPY data-plane data-plane
COPY edge-http edge-http
COPY standalone standalone
COPY demo demo
COPY bench bench
COPY test/support test/support
RUN npm run build \
 && npm prune --omit=dev --no-audit --no-fund

FROM node:20.19.5-bookworm-slim
LABEL org.opencontainers.image.title="Layover" \
      org.opencontainers.image.description="A pull-through cache for container registries" \
      org.opencontainers.image.licenses="Apache-2.0"
RUN groupadd --gid 10001 layover \
 && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /var/lib/layover --shell /usr/sbin/nologin layover \
 && install -d -o 10001 -g 10001 -m 0700 /var/lib/layover
WORKDIR /opt/layover
COPY --from=build /layover/package.json ./
COPY --from=build /layover/node_modules node_modules
COPY --from=build /layover/proto proto
COPY --from=build /layover/dist dist
COPY bin/healthcheck.mjs bin/
# The options and the threads of Node are those of standalone/src/process-defaults.ts.
ENV NODE_ENV=production UV_THREADPOOL_SIZE=8 NODE_OPTIONS=--max-semi-space-size=32 LAYOVER_HOME=/var/lib/layover \
    LAYOVER_EDGE_LISTEN=0.0.0.0:8080 LAYOVER_CONTROL_LISTEN=0.0.0.0:8081
EXPOSE 8080 8081
USER 10001:10001
VOLUME /var/lib/layover
# All three planes in one container unless another command is given.
CMD ["node", "dist/standalone/src/main.js"]
