"""Avro contracts: one folder a subject, one numbered file a version; a number never changes once it is released."""
