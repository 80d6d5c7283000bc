"""LogsData in OTLP/JSON, one a line in; what the generated classes of opentelemetry-proto made of it out. They refuse
names, types and ranges that the protocol has not."""

import sys

from google.protobuf import json_format
from opentelemetry.proto.logs.v1.logs_pb2 import LogsData

for line in sys.stdin:
    data = json_format.Parse(line, LogsData())
    print(json_format.MessageToJson(data, indent=None, use_integers_for_enums=True))
