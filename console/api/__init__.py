"""The complaint desk over HTTP, its own process beside the proxy.

serving -> application -> gate (size, time, key, idempotency, log) -> complaints, cases, appeals, numbers, reports.
FastAPI, starlette and uvicorn are imported here and nowhere else.
"""
