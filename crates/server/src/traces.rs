//! Traces: of which one a request is a part, by W3C Trace Context, and spans for a collector that takes OTLP over HTTP.
//!
//! **Invariant:** a span says the route's pattern, the status and ids; nothing that somebody wrote, no link and no
//! address. **Invariant:** whoever is being answered does not wait for the collector: what it does not take is dropped.

use std::{
    borrow::Cow,
    fmt::{self, Debug},
    future::Future,
    pin::Pin,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use opentelemetry::{
    Context, KeyValue,
    trace::{
        Span as _, SpanContext, SpanId, SpanKind, Status, TraceContextExt, TraceFlags, TraceId, TraceState,
        Tracer, TracerProvider,
    },
};
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::{
    Resource,
    trace::{SdkTracer, SdkTracerProvider, Span as Recorded},
};
use tokio::runtime::Handle;
use url::Url;

/// Longest wait for the collector, for each batch.
const PATIENCE: Duration = Duration::from_secs(10);

/// Traces cannot be sent where they should.
#[derive(Debug, thiserror::Error)]
pub enum TracesError {
    /// The address is none.
    #[error("the address for traces has to begin with http:// or https://")]
    Address,
    /// The way there could not be made.
    #[error("cannot send traces: {0}")]
    Way(String),
}

/// Where spans go, if anywhere.
#[derive(Default)]
pub struct Traces(Option<(SdkTracerProvider, SdkTracer)>);

impl Traces {
    /// Sends spans to a collector at this address, to which `/v1/traces` is added; from the node of this name.
    pub fn to(address: &str, node: &str) -> Result<Self, TracesError> {
        let url = Url::parse(address).map_err(|_| TracesError::Address)?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(TracesError::Address);
        }
        let address = address.trim_end_matches('/');
        let address = format!("{}/v1/traces", address.strip_suffix("/v1/traces").unwrap_or(address));
        let http = reqwest::Client::builder()
            .timeout(PATIENCE)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|error| TracesError::Way(error.to_string()))?;
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(Post { http, runtime: Handle::current(), failing: AtomicBool::new(false) })
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(address)
            .with_timeout(PATIENCE)
            .build()
            .map_err(|error| TracesError::Way(error.to_string()))?;
        let resource = Resource::builder()
            .with_service_name("limpet-server")
            .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
            .with_attribute(KeyValue::new("service.instance.id", node.to_owned()))
            .build();
        let provider =
            SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource).build();
        let tracer = provider.tracer("limpet-server");
        Ok(Self(Some((provider, tracer))))
    }

    /// Begins a span. Without a collector there is one only as part of somebody's trace, so that the trace can be named.
    pub(crate) fn begin(
        &self,
        name: impl Into<Cow<'static, str>>,
        kind: SpanKind,
        parent: Option<&SpanContext>,
    ) -> Span {
        let Some((_, tracer)) = &self.0 else {
            return Span(parent.map_or(Inner::Nothing, |parent| Inner::Named(below(parent))));
        };
        let context = Context::new();
        let context =
            parent.map_or(context.clone(), |parent| context.with_remote_span_context(parent.clone()));
        let span = tracer.span_builder(name).with_kind(kind).start_with_context(tracer, &context);
        Span(Inner::Recorded(Box::new(span)))
    }

    /// Sends what is left. Waits for the collector, but not for long; call it where blocking is fine.
    pub(crate) fn finish(&self) {
        if let Some((provider, _)) = &self.0
            && let Err(error) = provider.shutdown()
        {
            tracing::warn!(%error, "Not all traces were sent");
        }
    }
}

/// A part of a trace, until it is dropped.
pub(crate) struct Span(Inner);

enum Inner {
    Nothing,
    Named(SpanContext),
    Recorded(Box<Recorded>),
}

impl Span {
    /// Of no trace.
    pub(crate) fn none() -> Self {
        Self(Inner::Nothing)
    }

    fn context(&self) -> Option<&SpanContext> {
        match &self.0 {
            Inner::Nothing => None,
            Inner::Named(context) => Some(context),
            Inner::Recorded(span) => Some(span.span_context()),
        }
    }

    /// The trace it is a part of.
    pub(crate) fn trace(&self) -> Option<TraceId> {
        self.context().map(SpanContext::trace_id)
    }

    /// How it is written for the next one, as in a `traceparent`.
    pub(crate) fn written(&self) -> Option<String> {
        let context = self.context()?;
        let flags = context.trace_flags().to_u8();
        Some(format!("00-{}-{}-{flags:02x}", context.trace_id(), context.span_id()))
    }

    /// Says something about it.
    pub(crate) fn say(&mut self, what: &'static str, value: impl Into<opentelemetry::Value>) {
        if let Inner::Recorded(span) = &mut self.0 {
            span.set_attribute(KeyValue::new(what, value));
        }
    }

    /// It did not go well.
    pub(crate) fn fail(&mut self, why: &'static str) {
        if let Inner::Recorded(span) = &mut self.0 {
            span.set_status(Status::error(why));
        }
    }
}

/// Reads a `traceparent`. `None` for one that is not well-formed, which is as if there were none.
pub(crate) fn read_parent(header: &str) -> Option<SpanContext> {
    let mut parts = header.split('-');
    let (version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let hex = |text: &str, length| {
        text.len() == length && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    };
    let whole = hex(version, 2) && hex(trace, 32) && hex(span, 16) && hex(flags, 2);
    // A later version may have more to say; this one may not.
    if !whole || version == "ff" || (version == "00" && parts.next().is_some()) {
        return None;
    }
    let flags = TraceFlags::new(u8::from_str_radix(flags, 16).ok()?) & TraceFlags::SAMPLED;
    let context = SpanContext::new(
        TraceId::from_hex(trace).ok()?,
        SpanId::from_hex(span).ok()?,
        flags,
        true,
        TraceState::default(),
    );
    context.is_valid().then_some(context)
}

/// A new part of a trace that nobody here records.
fn below(parent: &SpanContext) -> SpanContext {
    let (_, low) = uuid::Uuid::new_v4().as_u64_pair();
    let span = SpanId::from_bytes(low.to_be_bytes());
    SpanContext::new(parent.trace_id(), span, parent.trace_flags(), false, TraceState::default())
}

/// The collector, over the HTTP client that everything else here uses.
struct Post {
    http: reqwest::Client,
    /// Spans are sent by a thread of their own, which has no runtime.
    runtime: Handle,
    failing: AtomicBool,
}

impl Debug for Post {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Post")
    }
}

impl Post {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let request = reqwest::Request::try_from(request)?;
        let http = self.http.clone();
        let sending = self.runtime.spawn(async move {
            let response = http.execute(request).await?;
            let status = response.status();
            Ok::<_, reqwest::Error>((status, response.bytes().await?))
        });
        let (status, bytes) = sending.await??;
        Ok(Response::builder().status(status).body(bytes)?)
    }
}

impl HttpClient for Post {
    fn send_bytes<'a, 'b>(
        &'a self,
        request: Request<Bytes>,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, HttpError>> + Send + 'b>>
    where
        'a: 'b,
        Self: 'b,
    {
        Box::pin(async move {
            let sent = self.send(request).await;
            let failed = !sent.as_ref().is_ok_and(|response| response.status().is_success());
            // Said once, not with every batch. The error would name the address.
            if self.failing.swap(failed, Ordering::Relaxed) != failed {
                if failed {
                    tracing::warn!("The collector does not take traces; they are dropped until it does");
                } else {
                    tracing::info!("The collector takes traces again");
                }
            }
            sent
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_well_formed_parent_is_one() {
        let good = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        let parent = read_parent(good).unwrap();
        assert_eq!(parent.trace_id().to_string(), "0af7651916cd43dd8448eb211c80319c");
        assert!(parent.is_sampled());
        assert!(read_parent("cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00-more").is_some());
        for bad in [
            "",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
            "00-the-words-of-a-client",
        ] {
            assert!(read_parent(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn without_a_collector_somebody_elses_trace_goes_on_and_none_is_begun() {
        let traces = Traces::default();
        assert_eq!(traces.begin("x", SpanKind::Server, None).written(), None);
        let parent = read_parent("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01").unwrap();
        let written = traces.begin("x", SpanKind::Server, Some(&parent)).written().unwrap();
        assert!(written.starts_with("00-0af7651916cd43dd8448eb211c80319c-") && written.ends_with("-01"));
        assert!(!written.contains("b7ad6b7169203331"), "it is a part of its own");
    }
}
