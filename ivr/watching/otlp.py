"""Traces go out over OTLP (HTTP, protobuf), by OpenTelemetry's own exporter: `pip install 'numero-nero[otel]'`."""

from collections.abc import Iterable
from typing import Any

from ivr.problem import WrongUse
from ivr.watching.traces import Span

WITHIN = 10.0


class Exporter:
    """`endpoint`: as `http://127.0.0.1:4318`. Raises WrongUse when the packages are missing."""

    def __init__(self, endpoint: str) -> None:
        try:
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
            from opentelemetry.sdk.resources import Resource
        except ImportError:
            raise WrongUse(
                "traces.endpoint is set, and OpenTelemetry is not installed: pip install 'numero-nero[otel]'"
            ) from None
        self._resource: Any = Resource.create({"service.name": "numero-nero"})
        self._exporter: Any = OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces", timeout=WITHIN)

    def send(self, traces: Iterable[tuple[int, list[Span]]]) -> bool:
        """(trace id, its spans). False: nobody took them, and they are to be sent again."""
        from opentelemetry.sdk.trace.export import SpanExportResult

        made = [self._span(trace, one) for trace, spans in traces for one in spans]
        return bool(self._exporter.export(made) is SpanExportResult.SUCCESS)

    def _span(self, trace: int, span: Span) -> Any:
        from opentelemetry.sdk.trace import Event, ReadableSpan
        from opentelemetry.trace import SpanContext, TraceFlags

        def context(id: int) -> SpanContext:
            return SpanContext(trace, id, is_remote=False, trace_flags=TraceFlags(TraceFlags.SAMPLED))

        return ReadableSpan(
            name=span.name,
            context=context(span.id),
            parent=context(span.parent) if span.parent else None,
            resource=self._resource,
            attributes=span.attributes,
            events=[Event(name, timestamp=at) for name, at in span.events],
            start_time=span.start,
            end_time=span.end,
        )

    def close(self) -> None:
        self._exporter.shutdown()
