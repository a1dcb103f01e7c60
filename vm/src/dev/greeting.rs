//! What a developer is told when the chain starts.

use crate::clock::now_ms;
use crate::command::Dev;
use crate::dev::accounts::Account;
use crate::node::Node;
use anyhow::Result;
use std::io::Write;
use std::net::SocketAddr;
use std::time::Duration;

/// Says where the chain answers and who has coins.
pub(super) fn greet(node: &Node, address: SocketAddr, options: &Dev, accounts: &[Account]) -> Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}", crate::rpc::web3::CLIENT)?;
    writeln!(out)?;
    match &options.genesis {
        Some(file) => writeln!(out, "Accounts  those of {}; no test account was given coins", file.display())?,
        None => {
            writeln!(out, "Accounts, each with 10000 coins. Their keys are public: never use them anywhere else.")?;
            for (index, (account, key)) in accounts.iter().enumerate() {
                writeln!(out, "  ({index}) {account}  {key}")?;
            }
        }
    }
    writeln!(out)?;
    writeln!(out, "Chain id  {}", node.spec().chain_id)?;
    writeln!(out, "Height    {}", node.head().height())?;
    match options.block_time {
        Some(interval) => writeln!(out, "Blocks    every {interval:?}, where there are transactions")?,
        None => writeln!(out, "Blocks    as transactions arrive")?,
    }
    let ahead_ms = node.head().header().unix_ms().saturating_sub(now_ms());
    if ahead_ms > SHORT_MS {
        let ahead = Duration::from_millis(ahead_ms);
        writeln!(
            out,
            "Time      the last block is {ahead:?} ahead of this machine's clock: there is no other until then"
        )?;
    }
    if let Some(delay) = delay(node)? {
        writeln!(
            out,
            "Delay     {delay:?} between blocks by the rules of this chain, less with each block; set it in the genesis with \
             initialMinDelayMS"
        )?;
    }
    writeln!(out, "History   {}", if options.archive { "all states" } else { "states of the last 1,024 blocks" })?;
    match &options.data_dir {
        Some(folder) => writeln!(out, "Data      {}", folder.display())?,
        None => writeln!(out, "Data      in memory, gone when it stops (keep it with --data-dir)")?,
    }
    writeln!(out, "Answers   http://{address}")?;
    writeln!(out, "Events    ws://{address}")?;
    out.flush()?;
    Ok(())
}

/// Delays that nobody notices, milliseconds.
const SHORT_MS: u64 = 50;

/// What the next block has to wait after the last one, where a person would notice.
fn delay(node: &Node) -> Result<Option<Duration>> {
    let head = node.head();
    let Some(next) = pars_chain::engine::next_block(node.spec(), &head, now_ms())? else {
        return Ok(None);
    };
    let delay_ms = next.earliest_ms.saturating_sub(head.header().unix_ms());
    Ok(Some(Duration::from_millis(delay_ms)).filter(|_| delay_ms > SHORT_MS))
}
