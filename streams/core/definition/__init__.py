"""The language of journeys: from YAML to what is judged by."""

from streams.core.definition.bundle import Bundle, bundle_of
from streams.core.definition.compile import compile_definition
from streams.core.definition.compiled import Compiled
from streams.core.definition.load import load
from streams.core.definition.model import Definition
from streams.core.definition.problems import DefinitionError, Problem

__all__ = ["Bundle", "Compiled", "Definition", "DefinitionError", "Problem", "bundle_of", "compile_definition", "load"]
