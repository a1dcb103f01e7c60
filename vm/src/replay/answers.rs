//! `pars-vm replay --answers`: recorded JSON-RPC answers of the Go node, asked again of this one's service.
//!
//! The service is the network's own, called in process; the chain stands still at the end of the recorded one.
//!
//! | file | what lives there |
//! |---|---|
//! | `recording.rs` | what a file holds |
//! | `compare.rs` | when two answers say the same |
//! | `intended.rs` | the table of differences that are meant |

pub mod compare;
pub mod intended;
pub mod recording;

use crate::clock::Clock;
use crate::command::{HistoryKind, Replay};
use crate::config::Config;
use crate::node::{Choices, Node, Sealing};
use crate::replay::open_and_replay;
use crate::replay::record::Record;
use crate::rpc::api::Api;
use crate::rpc::service::RpcService;
use crate::rpc::table;
use anyhow::{Context as _, Result};
use bytes::Bytes;
use compare::{Case, Reply, same_http, same_reply};
use http::Request;
use intended::{Row, TABLE};
use pars_chain::engine::Chain;
use pars_chain::store::Store;
use recording::{Exchange, Phase, Recording};
use serde_json::Value;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tower::ServiceExt as _;

/// Letters of a difference that are printed.
const SHOWN_LETTERS: usize = 6_000;

/// How the answers of one file compare.
#[derive(Debug, Default)]
pub struct Tally {
    methods: BTreeMap<String, Counts>,
    /// How often each row of the table of intended differences was needed.
    rows: BTreeMap<usize, usize>,
    shown: Vec<String>,
}

#[derive(Debug, Default, Clone, Copy)]
struct Counts {
    equal: usize,
    intended: usize,
    different: usize,
    not_built: usize,
}

/// Replays a file and asks its questions.
///
/// # Errors
/// A file that cannot be read or replayed.
pub fn run(file: &Path, options: &Replay) -> Result<Tally> {
    let record = Record::read(file)?;
    let recording = Recording::read(file)?;
    let options = Replay { history: HistoryKind::Archive, ..options.clone() };
    let (chain, store, _temporary) = open_and_replay(&record, &options)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("starting threads")?;
    runtime.block_on(async {
        let mut tally = Tally::default();
        let main = Phase { calls: recording.calls, http: recording.http, sequences: recording.sequences };
        ask(chain, &recording.node_config, recording.queried_at, main, &mut tally).await?;
        let again = reopen(&record, store)?;
        let Some(limited) = recording.limited else { return Ok(tally) };
        let phase = Phase { calls: limited.calls, http: limited.http, sequences: Vec::new() };
        ask(again, &limited.node_config, recording.queried_at, phase, &mut tally).await?;
        Ok(tally)
    })
}

impl Tally {
    /// Whether every answer is equal or meant to differ.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.methods.values().all(|counts| counts.different == 0)
    }

    /// Rows of the table of intended differences that no answer needed.
    pub fn unneeded(&self) -> impl Iterator<Item = &'static Row> {
        TABLE.iter().enumerate().filter(|(row, _)| !self.rows.contains_key(row)).map(|(_, row)| row)
    }

    /// Adds another file's.
    pub fn add(&mut self, other: Self) {
        for (method, counts) in other.methods {
            let sum = self.methods.entry(method).or_default();
            sum.equal += counts.equal;
            sum.intended += counts.intended;
            sum.different += counts.different;
            sum.not_built += counts.not_built;
        }
        for (row, count) in other.rows {
            *self.rows.entry(row).or_default() += count;
        }
        self.shown.extend(other.shown);
    }

    /// Prints the table, the rows that were needed, and so many of the differences.
    ///
    /// # Errors
    /// When the output is closed.
    pub fn print(&self, out: &mut impl Write, shown_max: usize) -> Result<()> {
        writeln!(out, "{:<42} {:>7} {:>9} {:>10} {:>10}", "method", "equal", "intended", "different", "not built")?;
        let mut sum = Counts::default();
        for (method, counts) in &self.methods {
            let Counts { equal, intended, different, not_built } = counts;
            writeln!(out, "{method:<42} {equal:>7} {intended:>9} {different:>10} {not_built:>10}")?;
            sum.equal += equal;
            sum.intended += intended;
            sum.different += different;
            sum.not_built += not_built;
        }
        let Counts { equal, intended, different, not_built } = sum;
        writeln!(out, "{:<42} {equal:>7} {intended:>9} {different:>10} {not_built:>10}", "all")?;
        writeln!(out)?;
        for (row, count) in &self.rows {
            if let Some(row) = TABLE.get(*row) {
                writeln!(out, "intended {count:>5} times: {}: {}", row.method, row.what)?;
            }
        }
        for shown in self.shown.iter().take(shown_max) {
            writeln!(out, "different: {shown}")?;
        }
        if self.shown.len() > shown_max {
            writeln!(out, "and {} more", self.shown.len() - shown_max)?;
        }
        Ok(())
    }

    fn count(&mut self, case: &Case<'_>, recorded: &Reply, ours: Reply) {
        let name: String = case.method.chars().take(42).collect();
        let counts = self.methods.entry(if name.is_empty() { "(empty name)".to_owned() } else { name }).or_default();
        let unknown = |reply: &Reply| matches!(reply, Err(error) if error.code == METHOD_NOT_FOUND);
        if table::find(case.method).is_none() && unknown(&ours) && !unknown(recorded) {
            counts.not_built += 1;
            return;
        }
        if same_reply(recorded, &ours) {
            counts.equal += 1;
            return;
        }
        let mut undone = ours.clone();
        let mut needed = Vec::new();
        for (index, row) in TABLE.iter().enumerate() {
            if row.method != "*" && row.method != case.method {
                continue;
            }
            let before = undone.clone();
            (row.undo)(case, recorded, &mut undone);
            if before != undone {
                needed.push(index);
            }
        }
        if same_reply(recorded, &undone) {
            counts.intended += 1;
            for row in needed {
                *self.rows.entry(row).or_default() += 1;
            }
            return;
        }
        counts.different += 1;
        self.show(format!(
            "{} {}{}\n   recorded {}\n   got      {}",
            case.method,
            case.params,
            format_args!(" at {} ms", case.at_ms),
            show(recorded),
            show(&ours)
        ));
    }

    fn count_http(&mut self, exchange: &Exchange, ours: &str, same: bool) {
        let counts = self.methods.entry("HTTP".to_owned()).or_default();
        if same {
            counts.equal += 1;
            return;
        }
        counts.different += 1;
        self.show(format!("{}\n   recorded {}\n   got      {ours}", exchange.request, exchange.response));
    }

    fn show(&mut self, text: String) {
        self.shown.push(text.chars().take(SHOWN_LETTERS).collect());
    }
}

const METHOD_NOT_FOUND: i64 = -32_601;

fn show(reply: &Reply) -> String {
    match reply {
        Ok(value) => value.to_string(),
        Err(error) => format!("{error:?}"),
    }
}

fn reopen(record: &Record, store: Arc<dyn Store>) -> Result<Chain> {
    Ok(Chain::open(store, &record.opening(pars_chain::state::commit::History::Archive))?)
}

async fn ask(chain: Chain, config: &RawValue, at_ms: u64, phase: Phase, tally: &mut Tally) -> Result<()> {
    let config = Config::parse(config.get().as_bytes())?;
    let choices = Choices { pool: config.pool, ..Choices::default() };
    let node = Arc::new(Node::start(chain, choices, Sealing::Host, None)?);
    let clock = Arc::new(AtomicU64::new(at_ms));
    let api = Api::new(Arc::clone(&node), config.limits, config.groups, Clock::Set(Arc::clone(&clock)));
    let service = RpcService::new(Arc::new(api));
    let head = node.head();
    let about = Case { method: "", params: "", at_ms, spec: node.spec(), head: &head };
    for call in &phase.calls {
        let at_ms = call.at.unwrap_or(at_ms);
        clock.store(at_ms, Ordering::Relaxed);
        let ours = one(&service, &call.method, &call.params).await?;
        let case = Case { method: &call.method, params: call.params.get(), at_ms, ..about };
        let recorded = call.reply()?;
        if call.volatile.as_deref() == Some("host") {
            tally.count(&case, &Ok(Value::Null), ours.map(|_| Value::Null));
            continue;
        }
        tally.count(&case, &recorded, ours);
    }
    for exchange in &phase.http {
        let (ours, same) = http_exchange(&service, exchange).await?;
        tally.count_http(exchange, &ours, same);
    }
    for sequence in &phase.sequences {
        let mut saved: BTreeMap<&str, Value> = BTreeMap::new();
        for step in &sequence.steps {
            let mut params = step.params.get().to_owned();
            for (name, value) in &saved {
                params = params.replace(&format!("\"${name}\""), &value.to_string());
            }
            let params = RawValue::from_string(params)?;
            let ours = one(&service, &step.method, &params).await?;
            let recorded = step.reply()?;
            // The hash of a transaction that is refused here is asked for all the same.
            if let (Some(name), Ok(value)) = (&step.save, ours.as_ref().or(recorded.as_ref())) {
                saved.insert(name, value.clone());
            }
            let case = Case { method: &step.method, params: params.get(), ..about };
            if step.volatile.as_deref() == Some("random id") {
                tally.count(&case, &Ok(Value::Null), ours.map(|_| Value::Null));
                continue;
            }
            tally.count(&case, &recorded, ours);
        }
    }
    node.close().await;
    Ok(())
}

/// Asks one question over the service.
async fn one(service: &RpcService, method: &str, params: &RawValue) -> Result<Reply> {
    let body =
        format!(r#"{{"jsonrpc":"2.0","id":1,"method":{},"params":{}}}"#, serde_json::to_string(method)?, params.get());
    let request = Request::post("/rpc").header("content-type", "application/json").body(Bytes::from(body))?;
    let response = service.clone().oneshot(request).await?;
    let body = response.into_body();
    compare::reply(&body).with_context(|| format!("answer to {method}: {}", String::from_utf8_lossy(&body)))
}

async fn http_exchange(service: &RpcService, exchange: &Exchange) -> Result<(String, bool)> {
    let response = service.clone().oneshot(exchange.to_request()?).await?;
    let (head, body) = response.into_parts();
    let kind = head.headers.get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or_default().to_owned();
    let text = String::from_utf8_lossy(&body).into_owned();
    // What carries the answer to HEAD leaves the body out.
    let text = if exchange.is_head() { String::new() } else { text };
    let same = same_http(&exchange.response, head.status.as_u16(), &kind, &text)?;
    Ok((format!("{} {kind} {text}", head.status), same))
}
