//! `rpc_`: what is offered.

use crate::rpc::api::Api;
use crate::rpc::params::Params;
use crate::rpc::table::{Answer, TABLE, answer};
use std::collections::BTreeMap;

/// `rpc_modules`: the namespaces in which some method is on, each with a version.
///
/// # Errors
/// Parameters.
pub fn modules(api: &Api, params: &Params) -> Answer {
    params.at_most(0)?;
    let on = TABLE.iter().filter(|method| api.offers(method.group));
    let namespaces = on.filter_map(|method| method.name.split_once('_')).map(|(namespace, _)| (namespace, "1.0"));
    answer(&namespaces.collect::<BTreeMap<_, _>>())
}
