//! Bytes of a block: what is read is served again as it came, and its parts make the same block.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pars_chain::block::Block;
use pars_chain::rules::syntax;
use pars_fuzz::Bound;
use pars_genesis::forks::Rules;

/// A transaction of nothing has ten bytes, and takes 450 while the list of them grows.
const BOUND: Bound = Bound { each: 64, any: 4 << 10 };

fuzz_target!(|bytes: &[u8]| {
    let Ok(block) = BOUND.check(bytes.len(), || Block::decode(bytes.to_vec().into())) else { return };
    assert_eq!(block.bytes(), bytes);
    assert_eq!(block.id(), block.header.id());
    if block.uncles == 0 {
        let again = Block::new(block.header.clone(), block.transactions.clone());
        // Withdrawals may follow: no rule knows them, and nothing in the block covers them.
        assert!(content(bytes).starts_with(content(again.bytes())));
        let again = Block::decode(again.bytes().clone()).expect("a block that was just made");
        assert_eq!(again.id(), block.id());
        assert_eq!(again.transactions, block.transactions);
    }
    for on in [false, true] {
        // Either verdict will do.
        drop(syntax::check(&block, Rules { durango: on, etna: on, granite: on }));
    }
});

/// What stands inside the outermost list.
fn content(mut bytes: &[u8]) -> &[u8] {
    alloy_rlp::Header::decode_bytes(&mut bytes, true).expect("a block is a list")
}
