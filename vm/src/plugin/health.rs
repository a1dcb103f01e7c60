//! What the host hears of the node's health, and shows on its own health page.

use crate::metrics::Metrics;
use crate::node::Node;
use pars_host::{Phase, VmError};
use serde_json::json;
use std::time::Duration;

/// With less room than this on the store's disk the node calls itself ill. The store merges its tables into new ones before
/// it removes the old, a few of the largest at a time.
const DISK_FREE_MIN: u64 = 256 << 20;

/// How the node is: names, and values as JSON.
///
/// # Errors
/// What an operator has to do something about.
pub(super) fn report(
    node: &Node,
    metrics: &Metrics,
    phase: Option<Phase>,
    now_ms: u64,
) -> Result<Vec<(&'static str, String)>, VmError> {
    let room = metrics.disk_room();
    let folder = metrics.folder().map(|folder| folder.display().to_string()).unwrap_or_default();
    match room {
        Some(room) if room.read_only => {
            return Err(VmError::other(format!("the disk that holds {folder} is mounted read-only")));
        }
        Some(room) if room.free < DISK_FREE_MIN => {
            let (free, least) = (room.free >> 20, DISK_FREE_MIN >> 20);
            let text = format!(
                "the disk that holds {folder} is nearly full: {free} MiB are free, at least {least} are needed"
            );
            return Err(VmError::other(text));
        }
        Some(_) | None => {}
    }
    let pool = node.pool().stats();
    let facts = [
        ("height", json!(node.head().height())),
        ("lastBlockAgeSeconds", json!(Duration::from_millis(metrics.age_ms(now_ms)).as_secs())),
        ("phase", json!(phase.map(|phase| phase.to_string()))),
        ("stopped", json!(metrics.is_stopped())),
        ("processing", json!(metrics.processing())),
        ("pool", json!({ "executable": pool.executable, "parked": pool.parked, "bytes": pool.bytes })),
        ("webSockets", json!(metrics.websockets())),
        ("diskFreeBytes", json!(room.map(|room| room.free))),
        ("version", json!(env!("CARGO_PKG_VERSION"))),
    ];
    Ok(facts.into_iter().map(|(name, value)| (name, value.to_string())).collect())
}
