"""The form of a definition file as a JSON Schema, for editors: made from the model, with the shorthands that the model takes.

What only the whole file shows, such as a name that nothing declares, is for `throughline journeys check`.
"""

import json
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from streams.core.definition.model import PRIMITIVES, Definition
from streams.core.definition.values import DEFAULT_REGION

DIALECT = "https://json-schema.org/draft/2020-12/schema"
ABOUT = "One journey: what opens and closes it, its stages and promises, and when it breaks."
SCALAR: JsonSchemaValue = {"type": ["string", "number", "boolean"]}


def definition_schema() -> JsonSchemaValue:
    """JSON Schema (draft 2020-12) of one definition."""
    schema = Definition.model_json_schema(schema_generator=_Generator)
    parts = schema["$defs"]
    for name in ("Cond", "NewCond", "ActionCond"):
        parts[name]["minProperties"] = 1
        parts[name] = _or(parts[name], SCALAR, *([{"type": "array", "items": SCALAR}] if name == "ActionCond" else []))
    parts["Selector"]["minProperties"] = 1
    listed = {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/Selector"}}
    parts["Selector"] = _or(parts["Selector"], {"type": "string"}, listed)
    parts["PromiseRule"] = _or(parts["PromiseRule"], parts["PromiseRule"]["properties"]["of"])
    parts["Rule"]["oneOf"] = [{"required": [name]} for name in PRIMITIVES]
    parts["Given"] = _given(parts["Given"])
    return {"$schema": DIALECT, **schema, "title": "Journey definition", "description": ABOUT}


def schema_text() -> str:
    """The committed file."""
    return json.dumps(definition_schema(), indent=1, ensure_ascii=False) + "\n"


class _Generator(GenerateJsonSchema):
    """Nothing may be null, keys are of their form, alternatives may overlap."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        del schema
        return False

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        if schema.get("default") is None:
            return self.generate_inner(schema["schema"])
        return super().default_schema(schema)

    def tagged_union_schema(self, schema: core_schema.TaggedUnionSchema) -> JsonSchemaValue:
        return {"anyOf": [self.generate_inner(each) for each in schema["choices"].values()]}

    def dict_schema(self, schema: core_schema.DictSchema) -> JsonSchemaValue:
        found = super().dict_schema(schema)
        return {**found, "additionalProperties": False} if "patternProperties" in found else found

    def function_before_schema(self, schema: core_schema.BeforeValidatorFunctionSchema) -> JsonSchemaValue:
        """Lengths by region: one length stands for all regions.  The other shorthands are those of whole parts."""
        found = super().function_before_schema(schema)
        if schema["schema"]["type"] == "model" or "additionalProperties" not in found:
            return found
        return {"anyOf": [found["additionalProperties"], {**found, "required": [DEFAULT_REGION]}]}


def _or(part: JsonSchemaValue, *short: JsonSchemaValue) -> JsonSchemaValue:
    described = {"description": part.pop("description")} if "description" in part else {}
    return {**described, "anyOf": [*short, part]}


def _given(part: JsonSchemaValue) -> JsonSchemaValue:
    fields = part["properties"]
    arrives = {"type": "object", "additionalProperties": False, "properties": {"arrives": fields["arrives_ms"]}}
    return {
        "description": part["description"],
        "type": "array",
        "prefixItems": [fields["at_ms"], fields["action"], fields["fields"], arrives],
        "items": False,
        "minItems": 2,
    }
