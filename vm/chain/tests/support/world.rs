//! Two chains of the same files: one builds, the other verifies what it built.

use crate::support::context::{at_its_time, bootstrapping};
use crate::support::files::Files;
use crate::support::wallet::{Draft, Key};
use alloy_primitives::{Address, B256, U256, keccak256};
use alloy_trie::root::ordered_trie_root_with_encoder;
use pars_chain::block::Block;
use pars_chain::engine::{Built, Chain, Context, InOrder, Verdict, Wish};
use pars_chain::error::Invalid;
use pars_chain::execution::receipt::Receipt;
use pars_chain::rules::predicate::Verdicts;
use pars_chain::state::account::Account;
use pars_chain::state::commit::History;
use pars_chain::store::{Durability, Memory};
use pars_chain::tx::Tx;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Two chains that agree.
pub(crate) struct World {
    pub(crate) chain: Chain,
    pub(crate) store: Memory,
    pub(crate) twin: Chain,
    /// Time of the next block, Unix milliseconds.
    pub(crate) next_ms: u64,
    /// Who shall get the fees where that is free.
    pub(crate) fee_recipient: Option<Address>,
    pub(crate) verdicts: Option<Verdicts>,
    nonces: BTreeMap<Address, u64>,
}

/// A block that both chains accepted.
pub(crate) struct Sealed {
    pub(crate) block: Arc<Block>,
    pub(crate) receipts: Vec<Receipt>,
}

impl Sealed {
    /// Gas that a transaction used.
    pub(crate) fn gas(&self, index: usize) -> u64 {
        let before = index.checked_sub(1).map_or(0, |before| self.receipts[before].cumulative_gas_used);
        self.receipts[index].cumulative_gas_used - before
    }
}

impl World {
    pub(crate) fn new(files: &Files) -> Self {
        Self::with_history(files, History::Archive)
    }

    pub(crate) fn with_history(files: &Files, history: History) -> Self {
        let store = Memory::new();
        let chain = files.open(Arc::new(store.clone()), history);
        let twin = files.open(Arc::new(Memory::new()), history);
        let next_ms = chain.head().header().unix_ms() + 2_000;
        let nonces = BTreeMap::new();
        Self { chain, store, twin, next_ms, fee_recipient: None, verdicts: None, nonces }
    }

    /// Signs with the signer's next nonce.
    pub(crate) fn sign(&mut self, key: &Key, draft: Draft) -> Arc<Tx> {
        key.sign(&self.number(key, draft))
    }

    /// Gives a draft the signer's next nonce, unless it has one.
    pub(crate) fn number(&mut self, key: &Key, draft: Draft) -> Draft {
        if draft.nonce.is_some() {
            return draft;
        }
        let next = self.nonces.entry(key.address).or_default();
        *next += 1;
        draft.nonce(*next - 1)
    }

    /// Signs one transaction and seals a block of it.
    pub(crate) fn send(&mut self, key: &Key, draft: Draft) -> Sealed {
        let tx = self.sign(key, draft);
        self.seal([tx])
    }

    /// Builds a block on one chain, verifies it on the other, accepts it on both. All transactions must be in it.
    pub(crate) fn seal(&mut self, transactions: impl IntoIterator<Item = Arc<Tx>>) -> Sealed {
        let transactions: Vec<_> = transactions.into_iter().collect();
        let built = self.build(transactions.clone());
        let Built::Block(block) = built else { panic!("no block: {built:?}") };
        assert_eq!(block.transactions, transactions, "the builder left some out");
        self.accept(&block)
    }

    /// Builds a block at the next time and keeps it as processing.
    pub(crate) fn build(&mut self, transactions: impl IntoIterator<Item = Arc<Tx>>) -> Built {
        let wish = Wish {
            now_ms: self.next_ms,
            fee_recipient: self.fee_recipient,
            min_delay_target: None,
            verdicts: self.verdicts.as_ref(),
        };
        self.chain.build(&mut InOrder::new(transactions), wish).expect("memory reads")
    }

    /// Accepts a block on both chains; the next one comes two seconds later.
    pub(crate) fn accept(&mut self, block: &Arc<Block>) -> Sealed {
        let parsed = self.twin.parse(block.bytes().clone()).expect("a built block decodes");
        assert_eq!(self.verify(&parsed), Verdict::Valid);
        let receipts = Arc::clone(self.twin.processing_receipts(block.id()).expect("held"));
        assert_eq!(self.chain.processing_receipts(block.id()), Some(&receipts));
        for chain in [&mut self.chain, &mut self.twin] {
            chain.accept(block.id(), Durability::Buffered).expect("memory stores");
            chain.set_preference(block.id()).expect("the head");
        }
        self.next_ms = block.header.unix_ms() + 2_000;
        Sealed { block: Arc::clone(block), receipts: receipts.to_vec() }
    }

    /// The twin's verdict on a block, in normal operation with a clock that shows the block's time.
    pub(crate) fn verify(&mut self, block: &Arc<Block>) -> Verdict {
        let context = Context { verdicts: self.verdicts.as_ref(), ..at_its_time(block) };
        self.twin.verify(block, context).expect("memory reads")
    }

    /// The same while bootstrapping.
    pub(crate) fn verify_bootstrapping(&mut self, block: &Arc<Block>) -> Verdict {
        self.twin.verify(block, bootstrapping(block)).expect("memory reads")
    }

    /// Why the twin refuses a block.
    pub(crate) fn refusal(&mut self, block: &Arc<Block>) -> Invalid {
        let verdict = self.verify(block);
        let Verdict::Invalid(reason) = verdict else { panic!("{verdict:?}") };
        reason
    }

    /// A block with other transactions, whose header claims that they use all gas: it is refused for what they are
    /// before it is for what they do.
    pub(crate) fn forge(&self, block: &Block, transactions: Vec<Arc<Tx>>) -> Arc<Block> {
        let mut header = block.header.clone();
        header.gas_used = header.gas_limit;
        header.transactions_root =
            ordered_trie_root_with_encoder(&transactions, |tx, out| out.extend_from_slice(&tx.encode()));
        let bytes = Block::new(header, transactions).bytes().clone();
        self.twin.parse(bytes).expect("decodes")
    }

    pub(crate) fn account(&self, address: Address) -> Option<Account> {
        self.chain.head().account(&keccak256(address)).expect("memory reads")
    }

    pub(crate) fn balance(&self, address: Address) -> U256 {
        self.account(address).map(|account| account.balance).unwrap_or_default()
    }

    pub(crate) fn nonce(&self, address: Address) -> u64 {
        self.account(address).map(|account| account.nonce).unwrap_or_default()
    }

    pub(crate) fn word(&self, address: Address, slot: B256) -> U256 {
        self.chain.head().slot_of(address, slot).expect("memory reads").into()
    }

    pub(crate) fn slot(&self, address: Address, slot: u8) -> U256 {
        self.word(address, B256::with_last_byte(slot))
    }
}

/// The block with another header.
pub(crate) fn with_header(block: &Block, change: impl FnOnce(&mut pars_chain::block::Header)) -> Arc<Block> {
    let mut header = block.header.clone();
    change(&mut header);
    let bytes = Block::new(header, block.transactions.clone()).bytes().clone();
    Arc::new(Block::decode(bytes).expect("a block with another header decodes"))
}
