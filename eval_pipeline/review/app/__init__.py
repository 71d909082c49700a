"""The review app: pages over the ports, served by Starlette."""
