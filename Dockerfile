# A static binary, fonts, and nothing else that could run: no shell, no package manager, no root.
FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
# timetzdata puts the time zones into the binary; the image has none.
RUN CGO_ENABLED=0 go build -trimpath -tags timetzdata -ldflags="-s -w" -o /afterchat ./cmd/afterchat

# What the built-in PDF engine shows text with, beyond the fonts that it brings.
FROM golang:1.26 AS fonts
RUN apt-get update \
    && apt-get install -y --no-install-recommends fonts-noto-core fonts-noto-cjk fonts-noto-color-emoji \
    && rm -rf /var/lib/apt/lists/*

FROM scratch
COPY --from=fonts /usr/share/fonts /usr/share/fonts
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /afterchat /afterchat
USER 65532:65532
EXPOSE 8080
ENTRYPOINT ["/afterchat"]
CMD ["serve", "--config", "/etc/afterchat/afterchat.yaml"]
