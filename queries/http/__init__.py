"""The service: Resource Graph and Azure Resource Manager over HTTP, for clients that already speak to Azure.

`app.create_app(graph)` is the ASGI application; `serving` puts it on sockets. One module for each group of routes, each
with a function `routes(service)`. Knows HTTP and Azure's wire forms; not how SQL is written, nor how a VM changes state.
"""
