# One image for all planes; the command selects the plane (see docker-compose.yml). The build only
# needs the npm registry and Debian packages. This sets the commit that --version prints:
#   docker build --build-arg LAYOVER_COMMIT="$(git rev-parse HEAD)" -t layover .
FROM node:24.22.3-bookworm-slim AS build
# Needed to compile the SQLite driver against the headers of this Node.js.
RUN apt-get update \
 && apt-get install -y --no-install-recommends python3 make g++ \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
# These packages are for the TypeScript compiler. bin/package.mjs installs those of the product and
# builds their native code.
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY LICENSE tsconfig.json tsconfig.build.json tsconfig.product.json ./
COPY bin bin
COPY common common
COPY proto proto
COPY schema schema
COPY control-plane control-plane
COPY data-plane data-plane
COPY edge-http edge-http
COPY standalone standalone
COPY deploy/nginx/nginx.conf.template deploy/nginx/
COPY deploy/systemd deploy/systemd
ARG LAYOVER_COMMIT=""
RUN node bin/package.mjs /opt/layover

FROM node:24.22.3-bookworm-slim
LABEL org.opencontainers.image.title="Layover" \
      org.opencontainers.image.description="A pull-through cache for container registries" \
      org.opencontainers.image.licenses="Apache-2.0"
RUN groupadd --gid 10001 layover \
 && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /var/lib/layover --shell /usr/sbin/nologin layover \
 && install -d -o 10001 -g 10001 -m 0700 /var/lib/layover
WORKDIR /opt/layover
COPY --from=build /opt/layover ./
# The Node.js options and thread count equal those in standalone/src/process-defaults.ts.
ENV NODE_ENV=production UV_THREADPOOL_SIZE=8 NODE_OPTIONS=--max-semi-space-size=32 LAYOVER_HOME=/var/lib/layover \
    LAYOVER_EDGE_LISTEN=[::]:8080 LAYOVER_CONTROL_LISTEN=[::]:8081
EXPOSE 8080 8081
USER 10001:10001
VOLUME /var/lib/layover
# Runs all three planes unless another command is given.
CMD ["node", "dist/standalone/src/main.js"]
