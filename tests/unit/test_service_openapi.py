"""One document for the gateway: nothing of one service passes for another's."""

from typing import Any

from service.openapi import merge, text_of

REFERENCE = {"$ref": "#/components/schemas/Line"}


def document(line: dict[str, Any]) -> dict[str, Any]:
    return {
        "openapi": "3.1.0",
        "paths": {
            "/v1/things": {
                "get": {
                    "operationId": "list_things",
                    "responses": {
                        "200": {
                            "content": {
                                "application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}
                            }
                        }
                    },
                }
            }
        },
        "components": {
            "schemas": {
                "Thing": {"type": "object", "properties": {"line": REFERENCE}},
                "Line": line,
                "Money": {"type": "string"},
            },
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
        },
    }


def test_schemas_alike_stay_one_and_those_that_differ_even_through_a_reference_are_parted() -> None:
    merged = merge(
        "All", "1", {"members": document({"type": "string"}), "ledger": document({"type": "integer"})}
    )
    schemas = merged["components"]["schemas"]
    assert schemas.keys() == {"Money", "MembersLine", "LedgerLine", "MembersThing", "LedgerThing"}
    assert schemas["LedgerThing"]["properties"]["line"] == {"$ref": "#/components/schemas/LedgerLine"}
    operation = merged["paths"]["/ledger/v1/things"]["get"]
    assert operation["operationId"] == "ledger_list_things"
    assert "LedgerThing" in str(operation["responses"])


def test_merging_leaves_the_services_own_documents_as_they_were() -> None:
    original = document({"type": "string"})
    before = text_of(original)
    merge("All", "1", {"members": original})
    assert text_of(original) == before
