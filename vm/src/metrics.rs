//! What is measured, for the host's scraper and for `dev`'s `/metrics`: one table. A new measurement is a row, and a panel of
//! `vm/grafana.json` where operators should see it.
//!
//! | file | what lives there |
//! |---|---|
//! | `meters.rs` | what is counted while it happens |
//! | `machine.rs` | what the system says |
//! | `text.rs` | the text that scrapers read |

pub mod machine;
pub mod meters;
pub mod text;

use crate::gossip::Gossip;
use crate::gossip::service::Report;
use crate::node::Node;
use crate::rpc::api::Api;
use crate::rpc::hub::Hub;
use crate::rpc::service::RpcService;
use meters::{Meters, Times};
use pars_host::metric::{Family, Kind, Number, Series, Value};
use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

/// What measurements are read from.
#[derive(Debug)]
pub struct Metrics {
    api: Arc<Api>,
    hub: Arc<Hub>,
    disk: Option<Disk>,
    gossip: Arc<OnceLock<Gossip>>,
    started: Instant,
}

/// Where a store lies.
#[derive(Debug)]
pub struct Disk {
    /// Its folder.
    pub folder: PathBuf,
    /// How large its columns are.
    pub columns: Box<dyn Columns>,
}

/// Tells how large the columns of a store are.
pub trait Columns: fmt::Debug + Send + Sync {
    /// Bytes of files by column; nothing once the store is closed.
    fn bytes(&self) -> Vec<(&'static str, u64)>;
}

/// One measurement.
#[derive(Debug)]
pub struct Row {
    /// Its name.
    pub name: &'static str,
    /// What it counts.
    pub help: &'static str,
    kind: Kind,
    read: Read,
}

/// How a measurement is read, at a time in Unix milliseconds.
#[derive(Debug)]
enum Read {
    /// One number; none where there is nothing to measure.
    One(fn(&Metrics, u64) -> Option<Number>),
    /// A number for each value of a label.
    By(&'static str, fn(&Metrics) -> Vec<(String, u64)>),
    /// Durations.
    Times(fn(&Meters) -> &Times),
}

const fn gauge(name: &'static str, help: &'static str, read: fn(&Metrics, u64) -> Option<Number>) -> Row {
    Row { name, help, kind: Kind::Gauge, read: Read::One(read) }
}

const fn counter(name: &'static str, help: &'static str, read: fn(&Metrics, u64) -> Option<Number>) -> Row {
    Row { name, help, kind: Kind::Counter, read: Read::One(read) }
}

const fn by(
    kind: Kind,
    name: &'static str,
    help: &'static str,
    label: &'static str,
    read: fn(&Metrics) -> Vec<(String, u64)>,
) -> Row {
    Row { name, help, kind, read: Read::By(label, read) }
}

const fn times(name: &'static str, help: &'static str, read: fn(&Meters) -> &Times) -> Row {
    Row { name, help, kind: Kind::Histogram, read: Read::Times(read) }
}

/// THE TABLE.
pub static TABLE: &[Row] = &[
    by(Kind::Gauge, "pars_chain_info", "Always 1; the release is its label.", "version", |_| {
        vec![(env!("CARGO_PKG_VERSION").to_owned(), 1)]
    }),
    gauge("pars_chain_uptime_seconds", "Time since the chain was opened.", |metrics, _| {
        Some(Duration::from_secs(metrics.started.elapsed().as_secs()).into())
    }),
    gauge("pars_chain_height", "Height of the last accepted block.", |metrics, _| {
        Some(metrics.node().head().height().into())
    }),
    gauge("pars_chain_last_block_age_seconds", "Time since the last accepted block's own time.", |metrics, now_ms| {
        Some(Duration::from_millis(metrics.age_ms(now_ms)).into())
    }),
    gauge(
        "pars_chain_clock_skew_seconds",
        "How far the last block that was to be verified was ahead of this machine's clock; 0 where it was not.",
        |metrics, _| {
            let lead_ms = metrics.meters().lead_ms.load(std::sync::atomic::Ordering::Relaxed);
            Some(Duration::from_millis(lead_ms).into())
        },
    ),
    gauge("pars_chain_stopped", "1 once the chain has failed and takes no more blocks.", |metrics, _| {
        Some(u64::from(metrics.is_stopped()).into())
    }),
    gauge("pars_chain_processing_blocks", "Blocks that are verified and not decided.", |metrics, _| {
        Some(metrics.processing().into())
    }),
    counter("pars_chain_blocks_accepted_total", "Blocks accepted.", |metrics, _| {
        Some(metrics.meters().accepted.get().into())
    }),
    counter("pars_chain_blocks_rejected_total", "Blocks rejected.", |metrics, _| {
        Some(metrics.meters().rejected.get().into())
    }),
    counter("pars_chain_blocks_built_total", "Blocks built by this node.", |metrics, _| {
        Some(metrics.meters().built.get().into())
    }),
    counter("pars_chain_transactions_accepted_total", "Transactions of accepted blocks.", |metrics, _| {
        Some(metrics.meters().transactions.get().into())
    }),
    counter("pars_chain_gas_used_total", "Gas that accepted blocks used.", |metrics, _| {
        Some(metrics.meters().gas.get().into())
    }),
    times("pars_chain_build_seconds", "How long building a block took.", |meters| &meters.build),
    times("pars_chain_verify_seconds", "How long the verdict on a block took.", |meters| &meters.verify),
    times("pars_chain_accept_seconds", "How long it took to store and show an accepted block.", |meters| {
        &meters.accept
    }),
    by(Kind::Gauge, "pars_chain_pool_transactions", "Transactions in the pool.", "state", |metrics| {
        let stats = metrics.node().pool().stats();
        vec![("executable".to_owned(), stats.executable), ("parked".to_owned(), stats.parked)]
    }),
    gauge("pars_chain_pool_senders", "Senders with transactions in the pool.", |metrics, _| {
        u64::try_from(metrics.node().pool().stats().senders).ok().map(Number::Count)
    }),
    gauge("pars_chain_pool_bytes", "Bytes of the transactions in the pool.", |metrics, _| {
        Some(metrics.node().pool().stats().bytes.into())
    }),
    gauge("pars_chain_journal_bytes", "Bytes of the file of submitted transactions.", |metrics, _| {
        metrics.node().journal_bytes().map(Number::Count)
    }),
    gauge("pars_chain_gossip_peers", "Nodes that are connected.", |metrics, _| Some(metrics.gossip()?.peers.into())),
    gauge("pars_chain_gossip_validators", "Validators that are connected.", |metrics, _| {
        Some(metrics.gossip()?.validators.into())
    }),
    by(Kind::Counter, "pars_chain_gossip_sent_total", "Transactions sent to peers.", "way", |metrics| {
        metrics.gossiped(|Report { messages, .. }| [("push", messages.pushed), ("pull", messages.given)])
    }),
    by(Kind::Counter, "pars_chain_gossip_received_total", "Transactions of peers, by their fate.", "fate", |metrics| {
        metrics.gossiped(|all| [("admitted", all.admitted), ("refused", all.refused), ("dropped", all.dropped)])
    }),
    by(
        Kind::Counter,
        "pars_chain_gossip_faults_total",
        "What of gossip was not heard, by its fault.",
        "fault",
        |metrics| {
            metrics.gossiped(|Report { messages, .. }| {
                [("excess", messages.excess), ("malformed", messages.malformed), ("refused", messages.refused)]
            })
        },
    ),
    by(Kind::Counter, "pars_chain_rpc_requests_total", "Calls of JSON-RPC by group of methods.", "group", |metrics| {
        metrics.meters().calls.by_group().map(|(group, calls, _)| (group.to_owned(), calls)).collect()
    }),
    by(Kind::Counter, "pars_chain_rpc_errors_total", "Calls that were answered with an error.", "group", |metrics| {
        metrics.meters().calls.by_group().map(|(group, _, errors)| (group.to_owned(), errors)).collect()
    }),
    gauge("pars_chain_rpc_in_flight", "Calls of JSON-RPC that run or wait for their turn.", |metrics, _| {
        Some(metrics.meters().calls.running().into())
    }),
    gauge("pars_chain_rpc_request_bytes", "Bytes of requests that are received or worked on.", |metrics, _| {
        u64::try_from(metrics.api.requests().used()).ok().map(Number::Count)
    }),
    gauge("pars_chain_rpc_answer_bytes", "Bytes of answers that grow or are not sent.", |metrics, _| {
        u64::try_from(metrics.api.answers().used()).ok().map(Number::Count)
    }),
    gauge("pars_chain_websockets_open", "WebSockets that are open.", |metrics, _| Some(metrics.websockets().into())),
    by(Kind::Gauge, "pars_chain_store_bytes", "Bytes of the store's tables by column.", "column", |metrics| {
        let columns = metrics.disk.as_ref().map(|disk| disk.columns.bytes()).unwrap_or_default();
        columns.into_iter().map(|(column, bytes)| (column.to_owned(), bytes)).collect()
    }),
    gauge("pars_chain_disk_free_bytes", "Bytes that can still be written to the store's disk.", |metrics, _| {
        metrics.disk_room().map(|room| room.free.into())
    }),
    gauge("pars_chain_resident_memory_bytes", "Memory of the process.", |_, _| {
        machine::resident_bytes().map(Number::Count)
    }),
];

impl Metrics {
    /// Of a chain and its service; `disk` where its store has one, and `gossip` once there is a way to peers.
    #[must_use]
    pub fn new(service: &RpcService, disk: Option<Disk>, gossip: Arc<OnceLock<Gossip>>) -> Self {
        Self { api: Arc::clone(service.api()), hub: Arc::clone(service.hub()), disk, gossip, started: Instant::now() }
    }

    /// Every row of the table that has something to say, at a time in Unix milliseconds.
    #[must_use]
    pub fn gather(&self, now_ms: u64) -> Vec<Family> {
        let series = |read: &Read| match read {
            Read::One(read) => {
                let number = read(self, now_ms).map(|number| Series { labels: vec![], value: Value::Number(number) });
                number.into_iter().collect()
            }
            Read::By(label, read) => {
                let labelled =
                    |(name, count)| Series { labels: vec![(*label, name)], value: Value::Number(Number::Count(count)) };
                read(self).into_iter().map(labelled).collect()
            }
            Read::Times(read) => {
                let (count, sum, buckets) = read(self.meters()).read();
                vec![Series { labels: vec![], value: Value::Times { count, sum, buckets } }]
            }
        };
        let families = TABLE.iter().map(|Row { name, help, kind, read }| {
            let (name, help, kind) = (*name, *help, *kind);
            Family { name, help, kind, series: series(read) }
        });
        families.filter(|family: &Family| !family.series.is_empty()).collect()
    }

    /// Milliseconds since the last accepted block's own time; 0 where that is in the future.
    #[must_use]
    pub fn age_ms(&self, now_ms: u64) -> u64 {
        now_ms.saturating_sub(self.node().head().header().unix_ms())
    }

    /// The chain has failed and takes no more blocks.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.node().watch().borrow().stopped
    }

    /// Blocks that are verified and not decided.
    #[must_use]
    pub fn processing(&self) -> u64 {
        self.meters().processing.load(std::sync::atomic::Ordering::Relaxed)
    }

    /// WebSockets that are open.
    #[must_use]
    pub fn websockets(&self) -> u64 {
        u64::try_from(self.hub.open()).unwrap_or(u64::MAX)
    }

    /// Room on the store's disk; none where it has none.
    #[must_use]
    pub fn disk_room(&self) -> Option<machine::DiskRoom> {
        self.disk.as_ref().and_then(|disk| machine::disk_room(&disk.folder))
    }

    /// The folder of the store.
    #[must_use]
    pub fn folder(&self) -> Option<&std::path::Path> {
        self.disk.as_ref().map(|disk| disk.folder.as_path())
    }

    fn node(&self) -> &Node {
        self.api.node()
    }

    fn meters(&self) -> &Meters {
        self.node().meters()
    }

    fn gossip(&self) -> Option<Report> {
        self.gossip.get().map(Gossip::report)
    }

    fn gossiped<const N: usize>(&self, read: fn(&Report) -> [(&'static str, u64); N]) -> Vec<(String, u64)> {
        let counts = self.gossip().map(|report| read(&report));
        counts.into_iter().flatten().map(|(label, count)| (label.to_owned(), count)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value as Json;
    use std::collections::BTreeSet;

    #[test]
    fn names_are_as_prometheus_wants_them() {
        let names: BTreeSet<&str> = TABLE.iter().map(|row| row.name).collect();
        assert_eq!(names.len(), TABLE.len(), "a name is there twice");
        for row in TABLE {
            let letters = row.name.chars().all(|letter| letter.is_ascii_lowercase() || letter == '_');
            assert!(row.name.starts_with("pars_chain_") && letters, "{}", row.name);
            assert_eq!(row.kind == Kind::Counter, row.name.ends_with("_total"), "{}", row.name);
            assert!(row.help.ends_with('.') && !row.help.contains('\n'), "{}", row.name);
            // The host adds this label.
            assert!(!matches!(row.read, Read::By("chain", _)), "{}", row.name);
        }
    }

    /// The dashboard asks for what there is, and shows everything.
    #[test]
    fn the_dashboard_knows_the_table() {
        let dashboard: Json = serde_json::from_str(include_str!("../grafana.json")).unwrap();
        let mut asked = BTreeSet::new();
        let panels = dashboard["panels"].as_array().unwrap();
        for target in panels.iter().flat_map(|panel| panel["targets"].as_array().unwrap()) {
            let query = target["expr"].as_str().unwrap();
            let names: Vec<&str> = query
                .split(|letter: char| !letter.is_ascii_lowercase() && letter != '_')
                .filter(|word| word.starts_with("pars_"))
                .collect();
            assert!(!names.is_empty(), "{query}");
            for name in names {
                let family = ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end));
                let row = TABLE.iter().find(|row| row.name == name || Some(row.name) == family);
                let row = row.unwrap_or_else(|| panic!("no metric {name} for {query}"));
                assert_eq!(row.kind == Kind::Histogram, row.name != name, "{query}");
                asked.insert(row.name);
            }
        }
        let unseen: Vec<&str> = TABLE.iter().map(|row| row.name).filter(|name| !asked.contains(name)).collect();
        assert!(unseen.is_empty(), "no panel shows {unseen:?}");
        let ids: BTreeSet<u64> = panels.iter().map(|panel| panel["id"].as_u64().unwrap()).collect();
        assert_eq!(ids.len(), panels.len());
    }
}
