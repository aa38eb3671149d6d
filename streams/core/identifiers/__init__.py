"""What people and things are known by: types, their forms and guards, read from identity.yaml."""

from streams.core.identifiers.read import SHIPPED, IdentityError, load_identifiers
from streams.core.identifiers.types import Identifiers, IdentifierType, Kind, Pairs

__all__ = ["SHIPPED", "IdentifierType", "Identifiers", "IdentityError", "Kind", "Pairs", "load_identifiers"]
