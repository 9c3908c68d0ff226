# An image with the program: docker build --tag retally . && docker run --rm --network none --volume "$PWD:/work:ro" retally check runs/
#
# The release builds it without the first stage: a directory with the programs of the release archives takes its place
# (--build-context build=DIRECTORY), so that image, archives and wheels hold the same program.
FROM rust:1.95-slim-bookworm AS build
ARG TARGETARCH
# A C compiler for Zstandard.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends gcc libc6-dev \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /source
COPY . .
# The toolchain of the image is that of rust-toolchain.toml; its components are for development.
RUN rm rust-toolchain.toml \
    && cargo build --locked --profile dist \
    && mkdir "/${TARGETARCH:?set by BuildKit}" \
    && cp target/dist/retally "/$TARGETARCH/retally"

FROM debian:bookworm-slim
ARG TARGETARCH
COPY --from=build /${TARGETARCH}/retally /usr/local/bin/retally
WORKDIR /work
# No rights beyond reading. To write reports, run it as yourself: --user "$(id -u):$(id -g)".
USER 65532:65532
ENTRYPOINT ["retally"]
CMD ["--help"]
