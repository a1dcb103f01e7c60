//! Log lines on standard error, which hosts copy into their logs. A thread of its own writes them, and lines are lost where
//! nobody reads: the node does not wait for its log. Level and form may change once the configuration is
//! read. Lines name keys, hashes and heights; what a request, a transaction or an ignored key holds is never in them.

use serde_json::{Map, Value};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_appender::non_blocking::WorkerGuard;
use tracing_subscriber::filter::{LevelFilter, filter_fn};
use tracing_subscriber::fmt::format::{Format, Full, Writer};
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Registry, reload};

/// Changes a running log.
#[derive(Debug, Clone)]
pub struct Lever {
    level: reload::Handle<LevelFilter, Registry>,
    json: Arc<AtomicBool>,
}

/// A log that runs.
#[derive(Debug)]
pub struct Log {
    /// Changes it.
    pub lever: Lever,
    /// Writes what is left of it when it is dropped.
    pub writer: WorkerGuard,
}

/// Starts the log. Later calls in the same process have no effect of their own.
#[must_use]
pub fn start(level: LevelFilter) -> Log {
    let (filter, level) = reload::Layer::new(level);
    let json = Arc::new(AtomicBool::new(false));
    let lines = Lines { text: Format::default().with_ansi(false), json: Arc::clone(&json) };
    let (out, writer) = tracing_appender::non_blocking(std::io::stderr());
    let layer = tracing_subscriber::fmt::layer().with_ansi(false).event_format(lines).with_writer(out);
    // Only a second start in one process fails, and then the first goes on.
    let told = filter_fn(|metadata| is_told(metadata.target(), *metadata.level()));
    drop(tracing_subscriber::registry().with(filter).with(told).with(layer).try_init());
    Log { lever: Lever { level, json }, writer }
}

/// Whether lines of this origin are told where the level lets them through. QUIC's own have addresses of peers in them, and
/// there is one for each datagram that makes no sense; what goes wrong with it is told.
fn is_told(target: &str, level: Level) -> bool {
    level <= Level::WARN || !target.starts_with("quinn")
}

impl Lever {
    /// Changes the level.
    pub fn set_level(&self, level: LevelFilter) {
        if let Err(error) = self.level.reload(level) {
            tracing::warn!(%error, "changing the log level");
        }
    }

    /// Whether a line is a JSON object.
    pub fn set_json(&self, json: bool) {
        self.json.store(json, Ordering::Relaxed);
    }
}

/// The form of a line.
struct Lines {
    text: Format<Full>,
    json: Arc<AtomicBool>,
}

impl<S, N> FormatEvent<S, N> for Lines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, context: &FmtContext<'_, S, N>, mut out: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        if !self.json.load(Ordering::Relaxed) {
            return self.text.format_event(context, out, event);
        }
        let mut timestamp = String::new();
        SystemTime.format_time(&mut Writer::new(&mut timestamp))?;
        let mut members = Members(Map::new());
        event.record(&mut members);
        let Members(mut members) = members;
        let metadata = event.metadata();
        members.insert("timestamp".to_owned(), timestamp.into());
        members.insert("level".to_owned(), metadata.level().as_str().into());
        members.insert("target".to_owned(), metadata.target().into());
        writeln!(out, "{}", Value::Object(members))
    }
}

/// The fields of an event; its text is `message`.
struct Members(Map<String, Value>);

impl Members {
    fn put(&mut self, field: &Field, value: impl Into<Value>) {
        self.0.insert(field.name().to_owned(), value.into());
    }
}

impl Visit for Members {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{self, Write};
    use std::sync::Mutex;
    use tracing_subscriber::fmt::MakeWriter;

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl<'a> MakeWriter<'a> for Kept {
        type Writer = Self;

        fn make_writer(&'a self) -> Self {
            self.clone()
        }
    }

    #[test]
    fn what_is_told() {
        for (target, level, told) in [
            ("pars_overlay::link", Level::DEBUG, true),
            ("quinn_proto::endpoint", Level::DEBUG, false),
            ("quinn::connection", Level::INFO, false),
            ("quinn_proto::connection", Level::WARN, true),
            ("quinn::endpoint", Level::ERROR, true),
        ] {
            assert_eq!(is_told(target, level), told, "{target} {level}");
        }
    }

    #[test]
    fn a_line_has_two_forms() {
        let (kept, json) = (Kept::default(), Arc::new(AtomicBool::new(false)));
        let lines = Lines { text: Format::default().with_ansi(false), json: Arc::clone(&json) };
        let layer = tracing_subscriber::fmt::layer().with_ansi(false).event_format(lines).with_writer(kept.clone());
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
            tracing::info!(height = 7_u64, id = %"0xab", "a \"block\"");
            json.store(true, Ordering::Relaxed);
            tracing::warn!(height = 7_u64, done = true, id = %"0xab", "a \"block\"\nin two lines");
        });
        let bytes = kept.0.lock().unwrap().clone();
        let text = String::from_utf8(bytes).unwrap();
        let (first, second) = text.trim_end().split_once('\n').unwrap();
        assert!(first.ends_with("INFO pars_vm::log::tests: a \"block\" height=7 id=0xab"), "{first}");
        let mut line: Map<String, Value> = serde_json::from_str(second).unwrap();
        assert!(line.remove("timestamp").unwrap().as_str().unwrap().starts_with("20"));
        let expected = serde_json::json!({
            "level": "WARN", "target": "pars_vm::log::tests", "message": "a \"block\"\nin two lines", "height": 7, "done": true, "id": "0xab",
        });
        assert_eq!(Value::Object(line), expected);
    }
}
