"""The gateway as a server beside another: HTTP with an OpenAPI document, Envoy's protocol too."""
