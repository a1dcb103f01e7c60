//! Log lines on standard error, which hosts copy into their logs. The level may change once the configuration is read.

use tracing::Level;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Registry, fmt, reload};

/// Changes the level of a running log.
pub type Lever = reload::Handle<LevelFilter, Registry>;

/// Starts the log. Later calls in the same process have no effect of their own.
#[must_use]
pub fn start(level: Level) -> Lever {
    let (filter, lever) = reload::Layer::new(LevelFilter::from_level(level));
    let lines = fmt::layer().with_writer(std::io::stderr).with_ansi(false);
    // Only a second start in one process fails, and then the first goes on.
    drop(tracing_subscriber::registry().with(filter).with(lines).try_init());
    lever
}

/// Changes the level.
pub fn set_level(lever: &Lever, level: Level) {
    if let Err(error) = lever.reload(LevelFilter::from_level(level)) {
        tracing::warn!(%error, "changing the log level");
    }
}
