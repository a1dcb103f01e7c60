//! The builder makes the recorded blocks: given parent, time and transactions it gives what the Go node gave.

#[allow(dead_code, reason = "each test file uses its part")]
mod support {
    pub(crate) mod context;
    pub(crate) mod record;
}

use pars_chain::engine::{Built, InOrder, Wish};
use pars_chain::state::commit::History;
use pars_chain::store::{Durability, Memory};
use std::sync::Arc;
use support::record::{NAMES, Record};

#[test]
fn recorded_blocks_byte_for_byte() {
    for name in NAMES {
        let record = Record::read(name);
        let mut chain = record.open(Arc::new(Memory::new()), History::Archive);
        for recorded in &record.blocks[1..] {
            let expected = recorded.block(&chain);
            let wish = Wish {
                now_ms: expected.header.unix_ms(),
                fee_recipient: Some(expected.header.coinbase),
                // The recording node wanted the shortest delay.
                min_delay_target: Some(1),
                verdicts: None,
            };
            let mut candidates = InOrder::new(expected.transactions.iter().cloned());
            let built = match chain.build(&mut candidates, wish) {
                Ok(Built::Block(block)) => block,
                other => panic!("{name}, block {}: {other:?}", recorded.number),
            };
            assert_eq!(built.header, expected.header, "{name}, block {}", recorded.number);
            assert_eq!(built.bytes(), &recorded.rlp, "{name}, block {}", recorded.number);
            chain.accept(built.id(), Durability::Buffered).expect("memory stores");
            chain.set_preference(built.id()).expect("the head");
        }
        record.check_proofs(&chain);
    }
}
