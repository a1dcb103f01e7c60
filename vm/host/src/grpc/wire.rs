//! Messages to values and back.

use std::path::PathBuf;

use pars_proto::host::vm;
use prost_types::{Duration, Timestamp};
use tonic::Status;

use crate::text::{bounded, one_line};
use crate::{
    AppRequest, Block, BlockMeta, Event, Id, InitArgs, LastAccepted, NetworkUpgrades, NodeId, PeerVersion, VmError,
};

pub(super) fn init_args(request: vm::InitializeRequest) -> Result<InitArgs, Status> {
    Ok(InitArgs {
        network_id: request.network_id,
        // Not every host says.
        subnet_id: if request.subnet_id.is_empty() { Id::default() } else { id(&request.subnet_id, "subnet_id")? },
        chain_id: id(&request.chain_id, "chain_id")?,
        node_id: node_id(&request.node_id)?,
        public_key: request.public_key,
        chain_data_dir: PathBuf::from(request.chain_data_dir),
        genesis: request.genesis_bytes,
        upgrade: request.upgrade_bytes,
        config: request.config_bytes,
        db_server_addr: request.db_server_addr,
        server_addr: request.server_addr,
        validator_server_addr: String::new(),
        tells_final: false,
        network_upgrades: request.network_upgrades.as_ref().map(network_upgrades),
    })
}

pub(super) fn id(bytes: &[u8], field: &'static str) -> Result<Id, Status> {
    Id::try_from(bytes).map_err(|error| bad(field, &error))
}

pub(super) fn node_id(bytes: &[u8]) -> Result<NodeId, Status> {
    NodeId::try_from(bytes).map_err(|error| bad("node_id", &error))
}

pub(super) fn connected(request: vm::ConnectedRequest) -> Result<(NodeId, PeerVersion), Status> {
    let vm::ConnectedRequest { node_id: node, name, major, minor, patch } = request;
    Ok((node_id(&node)?, PeerVersion { name, major, minor, patch }))
}

pub(super) fn app_request(request: vm::AppRequestMsg) -> Result<AppRequest, Status> {
    let vm::AppRequestMsg { node_id: node, request_id, deadline, request: bytes } = request;
    Ok(AppRequest { node: node_id(&node)?, request_id, deadline_ms: unix_ms(deadline.unwrap_or_default()), bytes })
}

pub(super) fn initialized(block: LastAccepted) -> vm::InitializeResponse {
    vm::InitializeResponse {
        last_accepted_id: block.id.into(),
        last_accepted_parent_id: block.parent.into(),
        height: block.height,
        bytes: block.bytes,
        timestamp: Some(timestamp(block.timestamp_ms)),
    }
}

pub(super) fn state_set(block: LastAccepted) -> vm::SetStateResponse {
    vm::SetStateResponse {
        last_accepted_id: block.id.into(),
        last_accepted_parent_id: block.parent.into(),
        height: block.height,
        bytes: block.bytes,
        timestamp: Some(timestamp(block.timestamp_ms)),
    }
}

pub(super) fn built(block: Block) -> vm::BuildBlockResponse {
    vm::BuildBlockResponse {
        id: block.meta.id.into(),
        parent_id: block.meta.parent.into(),
        bytes: block.bytes,
        height: block.meta.height,
        timestamp: Some(timestamp(block.meta.timestamp_ms)),
        verify_with_context: block.meta.verify_with_context,
    }
}

pub(super) fn parsed(block: &BlockMeta) -> vm::ParseBlockResponse {
    vm::ParseBlockResponse {
        id: block.id.into(),
        parent_id: block.parent.into(),
        height: block.height,
        timestamp: Some(timestamp(block.timestamp_ms)),
        verify_with_context: block.verify_with_context,
    }
}

pub(super) fn got(block: Block) -> vm::GetBlockResponse {
    vm::GetBlockResponse {
        parent_id: block.meta.parent.into(),
        bytes: block.bytes,
        height: block.meta.height,
        timestamp: Some(timestamp(block.meta.timestamp_ms)),
        err: vm::Error::Unspecified.into(),
        verify_with_context: block.meta.verify_with_context,
    }
}

/// Facts as one JSON object. Their names need no escapes.
pub(super) fn health(facts: &[(&'static str, String)]) -> String {
    let members: Vec<String> = facts.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
    format!("{{{}}}", members.join(","))
}

pub(super) const fn event(event: Event) -> vm::Message {
    match event {
        Event::BuildBlock => vm::Message::BuildBlock,
        Event::StateSyncFinished => vm::Message::StateSyncFinished,
    }
}

pub(super) fn timestamp(ms: u64) -> Timestamp {
    // Neither conversion can fail: u64::MAX / 1,000 fits i64, and 999,000,000 fits i32.
    Timestamp {
        seconds: i64::try_from(ms / 1_000).unwrap_or(i64::MAX),
        nanos: i32::try_from((ms % 1_000) * 1_000_000).unwrap_or(0),
    }
}

/// For answers that have an error number: what goes there with status OK. Only these two may be told apart by the
/// host; it takes a status as a failure of the chain.
pub(super) fn number(error: &VmError) -> Result<i32, Status> {
    match error {
        VmError::NotFound => Ok(vm::Error::NotFound.into()),
        VmError::StateSyncNotImplemented => Ok(vm::Error::StateSyncNotImplemented.into()),
        VmError::Other(_) => Err(status(error)),
    }
}

/// For all other answers. The text travels in a header, where a long one would end the call or the connection.
pub(super) fn status(error: &VmError) -> Status {
    Status::unknown(bounded(&error.to_string(), STATUS_BYTES_MAX))
}

fn network_upgrades(times: &vm::NetworkUpgrades) -> NetworkUpgrades {
    NetworkUpgrades {
        apricot_phase_1: seconds(times.apricot_phase_1_time),
        apricot_phase_2: seconds(times.apricot_phase_2_time),
        apricot_phase_3: seconds(times.apricot_phase_3_time),
        apricot_phase_4: seconds(times.apricot_phase_4_time),
        apricot_phase_5: seconds(times.apricot_phase_5_time),
        apricot_phase_pre_6: seconds(times.apricot_phase_pre_6_time),
        apricot_phase_6: seconds(times.apricot_phase_6_time),
        apricot_phase_post_6: seconds(times.apricot_phase_post_6_time),
        banff: seconds(times.banff_time),
        cortina: seconds(times.cortina_time),
        durango: seconds(times.durango_time),
        etna: seconds(times.etna_time),
        fortuna: seconds(times.fortuna_time),
        granite: seconds(times.granite_time),
        helicon: seconds(times.helicon_time),
        granite_epoch_ms: times.granite_epoch_duration.map(milliseconds),
    }
}

fn seconds(time: Option<Timestamp>) -> Option<u64> {
    time.map(|time| u64::try_from(time.seconds).unwrap_or(0))
}

/// A time before 1970 is the start.
fn unix_ms(time: Timestamp) -> u64 {
    milliseconds(Duration { seconds: time.seconds, nanos: time.nanos })
}

fn milliseconds(duration: Duration) -> u64 {
    let seconds = u64::try_from(duration.seconds).unwrap_or(0);
    let nanos = u64::try_from(duration.nanos).unwrap_or(0);
    seconds.saturating_mul(1_000).saturating_add(nanos / 1_000_000)
}

fn bad(field: &'static str, error: &crate::id::IdError) -> Status {
    Status::invalid_argument(one_line(&format!("{field}: {error}")))
}

/// Bytes of a status text. Three times this in its encoded form still fits the smallest header limits in use.
const STATUS_BYTES_MAX: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn milliseconds_keep_their_part_of_the_second() {
        assert_eq!(timestamp(1_764_547_200_400), Timestamp { seconds: 1_764_547_200, nanos: 400_000_000 });
        assert_eq!(timestamp(999), Timestamp { seconds: 0, nanos: 999_000_000 });
        assert_eq!(timestamp(u64::MAX).seconds, 18_446_744_073_709_551);
    }

    #[test]
    fn times_before_1970_are_the_start() {
        // Go's zero time.
        assert_eq!(seconds(Some(Timestamp { seconds: -62_135_596_800, nanos: 0 })), Some(0));
        assert_eq!(seconds(Some(Timestamp { seconds: 7, nanos: 999_999_999 })), Some(7));
        assert_eq!(seconds(None), None);
    }

    #[test]
    fn epochs_are_milliseconds() {
        assert_eq!(milliseconds(Duration { seconds: 30, nanos: 0 }), 30_000);
        assert_eq!(milliseconds(Duration { seconds: 1, nanos: 500_000_000 }), 1_500);
        assert_eq!(milliseconds(Duration { seconds: -1, nanos: -1 }), 0);
    }
}
