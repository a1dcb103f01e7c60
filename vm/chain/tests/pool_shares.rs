//! A full pool and a sender within its fair share: nobody keeps it out, and nobody takes away what it has.

#[allow(dead_code, reason = "each test file uses its part")]
mod support {
    pub(crate) mod context;
    pub(crate) mod files;
    pub(crate) mod pooled;
    pub(crate) mod wallet;
    pub(crate) mod world;
}

use alloy_primitives::{B256, U256};
use pars_chain::pool::{Limits, Refused};
use serde_json::json;
use support::files::{Era, Files};
use support::pooled::{Pooled, draft, transfer};
use support::wallet::Key;

/// So many rich senders beside those of every test.
fn crowd(count: u64) -> (Vec<Key>, Files) {
    let keys: Vec<Key> = (0..count).map(|number| Key::from_secret(B256::from(U256::from(1_000 + number)))).collect();
    let rich = json!({ "balance": "0xffffffffffffffffffffffffffffff" });
    let files = keys.iter().fold(Files::new(Era::Granite), |files, key| files.account(key.address, rich.clone()));
    (keys, files)
}

fn limited(limits: Limits) -> Pooled {
    Pooled::new(&Files::new(Era::Granite), limits)
}

/// One account parks all that fits, at a price that it never pays. Whoever parks within the share comes in, for less.
#[test]
fn one_account_does_not_fill_what_is_parked() {
    let pooled = limited(Limits::default());
    let (flooding, honest) = (Key::new(1), Key::new(2));
    for nonce in 2_000..3_024 {
        assert_eq!(pooled.submit(&transfer(&flooding, nonce, 2_000, 1_000)), Ok(()));
    }
    assert_eq!(pooled.pool.stats().parked_slots, pooled.pool.limits().global_queue);
    for nonce in 7..71 {
        assert_eq!(pooled.submit(&transfer(&honest, nonce, 10, 0)), Ok(()), "nonce {nonce}");
    }
    assert_eq!(pooled.nonces(honest.address).1.len(), 64);
    assert_eq!(pooled.nonces(flooding.address).1.last(), Some(&2_959), "from its end");
    // Beyond the share there is room in the place of one's own only.
    for sender in [&flooding, &honest] {
        assert_eq!(pooled.submit(&transfer(sender, 5_000, 5_000, 4_000)), Err(Refused::Full));
    }
    assert_eq!(pooled.submit(&transfer(&honest, 6, 10, 0)), Ok(()));
    assert_eq!(pooled.nonces(honest.address).1, (6..70).collect::<Vec<_>>());
    assert_eq!(pooled.nonces(flooding.address).1.last(), Some(&2_959));
    assert_eq!(pooled.submit(&transfer(&flooding, 1_999, 10, 0)), Ok(()));
    assert_eq!(pooled.nonces(flooding.address).1.last(), Some(&2_958));
}

/// A thousand accounts with one cheap parked transaction each: nobody's share shrinks by their number.
#[test]
fn a_crowd_does_not_flush_what_is_parked() {
    let (crowd, files) = crowd(1_100);
    let pooled = Pooled::new(&files, Limits::default());
    let honest = Key::new(1);
    for nonce in 1..=10 {
        assert_eq!(pooled.submit(&transfer(&honest, nonce, 50, 2)), Ok(()));
    }
    let results: Vec<_> = crowd.iter().map(|key| pooled.submit(&transfer(key, 5, 50, 3))).collect();
    let taken = results.iter().take_while(|result| result.is_ok()).count();
    assert_eq!(taken, 1_014);
    assert!(results[taken..].iter().all(|result| *result == Err(Refused::Full)));
    assert_eq!(pooled.nonces(honest.address).1, (1..=10).collect::<Vec<_>>());
    assert_eq!(pooled.submit(&transfer(&honest, 0, 50, 2)), Ok(()));
    assert_eq!(pooled.nonces(honest.address), ((0..=10).collect(), vec![]));
}

/// The same for executable ones, whatever the one account pays.
#[test]
fn one_account_does_not_fill_what_is_executable() {
    let pooled = limited(Limits { account_slots: 4, global_slots: 40, ..Limits::default() });
    let (flooding, honest) = (Key::new(1), Key::new(2));
    for nonce in 0..40 {
        assert_eq!(pooled.submit(&transfer(&flooding, nonce, 2_000, 1_000)), Ok(()));
    }
    for nonce in 0..4 {
        assert_eq!(pooled.submit(&transfer(&honest, nonce, 10, 0)), Ok(()));
    }
    assert_eq!(pooled.submit(&transfer(&honest, 4, 10, 0)), Err(Refused::Full), "its own end is worth least");
    assert_eq!(pooled.submit(&transfer(&flooding, 36, 2_000, 1_000)), Err(Refused::Full));
    assert_eq!((pooled.nonces(flooding.address).0.len(), pooled.nonces(honest.address).0.len()), (36, 4));
    // A long one takes as many places as it needs, all of them from those beyond the share.
    let long =
        Key::new(3).sign(&support::wallet::Draft { input: vec![0; 100_000].into(), ..draft(0, 10, 0) }.gas(1_000_000));
    assert_eq!(pooled.submit(&long), Ok(()));
    assert_eq!((pooled.nonces(flooding.address).0.len(), pooled.nonces(honest.address).0.len()), (32, 4));
}
