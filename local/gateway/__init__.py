"""API Gateway on this machine: one REST API, obeying openapi.yaml."""

from collections.abc import Mapping
from typing import Any

from local.gateway.config import GatewayConfig, Service
from local.gateway.front_door import FrontDoor, FunctionService

__all__ = ["FrontDoor", "GatewayConfig", "Service", "gateway"]


def gateway(contract: Mapping[str, Any], config: GatewayConfig, functions: FunctionService) -> FrontDoor:
    """The front door as an ASGI app. Raises ValueError for a contract it cannot obey: an operation without a service or
    an auth, a service without a function, a gateway response with a parameter nobody here can compute."""
    return FrontDoor(contract, config, functions)
