"""schemas: the JSON Schemas of OCSF 1.8.0 for the classes of the export, and the captions of their ids. models: one event a line in, what the models
of py-ocsf-models made of it out, or null and the reason on standard error."""

import json
import sys

if sys.argv[1] == "schemas":
    from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema

    source = get_ocsf_schema("1.8.0")
    ocsf = OcsfJsonSchemaEmbedded(source)

    def captions(name):
        attributes = source["classes"][name]["attributes"]
        enums = {key: value["enum"] for key, value in attributes.items() if "enum" in value}
        return {key: {id: one["caption"] for id, one in enum.items()} for key, enum in enums.items()}

    json.dump(
        {
            "captions": {"2004": captions("detection_finding"), "6003": captions("api_activity")},
            "finding": ocsf.get_class_schema("detection_finding", ["security_control"]),
            "activity": ocsf.get_class_schema("api_activity", ["security_control", "ai_operation"]),
        },
        sys.stdout,
    )
else:
    from pydantic import ValidationError
    from py_ocsf_models.events.findings.detection_finding import DetectionFinding

    for line in sys.stdin:
        try:
            # Only what was given: their defaults are not ours.
            print(DetectionFinding.model_validate_json(line, strict=False).model_dump_json(exclude_unset=True))
        except ValidationError as error:
            print("null")
            print(error, file=sys.stderr)
