//! Chains recorded from the Go node: one gzipped JSON object each (`tests/vectors/subnet-evm`).

use crate::support::context::at_its_time;
use alloy_primitives::{Address, B256, Bytes, U64, U256};
use pars_chain::block::{Block, BlockId};
use pars_chain::engine::{Chain, OpenError, Opening, Verdict};
use pars_chain::execution::executor::Place;
use pars_chain::state::account::Account;
use pars_chain::state::commit::History;
use pars_chain::store::{Durability, Store};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::sync::Arc;

/// All of them.
pub(crate) const NAMES: [&str; 12] = [
    "classic-11",
    "classic-12",
    "forks-11",
    "forks-12",
    "granite-11",
    "granite-12",
    "granite-precompiles-11",
    "granite-precompiles-12",
    "precompiles-11",
    "precompiles-12",
    "probes-classic",
    "probes-granite",
];

/// A recorded chain.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Record {
    genesis: Box<RawValue>,
    upgrade: Option<Box<RawValue>>,
    network_id: String,
    blockchain_id: B256,
    /// From genesis on.
    pub(crate) blocks: Vec<Recorded>,
    proofs: Vec<RecordedProof>,
}

/// A recorded block.
#[derive(Deserialize)]
pub(crate) struct Recorded {
    pub(crate) number: u64,
    pub(crate) hash: B256,
    pub(crate) rlp: Bytes,
    pub(crate) receipts: Vec<Bytes>,
}

/// A recorded answer of eth_getProof.
#[derive(Deserialize)]
struct RecordedProof {
    address: Address,
    block: u64,
    proof: AccountProof,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AccountProof {
    account_proof: Vec<Bytes>,
    balance: U256,
    code_hash: B256,
    nonce: U64,
    storage_hash: B256,
    storage_proof: Vec<StorageProof>,
}

#[derive(Deserialize)]
struct StorageProof {
    key: U256,
    value: U256,
    proof: Vec<Bytes>,
}

impl Record {
    pub(crate) fn read(name: &str) -> Self {
        read(name)
    }

    /// The chain before its first block.
    pub(crate) fn open(&self, store: Arc<dyn Store>, history: History) -> Chain {
        let chain = self.try_open(store, history).expect("recorded files open");
        assert_eq!(chain.genesis(), BlockId(self.blocks[0].hash), "genesis");
        chain
    }

    pub(crate) fn try_open(&self, store: Arc<dyn Store>, history: History) -> Result<Chain, OpenError> {
        let opening = Opening {
            upgrade: self.upgrade.as_ref().map(|upgrade| upgrade.get().as_bytes()).unwrap_or_default(),
            place: Place {
                network_id: self.network_id.parse().expect("a decimal number"),
                blockchain_id: self.blockchain_id,
            },
            history,
            ..Opening::new(self.genesis.get().as_bytes())
        };
        Chain::open(store, &opening)
    }

    /// Height of the last block.
    pub(crate) fn height(&self) -> u64 {
        self.blocks.last().expect("genesis is there").number
    }

    /// The recorded block of a height.
    pub(crate) fn at(&self, height: u64) -> &Recorded {
        let recorded = &self.blocks[usize::try_from(height).expect("a small number")];
        assert_eq!(recorded.number, height);
        recorded
    }

    /// Accepts recorded blocks up to a height, comparing each with the record.
    pub(crate) fn advance(&self, chain: &mut Chain, height: u64) {
        while chain.head().height() < height {
            self.at(chain.head().height() + 1).replay(chain);
        }
    }

    /// Compares recorded proofs with those of the chain.
    pub(crate) fn check_proofs(&self, chain: &Chain) {
        assert!(!self.proofs.is_empty());
        for RecordedProof { address, block, proof: expected } in &self.proofs {
            let view = chain.view_at(*block).expect("the last block is kept");
            let slots: Vec<B256> = expected.storage_proof.iter().map(|slot| slot.key.into()).collect();
            let proof = view.proof(*address, &slots).expect("memory reads");
            // The Go node shows an account that does not exist with hashes of zeros.
            let absent = Account { code_hash: B256::ZERO, storage_root: B256::ZERO, ..Account::EMPTY };
            let account = proof.account.unwrap_or(absent);
            assert_eq!(account.balance, expected.balance, "{address}");
            assert_eq!(account.nonce, expected.nonce.to::<u64>(), "{address}");
            assert_eq!(account.code_hash, expected.code_hash, "{address}");
            assert_eq!(account.storage_root, expected.storage_hash, "{address}");
            assert_eq!(proof.account_proof, expected.account_proof, "{address}");
            for ((slot, value, nodes), expected) in proof.storage.iter().zip(&expected.storage_proof) {
                assert_eq!(*value, expected.value, "{address} {slot}");
                assert_eq!(*nodes, expected.proof, "{address} {slot}");
            }
        }
    }
}

/// Reads a file of recorded chains, or another part of one.
pub(crate) fn read<T: serde::de::DeserializeOwned>(name: &str) -> T {
    let path = format!("{}/../../tests/vectors/subnet-evm/{name}.json.gz", env!("CARGO_MANIFEST_DIR"));
    let file = std::fs::File::open(&path).unwrap_or_else(|cause| panic!("{path}: {cause}"));
    serde_json::from_reader(std::io::BufReader::new(flate2::read::GzDecoder::new(file)))
        .unwrap_or_else(|cause| panic!("{path}: {cause}"))
}

impl Recorded {
    pub(crate) fn block(&self, chain: &Chain) -> Arc<Block> {
        let block = chain.parse(self.rlp.clone()).expect("a recorded block decodes");
        assert_eq!(block.id(), BlockId(self.hash), "block {}", self.number);
        block
    }

    fn replay(&self, chain: &mut Chain) {
        let block = self.block(chain);
        assert_eq!(chain.verify(&block, at_its_time(&block)), Ok(Verdict::Valid), "block {}", self.number);
        let receipts = chain.processing_receipts(block.id()).expect("a verified block is held");
        let receipts: Vec<Bytes> = receipts.iter().map(|receipt| receipt.to_bytes().into()).collect();
        assert_eq!(receipts, self.receipts, "block {}", self.number);
        let accepted = chain.accept(block.id(), Durability::Buffered).expect("memory stores");
        assert_eq!(accepted.map(|accepted| accepted.block.id()), Some(block.id()));
        assert_eq!(chain.head().height(), self.number);
    }
}
