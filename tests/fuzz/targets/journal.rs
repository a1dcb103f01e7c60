//! The file of submitted transactions: whatever is in it, what is found is written again as it was found.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pars_vm::journal::Contents;

fuzz_target!(|bytes: &[u8]| {
    let Some(contents) = Contents::read(bytes) else { return };
    assert!(contents.whole <= bytes.len() && contents.damaged <= contents.whole);
    assert!(contents.alive.is_sorted_by(|one, next| one.arrival < next.arrival));
    assert!(contents.alive.iter().all(|kept| kept.arrival <= contents.arrivals));
    let again = Contents::read(&contents.write()).expect("it is one of ours");
    assert_eq!((&again.alive, again.damaged, again.undecodable), (&contents.alive, 0, 0));
    // What is behind the last record is not missed.
    let whole = Contents::read(&bytes[..contents.whole]).expect("it begins in the same way");
    assert_eq!(whole.alive, contents.alive);
});
