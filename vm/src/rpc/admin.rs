//! `admin_`: what an operator asks of a running node, at a path of its own.

use crate::node::Node;
use crate::rpc::api::Api;
use crate::rpc::error::RpcError;
use crate::rpc::params::Params;
use crate::rpc::table::{Answer, Waiting, answer};
use serde_json::json;
use std::sync::Arc;

/// `admin_backup`: a copy of the whole store beside it, by name; where there is none, `block-N` of the head.
///
/// The answer has its place, and the block that it ends with.
#[must_use]
pub fn backup(api: Arc<Api>, params: Params) -> Waiting {
    Box::pin(async move { run(api.node(), &params).await })
}

async fn run(node: &Node, params: &Params) -> Answer {
    params.at_most(1)?;
    let name: Option<String> = params.optional(0)?;
    let name = name.unwrap_or_else(|| format!("block-{}", node.head().height()));
    let copy = node.backup(name).await.map_err(|error| RpcError::server(error.to_string()))?;
    answer(
        &json!({ "path": copy.place, "height": format!("{:#x}", copy.head.height), "hash": copy.head.id.to_string() }),
    )
}
