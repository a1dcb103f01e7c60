//! The only proposer of the chain.

use crate::clock::now_ms;
use crate::node::{Node, closed};
use pars_chain::engine::Built;
use pars_chain::error::Error;
use pars_chain::store::Durability;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Pause after a build that gave no block.
const RETRY: Duration = Duration::from_millis(50);

/// Seals a block whenever the pool has something for one: at once, or where there is an interval at its next end, counted
/// from now on.
pub(super) async fn propose(node: Arc<Node>, interval: Option<Duration>) -> Result<(), Error> {
    let start = Instant::now();
    loop {
        node.wants_block().await;
        if let Some(interval) = interval {
            tokio::time::sleep(until_end(start.elapsed(), interval)).await;
        }
        seal(&node).await?;
    }
}

/// Time until the interval ends that is running.
fn until_end(elapsed: Duration, interval: Duration) -> Duration {
    let into = elapsed.as_nanos().checked_rem(interval.as_nanos()).unwrap_or_default();
    interval.saturating_sub(Duration::from_nanos(u64::try_from(into).unwrap_or(u64::MAX)))
}

/// Builds a block, accepts and shows it.
async fn seal(node: &Node) -> Result<(), Error> {
    match node.build().await? {
        Built::Block(block) => {
            let id = block.id();
            // Whoever closes the chain ends this task first; so a chain that is closed here broke.
            let engine = node.engine().map_err(closed)?;
            let accepted = engine.call(move |owner| {
                owner.set_preference(id)?;
                owner.accept(id, Durability::Synced)
            });
            accepted.await.map_err(closed)??;
            let (height, transactions) = (block.height(), block.transactions.len());
            tracing::info!(height, transactions, gas = block.header.gas_used, "block");
        }
        Built::TooEarly { at_ms } => {
            tokio::time::sleep(Duration::from_millis(at_ms.saturating_sub(now_ms()))).await;
        }
        Built::Nothing | Built::Refused(_) => {
            // The pool thought otherwise. It looks again after its next change, or a little later.
            tokio::time::sleep(RETRY).await;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_end_on_a_grid() {
        let ms = Duration::from_millis;
        for (elapsed, left) in [(0, 100), (1, 99), (99, 1), (100, 100), (250, 50)] {
            assert_eq!(until_end(ms(elapsed), ms(100)), ms(left), "{elapsed}");
        }
    }
}
