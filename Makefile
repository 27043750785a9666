# make help lists what there is.
.DEFAULT_GOAL := help
.PHONY: help deps build generate demo test test-real bench lint clean

GOLANGCI_LINT = github.com/golangci/golangci-lint/v2/cmd/golangci-lint v2.15.0
SQLC          = github.com/sqlc-dev/sqlc/cmd/sqlc v1.31.1

# Runs a command with a private PostgreSQL that all tests share.
with_postgres = .cache/bin/with-postgres

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

deps: ## install what the tests need, where it may
	@.ci/install-deps

build: ## the binary, .cache/bin/afterchat
	@[ -x .cache/bin/afterchat ] || echo "Building afterchat; the first time takes a minute or two."
	@CGO_ENABLED=0 go build -trimpath -o .cache/bin/afterchat ./cmd/afterchat

generate: ## everything that is generated from something else
	go generate ./...
	sqlc=$$(.ci/install-tool sqlc $(SQLC)) && "$$sqlc" generate -f internal/store/sqlc.yaml

demo: build ## the whole pipeline on this machine, with a page to watch it
	@.ci/install-deps demo
	@exec .cache/bin/afterchat demo

test: deps $(with_postgres) ## all tests, with real Redis and PostgreSQL
	$(with_postgres) go test -race -shuffle=on -timeout=15m ./...

test-real: deps $(with_postgres) ## the tests against a real help desk, mail server and browser
	.ci/test-real $(with_postgres)

bench: deps ## the figures that the README quotes
	@go build -o .cache/bin/bench ./internal/bench && exec .cache/bin/bench

lint: ## what review should not have to say
	@unformatted=$$(gofmt -l $$(git ls-files --cached --others --exclude-standard '*.go')); \
		if [ -n "$$unformatted" ]; then echo "not formatted by gofmt:"; echo "$$unformatted"; exit 1; fi
	go mod tidy -diff
	go vet -tags real ./...
	golangci=$$(.ci/install-tool golangci-lint $(GOLANGCI_LINT)) && "$$golangci" run ./...

clean: ## forget what was built
	rm -rf .cache

.PHONY: $(with_postgres)
$(with_postgres):
	@go build -o $@ ./internal/testenv/run
